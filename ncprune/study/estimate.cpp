#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <chrono>

#include "ncprune/base/error.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/experiment/prepare.h"
#include "ncprune/model/cost.h"
#include "ncprune/study/remaining.h"

namespace ncprune {
namespace {

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Dataset first_samples(const Dataset& data, int64_t most) {
  return select(data, at::arange(std::min(most, data.size()), at::kLong));
}

// At least one training sample per class, which training needs, filled up to `most`.
Dataset training_samples(const Dataset& data, int64_t most) {
  std::vector<at::Tensor> indices;
  indices.reserve(static_cast<size_t>(data.num_classes()) + 1);
  for (int64_t c = 0; c < data.num_classes(); ++c) {
    indices.push_back(class_indices(data, c).slice(0, 0, 1));
  }
  const int64_t rest = std::max<int64_t>(0, std::min(most, data.size()) - data.num_classes());
  indices.push_back(at::arange(rest, at::kLong));
  return select(data, at::cat(indices));
}

// Seconds per training sample, measured on a few batches. The first batches of a process are
// slower, so this is the time that twice as many batches add.
double training_seconds_per_sample(const Study& study, const PreparedData& data,
                                   const Network& network) {
  constexpr int64_t kBatches = 6;
  TrainOptions options = study.train;
  options.epochs = 1;
  const auto run = [&](int64_t batches) {
    const Dataset part = training_samples(data.train, batches * options.batch);
    const double seconds = seconds_of([&] { train(network, part, {}, options); });
    return std::pair{seconds, static_cast<double>(part.size())};
  };
  const auto [short_seconds, few] = run(kBatches);
  const auto [long_seconds, many] = run(2 * kBatches);
  if (many == few || long_seconds <= short_seconds) return long_seconds / many;
  return (long_seconds - short_seconds) / (many - few);
}

double evaluation_seconds_per_sample(const PreparedData& data, const Network& network) {
  constexpr int64_t kSamples = 1024;
  const Dataset part = first_samples(data.test, kSamples);
  return seconds_of([&] { class_scores(network, part); }) / static_cast<double>(part.size());
}

// The remaining work for one data set and imbalance.
struct ProblemShare {
  double trainings = 0;  // dense networks to train
  double cells = 0;      // to evaluate
  double finetuned = 0;  // cells that are trained further
  bool keeps_networks = false;
};

ProblemShare share_of(const Remaining& to_run, const std::string& data,
                      const std::string& imbalance) {
  ProblemShare share;
  for (size_t n = 0; n < to_run.networks.size(); ++n) {
    const auto& [network, groups] = to_run.networks[n];
    if (network.data != data || network.imbalance != imbalance || groups.empty()) continue;
    if (!to_run.kept[n]) ++share.trainings;
    for (const CellGroup& group : groups) {
      for (const StudyCell& cell : group) {
        ++share.cells;
        if (cell.finetuned) ++share.finetuned;
      }
    }
  }
  return share;
}

// The time and space that `share` takes.
StudyEstimate estimate_share(const Study& study, const PreparedData& data,
                             const ProblemShare& share) {
  StudyEstimate total{0, 0, 0, {}};
  const Network network = make_network(study.architecture, data, study.seeds.front());
  const double parts = study.noise > 0 ? 2 : 1;
  const auto tested = static_cast<double>(data.test.size());
  const auto validated = static_cast<double>(data.validation.size());
  const double evaluation = evaluation_seconds_per_sample(data, network);
  const double epochs = share.trainings * static_cast<double>(study.train.epochs) +
                        share.finetuned * static_cast<double>(study.finetune.epochs);
  if (epochs > 0) {
    const double training = training_seconds_per_sample(study, data, network);
    total.training_seconds +=
        epochs * (static_cast<double>(data.train.size()) * training + validated * evaluation);
  }
  total.evaluation_seconds += share.cells * evaluation * (parts * tested + validated);
  // A cell has a row in every table, with text and indices, and a bit per sample.
  constexpr double kCellBytes = 1500;
  constexpr double kRecallBytes = 40;
  const auto classes = static_cast<double>(data.test.num_classes());
  total.bytes += share.cells * (kCellBytes + parts * (tested / 8 + classes * kRecallBytes));
  if (share.keeps_networks) {
    total.bytes += share.trainings * static_cast<double>(cost(network).parameters) * sizeof(float);
  }
  return total;
}

}  // namespace

StudyEstimate estimate(const Study& study, const StudyRun& how) {
  const Remaining to_run = remaining(study, how);
  StudyEstimate total{0, 0, 0, {}};
  for (const std::string& name : study.data) {
    try {
      for (const std::string& imbalance : study.imbalance) {
        ProblemShare share = share_of(to_run, name, imbalance);
        share.keeps_networks = !how.networks.empty();
        if (share.cells == 0) continue;
        const StudyEstimate own = estimate_share(
            study,
            prepare_data({name, study.data_root, imbalance, study.validation, study.seeds.front()}),
            share);
        total.training_seconds += own.training_seconds;
        total.evaluation_seconds += own.evaluation_seconds;
        total.bytes += own.bytes;
      }
    } catch (const InputError&) {
      total.without.push_back(name);
    }
  }
  return total;
}

}  // namespace ncprune
