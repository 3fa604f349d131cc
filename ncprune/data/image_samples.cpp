#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/base/runtime.h"
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

// One size, and the number of channels that all images get.
struct ImageShape {
  int64_t channels;
  int64_t height;
  int64_t width;
};

// Decodes and prepares images when they are needed, in worker threads, and keeps their pixels as
// far as memory_limit() allows.
class ImageReader : public InputReader {
 public:
  ImageReader(std::shared_ptr<const ImageFiles> files, Preprocessing how, ImageShape shape)
      : files_(std::move(files)),
        how_(std::move(how)),
        shape_(shape),
        kept_(files_->names.size()),
        kept_bytes_(files_->held_bytes) {}

  std::vector<int64_t> sample_shape() const override {
    return {shape_.channels, shape_.height, shape_.width};
  }

  // The first bad image is reported, whatever the number of threads.
  at::Tensor read(const at::Tensor& rows) const override {
    const at::Tensor own = rows.contiguous();
    const auto places = elements<int64_t>(own);
    at::Tensor inputs =
        at::empty({own.numel(), shape_.channels, shape_.height, shape_.width}, at::kFloat);
    auto* out = inputs.data_ptr<float>();
    const int64_t size = shape_.channels * shape_.height * shape_.width;
    std::mutex mutex;
    int64_t bad = own.numel();
    std::string message;
    at::parallel_for(0, own.numel(), /*grain_size=*/4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        try {
          fill(out + i * size, *pixels_of(static_cast<size_t>(places[static_cast<size_t>(i)])));
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
    if (!message.empty()) throw InputError(message);
    return inputs;
  }

 private:
  using Pixels = std::shared_ptr<const std::vector<uint8_t>>;  // [height, width, channels]

  Pixels pixels_of(size_t file) const {
    {
      const std::lock_guard lock(mutex_);
      if (kept_[file]) return kept_[file];
    }
    Image image = prepared_image(files_->read(file), how_);
    if (image.height != shape_.height || image.width != shape_.width) {
      throw InputError(fmt::format(
          "{}: image '{}' has {} x {} pixels, the first has {} x {}; to crop and resize all "
          "of them give a size, as in images:DIR?size=64",
          files_->where, excerpt(files_->names[file]), image.height, image.width, shape_.height,
          shape_.width));
    }
    const bool more_frames = image.more_frames;
    image = with_channels(std::move(image), shape_.channels);
    auto pixels = std::make_shared<const std::vector<uint8_t>>(std::move(image.pixels));
    const std::lock_guard lock(mutex_);
    if (more_frames && !std::exchange(told_of_frames_, true)) {
      log_info(
          fmt::format("{}: image '{}' has further pages or frames; only the first is read, "
                      "also of others",
                      files_->where, excerpt(files_->names[file])));
    }
    const auto bytes = static_cast<int64_t>(pixels->size());
    if (kept_bytes_ + bytes <= memory_limit()) {
      kept_bytes_ += bytes;
      kept_[file] = pixels;
    }
    return pixels;
  }

  // Bytes become [0, 1], channel by channel.
  void fill(float* sample, const std::vector<uint8_t>& pixels) const {
    const int64_t area = shape_.height * shape_.width;
    for (int64_t c = 0; c < shape_.channels; ++c) {
      const uint8_t* pixel = pixels.data() + c;
      for (int64_t p = 0; p < area; ++p) {
        sample[c * area + p] = static_cast<float>(pixel[p * shape_.channels]) / 255;
      }
    }
  }

  std::shared_ptr<const ImageFiles> files_;
  Preprocessing how_;
  ImageShape shape_;
  mutable std::mutex mutex_;
  mutable std::vector<Pixels> kept_;  // by file
  mutable int64_t kept_bytes_;
  mutable bool told_of_frames_ = false;
};

// How many of these images are grey. Those that cannot be read are not; reading them says why.
int64_t count_grey(const ImageFiles& files, const std::vector<PlacedImage>& placed, size_t step) {
  std::atomic<int64_t> grey = 0;
  const auto count = static_cast<int64_t>((placed.size() + step - 1) / step);
  at::parallel_for(0, count, /*grain_size=*/8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const size_t file = placed[static_cast<size_t>(i) * step].file;
      const ImageFiles::File content = files.read(file);
      try {
        if (decode_image(content.bytes, content.where).channels == 1) ++grey;
      } catch (const InputError&) {
        continue;
      }
    }
  });
  return grey;
}

// The channels of all images: those that `how` says, or three unless most training images have one.
// A few of them are looked at, more if those are mixed, and all only if it is a close decision.
int64_t wanted_channels(const ImageFiles& files, const Preprocessing& how) {
  if (how.channels) return how.channels == "grey" ? 1 : 3;
  const std::vector<PlacedImage>& placed = files.layout.train;
  for (const size_t number : {size_t{64}, size_t{4096}, placed.size()}) {
    const size_t step = std::max<size_t>(1, placed.size() / number);
    const auto looked_at = static_cast<int64_t>((placed.size() + step - 1) / step);
    const int64_t grey = count_grey(files, placed, step);
    if (grey == 0 || grey == looked_at) return grey == 0 ? 3 : 1;
    const bool close = 4 * grey > looked_at && 4 * grey < 3 * looked_at;
    if (step > 1 && (number == 64 || close)) continue;
    const int64_t channels = 2 * grey > looked_at ? 1 : 3;
    log_info(fmt::format("{}: {} of {} training images{} are converted to {}", files.where,
                         channels == 1 ? looked_at - grey : grey, looked_at,
                         step > 1 ? " that were looked at" : "", channels == 1 ? "grey" : "RGB"));
    return channels;
  }
  return 3;
}

ImageShape shape_of(const ImageFiles& files, const Preprocessing& how) {
  const Image first = prepared_image(files.read(files.layout.train.front().file), how);
  return {wanted_channels(files, how), first.height, first.width};
}

Dataset placed_images(const std::shared_ptr<const InputReader>& reader,
                      const std::vector<PlacedImage>& placed,
                      const std::vector<std::string>& class_names) {
  std::vector<int64_t> rows;
  std::vector<int64_t> labels;
  for (const PlacedImage& image : placed) {
    rows.push_back(static_cast<int64_t>(image.file));
    labels.push_back(image.label);
  }
  const at::TensorOptions whole(at::kLong);
  return {.inputs = {},
          .labels = at::tensor(labels, whole),
          .class_names = class_names,
          .range = std::pair{0.0, 1.0},
          .reader = reader,
          .rows = at::tensor(rows, whole)};
}

}  // namespace

Samples read_image_files(const std::string& path, const ImageOptions& options) {
  const auto files =
      std::make_shared<const ImageFiles>(find_images(path, options.test, options.classes));
  const ImageLayout& layout = files->layout;
  const auto reader = std::make_shared<const ImageReader>(files, options.preprocessing,
                                                          shape_of(*files, options.preprocessing));
  Samples samples;
  samples.train = placed_images(reader, layout.train, layout.class_names);
  validate(samples.train, files->where);
  if (!layout.test || layout.test->empty()) return samples;
  samples.test = placed_images(reader, *layout.test, layout.class_names);
  validate(*samples.test, files->where);
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
