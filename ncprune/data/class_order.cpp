#include "ncprune/data/class_order.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/samples.h"

namespace ncprune {
namespace {

// The first of `names` that is not among `others`; names.end() when there is none.
auto first_without_equal(const std::vector<std::string>& names,
                         const std::vector<std::string>& others) {
  return std::find_if(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(others.begin(), others.end(), name) == others.end();
  });
}

void require_once_each(const std::vector<std::string>& names,
                       const std::vector<std::string>& wanted, const char* problem,
                       const std::string& where) {
  for (const std::string& name : wanted) {
    if (std::count(names.begin(), names.end(), name) == 1) continue;
    throw InputError(fmt::format("{}: class '{}' {}", where, excerpt(name), problem));
  }
}

}  // namespace

bool are_numbers(const std::vector<std::string>& names) {
  return names == numbered_classes(static_cast<int64_t>(names.size()));
}

void require_same_classes(const std::vector<std::string>& wanted, const std::string& wanted_where,
                          const std::vector<std::string>& given, const std::string& given_where) {
  const auto missing = first_without_equal(wanted, given);
  const auto extra = first_without_equal(given, wanted);
  if (missing == wanted.end() && extra == given.end()) return;
  if (are_numbers(wanted) || are_numbers(given)) return;
  const bool lacks = missing != wanted.end();
  throw InputError(
      fmt::format("{}: has no class '{}', which {} has; the classes must be the same, or "
                  "--classes NAME,NAME,... names those of the data in the order of "
                  "the network's scores",
                  lacks ? given_where : wanted_where, excerpt(lacks ? *missing : *extra),
                  lacks ? wanted_where : given_where));
}

Dataset with_class_order(Dataset data, const std::vector<std::string>& names,
                         const std::string& where) {
  const std::vector<std::string> own = data.score_names();
  require_once_each(own, names, "is not a class of the data", where);
  require_once_each(names, own, "is not named once in the order of the classes", where);
  std::vector<int64_t> places;
  places.reserve(data.class_names.size());
  for (const std::string& name : own) {
    places.push_back(std::find(names.begin(), names.end(), name) - names.begin());
  }
  // "no label" stays the last class.
  for (int64_t c = data.num_scores(); c < data.num_classes(); ++c) places.push_back(c);
  const at::Tensor place = at::tensor(places, at::kLong);
  data.labels = place.index_select(0, data.labels);
  if (data.label_sets.defined()) {
    data.label_sets =
        data.label_sets.index_select(1, place.slice(0, 0, data.num_scores()).argsort());
  }
  std::copy(names.begin(), names.end(), data.class_names.begin());
  return data;
}

}  // namespace ncprune
