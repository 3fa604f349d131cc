#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ncprune/prune/method.h"
#include "ncprune/stats/metric.h"

namespace ncprune {

struct PruneOptions {
  Method method;  // the parts, by name; take one of methods() and change what is to differ
  // Share to remove, in [0, 1): of the prunable weights (every fully connected layer but the head)
  // in prune(); of what `budget` says in prune_units().
  double sparsity = 0.9;
  // prune_units() only. "units": that share of every layer's units; "parameters" or "macs": that
  // share of the whole network's, the layers paying by what their units cost.
  std::string budget = "units";
  // prune_units() only: units leave so many at a time, so that a group (units.h) that loses any
  // keeps a multiple of it; in [1, 1024]. Hardware likes 4, 8 or 16.
  int64_t round_to = 1;
  // batch_norm_treatments(); not given: the method's, see finish_of().
  std::optional<std::string> batch_norm = {};
  std::string head = "keep";  // head_treatments(), after BatchNormalization
  MetricOptions metric = {};  // of repair, head and criteria, and of the solver unless it is plain
  uint64_t seed = 0;          // for criteria that draw
};

// Throws the InputError that prune() would, before any work is done.
void require_valid(const PruneOptions& options);

// The same for prune_units().
void require_valid_for_units(const PruneOptions& options);

// Whether the method's solver searches in the class-aware metric.
bool searches_class_aware(const Method& method);

// The metric the method's solver searches in: that of `options`, or the plain mean over samples
// that OBC, SparseGPT and ALPS were published with.
MetricOptions solver_metric(const PruneOptions& options);

}  // namespace ncprune
