#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "ncprune/data/image_formats.h"

namespace ncprune {
namespace {

// Red, green and blue over black: [pixels, 4] to [pixels, 3].
void lay_over_black(const uint8_t* rgba, Image& image) {
  const size_t pixels = image.pixels.size() / 3;
  for (size_t i = 0; i < pixels; ++i) {
    const int alpha = rgba[4 * i + 3];
    for (size_t c = 0; c < 3; ++c) {
      image.pixels[3 * i + c] = static_cast<uint8_t>((rgba[4 * i + c] * alpha + 127) / 255);
    }
  }
}

Image first_frame(std::string_view bytes, const std::string& where, Image image) {
  const WebPData data{reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  WebPAnimDecoderOptions options;
  WebPAnimInfo info;
  WebPAnimDecoderOptionsInit(&options);
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  uint8_t* rgba = nullptr;
  int time = 0;
  if (!decoder || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      info.canvas_width != image.width || info.canvas_height != image.height ||
      WebPAnimDecoderGetNext(decoder.get(), &rgba, &time) == 0) {
    throw damaged_image(where, "WebP", "the first frame cannot be decoded");
  }
  lay_over_black(rgba, image);
  image.more_frames = info.frame_count > 1;
  return image;
}

}  // namespace

Image decode_webp(std::string_view bytes, const std::string& where, int64_t max_pixels) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, bytes.size(), &features) != VP8_STATUS_OK) {
    throw damaged_image(where, "WebP", "its header is no WebP header or is truncated");
  }
  require_size(features.height, features.width, max_pixels, where);
  Image image = blank_image(3, features.height, features.width);
  if (features.has_animation != 0) return first_frame(bytes, where, std::move(image));
  uint8_t* done = nullptr;
  if (features.has_alpha != 0) {
    std::vector<uint8_t> rgba(static_cast<size_t>(4 * image.height * image.width));
    done = WebPDecodeRGBAInto(data, bytes.size(), rgba.data(), rgba.size(), 4 * features.width);
    lay_over_black(rgba.data(), image);
  } else {
    done = WebPDecodeRGBInto(data, bytes.size(), image.pixels.data(), image.pixels.size(),
                             3 * features.width);
  }
  if (done == nullptr) throw damaged_image(where, "WebP", "the data are damaged or truncated");
  return image;
}

}  // namespace ncprune
