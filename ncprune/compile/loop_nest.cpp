#include "ncprune/compile/loop_nest.h"

#include <numeric>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxTable = int64_t{1} << 22;

using Places = std::vector<std::vector<int64_t>>;  // by array

std::vector<int64_t> steps_at(const Places& places, size_t i) {
  std::vector<int64_t> steps;
  for (const std::vector<int64_t>& own : places) steps.push_back(own[i] - own[i - 1]);
  return steps;
}

// The largest number of elements such that every run of so many goes on by the first step.
int64_t run_length(const Places& places) {
  const auto count = static_cast<int64_t>(places.front().size());
  const std::vector<int64_t> first = steps_at(places, 1);
  int64_t length = count;
  for (size_t i = 2; i < places.front().size() && length > 1; ++i) {
    for (size_t k = 0; k < places.size(); ++k) {
      if (places[k][i] - places[k][i - 1] == first[k]) continue;
      length = std::gcd(length, static_cast<int64_t>(i));
      break;
    }
  }
  return length;
}

}  // namespace

LoopNest loop_nest(const std::vector<at::Tensor>& places) {
  Places now;
  for (const at::Tensor& tensor : places) {
    const at::Tensor flat = tensor.flatten().contiguous();
    const auto view = elements<int64_t>(flat);
    now.emplace_back(view.begin(), view.end());
  }
  LoopNest nest;
  if (now.front().empty())
    return {
        .starts = std::vector<int64_t>(places.size(), 0), .loops = {}, .repeats = 0, .offsets = {}};
  while (now.front().size() > 1) {
    const int64_t length = run_length(now);
    if (length == 1) break;
    nest.loops.insert(nest.loops.begin(), NestedLoop{length, steps_at(now, 1)});
    for (std::vector<int64_t>& own : now) {
      std::vector<int64_t> starts;
      for (size_t i = 0; i < own.size(); i += static_cast<size_t>(length)) starts.push_back(own[i]);
      own = std::move(starts);
    }
  }
  for (const std::vector<int64_t>& own : now) nest.starts.push_back(own.front());
  nest.repeats = static_cast<int64_t>(now.front().size());
  if (nest.repeats == 1) return nest;
  if (nest.repeats * static_cast<int64_t>(now.size()) > kMaxTable) {
    throw InputError("the compiled network would need a table of more than 4 million places");
  }
  for (size_t k = 0; k < now.size(); ++k) {
    std::vector<int64_t> offsets;
    for (const int64_t place : now[k]) offsets.push_back(place - nest.starts[k]);
    nest.offsets.push_back(std::move(offsets));
  }
  return nest;
}

}  // namespace ncprune
