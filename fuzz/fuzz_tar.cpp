#include "fuzz/target.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_layout.h"
#include "ncprune/data/tar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    constexpr ncprune::TarLimits kLimits{.entries = 100, .file_bytes = 1 << 16};
    const auto archive = ncprune::index_tar(bytes, ncprune::is_image_name, "input", kLimits);
    std::vector<std::string> names;
    for (const ncprune::TarFile& file : archive.files) {
      ncprune::require(ncprune::is_image_name(file.name) && file.name.front() != '/');
      ncprune::require(file.size <= kLimits.file_bytes && file.size <= bytes.size() &&
                       file.offset <= bytes.size() - file.size);
      names.push_back(file.name);
    }
    const auto layout = ncprune::arrange_images(
        {.where = "input", .images = names, .folders = archive.folders, .unread = {}});
    ncprune::require(!layout.train.empty() && layout.train.size() <= names.size());
    for (const ncprune::PlacedImage& image : layout.train) {
      ncprune::require(image.file < names.size());
      ncprune::require(static_cast<size_t>(image.label) < layout.class_names.size());
    }
  });
}
