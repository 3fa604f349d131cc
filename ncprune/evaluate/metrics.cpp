#include "ncprune/evaluate/metrics.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "ncprune/base/random.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/evaluate/runner.h"
#include "ncprune/evaluate/separation.h"
#include "ncprune/model/interpreter.h"

namespace ncprune {

ClassMetrics class_metrics(const at::Tensor& scores, const Targets& targets) {
  const at::Tensor answers = answer_scores(scores, targets);
  const int64_t k = answers.size(1);
  const at::Tensor cells = (targets.labels * k + answers.argmax(1)).bincount({}, k * k);
  ClassMetrics metrics;
  const auto view = elements<int64_t>(cells);
  metrics.confusion.assign(view.begin(), view.end());
  const auto count = [&](int64_t truth, int64_t predicted) {
    return static_cast<double>(metrics.confusion[static_cast<size_t>(truth * k + predicted)]);
  };
  double log_recall = 0;
  double hits = 0;
  double present = 0;
  metrics.worst_recall = 1;
  for (int64_t c = 0; c < k; ++c) {
    double samples = 0;
    double predicted = 0;
    for (int64_t other = 0; other < k; ++other) {
      samples += count(c, other);
      predicted += count(other, c);
    }
    if (samples == 0) {
      metrics.recall.push_back(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const double recall = count(c, c) / samples;
    metrics.recall.push_back(recall);
    present += 1;
    hits += count(c, c);
    metrics.balanced_accuracy += recall;
    metrics.macro_f1 += 2 * count(c, c) / (samples + predicted);
    log_recall += std::log(std::max(recall, 1e-3));
    metrics.worst_recall = std::min(metrics.worst_recall, recall);
  }
  metrics.balanced_accuracy /= present;
  metrics.macro_f1 /= present;
  metrics.g_mean = std::exp(log_recall / present);
  metrics.overall_accuracy = hits / static_cast<double>(targets.labels.numel());
  for (const ClassSeparation& separation : class_separations(scores, targets)) {
    metrics.auroc.push_back(separation.auroc);
    metrics.average_precision.push_back(separation.average_precision);
  }
  return metrics;
}

std::vector<RecallCount> recall_counts(const ClassMetrics& metrics) {
  const size_t k = metrics.recall.size();
  std::vector<RecallCount> counts;
  counts.reserve(k);
  for (size_t c = 0; c < k; ++c) {
    const auto row = metrics.confusion.begin() + static_cast<std::ptrdiff_t>(c * k);
    counts.push_back({std::accumulate(row, row + static_cast<std::ptrdiff_t>(k), int64_t{0}),
                      *(row + static_cast<std::ptrdiff_t>(c))});
  }
  return counts;
}

double mean_present(const std::vector<double>& values) {
  double sum = 0;
  double present = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    sum += value;
    present += 1;
  }
  return sum / present;
}

double mean_recall(const ClassMetrics& metrics, const std::vector<int64_t>& classes) {
  std::vector<double> recalls;
  recalls.reserve(classes.size());
  for (const int64_t c : classes) recalls.push_back(metrics.recall[static_cast<size_t>(c)]);
  return mean_present(recalls);
}

ClassGroups class_groups(const std::vector<int64_t>& counts) {
  if (std::set<int64_t>(counts.begin(), counts.end()).size() < 3) return {};
  std::vector<int64_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return counts[static_cast<size_t>(a)] > counts[static_cast<size_t>(b)];
  });
  const auto third = std::max<int64_t>(1, std::llround(0.3 * static_cast<double>(order.size())));
  const auto sorted = [](std::vector<int64_t> classes) {
    std::sort(classes.begin(), classes.end());
    return classes;
  };
  return {sorted({order.begin(), order.begin() + third}),
          sorted({order.begin() + third, order.end() - third}),
          sorted({order.end() - third, order.end()})};
}

namespace {

// The operator that gives the output, such as Softmax; empty if it is the input.
std::string closing_operator(const Network& network) {
  std::string value = network.output.name;
  for (int64_t i = producer(network, value); i >= 0; i = producer(network, value)) {
    const Node& node = network.nodes[static_cast<size_t>(i)];
    if (node.op_type != "Identity") return node.op_type;
    value = node.inputs.front();
  }
  return "";
}

}  // namespace

at::Tensor class_scores(const Network& network, const Dataset& data, const std::string& runtime) {
  require_fits(network, data, network.name);
  const Runner runner = make_runner(network, runtime);
  std::vector<at::Tensor> scores;
  const int64_t batch = batch_size(network);
  ReadAhead inputs(data, batch);
  for (int64_t begin = 0; begin < data.size(); begin += batch) {
    scores.push_back(runner(prepare_inputs(network, inputs.next())));
  }
  const at::Tensor all = at::cat(scores);
  const std::string closing = closing_operator(network);
  if (closing == "Sigmoid") return as_logits(all);
  return closing == "Softmax" ? all.log() : all;
}

at::Tensor as_logits(const at::Tensor& scores) {
  constexpr double kRounding = 6e-8;  // of a float next to 1
  const bool probabilities = scores.ge(0).logical_and(scores.le(1)).all().item<bool>();
  return probabilities ? scores.to(at::kDouble).logit(kRounding) : scores;
}

ClassMetrics evaluate(const Network& network, const Dataset& data, const std::string& runtime) {
  return class_metrics(class_scores(network, data, runtime), data.targets());
}

}  // namespace ncprune
