#include "ncprune/study/worker.h"

#include <ATen/ops/argsort.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "ncprune/base/digest.h"
#include "ncprune/base/error.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/data/noise.h"
#include "ncprune/experiment/judge.h"
#include "ncprune/experiment/prepare.h"
#include "ncprune/model/cost.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/prune.h"

namespace ncprune {

// One dense network and the data that its cells share.
struct StudyNetwork {
  StudyCell cell;  // identifies the network
  PreparedData data;
  std::optional<Dataset> noisy_test;
  std::unique_ptr<Calibration> calibration;  // the dense network, on the training part
  ClassInfo classes;
  std::vector<int64_t> tested;
  std::optional<Judge> judge;  // against the dense network
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
        "{}: was trained with other settings than the study's; wanted another folder", where));
  }
  require_fits(network, data.train, where);
  return network;
}

// A bit per sample, class after class; it is set when the scores are right.
std::string right_bits(const at::Tensor& scores, const Targets& targets) {
  const at::Tensor order = at::argsort(targets.labels, /*stable=*/true, 0, /*descending=*/false);
  const at::Tensor predicted = answer_scores(scores, targets).argmax(1);
  const at::Tensor right = predicted.eq(targets.labels).index_select(0, order).contiguous();
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

// The recipe of a cell; the dense network's recipe only finishes the network.
Recipe recipe_of(const Study& study, const StudyCell& cell) {
  Recipe recipe{.method = cell.is_dense() ? Method{} : method_of(study, cell.method),
                .remove = study.remove,
                .share = cell.sparsity,
                .finish = cell.finish,
                .head = cell.head,
                .metric = study.metric,
                .seed = cell.seed};
  recipe.method.repair = cell.repair;
  return recipe;
}

// A cell's network before its finish. For the dense network's cell it is the dense network.
struct PrunedCell {
  Network network;
  double removed = 0;
};

// `kept` holds the masks that the method has chosen; repairs other than the method's start there.
PrunedCell prune_cell(const Study& study, const StudyCell& cell, Calibration& calibration,
                      std::optional<std::vector<at::Tensor>>& kept) {
  if (cell.is_dense()) return {calibration.network()};
  Recipe recipe = recipe_of(study, cell);
  recipe.finish = Method{}.finish;
  recipe.head = Recipe{}.head;
  Recipe own = recipe;
  own.method.repair = method_of(study, cell.method).repair;
  const bool owned = cell.repair == own.method.repair;
  if (owned || removes_units(recipe)) {
    Pruned pruned = prune(calibration, recipe);
    if (owned) kept = pruned.kept;
    return {pruned.network, pruned.removed};
  }
  if (!kept) kept = prune(calibration, own).kept;
  Pruned pruned = apply(calibration.network(), *kept, calibration.data(), recipe);
  return {pruned.network, pruned.removed};
}

Network finetune(const Study& study, const PreparedData& data, const Network& network,
                 uint64_t seed) {
  TrainOptions options = study.finetune;
  options.seed = seed;
  options.keep_zeros = true;
  options.keep_start = true;
  return train(network, data.train, data.validation, options).network;
}

// Measures `network`, which was made for a cell of `method`.
StudyOutcome measured(const StudyNetwork& current, const Network& network,
                      const std::string& method) {
  StudyOutcome outcome;
  const NetworkCost size = cost(network);
  outcome.parameters = size.parameters;
  outcome.macs = size.macs;
  outcome.nonzero = nonzero(network);
  outcome.network = weights_digest(network);
  const at::Tensor scores = class_scores(network, current.data.test);
  at::Tensor validated;
  if (const Dataset& validation = current.data.validation; validation.size() > 0) {
    validated = class_scores(network, validation);
    outcome.validation = class_metrics(validated, validation.targets());
  }
  outcome.result = current.judge->result(method, scores, validated);
  outcome.right = right_bits(scores, current.data.test.targets());
  if (current.noisy_test) {
    const at::Tensor noisy = class_scores(network, *current.noisy_test);
    outcome.result.noisy = class_metrics(noisy, current.noisy_test->targets());
    outcome.noisy_right = right_bits(noisy, current.noisy_test->targets());
  }
  outcome.classes = current.classes;
  outcome.tested = current.tested;
  return outcome;
}

// The recipes of `wanted`, used only to choose the measurements.
std::vector<Recipe> recipes_of(const Study& study, const StudyCell& network,
                               const std::vector<WantedMethod>& wanted) {
  std::vector<Recipe> recipes;
  for (const auto& [method, repair] : wanted) {
    StudyCell cell = network;
    cell.method = method;
    cell.repair = repair;
    recipes.push_back(recipe_of(study, cell));
  }
  return recipes;
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
  Network dense =
      kept.empty() ? trained(study_, next->data, seed) : read_kept(study_, next->data, kept, where);
  next->calibration = std::make_unique<Calibration>(std::move(dense), next->data.train);
  next->calibration->measure(recipes_of(study_, network, wanted));
  next->classes = {next->data.train.class_names, class_counts(next->data.train),
                   next->data.minority};
  next->tested = class_counts(next->data.test);
  const Dataset& validation = next->data.validation;
  next->judge.emplace(next->data, next->data.minority,
                      validation.size() > 0 ? class_scores(next->calibration->network(), validation)
                                            : at::Tensor());
  current_ = std::move(next);
}

std::string StudyWorker::dense() const {
  return onnx_bytes(current_->calibration->network());
}

void StudyWorker::run(const CellGroup& group, const NetworkVisitor& emit) {
  const StudyNetwork& current = *current_;
  const Network& dense = current.calibration->network();
  std::optional<std::vector<at::Tensor>> kept;
  std::map<std::string, PrunedCell> pruned;                  // by repair
  std::map<std::string, std::pair<StudyRow, Network>> made;  // by repair, head, ... of the cell
  const auto finish = [&](const StudyCell& cell) {
    const auto begin = std::chrono::steady_clock::now();
    if (!pruned.contains(cell.repair)) {
      pruned[cell.repair] = prune_cell(study_, cell, *current.calibration, kept);
    }
    const PrunedCell& once = pruned.at(cell.repair);
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const Recipe recipe = recipe_of(study_, cell);
    Network network = finished({dense, once.network}, recipe, current.data.train);
    if (!cell.is_dense()) network.metadata.other[kRecipeEntry] = recipe_json(recipe).dump();
    if (cell.finetuned) network = finetune(study_, current.data, network, cell.seed);
    StudyRow row{cell, measured(current, network, cell.method)};
    row.outcome.reached = once.removed;
    row.outcome.seconds = seconds;
    return std::pair{row, network};
  };
  for (const StudyCell& cell : group) {
    const std::string key =
        fmt::format("{}/{}/{}/{}", cell.repair, cell.head, cell.finish, cell.finetuned);
    if (!made.contains(key)) made[key] = finish(cell);
    auto [row, network] = made.at(key);
    row.cell.treatment = cell.treatment;
    emit(row, network);
  }
}

}  // namespace ncprune
