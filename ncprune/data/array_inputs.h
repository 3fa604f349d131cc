#pragma once

#include "ncprune/data/dataset.h"
#include "ncprune/data/npy.h"

namespace ncprune {

// `data` with the inputs [N, ...] of an array, and their range. Bytes [N, height, width],
// [N, channels, height, width] or [N, height, width, channels] are images: channels come first,
// and bytes become [0, 1]. The elements of all other arrays are used unchanged. A reader has the
// inputs of an array that stays in its file (NpyArray::stored); it names the array and the sample
// of a number that is not finite. REQUIRES: the array has at least two dimensions.
Dataset with_array_inputs(Dataset data, const NpyArray& array);

}  // namespace ncprune
