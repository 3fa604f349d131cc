#include "ncprune/data/targets.h"

namespace ncprune {
namespace {

template <typename Change>
Targets changed(const Targets& targets, Change change) {
  Targets result = targets;
  result.labels = change(targets.labels);
  if (targets.multi_label()) result.label_sets = change(targets.label_sets);
  return result;
}

}  // namespace

Targets Targets::of(int64_t begin, int64_t end) const {
  return changed(*this, [&](const at::Tensor& all) { return all.slice(0, begin, end); });
}

Targets Targets::of(const at::Tensor& indices) const {
  return changed(*this, [&](const at::Tensor& all) { return all.index_select(0, indices); });
}

Targets Targets::to(at::Device device) const {
  return changed(*this, [&](const at::Tensor& all) { return all.to(device); });
}

}  // namespace ncprune
