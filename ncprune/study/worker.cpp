#include "ncprune/study/worker.h"

#include <ATen/ops/argsort.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "ncprune/base/digest.h"
#include "ncprune/base/lookup.h"
#include "ncprune/data/noise.h"
#include "ncprune/experiment/prepare.h"
#include "ncprune/model/cost.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/structured.h"

namespace ncprune {

// One dense network and everything its cells share.
struct StudyNetwork {
  StudyCell cell;  // says which
  PreparedData data;
  std::optional<Dataset> noisy_test;
  Network network;
  std::vector<LayerStatistics> statistics;
  ClassInfo classes;
  std::vector<int64_t> tested;
};

namespace {

// The entry of a kept network's metadata that holds training_settings().
constexpr const char* kTrainingEntry = "ncprune.study.training";

Network trained(const Study& study, const PreparedData& data, uint64_t seed) {
  TrainOptions options = study.train;
  options.seed = seed;
  Network network =
      train(make_network(study.architecture, data, seed), data.train, data.validation, options)
          .network;
  network.metadata.other[kTrainingEntry] = training_settings(study);
  return network;
}

Network read_kept(const Study& study, const PreparedData& data, const std::string& bytes,
                  const std::string& where) {
  Network network = parse_onnx(bytes, where);
  if (network.metadata.other[kTrainingEntry] != training_settings(study)) {
    throw InputError(fmt::format(
        "{}: was trained otherwise than the study says; wanted a folder of its own for it", where));
  }
  require_fits(network, data.train, where);
  return network;
}

// A bit for every sample, set where the scores are right, class after class.
std::string right_bits(const at::Tensor& scores, const at::Tensor& labels) {
  const at::Tensor order = at::argsort(labels, /*stable=*/true, 0, /*descending=*/false);
  const at::Tensor right = scores.argmax(1).eq(labels).index_select(0, order).contiguous();
  const auto view = elements<bool>(right);
  std::string bits((view.size() + 7) / 8, '\0');
  for (size_t i = 0; i < view.size(); ++i) {
    if (view[i]) bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << i % 8);
  }
  return bits;
}

std::string weights_digest(const Network& network) {
  Sha256 digest;
  for (const auto& [name, tensor] : network.initializers) {
    const at::Tensor bytes = tensor.contiguous();
    digest.add(name);
    digest.add({static_cast<const char*>(bytes.data_ptr()), bytes.nbytes()});
  }
  return digest.finish();
}

int64_t nonzero(const Network& network) {
  int64_t count = 0;
  for (const auto& [name, tensor] : network.initializers) {
    if (tensor.is_floating_point()) count += tensor.count_nonzero().item<int64_t>();
  }
  return count;
}

// What a method made of the dense network, once, and what repairs made of its masks.
struct PrunedCell {
  Network network;
  std::vector<at::Tensor> masks;
  double reached;
};

PrunedCell prune_units_cell(const Network& dense, const Calibration& calibration,
                            PruneOptions options, const std::string& budget) {
  options.budget = budget;
  UnitsPruned pruned = prune_units(dense, calibration, options);
  const auto removed = [](int64_t before, int64_t after) {
    return 1 - static_cast<double>(after) / static_cast<double>(before);
  };
  return {pruned.network,
          {},
          budget == "macs" ? removed(pruned.before.macs, pruned.after.macs)
                           : removed(pruned.before.parameters, pruned.after.parameters)};
}

// `masks` of the method, if it has chosen them before: a repair other than its own starts there.
PrunedCell prune_cell(const Study& study, const Network& dense, const Calibration& calibration,
                      const StudyCell& cell, std::optional<std::vector<at::Tensor>>& masks) {
  if (cell.is_dense()) return {dense, {}, 0};
  PruneOptions options{.method = find_named(methods(), cell.method, "method"),
                       .sparsity = cell.sparsity,
                       .batch_norm = "keep",  // the cells of one mask differ in their finish
                       .metric = study.metric,
                       .seed = cell.seed};
  const std::string own_repair = options.method.repair;
  if (study.remove != "weights") {
    options.method.repair = cell.repair;
    return prune_units_cell(dense, calibration, options, study.remove);
  }
  if (!masks || cell.repair == own_repair) {
    Pruned pruned = prune(dense, calibration, options);
    masks = pruned.masks;
    if (cell.repair == own_repair) return {pruned.network, pruned.masks, pruned.sparsity};
  }
  options.method.repair = cell.repair;
  Pruned pruned = apply_masks(dense, *masks, calibration, options);
  return {pruned.network, pruned.masks, pruned.sparsity};
}

Network finetune(const Study& study, const PreparedData& data, const Network& network,
                 uint64_t seed) {
  TrainOptions options = study.finetune;
  options.seed = seed;
  options.keep_zeros = true;
  options.keep_start = true;
  return train(network, data.train, data.validation, options).network;
}

// What is known of `network`, which was made for a cell of `method`.
StudyOutcome measured(const StudyNetwork& current, const Network& network,
                      const std::string& method) {
  StudyOutcome outcome;
  const NetworkCost size = cost(network);
  outcome.parameters = size.parameters;
  outcome.macs = size.macs;
  outcome.nonzero = nonzero(network);
  outcome.network = weights_digest(network);
  const at::Tensor scores = class_scores(network, current.data.test);
  outcome.result = {method, class_metrics(scores, current.data.test.labels), {}};
  outcome.right = right_bits(scores, current.data.test.labels);
  if (current.noisy_test) {
    const at::Tensor noisy = class_scores(network, *current.noisy_test);
    outcome.result.noisy = class_metrics(noisy, current.noisy_test->labels);
    outcome.noisy_right = right_bits(noisy, current.noisy_test->labels);
  }
  if (current.data.validation.size() > 0) {
    outcome.validation = evaluate(network, current.data.validation);
  }
  outcome.classes = current.classes;
  outcome.tested = current.tested;
  return outcome;
}

}  // namespace

std::vector<WantedMethod> wanted_methods(const std::vector<CellGroup>& groups) {
  std::vector<WantedMethod> wanted;
  for (const CellGroup& group : groups) {
    for (const StudyCell& cell : group) {
      const WantedMethod method{cell.method, cell.repair};
      const bool known = std::find(wanted.begin(), wanted.end(), method) != wanted.end();
      if (!cell.is_dense() && !known) wanted.push_back(method);
    }
  }
  return wanted;
}

StudyWorker::StudyWorker(const Study& study) : study_(study) {}

StudyWorker::~StudyWorker() = default;

void StudyWorker::take(const StudyCell& network, const std::string& kept, const std::string& where,
                       const std::vector<WantedMethod>& wanted) {
  if (current_ && current_->cell.data == network.data &&
      current_->cell.imbalance == network.imbalance && current_->cell.seed == network.seed) {
    return;
  }
  auto next = std::make_unique<StudyNetwork>();
  next->cell = network;
  const uint64_t seed = network.seed;
  next->data =
      prepare_data({network.data, study_.data_root, network.imbalance, study_.validation, seed});
  if (study_.noise > 0) next->noisy_test = with_gaussian_noise(next->data.test, study_.noise, seed);
  next->network =
      kept.empty() ? trained(study_, next->data, seed) : read_kept(study_, next->data, kept, where);
  std::vector<Method> repaired;
  for (const auto& [method, repair] : wanted) {
    repaired.push_back(find_named(methods(), method, "method"));
    repaired.back().repair = repair;
  }
  next->statistics = measure_for(repaired, next->network, next->data.train, study_.metric);
  const Metadata& metadata = next->network.metadata;
  next->classes = {metadata.class_names, metadata.class_counts, metadata.minority};
  next->tested = class_counts(next->data.test);
  current_ = std::move(next);
}

std::string StudyWorker::dense() const {
  return onnx_bytes(current_->network);
}

void StudyWorker::run(const CellGroup& group, const NetworkVisitor& emit) {
  const StudyNetwork& current = *current_;
  const Calibration calibration{current.data.train, current.statistics};
  std::optional<std::vector<at::Tensor>> masks;
  std::map<std::string, PrunedCell> pruned;                  // by repair
  std::map<std::string, std::pair<StudyRow, Network>> made;  // by all but the treatment's name
  const auto finish = [&](const StudyCell& cell) {
    const auto start = std::chrono::steady_clock::now();
    if (!pruned.contains(cell.repair)) {
      pruned[cell.repair] = prune_cell(study_, current.network, calibration, cell, masks);
    }
    const PrunedCell& once = pruned.at(cell.repair);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Network network = finished({current.network, once.network}, {cell.batch_norm, cell.head},
                               current.data.train, study_.metric);
    if (cell.finetuned) network = finetune(study_, current.data, network, cell.seed);
    StudyRow row{cell, measured(current, network, cell.method)};
    row.outcome.reached = once.reached;
    row.outcome.seconds = seconds;
    return std::pair{row, network};
  };
  for (const StudyCell& cell : group) {
    const std::string key =
        fmt::format("{}/{}/{}/{}", cell.repair, cell.head, cell.batch_norm, cell.finetuned);
    if (!made.contains(key)) made[key] = finish(cell);
    auto [row, network] = made.at(key);
    row.cell.treatment = cell.treatment;
    emit(row, network);
  }
}

}  // namespace ncprune
