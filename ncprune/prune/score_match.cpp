#include "ncprune/prune/score_match.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>

#include "ncprune/base/device.h"
#include "ncprune/base/error.h"
#include "ncprune/base/random.h"
#include "ncprune/data/noise.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/class_loss.h"
#include "ncprune/model/fold_norms.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/prune/channel_affine.h"
#include "ncprune/prune/recalibrate.h"
#include "ncprune/stats/pass.h"
#include "ncprune/stats/sampling.h"

namespace ncprune {
namespace {

bool is_batch_norm(const Network& network, const ChannelAffine& affine) {
  const int64_t writer = producer(network, affine.value);
  return network.nodes[static_cast<size_t>(writer)].op_type == "BatchNormalization";
}

// A network with BatchNormalization is matched by its scales and shifts alone: the last shifts
// already move the class shares as biases of the head would. Other networks are matched by all
// scales and shifts that can be adapted.
std::vector<ChannelAffine> matched_affines(const Network& network) {
  const std::vector<ChannelAffine> all = channel_affines(network);
  std::vector<ChannelAffine> norms;
  std::copy_if(all.begin(), all.end(), std::back_inserter(norms),
               [&](const ChannelAffine& affine) { return is_batch_norm(network, affine); });
  return norms.empty() ? all : norms;
}

// The places of a network's scales and shifts in one vector of length P; a name that several nodes
// share has one place.
struct Places {
  std::vector<ChannelAffine> affines;
  std::map<std::string, int64_t> begins;
  int64_t size = 0;  // P

  explicit Places(const Network& network) : affines(matched_affines(network)) {
    for (const ChannelAffine& affine : affines) {
      const auto channels = [&](const std::string& name, int64_t axis) {
        return network.initializers.at(name).size(axis);
      };
      if (!affine.scale.empty()) place(affine.scale, channels(affine.scale, affine.scale_axis));
      if (!affine.shift.empty()) place(affine.shift, channels(affine.shift, 0));
    }
  }

 private:
  void place(const std::string& name, int64_t channels) {
    if (begins.emplace(name, size).second) size += channels;
  }
};

// The samples that D runs over, and the dense network's class shares on them.
struct Aim {
  WeightedSample sample;  // as the pruned network sees them
  at::Tensor logits;      // double [N, K]; for the batches of this process
  at::Tensor draws;       // bool [N, K]: the random signs of each sample

  Labelling labelling() const { return labelling_of(sample.samples.targets()); }
  at::Tensor of(const WeightedBatch& batch) const {
    const int64_t end = batch.begin + batch.targets.labels.size(0);
    return logits.slice(0, batch.begin, end).to(batch.targets.labels.device());
  }
  // Float [B, K], of 1 and -1.
  at::Tensor signs(const WeightedBatch& batch) const {
    const int64_t end = batch.begin + batch.targets.labels.size(0);
    const at::Tensor drawn = draws.slice(0, batch.begin, end);
    return drawn.to(at::kFloat).mul_(2).sub_(1).to(batch.targets.labels.device());
  }
};

int64_t samples_per_class(const Places& places, const Dataset& data) {
  constexpr int64_t kPerClass = 256;
  constexpr int64_t kInAll = 8192;
  constexpr int64_t kElements = int64_t{1} << 25;
  const int64_t in_all = std::min(kInAll, kElements / places.size);
  return std::clamp<int64_t>(in_all / data.num_classes(), 1, kPerClass);
}

at::Tensor logits_of(const Network& network, const at::Tensor& inputs) {
  return run(network, inputs, {logits_value(network)}).front();
}

Aim make_aim(const Network& dense, int64_t per_class, const Dataset& data,
             const MetricOptions& options) {
  Aim aim{weighted_sample(data, per_class, options.balance), {}, {}};
  const Dataset& clean = aim.sample.samples;
  aim.draws = at::empty({clean.size(), clean.num_scores()}, at::TensorOptions(at::kBool));
  Random random = Random(0).stream("score match");
  aim.draws.bernoulli_(0.5, random.generator());
  const Network folded = with_norms_folded(dense);
  aim.logits = at::zeros({clean.size(), clean.num_scores()}, at::TensorOptions(at::kDouble));
  for_each_batch(dense, clean, aim.sample.class_weights, [&](const WeightedBatch& batch) {
    const at::Tensor logits = logits_of(folded, batch.inputs);
    aim.logits.slice(0, batch.begin, batch.begin + logits.size(0)).copy_(logits);
  });
  if (options.noise > 0) aim.sample.samples = with_gaussian_noise(clean, options.noise, 0);
  return aim;
}

// D at a network and, unless only the value is wanted, its second-order expansion in steps of the
// shifts and relative steps of the scales.
struct Expansion {
  double divergence = std::numeric_limits<double>::infinity();  // D
  at::Tensor descent;  // double [P]: minus the gradient of D
  // Double [R, P] each: the sum of rows^T rows over all processes is the Fisher metric.
  std::vector<at::Tensor> rows;
};

// Derivatives of the sum over classes of `by_logits` [B, K] times the logits, for every sample:
// float [B, P].
at::Tensor derivatives(const Network& network, const Places& places,
                       const std::vector<at::Tensor>& values, const at::Tensor& by_logits) {
  const std::vector<at::Tensor> outputs(values.begin(), values.end() - 1);
  const std::vector<at::Tensor> by_outputs =
      torch::autograd::grad({values.back()}, outputs, {by_logits}, /*retain_graph=*/true,
                            /*create_graph=*/false, /*allow_unused=*/true);
  const at::NoGradGuard no_grad;
  at::Tensor result = at::zeros({by_logits.size(0), places.size}, by_logits.options());
  for (size_t l = 0; l < outputs.size(); ++l) {
    const ChannelAffine& affine = places.affines[l];
    if (!by_outputs[l].defined()) continue;  // the logits do not depend on it
    const auto add = [&](const std::string& name, const at::Tensor& terms) {
      const int64_t begin = places.begins.at(name);
      result.slice(1, begin, begin + terms.size(1)).add_(terms);
    };
    const at::Tensor by_shift = affine.sums(by_outputs[l]);
    if (!affine.shift.empty()) add(affine.shift, by_shift);
    if (affine.scale.empty()) continue;
    // With y = scale u + shift, a relative step of the scale moves y by y - shift.
    at::Tensor by_scale = affine.sums(by_outputs[l] * outputs[l]);
    if (!affine.shift.empty()) {
      by_scale -= by_shift * network.initializers.at(affine.shift).to(by_logits.device());
    }
    add(affine.scale, by_scale);
  }
  return result;
}

Expansion expansion_at(const Network& network, const Places& places, const Aim& aim,
                       bool only_value) {
  std::vector<std::string> wanted;
  if (!only_value) {
    for (const ChannelAffine& affine : places.affines) wanted.push_back(affine.value);
  }
  wanted.push_back(logits_value(network));
  const Network folded = with_norms_folded(network);
  const at::TensorOptions doubles = at::TensorOptions(at::kDouble).device(compute_device());
  at::Tensor divergence = at::zeros({}, doubles);
  Expansion expansion;
  expansion.descent = at::zeros({places.size}, doubles);
  for_each_batch(
      network, aim.sample.samples, aim.sample.class_weights, [&](const WeightedBatch& batch) {
        const at::AutoGradMode with_gradients(!only_value);
        // A tracked input makes autograd follow every value inside the graph.
        const at::Tensor inputs = batch.inputs.detach().requires_grad_(!only_value);
        const std::vector<at::Tensor> values = run(folded, inputs, wanted);
        const at::Tensor logits = values.back().detach();
        const at::Tensor terms =
            divergences(aim.of(batch), logits.to(at::kDouble), aim.labelling());
        divergence += (terms * batch.weights).sum();
        if (only_value) return;
        const at::Tensor p = probabilities(logits, aim.labelling());
        const at::Tensor q = probabilities(aim.of(batch), aim.labelling()).to(p.dtype());
        const at::Tensor weights = batch.weights.to(p.dtype()).unsqueeze(1);
        expansion.descent += derivatives(network, places, values, (q - p) * weights).sum(0);
        // With random signs r, M r has the second moment M M^T, the Hessian.
        const at::Tensor along = hessian_root_times(p, aim.signs(batch), aim.labelling());
        expansion.rows.push_back(
            derivatives(network, places, values, along * weights.sqrt()).to(at::kDouble));
      });
  expansion.divergence = sum_over_world(divergence.cpu()).item<double>();
  expansion.descent = sum_over_world(expansion.descent);
  return expansion;
}

// The network of `starts` with the least D; the first one if no D is finite.
Network closest(const std::vector<Network>& starts, const Places& places, const Aim& aim) {
  const Network* best = &starts.front();
  double least = std::numeric_limits<double>::infinity();
  for (const Network& start : starts) {
    const double its = expansion_at(start, places, aim, /*only_value=*/true).divergence;
    if (!(its < least)) continue;
    best = &start;
    least = its;
  }
  return *best;
}

// The step x of (F + damping (diag F + mean diag F)) x = descent, by conjugate gradients with the
// diagonal as preconditioner: it needs only products with the rows, and no P x P matrix.
at::Tensor step_of(const Expansion& here, double damping) {
  constexpr int kMaxIterations = 200;
  constexpr double kPrecision = 1e-8;
  const at::Tensor none = at::zeros_like(here.descent);
  at::Tensor diagonal = none.clone();
  for (const at::Tensor& rows : here.rows) diagonal += rows.square().sum(0);
  diagonal = sum_over_world(diagonal);
  const at::Tensor ridge = damping * (diagonal + diagonal.mean());
  const auto product = [&](const at::Tensor& x) {
    at::Tensor image = none.clone();
    for (const at::Tensor& rows : here.rows) image += at::matmul(rows.t(), at::matmul(rows, x));
    return sum_over_world(image) + ridge * x;
  };
  const at::Tensor scale = (diagonal + ridge).clamp_min(1e-300);
  at::Tensor x = none.clone();
  at::Tensor residual = here.descent.clone();
  at::Tensor direction = residual / scale;
  double size = residual.dot(direction).item<double>();
  const double enough = size * kPrecision * kPrecision;
  for (int i = 0; i < kMaxIterations && size > enough; ++i) {
    const at::Tensor image = product(direction);
    const double length = size / direction.dot(image).item<double>();
    x.add_(direction, length);
    residual.sub_(image, length);
    const at::Tensor scaled = residual / scale;
    const double next = residual.dot(scaled).item<double>();
    direction = scaled + direction * (next / size);
    size = next;
  }
  return x.cpu();
}

Network moved(const Network& network, const Places& places, const at::Tensor& step) {
  Network result = network;
  // The step of one of the network's tensors; an absent one has none.
  const auto part = [&](const std::string& name, int64_t axis) {
    if (name.empty()) return at::Tensor();
    const int64_t begin = places.begins.at(name);
    return step.slice(0, begin, begin + network.initializers.at(name).size(axis));
  };
  for (const ChannelAffine& affine : places.affines) {
    const at::Tensor relative = part(affine.scale, affine.scale_axis);
    adapt(result, affine, relative.defined() ? 1 + relative : relative, part(affine.shift, 0));
  }
  return result;
}

}  // namespace

std::string match_problem(const Network& network, const Dataset& data) {
  for (const Node& node : network.nodes) {
    if (node.op_type != "BatchNormalization") continue;
    if (network.initializers.contains(node.inputs.at(1)) &&
        network.initializers.contains(node.inputs.at(2))) {
      continue;
    }
    return fmt::format("node {} ({}): its scale and shift are computed and cannot be matched",
                       node.label(), node.op_type);
  }
  const std::vector<ChannelAffine> affines = matched_affines(network);
  if (affines.empty()) return "";
  for (const Node& node : network.nodes) {
    if (!node.foreign) continue;
    return fmt::format(
        "node {} ({}): ONNX Runtime runs it without a gradient, so no scales and "
        "shifts can be matched",
        node.label(), node.op_type);
  }
  std::vector<std::string> outputs;
  outputs.reserve(affines.size());
  for (const ChannelAffine& affine : affines) outputs.push_back(affine.value);
  const at::NoGradGuard no_grad;
  const at::Tensor few = prepare_inputs(network, data.inputs_at(0, 2));
  const std::vector<at::Tensor> values = run(network, few, outputs);
  for (size_t l = 0; l < affines.size(); ++l) {
    if (values[l].size(0) == few.size(0)) continue;
    return fmt::format("node {}: its first axis is not the samples', so it cannot be matched",
                       affines[l].node);
  }
  return "";
}

Network match_scores(const Network& dense, const std::vector<Network>& starts, const Dataset& data,
                     const MetricOptions& options) {
  constexpr int kSteps = 3;
  constexpr double kLeastDamping = 0.1;
  constexpr double kMaxDamping = 1e4;
  constexpr double kRelief = 0.3;  // the damping's factor after a step that lowers D
  const std::string problem = match_problem(starts.front(), data);
  if (!problem.empty()) throw InputError(problem);
  const Places places(starts.front());
  if (places.affines.empty()) return starts.front();
  const int64_t per_class = samples_per_class(places, data);
  Network network = starts.front();
  if (starts.size() > 1) {
    const int64_t quarter = std::max<int64_t>(1, per_class / 4);
    network = closest(starts, places, make_aim(dense, quarter, data, options));
  }
  const Aim aim = make_aim(dense, per_class, data, options);
  Expansion here = expansion_at(network, places, aim, /*only_value=*/false);
  if (!std::isfinite(here.divergence)) return network;
  double damping = kLeastDamping;
  for (int step = 1; step <= kSteps && damping < kMaxDamping;) {
    Network candidate = moved(network, places, step_of(here, damping));
    Expansion there = expansion_at(candidate, places, aim, /*only_value=*/step == kSteps);
    if (!(there.divergence < here.divergence)) {
      damping *= 10;
      continue;
    }
    network = std::move(candidate);
    here = std::move(there);
    damping = std::max(kLeastDamping, kRelief * damping);
    ++step;
  }
  return network;
}

Network matched(const NetworkPair& pair, const Dataset& data, const MetricOptions& options) {
  constexpr int64_t kEnough = 1024;
  const Network recalibrated = ncprune::recalibrated(pair, at_even_distances(data, kEnough));
  return match_scores(pair.dense, {pair.pruned, recalibrated}, data, options);
}

}  // namespace ncprune
