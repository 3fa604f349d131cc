#pragma once

#include "ncprune/data/dataset.h"

namespace ncprune {

// Multi-label data as a question for each label of each sample, so that everything that runs over
// classes (scatter, sampling, recall) counts every label alike, however rare it is.

// The name of the class of samples without a label.
inline constexpr const char* kNoLabel = "no label";

// Multi-label samples that are there once each: labels are what strata are made of, the rarest
// label of the sample (the lowest one of several), or the class "no label". `names` are the L
// labels' names; the class "no label" exists if `unlabelled`. REQUIRES: label_sets bool [N, L].
Dataset with_label_sets(Dataset data, const at::Tensor& label_sets, std::vector<std::string> names,
                        bool unlabelled);

// `data` with a sample for each label of each sample, in the samples' order and then the labels',
// and one for each sample without a label. Inputs are not copied. Other data are unchanged.
Dataset with_row_per_label(Dataset data);

// Scores [N, K] whose largest is the class that each sample counts as recognised as, and whose
// softmax gives that answer's probability. Scores of data with one class per sample are unchanged.
// In multi-label data (scores [N, L]) a sample counts as its label if the label's score is
// positive, and as "no label" if no score is. Otherwise it counts as the label with the largest
// positive score that the sample does not have; if there is none, as "no label", or where that
// class does not exist, as another label, the one with the largest score of those that the sample
// does not have. All other scores are minus infinity.
at::Tensor answer_scores(const at::Tensor& scores, const Targets& targets);

// The share in its sample of every row of multi-label data, 1 / (number of the sample's rows);
// double [N].
at::Tensor row_shares(const Targets& targets);

}  // namespace ncprune
