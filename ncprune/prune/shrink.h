#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/cost.h"
#include "ncprune/model/network.h"

namespace ncprune {

// The effect of shrinking on a fully connected layer or convolution.
struct ShrunkLayer {
  std::string name;
  int64_t units_before;
  int64_t units_after;
  int64_t parameters_before;  // weights and biases
  int64_t parameters_after;
  // Remaining units that do nothing: no weight reads them, or all their weights are zero.
  int64_t idle;
};

struct Shrunk {
  Network network;
  std::vector<ShrunkLayer> layers;  // in graph order
  NetworkCost before;
  NetworkCost after;
  double difference;  // the largest between class scores of the two networks, absolute
};

// `network` without the units (neurons, channels, attention heads) that do nothing: the function
// stays the same.
//
// A unit is dead if every weight that reads it is zero. It is constant if the graph shows that its
// value is the same for every input (known_values.h), such as that of a neuron without weights;
// what the layers that read it make of its value is then added to their biases (or subtracted from
// the mean of the BatchNormalization behind them; fully connected layers and convolutions without
// either get a bias). Dead and constant units are removed until there are none. A unit that other
// units can only be removed with (units.h), as in a residual sum, goes if all of its readers allow
// it. The inputs and the class scores stay, and so do: the first unit where all of a group would
// go; a constant other than 0 that a padded convolution reads, because the padding is 0; and one
// whose readers' biases the file stores in fewer bits than a float. Without a fixed size of the
// input, constant units stay.
//
// Proves on every run that the class scores of the two networks differ on random inputs by at most
// 1e-5 times the largest score (or times 1 if that is less), and throws std::logic_error when they
// do not. Throws InputError, naming a node, when the network cannot be run.
Shrunk shrink(const Network& network);

// The same, proved on `data` as well.
Shrunk shrink(const Network& network, const Dataset& data);

}  // namespace ncprune
