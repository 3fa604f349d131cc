#include <ATen/ops/cat.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/cifar.h"
#include "ncprune/data/samples.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

// The file names of CIFAR-10 and CIFAR-100.
struct CifarFiles {
  CifarForm form;
  std::string train;  // prefix of the training files
  std::string test;
  std::string names;
};

const std::vector<CifarFiles>& releases() {
  static const std::vector<CifarFiles> table{
      {kCifar10, "data_batch_", "test_batch.bin", "batches.meta.txt"},
      {kCifar100, "train.bin", "test.bin", "fine_label_names.txt"}};
  return table;
}

std::vector<std::string> train_files(const std::string& folder, const CifarFiles& release) {
  std::vector<std::string> files;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(release.train) && name.ends_with(".bin")) {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

Dataset read_batches(const std::vector<std::string>& files, const CifarForm& form) {
  std::vector<at::Tensor> inputs;
  std::vector<at::Tensor> labels;
  for (const std::string& path : files) {
    CifarRecords records = parse_cifar(read_file(path), form, path);
    const auto count = static_cast<int64_t>(records.labels.size());
    labels.push_back(at::from_blob(records.labels.data(), {count}, at::kByte).to(at::kLong));
    inputs.push_back(at::from_blob(records.pixels.data(), {count, 3, 32, 32}, at::kByte)
                         .to(at::kFloat)
                         .div_(255));
  }
  return {.inputs = at::cat(inputs),
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
  return std::any_of(releases().begin(), releases().end(), [&](const CifarFiles& release) {
    return !train_files(folder, release).empty();
  });
}

Samples read_cifar_folder(const std::string& folder) {
  const auto release = std::find_if(releases().begin(), releases().end(), [&](const CifarFiles& r) {
    return !train_files(folder, r).empty();
  });
  if (release == releases().end()) {
    throw InputError(fmt::format(
        "{}: has no files data_batch_*.bin (CIFAR-10) or train.bin (CIFAR-100)", folder));
  }
  const std::string names = (fs::path(folder) / release->names).string();
  const CifarForm& form = release->form;
  Samples samples{read_batches(train_files(folder, *release), form), {}};
  samples.train.class_names = numbered_classes(form.classes, read_names(names));
  if (samples.train.num_classes() != form.classes) {
    throw InputError(fmt::format("{}: {} names; wanted {}, one per line", names,
                                 samples.train.num_classes(), form.classes));
  }
  validate(samples.train, folder);
  const std::string test = (fs::path(folder) / release->test).string();
  if (!fs::exists(test)) return samples;
  samples.test = read_batches({test}, form);
  samples.test->class_names = samples.train.class_names;
  validate(*samples.test, test);
  return samples;
}

}  // namespace ncprune
