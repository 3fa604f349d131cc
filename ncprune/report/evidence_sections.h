#pragma once

#include "ncprune/experiment/evidence.h"
#include "ncprune/report/page.h"

namespace ncprune {

// The sections of evidence_page(), one per kind of measurement.

// REQUIRES: evidence.robustness.
Section robustness_section(const Evidence& evidence);

// REQUIRES: evidence.collapse is not empty.
Section geometry_section(const Evidence& evidence);

Section layer_section(const Evidence& evidence);

}  // namespace ncprune
