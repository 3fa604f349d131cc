#pragma once

#include "ncprune/experiment/evidence.h"
#include "ncprune/report/page.h"

namespace ncprune {

// Parts of evidence_page(), each for what was measured.

// REQUIRES: evidence.robustness.
Section robustness_section(const Evidence& evidence);

// REQUIRES: evidence.collapse is not empty.
Section geometry_section(const Evidence& evidence);

Section layer_section(const Evidence& evidence);

}  // namespace ncprune
