#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"
#include "ncprune/model/operators.h"

namespace ncprune {

// Runs the part of the graph that `wanted` needs, on `input` [N, ...] as the graph takes it
// (already normalised), on the device it lies on, and gives those values in the order asked for.
// Autograd follows when gradients are enabled and an initializer or the input requires them. Throws
// InputError naming the node when a shape does not fit.
std::vector<at::Tensor> run(const Network& network, const at::Tensor& input,
                            const std::vector<std::string>& wanted, const RunMode& mode = {});

// A run on its way through the graph.
struct PartialRun {
  at::Device device;                                   // where the input lies
  size_t next = 0;                                     // index of the next node
  std::unordered_map<std::string, at::Tensor> values;  // of those there are, what is read from here
};

// With the input, before the first node.
PartialRun begin_run(const Network& network, const at::Tensor& input);

// Runs the nodes before `end` that `wanted` needs and forgets what these need no more. Throws
// InputError as run() does.
PartialRun go_on(const Network& network, PartialRun place, const std::vector<std::string>& wanted,
                 size_t end, const RunMode& mode = {});

// Whether all that `wanted` needs is there or behind `place`.
bool leads_to(const Network& network, const PartialRun& place,
              const std::vector<std::string>& wanted);

// The values `wanted` at `place`, or initializers. Throws InputError when one is not there.
std::vector<at::Tensor> values_at(const Network& network, const PartialRun& place,
                                  const std::vector<std::string>& wanted);

// What `node` makes of `inputs`, in its order; one left out is an undefined tensor. Throws
// InputError naming the node.
std::vector<at::Tensor> run_node(const Node& node, const std::vector<at::Tensor>& inputs,
                                 const RunMode& mode);

// Raw samples as the graph takes them, on the device where networks run (device.h): normalised as
// the metadata says, reshaped to the graph's input. Throws InputError when the sizes do not fit.
at::Tensor prepare_inputs(const Network& network, const at::Tensor& raw);

// Samples a batch, so that the activations of a network without gradients stay small and matrix
// products are large.
int64_t batch_size(const Network& network);

// Samples a batch where autograd keeps every value of the graph: batch_size() or fewer, so that
// these values take at most 1 GB. Runs the network on one sample.
int64_t gradient_batch_size(const Network& network);

// The value called `name` for raw samples, [N, ...] in main memory, in batches, without gradients.
// Several processes (world.h) share the batches, and each gets all of it.
at::Tensor value_of_all(const Network& network, const std::string& name, const at::Tensor& raw);

// Class scores [N, K] (before any softmax) likewise.
at::Tensor logits(const Network& network, const at::Tensor& raw);

// Throws InputError unless the network takes the data's samples and knows as many classes.
void require_fits(const Network& network, const Dataset& data, const std::string& where);

}  // namespace ncprune
