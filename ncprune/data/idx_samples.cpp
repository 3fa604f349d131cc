#include <ATen/ops/from_blob.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/data/idx.h"
#include "ncprune/data/samples.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

// The path of the file with this prefix ("train-images") and rank (3), or empty.
std::string find_file(const std::string& folder, const std::string& beginning, int rank) {
  std::error_code error;
  for (const char* joint : {"-", "."}) {
    for (const char* ending : {"", ".gz"}) {
      const fs::path path =
          fs::path(folder) / fmt::format("{}{}idx{}-ubyte{}", beginning, joint, rank, ending);
      if (fs::is_regular_file(path, error)) return path.string();
    }
  }
  return "";
}

struct Files {
  std::string images;
  std::string labels;
};

Files find_files(const std::string& folder, const std::string& part) {
  return {find_file(folder, part + "-images", 3), find_file(folder, part + "-labels", 1)};
}

IdxArray read(const std::string& path, size_t rank, const char* wanted) {
  IdxArray array = parse_idx(read_file(path), path);
  if (array.shape.size() != rank) {
    throw InputError(fmt::format("{}: holds values of shape [{}]; wanted {}", path,
                                 fmt::join(array.shape, ", "), wanted));
  }
  return array;
}

Dataset read_part(const Files& files) {
  IdxArray images = read(files.images, 3, "images, [N, height, width]");
  IdxArray labels = read(files.labels, 1, "labels, [N]");
  if (images.shape[0] != labels.shape[0]) {
    throw InputError(fmt::format("{}: {} labels; {} holds {} images", files.labels, labels.shape[0],
                                 files.images, images.shape[0]));
  }
  images.shape.insert(images.shape.begin() + 1, 1);
  // to() copies, so nothing points into the arrays afterwards.
  return {.inputs =
              at::from_blob(images.values.data(), images.shape, at::kByte).to(at::kFloat).div_(255),
          .labels = at::from_blob(labels.values.data(), labels.shape, at::kByte).to(at::kLong),
          .class_names = {},
          .range = std::pair{0.0, 1.0}};
}

}  // namespace

bool holds_idx_files(const std::string& folder) {
  return !find_files(folder, "train").images.empty();
}

Samples read_idx_folder(const std::string& folder, const std::vector<std::string>& class_names) {
  const Files train = find_files(folder, "train");
  if (train.images.empty() || train.labels.empty()) {
    throw InputError(fmt::format("{}: has no file train-{}-ubyte[.gz]", folder,
                                 train.images.empty() ? "images-idx3" : "labels-idx1"));
  }
  Samples samples{read_part(train), {}};
  samples.train.class_names =
      numbered_classes(samples.train.labels.max().item<int64_t>() + 1, class_names);
  validate(samples.train, train.images);
  const Files test = find_files(folder, "t10k");
  if (test.images.empty() != test.labels.empty()) {
    throw InputError(fmt::format("{}: has no file t10k-{}-ubyte[.gz]", folder,
                                 test.images.empty() ? "images-idx3" : "labels-idx1"));
  }
  if (test.images.empty()) return samples;
  samples.test = read_part(test);
  samples.test->class_names = samples.train.class_names;
  validate(*samples.test, test.labels);
  if (samples.test->sample_shape() != samples.train.sample_shape()) {
    throw InputError(fmt::format("{}: images of [{}]; the training images have [{}]", test.images,
                                 fmt::join(samples.test->sample_shape(), ", "),
                                 fmt::join(samples.train.sample_shape(), ", ")));
  }
  return samples;
}

}  // namespace ncprune
