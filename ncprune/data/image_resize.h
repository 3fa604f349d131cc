#pragma once

#include "ncprune/data/image.h"

namespace ncprune {

// The image's central square (its side is the shorter of the two; of an odd remainder the smaller
// half is cut off first) resized to `size` x `size`: bilinear, antialiased when it shrinks, rounded
// to bytes. REQUIRES: size >= 1.
Image central_square(const Image& image, int64_t size);

}  // namespace ncprune
