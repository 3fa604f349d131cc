#include "ncprune/stats/collapse.h"

#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/minimum.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ncprune/base/device.h"
#include "ncprune/base/error.h"
#include "ncprune/base/no_value.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/rows.h"
#include "ncprune/stats/moments.h"
#include "ncprune/stats/pass.h"

namespace ncprune {
namespace {

// Activations are floats: relative to their size, anything smaller may be their rounding.
constexpr double kRounding = 1e-6;
// The relative rounding of class means, which are sums in double.
constexpr double kMeanRounding = 1e-12;

struct Classes {
  std::vector<int64_t> counts;           // all of them
  at::Tensor sizes;                      // double, the counts but at least 1
  at::Tensor present;                    // int64 [K], ascending
  std::vector<double> sample_weights;    // 1 / (K n_c)
  std::vector<int64_t> training_counts;  // of the present classes

  // One number per class from the K present classes; NaN for absent classes.
  std::vector<double> spread(const at::Tensor& values) const {
    const at::Tensor all = at::zeros_like(sizes).fill_(kNoValue).index_copy_(0, present, values);
    const auto view = elements<double>(all);
    return {view.begin(), view.end()};
  }
};

Classes classes_of(const Dataset& data, const std::vector<int64_t>& training_counts) {
  Classes classes;
  classes.counts = class_counts(data);
  classes.sample_weights = class_weights(classes.counts, 1);
  const std::vector<int64_t>& trained = training_counts.empty() ? classes.counts : training_counts;
  for (size_t c = 0; c < classes.counts.size(); ++c) {
    if (classes.counts[c] == 0) continue;
    classes.sample_weights[c] /= static_cast<double>(classes.counts[c]);
    classes.training_counts.push_back(trained.at(c));
  }
  const at::Tensor n = data.labels.bincount({}, data.num_classes());
  classes.sizes = n.clamp_min(1).to(at::kDouble);
  classes.present = n.nonzero().flatten();
  return classes;
}

// The first pass over one value [N, d].
struct Sums {
  at::Tensor of_class;  // [all classes, d]
  at::Tensor lowest;    // [d]
  at::Tensor highest;   // [d]

  void add(const at::Tensor& x, const at::Tensor& labels, int64_t num_classes) {
    const at::Tensor low = x.amin(0);
    const at::Tensor high = x.amax(0);
    if (!of_class.defined()) of_class = at::zeros({num_classes, x.size(1)}, x.options());
    of_class.index_add_(0, labels, x);
    lowest = lowest.defined() ? at::minimum(lowest, low) : low;
    highest = highest.defined() ? at::maximum(highest, high) : high;
  }

  // Combines the results of all processes.
  void sum_up() {
    of_class = sum_found(std::move(of_class));
    highest = largest_found(std::move(highest));
    lowest = -largest_found(lowest.defined() ? -lowest : lowest);
  }
};

struct ClassMeans {
  at::Tensor live;       // [d]: 0 for a constant feature, else 1
  at::Tensor of_class;   // [all classes, d]: 0 in constant features
  at::Tensor centre;     // [d]
  at::Tensor centred;    // [K, d]: M^T
  at::Tensor gram;       // [K, K]
  at::Tensor projector;  // [d, rank]: P with S_B^+ = K P P^T

  ClassMeans to(at::Device device) const {
    return {live.to(device),    of_class.to(device), centre.to(device),
            centred.to(device), gram.to(device),     projector.to(device)};
  }
};

// The eigenvalues that exceed `smallest` and rounding, and their vectors, the columns.
struct Eigen {
  at::Tensor values;
  at::Tensor vectors;
};
Eigen eigen_above(const at::Tensor& matrix, double smallest) {
  const auto [values, vectors] = at::linalg_eigh(matrix);
  const double largest = values.max().item<double>();
  const at::Tensor kept =
      values.gt(std::max(smallest, kRounding * kRounding * largest)).nonzero().flatten();
  return {values.index_select(0, kept), vectors.index_select(1, kept)};
}

ClassMeans means_of(const Sums& sums, const Classes& classes) {
  ClassMeans means;
  const at::Tensor size = at::maximum(sums.lowest.abs(), sums.highest.abs());
  means.live = (sums.highest - sums.lowest).gt(kRounding * size).to(at::kDouble);
  means.of_class = sums.of_class * means.live / classes.sizes.unsqueeze(1);
  const at::Tensor present = means.of_class.index_select(0, classes.present);
  means.centre = present.mean(0);
  means.centred = present - means.centre;
  means.gram = at::matmul(means.centred, means.centred.t());
  const double rounding = kMeanRounding * present.norm().item<double>();
  const Eigen between = eigen_above(means.gram, rounding * rounding);
  if (between.values.numel() == 0) {  // the means differ only by rounding
    means.centred.zero_();
    means.gram.zero_();
  }
  // With M^T M = Q L Q^T, (M M^T)^+ = M Q L^-2 Q^T M^T: no [d, d] matrix is inverted.
  means.projector = at::matmul(means.centred.t(), between.vectors / between.values);
  return means;
}

// The second pass over one value: the deviations from the class means.
struct Residuals {
  at::Tensor scatter;    // [d, d]: S_W
  at::Tensor squares;    // [all classes]: sums of ||h - mu_c||^2
  at::Tensor projected;  // [all classes]: sums of ||P^T (h - mu_c)||^2

  void add(const at::Tensor& x, const ClassMeans& means, const WeightedBatch& batch) {
    const at::Tensor r = x * means.live - means.of_class.index_select(0, batch.targets.labels);
    if (!scatter.defined()) {
      scatter = at::zeros({r.size(1), r.size(1)}, r.options());
      squares = at::zeros({means.of_class.size(0)}, r.options());
      projected = at::zeros_like(squares);
    }
    scatter.addmm_((r * batch.weights.unsqueeze(1)).t(), r);
    squares.index_add_(0, batch.targets.labels, r.square().sum(1));
    projected.index_add_(0, batch.targets.labels, at::matmul(r, means.projector).square().sum(1));
  }

  // Adds the sums of all processes.
  void sum_up() {
    for (at::Tensor* sum : {&scatter, &squares, &projected}) *sum = sum_found(std::move(*sum));
  }
};

// 1 - tr(S_T^+ S_B) / rank S_B. The means lie in the range of S_T, where every generalised inverse
// gives the same: S_T may be scaled to a unit diagonal, which makes small features count.
double variability_index(const at::Tensor& within, const ClassMeans& means) {
  const auto rank = static_cast<double>(means.projector.size(1));
  if (rank == 0) return kNoValue;
  const auto k = static_cast<double>(means.centred.size(0));
  const at::Tensor total = within + at::matmul(means.centred.t(), means.centred) / k;
  const at::Tensor root = total.diagonal().sqrt();
  const at::Tensor scale = root.reciprocal().masked_fill(root.eq(0), 0);
  const Eigen eigen = eigen_above(total * scale * scale.unsqueeze(1), 0);
  const at::Tensor white = at::matmul(means.centred * scale, eigen.vectors / eigen.values.sqrt());
  return std::max(0.0, 1 - white.square().sum().item<double>() / (k * rank));
}

void set_pairs(LayerCollapse& layer, const at::Tensor& means, const Classes& classes) {
  const auto present = elements<int64_t>(classes.present);
  const size_t k = present.size();
  const auto variance = [&](size_t row) {
    return layer.class_variance[static_cast<size_t>(present[row])];
  };
  double sum = 0;
  layer.worst_cdnv = kNoValue;
  for (size_t a = 0; a < k; ++a) {
    // Differences of the means, not of their inner products: equal means are exactly 0 apart.
    const at::Tensor apart = (means - means[static_cast<int64_t>(a)]).square().sum(1);
    const auto squares = elements<double>(apart);
    for (size_t b = a + 1; b < k; ++b) {
      const double cdnv = (variance(a) + variance(b)) / (2 * squares[b]);
      sum += cdnv;
      if (std::isnan(cdnv) || cdnv <= layer.worst_cdnv) continue;
      layer.worst_cdnv = cdnv;
      layer.worst_pair = {present[a], present[b]};
    }
  }
  layer.cdnv = sum / (static_cast<double>(k * (k - 1)) / 2);
}

LayerCollapse layer_of(const std::string& name, const ClassMeans& means, const Residuals& residuals,
                       const Classes& classes) {
  const at::Tensor per_class = residuals.projected / classes.sizes;
  const at::Tensor variance = (residuals.squares / classes.sizes).index_select(0, classes.present);
  const at::Tensor nc1 = per_class.index_select(0, classes.present);
  const int64_t rank = means.projector.size(1);
  const double between = means.gram.diagonal().mean().item<double>();
  LayerCollapse layer{.layer = name,
                      .rank = rank,
                      .nc1 = rank > 0 ? nc1.mean().item<double>() : kNoValue,
                      .trace_ratio = rank > 0 ? variance.mean().item<double>() / between : kNoValue,
                      .vci = variability_index(residuals.scatter, means),
                      .means = frame_of(means.gram, seli_grams(classes.training_counts).means),
                      .gram = means.gram,
                      .class_nc1 = classes.spread(rank > 0 ? nc1 : nc1 * kNoValue),
                      .class_variance = classes.spread(variance),
                      .class_length = classes.spread(means.gram.diagonal().sqrt())};
  set_pairs(layer, means.centred, classes);
  return layer;
}

HeadCollapse head_of(const at::Tensor& weight, const ClassMeans& means, const at::Tensor& strays,
                     const Classes& classes) {
  const at::Tensor rows = weight.to(at::kDouble).index_select(0, classes.present);
  const at::Tensor shares = (strays / classes.sizes).index_select(0, classes.present);
  const bool apart = means.projector.size(1) > 0;
  return {
      .weights = frame_of(at::matmul(rows, rows.t()), seli_grams(classes.training_counts).weights),
      .self_duality = gram_distance(rows, means.centred),
      .disagreement = apart ? shares.mean().item<double>() : kNoValue,
      .class_disagreement = classes.spread(apart ? shares : shares * kNoValue)};
}

// [B]: 1 for a sample for which the head and the nearest class mean give different classes.
at::Tensor strays_from(const ClassMeans& means, const at::Tensor& features,
                       const at::Tensor& scores, const at::Tensor& present) {
  const at::Tensor x = features * means.live - means.centre;
  const at::Tensor nearness = at::matmul(x, means.centred.t()) - means.gram.diagonal() / 2;
  return present.index_select(0, nearness.argmax(1)).ne(scores.argmax(1)).to(at::kDouble);
}

}  // namespace

Collapse measure_collapse(const Network& network, const Dataset& data,
                          const std::vector<int64_t>& training_counts) {
  if (data.label_sets.defined()) {
    throw InputError(
        "Neural Collapse is a geometry of classes of which a sample has one; the data "
        "have several labels for a sample");
  }
  const Layer head = head_layer(network);
  const Classes classes = classes_of(data, training_counts);
  std::vector<Layer> layers = linear_layers(network);
  layers.pop_back();
  std::vector<std::string> names;
  std::vector<std::string> values;
  names.reserve(layers.size() + 1);
  values.reserve(layers.size() + 1);
  for (const Layer& layer : layers) {
    names.push_back(layer.name);
    values.push_back(layer.activation);
  }
  if (values.empty() || values.back() != head.input) {
    names.push_back("input of " + head.name);
    values.push_back(head.input);
  }
  // [B, d]: one feature per channel of a convolution. The head's input has one row per sample.
  const auto features = [&](size_t l, const at::Tensor& value) {
    const at::Tensor one = l < layers.size() ? unit_means(layers[l], value, value.size(0)) : value;
    return one.to(at::kDouble);
  };
  const size_t count = values.size();

  std::vector<Sums> sums(count);
  for_each_batch(network, data, classes.sample_weights, [&](const WeightedBatch& batch) {
    const std::vector<at::Tensor> x = run(network, batch.inputs, values);
    for (size_t l = 0; l < count; ++l) {
      sums[l].add(features(l, x[l]), batch.targets.labels, data.num_classes());
    }
  });
  std::vector<ClassMeans> means;
  means.reserve(count);
  for (Sums& s : sums) {
    s.sum_up();
    means.push_back(means_of(s, classes));
  }

  std::vector<Residuals> residuals(count);
  const at::Device device = compute_device();
  std::vector<ClassMeans> near;  // for the second pass
  near.reserve(count);
  for (const ClassMeans& m : means) near.push_back(m.to(device));
  const at::Tensor present = classes.present.to(device);
  at::Tensor strays = at::zeros_like(classes.sizes.to(device));
  std::vector<std::string> wanted = values;
  wanted.push_back(logits_value(network));
  for_each_batch(network, data, classes.sample_weights, [&](const WeightedBatch& batch) {
    const std::vector<at::Tensor> x = run(network, batch.inputs, wanted);
    for (size_t l = 0; l < count; ++l) residuals[l].add(features(l, x[l]), near[l], batch);
    strays.index_add_(
        0, batch.targets.labels,
        strays_from(near.back(), features(count - 1, x[count - 1]), x.back(), present));
  });

  for (Residuals& r : residuals) r.sum_up();
  strays = sum_found(strays);

  Collapse collapse;
  collapse.counts = classes.counts;
  for (size_t l = 0; l < count; ++l) {
    collapse.layers.push_back(layer_of(names[l], means[l], residuals[l], classes));
  }
  collapse.head = head_of(weight_of(network, head), means.back(), strays, classes);
  return collapse;
}

}  // namespace ncprune
