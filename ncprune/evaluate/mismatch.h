#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"

namespace ncprune {

// Whether a trained network and its data belong together. A network that sees pixels of another
// scale, or whose classes are in another order, runs without any error and is pruned to garbage.

// What does not fit.
struct Mismatch {
  std::string line;  // what does not fit, and what would mend it
  // The classes of the data in the order of the network's scores, if that would mend it and the
  // line is no place for them: more than 30, or names that a shell or --classes would split.
  std::vector<std::string> class_order = {};
};

// The training samples, prepared in another way.
struct OtherPreparation {
  std::string condition;  // "if pictures were ..."
  std::string remedy;     // the option that prepares them so
  Dataset train;          // as many samples, in the same order
};

// Empty when nothing is found. At most 512 training samples are run, and at least 96 with large
// networks, the same number of each class as far as they go. The network is refused when its
// balanced accuracy (mean over classes) on them is not above chance, or below a half and at least
// twice as high, and by 0.15, under one of the changes that are tried: another order of the
// classes, for pictures another order of the channels, values of 0 to 255, and ImageNet's or a
// symmetric normalisation, and last the preparations that `others` gives. It is called only if they
// are tried, and those that cannot be read are passed over. With multi-label data the network is
// refused when the mean AUROC of its labels is not above chance. REQUIRES: network and data fit
// (require_fits()).
std::optional<Mismatch> find_mismatch(
    const Network& network, const Dataset& train,
    const std::function<std::vector<OtherPreparation>()>& others = {});

}  // namespace ncprune
