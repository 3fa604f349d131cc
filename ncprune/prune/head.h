#pragma once

#include <string>
#include <vector>

#include "ncprune/data/dataset.h"
#include "ncprune/stats/metric.h"
#include "ncprune/stats/network_pair.h"

namespace ncprune {

// A treatment of the classifier after the layers before it were pruned; closed form, no training.
// Every method and the dense network can use every treatment. An entry is a file of heads/.
struct HeadTreatment {
  std::string name = {};  // the file's
  std::string summary;
  std::string source;
  // Returns `pair.pruned` with another head; it shares the other tensors. Averages are those of the
  // metric of `options`.
  Network (*apply)(const NetworkPair& pair, const Dataset& data, const MetricOptions& options);
};

// keep:    unchanged.
// refit:   least squares to the dense network's class scores, in the metric of `options`.
// realign: the linear discriminant of the last features, equal priors:
//          w_c = S_W^-1 mu_c, b_c = -1/2 mu_c^T S_W^-1 mu_c, S_W the class-balanced shrunk scatter.
//          A head without a bias gets one.
const std::vector<HeadTreatment>& head_treatments();

// The samples for statistics of the last features. The class means decide the result, so there are
// more of these samples than the moments of other layers need.
Dataset head_samples(const Dataset& data, const MetricOptions& options);

// `pair.pruned` after the head treatment called `name`, measured on `data`. Throws InputError on an
// unknown name, on a network without a fully connected head, and (realign) on a class without
// samples.
Network treat_head(const NetworkPair& pair, const std::string& name, const Dataset& data,
                   const MetricOptions& options);

}  // namespace ncprune
