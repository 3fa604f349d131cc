#pragma once

#include <string>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/data/dataset.h"

namespace ncprune {

// A data set with reduced classes, and the classes that the user should watch.
struct Imbalanced {
  Dataset data;
  std::vector<int64_t> minority;  // class indices, ascending; empty when no class was reduced
};

// Reduces the classes of `data` as `spec` says; which samples are kept depends only on the seed of
// `random`. Every class keeps at least one sample. With n_max the largest class and K classes (Cao
// et al. 2019):
//   none
//   exp:F              class c keeps n_max F^(-c/(K-1)); the rarest three tenths are the minority
//   step:F             the second half of the classes keeps n_max / F; it is the minority
//   classes:1,2,3@P    the listed classes keep the fraction P of their samples; they are the
//   minority
// exp and step take ?order=shuffled to deal the ranks to classes at random instead of in label
// order. `none` on data that are imbalanced by nature: the rarest three tenths when the largest
// class has at least twice as many samples as the smallest. Throws InputError on an unknown
// builder, F < 1, P outside (0, 1] or a class that does not exist.
Imbalanced make_imbalanced(const Dataset& data, const std::string& spec, Random random);

}  // namespace ncprune
