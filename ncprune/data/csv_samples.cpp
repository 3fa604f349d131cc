#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/data/csv.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/samples.h"

namespace ncprune {
namespace {

// `text` as a number; empty if it is none.
std::optional<double> as_number(const std::string& text) {
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last) return std::nullopt;
  return value;
}

std::vector<std::string> distinct_sorted(const std::vector<std::string>& labels) {
  const std::set<std::string> distinct(labels.begin(), labels.end());
  std::vector<std::string> names(distinct.begin(), distinct.end());
  const auto is_number = [](const std::string& name) { return as_number(name).has_value(); };
  if (std::all_of(names.begin(), names.end(), is_number)) {
    std::stable_sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
      return *as_number(a) < *as_number(b);
    });
  }
  return names;
}

Dataset dataset_of_table(CsvTable table, const std::vector<std::string>& class_names,
                         const std::string& path) {
  std::map<std::string, int64_t> numbers;
  for (const std::string& name : class_names) {
    numbers.emplace(name, static_cast<int64_t>(numbers.size()));
  }
  std::vector<int64_t> labels;
  for (size_t i = 0; i < table.labels.size(); ++i) {
    const auto found = numbers.find(table.labels[i]);
    if (found == numbers.end()) {
      throw InputError(fmt::format("{}: line {}: label '{}' does not occur in the training data",
                                   path, table.lines[i], excerpt(table.labels[i])));
    }
    labels.push_back(found->second);
  }
  const auto n = static_cast<int64_t>(labels.size());
  const auto d = static_cast<int64_t>(table.features.size());
  Dataset data{.inputs = at::from_blob(table.values.data(), {n, d}, at::kFloat).clone(),
               .labels = at::from_blob(labels.data(), {n}, at::kLong).clone(),
               .class_names = class_names,
               .range = {}};
  validate(data, path);
  return data;
}

void require_same_features(const CsvTable& train, const CsvTable& test, const std::string& path) {
  if (train.features == test.features) return;
  const auto [a, b] = std::mismatch(train.features.begin(), train.features.end(),
                                    test.features.begin(), test.features.end());
  const auto shown = [](auto at, const std::vector<std::string>& features) {
    return at == features.end() ? "no more features" : fmt::format("'{}'", excerpt(*at));
  };
  throw InputError(fmt::format("{}: line 1: feature {} is {}; the training data have {}", path,
                               b - test.features.begin() + 1, shown(b, test.features),
                               shown(a, train.features)));
}

}  // namespace

Samples read_csv_samples(const Spec& spec) {
  spec.require_known({"label", "test"});
  const std::string label = spec.get("label", "");
  CsvTable table = parse_csv(read_file(spec.argument), label, spec.argument);
  const std::vector<std::string> class_names = distinct_sorted(table.labels);
  Samples samples;
  if (const std::string path = spec.get("test", ""); !path.empty()) {
    CsvTable test = parse_csv(read_file(path), label, path);
    require_same_features(table, test, path);
    samples.test = dataset_of_table(std::move(test), class_names, path);
  }
  samples.train = dataset_of_table(std::move(table), class_names, spec.argument);
  return samples;
}

}  // namespace ncprune
