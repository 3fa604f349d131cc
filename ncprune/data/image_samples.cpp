#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/base/progress.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/exif.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_files.h"
#include "ncprune/data/image_geometry.h"
#include "ncprune/data/image_resize.h"
#include "ncprune/data/samples.h"

namespace ncprune {
namespace {

// The size after `resize`.
ImageSize wanted_size(const Image& image, const std::vector<int64_t>& resize,
                      const std::string& where) {
  constexpr int64_t kMaxSide = 65535;  // the weights of a side take memory, too
  const ImageSize size = resize.size() == 2
                             ? ImageSize{resize[0], resize[1]}
                             : size_of_shorter_side({image.height, image.width}, resize.front());
  if (size.height <= kMaxImagePixels / size.width &&
      std::max(image.height, image.width) <= kMaxSide) {
    return size;
  }
  throw InputError(fmt::format(
      "{}: an image of {} x {} pixels cannot be resized to {} x {}; wanted sides of at most {} and "
      "at most {} pixels",
      where, image.height, image.width, size.height, size.width, kMaxSide, kMaxImagePixels));
}

// The image of a file, upright, resized and cropped.
Image prepared_image(const ImageFiles::File& file, const Preprocessing& how) {
  Image image = decode_image(file.bytes, file.where);
  if (how.exif != "ignore") image = oriented(std::move(image), exif_orientation(file.bytes));
  const bool more_frames = image.more_frames;
  if (how.size) image = central_square(image, *how.size);
  if (!how.resize.empty()) {
    image = resized(image, wanted_size(image, how.resize, file.where),
                    *interpolation_named(how.interpolation.value_or("bilinear")));
  }
  if (!how.crop.empty()) image = centre_cropped(image, {how.crop[0], how.crop[1]});
  image.more_frames = more_frames;
  return image;
}

// Decodes these images of `files` and prepares them in worker threads. All must have one size then.
// The first bad image is reported, whatever the number of threads.
std::vector<Image> decode_images(const ImageFiles& files, const std::vector<PlacedImage>& placed,
                                 const Preprocessing& how) {
  const auto count = static_cast<int64_t>(placed.size());
  const auto decode = [&](int64_t i) {
    return prepared_image(files.read(placed[static_cast<size_t>(i)].file), how);
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
  const auto more = std::count_if(images.begin(), images.end(),
                                  [](const Image& image) { return image.more_frames; });
  if (more > 0) {
    log_info(fmt::format("{}: {} of {} images have further pages or frames; only the first is read",
                         files.where, more, count));
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

// The channels of all images: those that `how` says, or those of most images.
int64_t wanted_channels(const std::vector<Image>& images, const Preprocessing& how,
                        const std::string& where) {
  if (how.channels) return how.channels == "grey" ? 1 : 3;
  const int64_t channels = common_channels(images);
  const auto other = std::count_if(images.begin(), images.end(),
                                   [&](const Image& image) { return image.channels != channels; });
  if (other > 0) {
    log_info(fmt::format("{}: {} of {} training images are converted to {}", where, other,
                         images.size(), channels == 1 ? "grey" : "RGB"));
  }
  return channels;
}

}  // namespace

Samples read_image_files(const std::string& path, const ImageOptions& options) {
  const ImageFiles files = find_images(path, options.test, options.classes);
  const ImageLayout& layout = files.layout;
  std::vector<Image> train = decode_images(files, layout.train, options.preprocessing);
  const int64_t channels = wanted_channels(train, options.preprocessing, files.where);
  Samples samples;
  const std::pair image_size{train.front().height, train.front().width};
  samples.train = to_dataset(train, layout.train, channels);
  samples.train.class_names = layout.class_names;
  validate(samples.train, files.where);
  if (!layout.test || layout.test->empty()) return samples;
  std::vector<Image> test = decode_images(files, *layout.test, options.preprocessing);
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

Samples read_image_samples(const Spec& spec, const std::optional<Preprocessing>& geometry) {
  std::vector<std::string> known = preprocessing_options();
  known.insert(known.end(), {"test", "classes"});
  spec.require_known(known);
  const std::string classes = spec.get("classes", "");
  return read_image_files(
      spec.argument,
      {.preprocessing = geometry ? *geometry : preprocessing_of(spec),
       .test = spec.get("test", ""),
       .classes = classes.empty() ? std::vector<std::string>{} : split(classes, ',')});
}

}  // namespace ncprune
