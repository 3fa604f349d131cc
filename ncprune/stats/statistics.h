#pragma once

#include <set>
#include <vector>

#include "ncprune/stats/moments.h"
#include "ncprune/stats/unit_activity.h"

namespace ncprune {

// The measurements that a criterion can request, per layer with weight [m, d], units i and inputs
// j. z = W x + b is the pre-activation, h the activation, L the cross-entropy of one sample. If a
// sample has many rows x (rows.h), a mean of x, z or h over samples also runs over their rows, and
// a derivative is the sum over all rows; unit variance and geometry use the means over the rows.
enum class Statistic {
  kInputSquareMean,    // [d]: mean of x_j^2 over samples
  kSecondMoment,       // [d, d]: mean of x x^T over samples
  kMetric,             // all LayerMoments, including the Neural-Collapse metric [d, d]
  kScatterCovariance,  // [m, d]: sum over samples of (h_i - mu_c(h)) (x_j - mu_c(x))
  kUnitVariance,       // of h: class means [K, m], within-class variance [m] (MetricOptions)
  kUnitActivity,       // of h: UnitActivity, over the samples of all classes together
  kUnitGeometry,       // kUnitVariance and the within-class scatter [m, m], whose diagonal it is
  kGradient,           // [m, d]: mean of dL/dw over samples
  kFisher,             // [m, d]: mean of (dL/dw)^2 over samples (empirical Fisher, its diagonal)
  kClassFisher,        // [K, m, d]: kFisher over the samples of each class; O(K m d) memory
  kClassTaylor,        // [K, m]: mean of sum_j w_ij dL/dw_ij over the samples of each class
  kHessianGradient,    // [m, d]: Hessian times gradient, over at most 256 samples of every class
  kSynapticFlow,       // [m, d]: dR/d|w|, R the sum of the outputs of the network with |weights|
                       // on an input of ones; uses no data
  kBatchNormScale,     // [m]: scale of the BatchNormalization behind the layer
  kOutputWeight,       // [m]: how much the class scores depend on each unit
};

// The statistics of one layer; tensors are double, and undefined when not requested.
struct LayerStatistics {
  std::vector<int64_t> class_counts;  // K; always given
  at::Tensor input_square_mean;
  at::Tensor second_moment;
  LayerMoments moments;  // of the dense network's own inputs
  at::Tensor scatter_covariance;
  at::Tensor unit_means;     // [K, m]
  at::Tensor unit_variance;  // [m]
  at::Tensor unit_scatter;   // [m, m]
  UnitActivity unit_activity;
  at::Tensor gradient;
  at::Tensor fisher;
  at::Tensor class_fisher;
  at::Tensor class_taylor;
  at::Tensor hessian_gradient;
  at::Tensor synaptic_flow;
  at::Tensor batch_norm_scale;
  at::Tensor output_weight;
};

struct StatisticsQuery {
  std::set<Statistic> needs;
  MetricOptions metric;  // for kMetric, kUnitVariance, kUnitGeometry and kOutputWeight
};

// Measures the statistics query.needs of `layers`. Those that use query.metric average over samples
// or classes as its balance says; the others over samples unless stated otherwise, as their sources
// do. Activations take one pass, gradients a forward and a backward pass, in batches: memory does
// not grow with the number of samples. Throws InputError when kBatchNormScale is requested and a
// layer has no BatchNormalization.
std::vector<LayerStatistics> measure_statistics(const Network& network,
                                                const std::vector<Layer>& layers,
                                                const Dataset& data, const StatisticsQuery& query);

// g_i = sum_c pi_c E_c ||d logits / d z_i||^2 of each layer's pre-activation z [m], summed over its
// rows, the logits centred over the classes; double [m] per layer. Estimated with one random sign
// vector per sample (Hutchinson), on at most 256 samples of every class, drawn with a fixed seed:
// one forward and one backward pass over these. All ones if ONNX Runtime runs an operator of the
// network, because it has no gradient.
std::vector<at::Tensor> output_weights(const Network& network, const std::vector<Layer>& layers,
                                       const Dataset& data, double balance);

}  // namespace ncprune
