#include "ncprune/model/activation_cache.h"

#include <ATen/ops/equal.h>

#include <algorithm>

namespace ncprune {

ActivationCache::Initializers ActivationCache::read_before(const Network& network, size_t end) {
  Initializers read;
  for (size_t i = 0; i < end; ++i) {
    for (const std::string& input : network.nodes[i].inputs) {
      const auto found = network.initializers.find(input);
      if (found != network.initializers.end()) read.emplace_back(*found);
    }
  }
  return read;
}

PartialRun ActivationCache::begin(const Network& network, const Inputs& inputs,
                                  const std::vector<std::string>& wanted) {
  const auto found = kept_.find(inputs.batch);
  if (found != kept_.end()) {
    const auto& [kept_inputs, place, read, bytes] = found->second;
    const auto same = [](const auto& a, const auto& b) {
      return a.first == b.first && a.second.is_same(b.second);
    };
    const Initializers now = read_before(network, place.next);
    if (std::equal(read.begin(), read.end(), now.begin(), now.end(), same) &&
        at::equal(kept_inputs, inputs.tensor) && leads_to(network, place, wanted)) {
      return place;
    }
    bytes_ -= bytes;  // make room for other batches
    kept_.erase(found);
  }
  return begin_run(network, inputs.tensor);
}

void ActivationCache::keep(const Network& network, const Inputs& inputs, const PartialRun& place) {
  // A view counts as the whole storage that it keeps alive, except views of the data set.
  const auto size = [&](const at::Tensor& t) {
    return static_cast<int64_t>(t.is_alias_of(inputs.tensor) ? t.nbytes() : t.storage().nbytes());
  };
  int64_t bytes = size(inputs.tensor);
  for (const auto& [name, value] : place.values) bytes += size(value);
  const auto found = kept_.find(inputs.batch);
  const int64_t freed = found == kept_.end() ? 0 : found->second.bytes;
  if (bytes_ - freed + bytes > max_bytes_) return;
  bytes_ += bytes - freed;
  kept_.insert_or_assign(inputs.batch,
                         Kept{inputs.tensor, place, read_before(network, place.next), bytes});
}

std::vector<at::Tensor> ActivationCache::run(const Network& network, const Inputs& inputs,
                                             const std::vector<std::string>& wanted) {
  const at::NoGradGuard no_grad;
  PartialRun place = begin(network, inputs, wanted);
  // Stop at the first of the values, because anything after it may be replaced before the next run;
  // keep all values that are needed from there on.
  size_t first = network.nodes.size();
  for (const std::string& name : wanted) {
    first = std::min(first, static_cast<size_t>(producer(network, name) + 1));
  }
  std::vector<std::string> later = wanted;
  later.push_back(logits_value(network));
  if (first > place.next) {
    place = go_on(network, std::move(place), {later, first});
    keep(network, inputs, place);
  }
  return values_at(network, go_on(network, std::move(place), {wanted, network.nodes.size()}),
                   wanted);
}

}  // namespace ncprune
