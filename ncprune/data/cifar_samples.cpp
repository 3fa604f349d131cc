#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/samples.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPixelBytes = 3 * 32 * 32;

// What CIFAR-10's and CIFAR-100's files are called and how a sample begins in them.
struct CifarForm {
  int64_t label_bytes;  // before the pixels; the last of them is the label
  int64_t classes;
  std::string train;  // beginning of the training files' names
  std::string test;
  std::string names;
};

const std::vector<CifarForm>& forms() {
  static const std::vector<CifarForm> table{
      {1, 10, "data_batch_", "test_batch.bin", "batches.meta.txt"},
      {2, 100, "train.bin", "test.bin", "fine_label_names.txt"}};
  return table;
}

std::vector<std::string> train_files(const std::string& folder, const CifarForm& form) {
  std::vector<std::string> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(form.train) && name.ends_with(".bin")) {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Dataset read_part(const std::vector<std::string>& files, const CifarForm& form) {
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> labels;
  for (const std::string& path : files) {
    std::string bytes = read_file(path);
    const int64_t record = form.label_bytes + kPixelBytes;
    const auto size = static_cast<int64_t>(bytes.size());
    if (size == 0 || size % record != 0) {
      throw InputError(
          fmt::format("{}: {} bytes; wanted a multiple of {}, a sample's", path, size, record));
    }
    const at::Tensor records = at::from_blob(bytes.data(), {size / record, record}, at::kByte);
    labels.push_back(records.select(1, form.label_bytes - 1).to(at::kLong));
    inputs.push_back(records.slice(1, form.label_bytes).to(at::kFloat).div_(255));
  }
  return {.inputs = at::cat(inputs).view({-1, 3, 32, 32}),
          .labels = at::cat(labels),
          .class_names = {},
          .range = std::pair{0.0, 1.0}};
}

std::vector<std::string> read_names(const std::string& path) {
  std::vector<std::string> names;
  if (!fs::is_regular_file(path)) return names;
  constexpr uint64_t kMaxBytes = 1 << 16;
  for (std::string& line : split(read_file(path, kMaxBytes), '\n')) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(std::move(line));
  }
  return names;
}

}  // namespace

bool holds_cifar_files(const std::string& folder) {
  return std::any_of(forms().begin(), forms().end(),
                     [&](const CifarForm& form) { return !train_files(folder, form).empty(); });
}

Samples read_cifar_folder(const std::string& folder) {
  const auto form = std::find_if(forms().begin(), forms().end(), [&](const CifarForm& f) {
    return !train_files(folder, f).empty();
  });
  if (form == forms().end()) {
    throw InputError(fmt::format(
        "{}: has no files data_batch_*.bin (CIFAR-10) or train.bin (CIFAR-100)", folder));
  }
  const std::string names = (fs::path(folder) / form->names).string();
  Samples samples{read_part(train_files(folder, *form), *form), {}};
  samples.train.class_names = numbered_classes(form->classes, read_names(names));
  if (samples.train.num_classes() != form->classes) {
    throw InputError(fmt::format("{}: {} names; wanted {}, one a line", names,
                                 samples.train.num_classes(), form->classes));
  }
  validate(samples.train, folder);
  const std::string test = (fs::path(folder) / form->test).string();
  if (!fs::exists(test)) return samples;
  samples.test = read_part({test}, *form);
  samples.test->class_names = samples.train.class_names;
  validate(*samples.test, test);
  return samples;
}

}  // namespace ncprune
