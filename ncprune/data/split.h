#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "ncprune/base/random.h"
#include "ncprune/data/dataset.h"

namespace ncprune {

// Splits every class: about `fraction` of its samples go to the second part, the rest to the first.
// A class keeps at least one sample in the first part; a class with one sample has none in the
// second. Both parts keep the data's order. Deterministic in the seed of `random`. REQUIRES: 0 <=
// fraction < 1.
std::pair<Dataset, Dataset> stratified_split(const Dataset& data, double fraction, Random random);

// The rows of two parts of a data set, int64, each ascending.
struct RowSplit {
  at::Tensor first;
  at::Tensor second;
};

// The rows that stratified_split() takes, for labels int64 [N] in [0, K).
RowSplit stratified_rows(const at::Tensor& labels, int64_t num_classes, double fraction,
                         Random random);

// Splits a source that has no test set, which messages call `where`: `second` is a fifth of every
// class, drawn from `seed`, for testing; this is logged. Throws InputError when it has no sample.
RowSplit test_split(const at::Tensor& labels, int64_t num_classes, uint64_t seed,
                    const std::string& where);

}  // namespace ncprune
