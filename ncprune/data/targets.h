#pragma once

#include "ncprune/base/tensor.h"

namespace ncprune {

// What is true of N samples, to compare class scores with.
//
// Usually exactly one of K classes is. In multi-label data any of L labels may belong to a sample,
// and every sample is there once for each of its labels, or once as "no label" if it has none: its
// `labels` entry says for which, and `label_sets` holds all labels of the sample. A network has L
// scores; each is the logit of its label's probability. See label_rows.h.
struct Targets {
  at::Tensor labels;           // int64 [N], in [0, K); of multi-label data K = L, or L + 1 with
                               // the class "no label" as the last
  at::Tensor label_sets = {};  // bool [N, L] of multi-label data, otherwise undefined
  bool unlabelled = false;     // whether multi-label data have the class "no label"

  bool multi_label() const { return label_sets.defined(); }
  // The targets of the samples [begin, end), or of those at `indices`, int64 [M].
  Targets of(int64_t begin, int64_t end) const;
  Targets of(const at::Tensor& indices) const;
  Targets to(at::Device device) const;
};

}  // namespace ncprune
