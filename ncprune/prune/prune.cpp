#include "ncprune/prune/prune.h"

#include <ATen/ops/ones.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/lookup.h"
#include "ncprune/criteria/criterion.h"
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/head.h"
#include "ncprune/prune/layer_update.h"
#include "ncprune/prune/solver.h"

namespace ncprune {
namespace {

struct PruneContext {
  const Dataset& data;
  const PruneOptions& options;
};

// What is zero already goes first: it costs nothing.
at::Tensor zeros_first(const at::Tensor& scores, const at::Tensor& weight, bool whole_neurons) {
  const at::Tensor zero = weight.eq(0);
  const at::Tensor lowest = scores.min().clamp_max(0);
  return lowest.where(whole_neurons ? zero.all(1, true) : zero, scores);
}

std::vector<at::Tensor> score_layers(const Network& dense, const std::vector<Layer>& layers,
                                     const std::vector<LayerStatistics>& statistics,
                                     const PruneOptions& options) {
  const Criterion criterion = find_criterion(options.method.criterion);
  const Random random = Random(options.seed).stream("criterion");
  std::vector<at::Tensor> scores;
  for (size_t l = 0; l < layers.size(); ++l) {
    Random own = random.stream(layers[l].name);
    const at::Tensor weight = weight_of(dense, layers[l]).to(at::kDouble);
    scores.push_back(zeros_first(criterion.score({weight, statistics[l], criterion.options, own}),
                                 weight, criterion.whole_neurons));
  }
  return scores;
}

// The metric the solver searches in. "plain" is the mean over samples that OBC, SparseGPT and ALPS
// were published with.
MetricOptions solver_metric(const PruneOptions& options) {
  if (options.method.metric == "neural-collapse") return options.metric;
  return {.kappa = 1, .balance = 0, .shrinkage = 0, .damping = options.metric.damping};
}

// What one layer is to become.
struct LayerTask {
  const Layer& layer;
  const at::Tensor& scores;
  const at::Tensor& row_weights;
  int64_t keep;
};

LayerSolution solve_layer(const LayerTask& task, const at::Tensor& weight,
                          const LayerMoments& moments, const PruneOptions& options) {
  const Solver& solver = find_named(solvers(), options.method.solver, "solver");
  const Pattern& pattern = find_named(patterns(), options.method.pattern, "pattern");
  const LayerProblem problem = LayerProblem::of(moments, weight, options.metric.damping);
  const at::Tensor weight_double = weight.to(at::kDouble);
  const at::Tensor row_weights = task.row_weights.defined()
                                     ? task.row_weights
                                     : at::ones({weight.size(0)}, weight_double.options());
  return solver.solve({problem, weight_double, pattern, task.keep, row_weights});
}

// Masks, and if the method says so repairs, one layer of `network`, whose earlier layers are done.
// Gives the mask.
at::Tensor prune_layer(Network& network, const Network& dense, const LayerTask& task,
                       const PruneContext& context) {
  const PruneOptions& options = context.options;
  const Method& method = options.method;
  const bool search = method.solver != "score" && task.keep < task.scores.numel();
  const at::Tensor weight = weight_of(dense, task.layer);
  const auto measure = [&](const MetricOptions& metric) {
    return measure_moments({dense, network}, {task.layer}, context.data, metric).front();
  };
  LayerMoments moments;
  at::Tensor mask;
  if (search) {
    moments = measure(solver_metric(options));
    const LayerSolution solution = solve_layer(task, weight, moments, options);
    mask = solution.mask;
    if (method.repair == "own") {
      set_layer(network, task.layer, solution.weight, moments);
      return mask;
    }
  } else {
    mask = find_named(patterns(), method.pattern, "pattern").mask(task.scores, task.keep);
  }
  if (method.repair == "least-squares") {
    if (!search || method.metric != "neural-collapse") moments = measure(options.metric);
    update_layer(network, task.layer, {moments, mask, options.metric.damping});
  } else {
    set_weight(network, task.layer, weight * mask);
  }
  return mask;
}

constexpr int64_t kMostRounds = 1000;

void require_one_of(const char* what, const std::string& given,
                    const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), given) != known.end()) return;
  throw InputError(fmt::format("unknown {} '{}'; known: {}", what, given, fmt::join(known, ", ")));
}

void require_in(const char* what, double value, double high) {
  if (value >= 0 && value <= high) return;
  throw InputError(fmt::format("{} {} is outside [0, {}]", what, value, high));
}

void require_valid(const MetricOptions& metric) {
  constexpr double kLargest = 1e6;  // beyond it, nothing but rounding is left of the rest
  require_in("kappa", metric.kappa, kLargest);
  require_in("balance", metric.balance, 1);
  require_in("shrinkage", metric.shrinkage, kLargest);
  require_in("damping", metric.damping, kLargest);
  require_in("margin", metric.margin, 1);
  require_in("noise", metric.noise, kLargest);
}

}  // namespace

void require_valid(const PruneOptions& options) {
  const Method& method = options.method;
  require_valid(options.metric);
  if (!(options.sparsity >= 0 && options.sparsity < 1)) {
    throw InputError(fmt::format("sparsity {} is outside [0, 1)", options.sparsity));
  }
  const Criterion criterion = find_criterion(method.criterion);
  find_named(allocations(), method.allocation, "allocation");
  find_named(patterns(), method.pattern, "pattern");
  find_named(head_treatments(), options.head, "head treatment");
  require_one_of("repair", method.repair, {"none", "own", "least-squares"});
  require_one_of("metric", method.metric, {"neural-collapse", "plain"});
  std::vector<std::string> known_solvers{"score"};
  for (const Solver& solver : solvers()) known_solvers.push_back(solver.name);
  require_one_of("solver", method.solver, known_solvers);
  if (method.rounds < 1 || method.rounds > kMostRounds) {
    throw InputError(fmt::format("{} rounds; wanted 1 to {}", method.rounds, kMostRounds));
  }
  if (criterion.whole_neurons && method.pattern != "neuron") {
    throw InputError(fmt::format("criterion '{}' scores whole neurons: it needs the pattern neuron",
                                 criterion.name));
  }
}

std::vector<LayerStatistics> measure_for(const std::vector<Method>& wanted, const Network& dense,
                                         const Dataset& calibration, const MetricOptions& options) {
  std::set<Statistic> needs;
  for (const Method& method : wanted) {
    const Criterion criterion = find_criterion(method.criterion);
    needs.insert(criterion.needs.begin(), criterion.needs.end());
  }
  return measure_statistics(dense, prunable_layers(dense), calibration, {needs, options});
}

namespace {

// One shot: scores, counts per layer, then from the input to the output mask and repair.
Pruned prune_once(const Network& dense, const Calibration& calibration,
                  const PruneOptions& options) {
  const std::vector<Layer> layers = prunable_layers(dense);
  const std::vector<at::Tensor> scores =
      score_layers(dense, layers, calibration.statistics, options);
  int64_t total = 0;
  for (const at::Tensor& s : scores) total += s.numel();
  const int64_t keep = std::llround((1 - options.sparsity) * static_cast<double>(total));
  const std::vector<int64_t> kept =
      find_named(allocations(), options.method.allocation, "allocation").kept(scores, keep);

  Pruned result{dense, {}, 0};
  int64_t kept_total = 0;
  for (size_t l = 0; l < layers.size(); ++l) {
    const at::Tensor mask =
        prune_layer(result.network, dense,
                    {layers[l], scores[l], calibration.statistics[l].output_weight, kept[l]},
                    {calibration.data, options});
    const int64_t count = mask.sum().item<int64_t>();
    result.layers.push_back({layers[l].name, mask.numel(), count});
    kept_total += count;
  }
  result.sparsity = 1 - static_cast<double>(kept_total) / static_cast<double>(total);
  return result;
}

}  // namespace

Pruned prune(const Network& dense, const Calibration& calibration, const PruneOptions& options) {
  require_valid(options);
  const at::NoGradGuard no_grad;
  const int64_t rounds = options.method.rounds;
  Pruned result{dense, {}, 0};
  std::vector<LayerStatistics> rescored;
  for (int64_t round = 1; round <= rounds; ++round) {
    PruneOptions step = options;
    const double done = static_cast<double>(round) / static_cast<double>(rounds);
    step.sparsity = 1 - std::pow(1 - options.sparsity, done);
    if (round > 1) {
      rescored = measure_for({options.method}, result.network, calibration.data, options.metric);
    }
    result = prune_once(result.network,
                        {calibration.data, round > 1 ? rescored : calibration.statistics}, step);
  }
  result.network =
      treat_head({dense, result.network}, options.head, calibration.data, options.metric);
  return result;
}

}  // namespace ncprune
