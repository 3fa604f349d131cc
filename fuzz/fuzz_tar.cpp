#include "fuzz/target.h"
#include "ncprune/data/image.h"
#include "ncprune/data/image_layout.h"
#include "ncprune/data/tar.h"

namespace {

constexpr ncprune::TarLimits kLimits{.entries = 100, .file_bytes = 1 << 16};

void require_within(const ncprune::TarArchive& archive, size_t bytes) {
  for (const ncprune::TarFile& file : archive.files) {
    ncprune::require(ncprune::is_image_name(file.name) && file.name.front() != '/');
    ncprune::require(file.size <= kLimits.file_bytes && file.size <= bytes &&
                     file.offset <= bytes - file.size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ncprune::fuzz(data, size, [](std::string_view bytes) {
    const ncprune::RandomAccessFile file(ncprune::file_of(bytes));
    require_within(ncprune::index_tar(file, ncprune::is_image_name, kLimits), bytes.size());
  });
  return ncprune::fuzz(data, size, [](std::string_view bytes) {
    const auto archive = ncprune::index_tar(bytes, ncprune::is_image_name, "input", kLimits);
    require_within(archive, bytes.size());
    std::vector<std::string> names;
    for (const ncprune::TarFile& file : archive.files) names.push_back(file.name);
    const auto layout = ncprune::arrange_images(
        {.where = "input", .images = names, .folders = archive.folders, .unread = {}});
    ncprune::require(!layout.train.empty() && layout.train.size() <= names.size());
    for (const ncprune::PlacedImage& image : layout.train) {
      ncprune::require(image.file < names.size());
      ncprune::require(static_cast<size_t>(image.label) < layout.class_names.size());
    }
  });
}
