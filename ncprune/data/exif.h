#pragma once

#include <string_view>

namespace ncprune {

// The orientation of a picture, 1 to 8, that the EXIF data of a JPEG, PNG or WebP file give
// (`bytes`, the whole file); 1, upright, when the file has none that can be read. See oriented().
int exif_orientation(std::string_view bytes);

}  // namespace ncprune
