#pragma once

#include <vector>

#include "ncprune/evaluate/mismatch.h"
#include "ncprune/experiment/prepare.h"

namespace ncprune {

// The training pictures of `data`, which prepare_data() made of `request`, cropped and resized in
// the other usual ways that give pictures of the same height and width: squashed to it, the shorter
// side resized to it or to 256/224 of it and the centre cropped, and the centre cropped alone. For
// find_mismatch(). Empty for data that are not images:. A way that the pictures cannot take is left
// out.
std::vector<OtherPreparation> other_geometries(const DataRequest& request,
                                               const PreparedData& data);

}  // namespace ncprune
