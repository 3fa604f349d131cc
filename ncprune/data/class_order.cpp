#include "ncprune/data/class_order.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

void require_all(const std::vector<std::string>& names, const std::vector<std::string>& wanted,
                 const char* problem, const std::string& where) {
  for (const std::string& name : wanted) {
    if (std::count(names.begin(), names.end(), name) == 1) continue;
    throw InputError(fmt::format("{}: class '{}' {}", where, excerpt(name), problem));
  }
}

}  // namespace

Dataset in_class_order(Dataset data, const std::vector<std::string>& names,
                       const std::string& where) {
  require_all(data.class_names, names, "is not a class of the data", where);
  require_all(names, data.class_names, "is not named once in the order of the classes", where);
  std::vector<int64_t> places;
  for (const std::string& name : data.class_names) {
    places.push_back(std::find(names.begin(), names.end(), name) - names.begin());
  }
  data.labels = at::tensor(places, at::TensorOptions(at::kLong)).index_select(0, data.labels);
  data.class_names = names;
  return data;
}

}  // namespace ncprune
