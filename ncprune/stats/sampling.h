#pragma once

#include <cstdint>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/layers.h"

// The part of a data set that a measurement runs. Every choice is fixed: no seed changes it.
namespace ncprune {

// Statistics read at most this many rows (rows.h) of every sample.
inline constexpr int64_t kRowsPerSample = 32;

// Moments are made of about this many rows of a class: samples beyond are not run.
inline constexpr int64_t kRowsPerClass = 8192;

// At most `limit` samples of every class, drawn with a fixed seed, class after class.
Dataset at_most_per_class(const Dataset& data, int64_t limit);

// About `total` samples at even distances, which keep the classes' shares and their order; all of
// them if there are fewer than twice as many.
Dataset at_even_distances(const Dataset& data, int64_t total);

// at_most_per_class() where classes count alike (balance 1), else as many at_even_distances().
Dataset some_samples(const Dataset& data, int64_t per_class, double balance);

// A few samples of every class that stand for all of them.
struct WeightedSample {
  Dataset samples;
  std::vector<double> class_weights;  // K, of each sample of a class; over all they sum to 1
};

// At most `per_class` of every class, drawn with a fixed seed, so weighted that a weighted sum is
// sum_c pi_c E_c: pi as class_weights() makes it of the counts of all of `data`, the drawn samples
// standing for their class. Throws InputError when there are no samples.
WeightedSample weighted_sample(const Dataset& data, int64_t per_class, double balance);

// How many samples of a class suffice for the moments of each layer: so many that it has 8192 rows
// of the class (kRowsPerClass). A fully connected layer beside layers with many rows a sample, as
// the head of a convolutional network, needs no more than the one with the most, unless its rows
// would be fewer than eight times its inputs. Runs the network on one sample.
std::vector<int64_t> enough_per_class(const Network& network, const std::vector<Layer>& layers,
                                      int64_t num_classes);

}  // namespace ncprune
