#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/model/network.h"
#include "ncprune/model/operators.h"

namespace ncprune {

// Runs the part of the graph that `wanted` needs, on `input` [N, ...] as the graph takes it
// (already normalised; float, also for a graph of whole numbers), on the device of the input, and
// returns those values in the order of `wanted`. Autograd records the run when gradients are
// enabled and an initializer or the input requires them. Throws InputError naming the node when a
// shape does not fit.
std::vector<at::Tensor> run(const Network& network, const at::Tensor& input,
                            const std::vector<std::string>& wanted, const RunMode& mode = {});

// A run that has not reached the end of the graph.
struct PartialRun {
  at::Device device;                                        // of the input
  size_t next = 0;                                          // index of the next node
  std::unordered_map<std::string, at::Tensor> values = {};  // computed, and still read later
  // Whole numbers have no gradients: where a tracked input has them, autograd follows every value
  // from the weights on.
  bool tracks_weights = false;
};

// A run before its first node.
PartialRun begin_run(const Network& network, const at::Tensor& input);

// How far a run continues, and for what.
struct RunGoal {
  const std::vector<std::string>& wanted;  // values
  size_t end;                              // index of the node before which the run stops
  RunMode mode = {};
};

// Runs the nodes before the goal's end that its values need, and drops values that they no longer
// need. Throws InputError as run() does.
PartialRun go_on(const Network& network, PartialRun place, const RunGoal& goal);

// Whether every value that `wanted` needs is in `place` or is computed after it.
bool leads_to(const Network& network, const PartialRun& place,
              const std::vector<std::string>& wanted);

// The values `wanted`, from `place` or the initializers. Throws InputError when one is missing.
std::vector<at::Tensor> values_at(const Network& network, const PartialRun& place,
                                  const std::vector<std::string>& wanted);

// The outputs of `node` for `inputs`, in its order; an omitted input is an undefined tensor. Throws
// InputError naming the node.
std::vector<at::Tensor> run_node(const Node& node, const std::vector<at::Tensor>& inputs,
                                 const RunMode& mode);

// Prepares raw samples for the graph: moves them to the compute device, normalises them, orders
// channels and axes of pictures as the metadata say, and reshapes them to the graph's input. Throws
// InputError when the sizes do not fit.
at::Tensor prepare_inputs(const Network& network, const at::Tensor& raw);

// Number of samples in a batch, chosen such that activations without gradients stay small and
// matrix products are large. With convolutions at most 48 on one thread and 256 on several or on a
// GPU: sums round differently then. The same in every process of a job (world_threads()).
int64_t batch_size(const Network& network);

// Samples a batch where autograd keeps every value of the graph: batch_size() or fewer, so that
// these values take at most 1 GB. Runs the network on one sample.
int64_t gradient_batch_size(const Network& network);

// The value called `name` for raw samples, [N, ...] in main memory, computed in batches without
// gradients. Several processes (world.h) share the batches, and each returns all rows.
at::Tensor value_of_all(const Network& network, const std::string& name, const at::Tensor& raw);

// The same for the samples of `data`, read batch by batch.
at::Tensor value_of_all(const Network& network, const std::string& name, const Dataset& data);

// Class scores [N, K] before any softmax or sigmoid, computed in the same way.
at::Tensor logits(const Network& network, const at::Tensor& raw);
at::Tensor logits(const Network& network, const Dataset& data);

// Throws InputError unless the network takes the data's samples and has the same number of classes
// or labels.
void require_fits(const Network& network, const Dataset& data, const std::string& where);

// Throws InputError unless these scores of some samples are [N, K] with the data's K.
void require_scores_fit(const at::Tensor& scores, const Dataset& data, const std::string& where);

}  // namespace ncprune
