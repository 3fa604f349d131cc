#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/random_access.h"
#include "ncprune/base/runtime.h"
#include "ncprune/data/array_inputs.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/data/npy_folder.h"
#include "ncprune/data/npz.h"
#include "ncprune/data/samples.h"

namespace ncprune {
namespace {

using Names = std::span<const char* const>;

constexpr std::array kInputs{"x", "X", "inputs", "x_train", "X_train"};
constexpr std::array kLabels{"y", "Y", "labels", "y_train"};
constexpr std::array kTestInputs{"x_test", "X_test"};
constexpr std::array kTestLabels{"y_test"};

// The endings of an array's name, for its training and its test samples.
constexpr std::array kTrainEndings{"", "_train"};
constexpr std::array kTestEndings{"_test"};

NpzArchive open(const std::string& path, const std::vector<std::string>& inputs) {
  std::vector<std::string> wanted;
  for (const Names names :
       {Names(kInputs), Names(kLabels), Names(kTestInputs), Names(kTestLabels)}) {
    wanted.insert(wanted.end(), names.begin(), names.end());
  }
  for (const std::string& input : inputs) {
    for (const char* ending : {"", "_train", "_test"}) wanted.push_back(input + ending);
  }
  std::error_code error;
  const bool is_folder = std::filesystem::is_directory(path, error);
  const bool is_plain = std::filesystem::is_regular_file(path, error) &&
                        !RandomAccessFile(path).starts_with("\x1f\x8b");
  if (!is_plain && !is_folder) return parse_npz(read_file(path), wanted, path);
  NpzRequest request{.wanted = std::move(wanted)};
  // Smaller arrays are faster in memory. Arrays that are joined are needed at once.
  constexpr int64_t kShareOfMemory = 64;
  request.most_elements = static_cast<uint64_t>(memory_limit()) / (kShareOfMemory * sizeof(float));
  if (inputs.empty()) {
    request.may_stay.assign(kInputs.begin(), kInputs.end());
    request.may_stay.insert(request.may_stay.end(), kTestInputs.begin(), kTestInputs.end());
  }
  return is_folder ? read_npy_folder(path, request) : read_npz(path, request);
}

// The first of `names` in the archive, or null.
const NpyArray* find_array(const NpzArchive& archive, Names names) {
  for (const char* name : names) {
    const auto found = archive.arrays.find(name);
    if (found != archive.arrays.end()) return &found->second;
  }
  return nullptr;
}

const NpyArray& require_array(const NpzArchive& archive, Names names, const std::string& path) {
  if (const NpyArray* found = find_array(archive, names)) return *found;
  throw InputError(fmt::format("{}: contains no array called {}; its arrays: {}", path,
                               fmt::join(names, ", "),
                               excerpt(fmt::format("{}", fmt::join(archive.names, ", ")))));
}

// The matrix of labels, bool [N, L].
at::Tensor label_sets_of(const NpyArray& y, const std::string& path) {
  std::vector<int64_t> values = to_integers(y, path + ": labels");
  const at::Tensor matrix = at::from_blob(values.data(), y.shape, at::kLong);
  const at::Tensor bad = matrix.ne(0).logical_and(matrix.ne(1)).nonzero();
  if (bad.numel() > 0) {
    const auto sample = bad[0][0].item<int64_t>();
    const auto label = bad[0][1].item<int64_t>();
    throw InputError(fmt::format("{}: sample {} has {} for label {}; wanted 0 or 1", path, sample,
                                 matrix[sample][label].item<int64_t>(), label));
  }
  return matrix.to(at::kBool);
}

// The names of `count` classes or labels: those that were given, which are as many or none.
std::vector<std::string> names_of(int64_t count, const std::vector<std::string>& given,
                                  const std::string& path) {
  if (given.empty()) return numbered_classes(count);
  if (std::ssize(given) == count) return given;
  throw InputError(
      fmt::format("{}: names {} classes; the labels have {}", path, given.size(), count));
}

// Settles what the labels of a matrix are: classes if each sample of `parts` has exactly one,
// otherwise multi-label data. `given` are their names, or none.
void settle_labels(const std::vector<Dataset*>& parts, const std::vector<std::string>& given,
                   const std::string& path) {
  const auto width = [](const Dataset* part) {
    return part->label_sets.defined() ? part->label_sets.size(1) : 1;
  };
  const int64_t labels = width(parts.front());
  const std::vector<std::string> names = names_of(labels, given, path);
  bool exclusive = true;
  bool unlabelled = false;
  for (const Dataset* part : parts) {
    if (width(part) != labels) {
      throw InputError(fmt::format("{}: training labels of shape [N, {}], test labels of [N, {}]",
                                   path, labels, width(part)));
    }
    const at::Tensor each = part->label_sets.sum(1);
    exclusive = exclusive && each.eq(1).all().item<bool>();
    unlabelled = unlabelled || each.eq(0).any().item<bool>();
  }
  for (Dataset* part : parts) {
    if (exclusive) {
      part->labels = part->label_sets.to(at::kByte).argmax(1);
      part->label_sets.reset();
      part->class_names = names;
    } else {
      *part = with_label_sets(*part, part->label_sets, names, unlabelled);
    }
  }
}

Dataset dataset_of_arrays(const NpyArray& x, const NpyArray& y, const std::string& path) {
  if (x.shape.size() < 2) {
    throw InputError(fmt::format("{}: inputs of shape [{}]; wanted [N, features] or images", path,
                                 fmt::join(x.shape, ", ")));
  }
  if (y.shape.empty() || y.shape.size() > 2 || (y.shape.size() == 2 && y.shape[1] == 0)) {
    throw InputError(
        fmt::format("{}: labels of shape [{}]; wanted one number per sample, [N], or a 0 or 1 for "
                    "each sample and label, [N, L]",
                    path, fmt::join(y.shape, ", ")));
  }
  Dataset data = with_array_inputs({}, x);
  if (y.shape.size() == 1 || y.shape[1] == 1) {
    std::vector<int64_t> labels = to_integers(y, path + ": labels");
    data.labels = at::from_blob(labels.data(), {y.shape[0]}, at::kLong).clone();
  } else {
    data.label_sets = label_sets_of(y, path);
    data.labels = at::zeros({y.shape[0]}, at::kLong);
  }
  return data;
}

int64_t count_classes(const Dataset& data, const std::string& path) {
  const auto largest = data.labels.max().item<int64_t>();
  if (largest < kMaxClasses) return largest + 1;
  throw InputError(fmt::format("{}: sample {} has label {}; wanted 0 to {}", path,
                               data.labels.argmax().item<int64_t>(), largest, kMaxClasses - 1));
}

// `given` are the names of all classes, which need not all have training samples, or none.
void name_classes(Samples& samples, const std::vector<std::string>& given,
                  const std::string& path) {
  std::vector<Dataset*> parts{&samples.train};
  if (samples.test) parts.push_back(&*samples.test);
  const auto has_matrix = [](const Dataset* part) { return part->label_sets.defined(); };
  if (std::any_of(parts.begin(), parts.end(), has_matrix)) {
    return settle_labels(parts, given, path);
  }
  const std::vector<std::string> names =
      given.empty() ? numbered_classes(count_classes(samples.train, path)) : given;
  for (Dataset* part : parts) part->class_names = names;
}

// The arrays called `inputs` with this ending side by side, [N, values], of float.
std::optional<NpyArray> joined_arrays(const NpzArchive& archive,
                                      const std::vector<std::string>& inputs, Names endings,
                                      const std::string& path) {
  std::vector<at::Tensor> parts;
  parts.reserve(inputs.size());
  for (const std::string& input : inputs) {
    std::vector<std::string> names;
    names.reserve(endings.size());
    for (const char* ending : endings) names.push_back(input + ending);
    std::vector<const char*> pointers;
    pointers.reserve(endings.size());
    for (const std::string& name : names) pointers.push_back(name.c_str());
    const NpyArray* found = find_array(archive, pointers);
    if (found == nullptr && endings.front() != std::string_view("")) return std::nullopt;
    const NpyArray& array = found != nullptr ? *found : require_array(archive, pointers, path);
    if (array.shape.empty() || (!parts.empty() && array.shape[0] != parts[0].size(0))) {
      throw InputError(
          fmt::format("{}: array '{}' has shape [{}]; wanted as many samples as in the "
                      "arrays before it",
                      path, excerpt(input), fmt::join(array.shape, ", ")));
    }
    std::vector<float> values = to_floats(array);
    parts.push_back(at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kFloat)
                        .clone()
                        .reshape({array.shape[0], -1}));
  }
  const at::Tensor all = at::cat(parts, 1).contiguous();
  const std::string bytes(static_cast<const char*>(all.data_ptr()), all.nbytes());
  return NpyArray{"f4", all.sizes().vec(), bytes};
}

// Makes the arrays that a network takes apart one array of inputs, and one of test inputs.
void join_arrays(NpzArchive& archive, const std::vector<std::string>& inputs,
                 const std::string& path) {
  if (inputs.empty()) return;
  archive.arrays["x"] = *joined_arrays(archive, inputs, kTrainEndings, path);
  if (const auto test = joined_arrays(archive, inputs, kTestEndings, path)) {
    archive.arrays["x_test"] = *test;
  }
}

// The samples under these names. Throws InputError when an array is missing.
Dataset read_arrays(const NpzArchive& archive, Names inputs, Names labels,
                    const std::string& path) {
  const NpyArray& x = require_array(archive, inputs, path);
  return dataset_of_arrays(x, require_array(archive, labels, path), path);
}

}  // namespace

Samples read_npz_samples(const Spec& spec, const std::vector<std::string>& inputs) {
  spec.require_known({"test"});
  const std::string& path = spec.argument;
  const std::string test_path = spec.get("test", "");
  NpzArchive archive = open(path, inputs);
  join_arrays(archive, inputs, path);
  Samples samples;
  samples.train = read_arrays(archive, kInputs, kLabels, path);
  if (!test_path.empty()) {
    NpzArchive test = open(test_path, inputs);
    join_arrays(test, inputs, test_path);
    samples.test = read_arrays(test, kInputs, kLabels, test_path);
  } else if (find_array(archive, kTestInputs) != nullptr) {
    samples.test = read_arrays(archive, kTestInputs, kTestLabels, path);
  }
  const std::string where = fmt::format("{}: test samples", test_path.empty() ? path : test_path);
  name_classes(samples, archive.class_names, path);
  validate(samples.train, path);
  if (!samples.test) return samples;
  validate(*samples.test, where);
  if (samples.test->sample_shape() != samples.train.sample_shape()) {
    throw InputError(fmt::format("{}: of shape [{}]; the training samples have [{}]", where,
                                 fmt::join(samples.test->sample_shape(), ", "),
                                 fmt::join(samples.train.sample_shape(), ", ")));
  }
  return samples;
}

}  // namespace ncprune
