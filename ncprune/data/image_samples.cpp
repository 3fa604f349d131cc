#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <mutex>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/base/progress.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_layout.h"
#include "ncprune/data/image_resize.h"
#include "ncprune/data/samples.h"
#include "ncprune/data/tar.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

// Image files in a folder or a tar file.
struct ImageFiles {
  std::string where;                 // the folder or tar file
  std::vector<std::string> names;    // below it
  std::vector<std::string> folders;  // below it
  std::function<Image(size_t)> decode;
};

ImageFiles list_folder(const std::string& folder) {
  ImageFiles files{.where = folder, .names = {}, .folders = {}, .decode = {}};
  try {
    constexpr auto kFollow = fs::directory_options::follow_directory_symlink;
    for (auto entry = fs::recursive_directory_iterator(folder, kFollow); entry != end(entry);
         ++entry) {
      constexpr int kMaxDepth = 16;  // a link to an enclosing folder never ends
      const std::string name = entry->path().lexically_relative(folder).string();
      const bool hidden = entry->path().filename().string().starts_with('.');
      if (hidden || entry.depth() > kMaxDepth) entry.disable_recursion_pending();
      if (entry->is_directory()) files.folders.push_back(name);
      if (is_image_name(name) && entry->is_regular_file()) files.names.push_back(name);
      if (files.names.size() + files.folders.size() > kMaxImageFiles) {
        throw InputError(fmt::format("{}: contains more than {} images", folder, kMaxImageFiles));
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw InputError(fmt::format("{}: {}", folder, error.code().message()));
  }
  files.decode = [folder, names = files.names](size_t i) {
    const std::string path = (fs::path(folder) / names[i]).string();
    return decode_image(read_file(path, kMaxImageFileBytes), excerpt(path));
  };
  return files;
}

ImageFiles list_tar(const std::string& path) {
  TarArchive archive = parse_tar(read_file(path), is_image_name, path,
                                 {.entries = kMaxImageFiles, .file_bytes = kMaxImageFileBytes});
  ImageFiles files{.where = path, .names = {}, .folders = std::move(archive.folders), .decode = {}};
  for (const TarFile& file : archive.files) files.names.push_back(file.name);
  files.decode = [path, contents = std::move(archive.files)](size_t i) {
    return decode_image(contents[i].content,
                        fmt::format("{}: entry '{}'", path, excerpt(contents[i].name)));
  };
  return files;
}

// Decodes these images of `files` in worker threads. All must have one size, or, if `size` is not
// 0, all are cropped and resized to `size` x `size`. The first bad image is reported, whatever the
// number of threads.
std::vector<Image> decode_images(const ImageFiles& files, const std::vector<PlacedImage>& placed,
                                 int64_t size) {
  const auto count = static_cast<int64_t>(placed.size());
  const auto decode = [&](int64_t i) {
    Image image = files.decode(placed[static_cast<size_t>(i)].file);
    return size > 0 ? central_square(image, size) : image;
  };
  const Image first = decode(0);
  if (first.pixels.size() > kMaxFileBytes / placed.size()) {
    throw InputError(fmt::format(
        "{}: {} images of {} x {} pixels take more than {} bytes; use smaller ones, as in "
        "images:DIR?size=64",
        files.where, count, first.height, first.width, kMaxFileBytes));
  }
  std::vector<Image> images(placed.size());
  Progress bar("decoding images", count);
  constexpr int64_t kChunk = 512;
  for (int64_t begin = 0; begin < count; begin += kChunk) {
    const int64_t end = std::min(begin + kChunk, count);
    std::mutex mutex;
    int64_t bad = end;
    std::string message;
    at::parallel_for(begin, end, /*grain_size=*/8, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        try {
          Image image = decode(i);
          if (image.height != first.height || image.width != first.width) {
            throw InputError(fmt::format(
                "{}: image '{}' has {} x {} pixels, the first has {} x {}; to crop and resize all "
                "of them give a size, as in images:DIR?size=64",
                files.where, excerpt(files.names[placed[static_cast<size_t>(i)].file]),
                image.height, image.width, first.height, first.width));
          }
          images[static_cast<size_t>(i)] = std::move(image);
        } catch (const InputError& error) {
          const std::lock_guard lock(mutex);
          if (i < bad) {
            bad = i;
            message = error.what();
          }
          return;  // later errors of this thread do not matter
        }
      }
    });
    if (bad < end) throw InputError(message);
    bar.advance(end - begin);
  }
  return images;
}

// Three channels, unless most images have one.
int64_t common_channels(const std::vector<Image>& images) {
  const auto grey = std::count_if(images.begin(), images.end(),
                                  [](const Image& image) { return image.channels == 1; });
  return 2 * static_cast<size_t>(grey) > images.size() ? 1 : 3;
}

// Takes over the memory of the images.
Dataset to_dataset(std::vector<Image>& images, const std::vector<PlacedImage>& placed,
                   int64_t channels) {
  const auto count = static_cast<int64_t>(images.size());
  const int64_t area = images.front().height * images.front().width;
  Dataset data{.inputs = at::empty({count, channels, images.front().height, images.front().width},
                                   at::kFloat),
               .labels = at::empty({count}, at::kLong),
               .class_names = {},
               .range = std::pair{0.0, 1.0}};
  auto* inputs = data.inputs.data_ptr<float>();
  auto* labels = data.labels.data_ptr<int64_t>();
  at::parallel_for(0, count, /*grain_size=*/64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto n = static_cast<size_t>(i);
      labels[i] = placed[n].label;
      const Image image = with_channels(std::exchange(images[n], {}), channels);
      float* sample = inputs + i * channels * area;
      for (int64_t c = 0; c < channels; ++c) {
        const uint8_t* pixel = image.pixels.data() + c;
        for (int64_t p = 0; p < area; ++p) {
          sample[c * area + p] = static_cast<float>(pixel[p * channels]) / 255;
        }
      }
    }
  });
  return data;
}

Samples read_images(const ImageFiles& files, int64_t size) {
  const ImageLayout layout = arrange_images(files.names, files.folders, files.where);
  std::vector<Image> train = decode_images(files, layout.train, size);
  const int64_t channels = common_channels(train);
  const auto other = std::count_if(train.begin(), train.end(),
                                   [&](const Image& image) { return image.channels != channels; });
  if (other > 0) {
    log_info(fmt::format("{}: {} of {} training images are converted to {}", files.where, other,
                         train.size(), channels == 1 ? "grey" : "RGB"));
  }
  Samples samples;
  const std::pair image_size{train.front().height, train.front().width};
  samples.train = to_dataset(train, layout.train, channels);
  samples.train.class_names = layout.class_names;
  validate(samples.train, files.where);
  if (!layout.test || layout.test->empty()) return samples;
  std::vector<Image> test = decode_images(files, *layout.test, size);
  if (image_size != std::pair{test.front().height, test.front().width}) {
    throw InputError(fmt::format(
        "{}: test images of {} x {} pixels; the training images have {} x {}", files.where,
        test.front().height, test.front().width, image_size.first, image_size.second));
  }
  samples.test = to_dataset(test, *layout.test, channels);
  samples.test->class_names = layout.class_names;
  validate(*samples.test, files.where);
  return samples;
}

}  // namespace

Samples read_image_files(const std::string& path, int64_t size) {
  std::error_code error;
  return read_images(fs::is_directory(path, error) ? list_folder(path) : list_tar(path), size);
}

Samples read_image_samples(const Spec& spec) {
  spec.require_known({"size"});
  constexpr int64_t kLargest = 4096;
  const std::string size = spec.get("size", "");
  return read_image_files(
      spec.argument,
      size.empty()
          ? 0
          : parse_integers(size, fmt::format("'{}': size", spec.text), 1, kLargest).front());
}

}  // namespace ncprune
