#include "ncprune/experiment/study.h"

#include <fmt/format.h>

#include <chrono>

#include "ncprune/base/lookup.h"
#include "ncprune/base/progress.h"
#include "ncprune/data/noise.h"
#include "ncprune/prune/head.h"

namespace ncprune {
namespace {

// One dense network and everything its cells share.
struct DenseRun {
  PreparedData data;
  Dataset noisy_test;
  Network network;
  std::vector<LayerStatistics> statistics;
  StudyRow origin;  // what its rows have in common
};

std::vector<Method> study_methods(const Study& study) {
  std::vector<Method> wanted;
  for (const std::string& name : study.methods) {
    wanted.push_back(find_named(methods(), name, "method"));
  }
  return wanted;
}

PruneOptions cell_options(const Study& study, const Method& method, const std::string& repair) {
  PruneOptions options{.method = method, .metric = study.metric};
  if (repair != "method") options.method.repair = repair;
  return options;
}

DenseRun make_dense(const Study& study, const DataRequest& request) {
  DenseRun run;
  run.data = prepare_data(request);
  run.noisy_test = with_gaussian_noise(run.data.test, study.noise, request.seed);
  TrainOptions options = study.train;
  options.seed = request.seed;
  run.network = train(make_network(study.architecture, run.data, request.seed), run.data.train,
                      run.data.validation, options)
                    .network;
  run.statistics = measure_for(study_methods(study), run.network, run.data.train, study.metric);
  run.origin.data = request.data;
  run.origin.imbalance = request.imbalance;
  run.origin.seed = static_cast<int64_t>(request.seed);
  const Metadata& metadata = run.network.metadata;
  run.origin.classes = {metadata.class_names, metadata.class_counts, metadata.minority};
  return run;
}

StudyRow finish_row(const DenseRun& run, StudyRow row, const Network& network) {
  row.result = {row.method, evaluate(network, run.data.test), evaluate(network, run.noisy_test)};
  return row;
}

// The dense network and every pruned one with each head. A head is treated after the pruning it
// does not influence, so that the pruning runs once.
void run_cells(const Study& study, const DenseRun& run, Progress& progress,
               const std::function<void(StudyRow, const Network&)>& emit) {
  const auto with_heads = [&](StudyRow row, const Network& pruned, const MetricOptions& metric) {
    for (const std::string& head : study.heads) {
      row.head = head;
      const Network network = treat_head({run.network, pruned}, head, run.data.train, metric);
      emit(finish_row(run, row, network), network);
      progress.advance();
    }
  };
  StudyRow dense = run.origin;
  dense.method = "dense";
  dense.repair = "none";
  with_heads(dense, run.network, study.metric);
  for (const Method& method : study_methods(study)) {
    for (const std::string& repair : study.repairs) {
      PruneOptions options = cell_options(study, method, repair);
      options.seed = static_cast<uint64_t>(run.origin.seed);
      for (const double sparsity : study.sparsities) {
        progress.set_label(
            fmt::format("{} {} {:g} %", run.origin.data, method.name, 100 * sparsity));
        options.sparsity = sparsity;
        const auto start = std::chrono::steady_clock::now();
        const Pruned pruned = prune(run.network, {run.data.train, run.statistics}, options);
        StudyRow row = run.origin;
        row.method = method.name;
        row.repair = options.method.repair;
        row.sparsity = sparsity;
        row.reached = pruned.sparsity;
        row.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        with_heads(row, pruned.network, study.metric);
      }
    }
  }
}

}  // namespace

StudySize study_size(const Study& study) {
  const size_t networks = study.data.size() * study.imbalance.size() * study.seeds.size();
  const size_t prunings = study.methods.size() * study.repairs.size() * study.sparsities.size();
  return {static_cast<int64_t>(networks),
          static_cast<int64_t>(networks * study.heads.size() * (1 + prunings))};
}

void require_valid(const Study& study) {
  for (const int64_t seed : study.seeds) {
    if (seed < 0) throw InputError(fmt::format("seed {} is negative", seed));
  }
  for (const Method& method : study_methods(study)) {
    for (const std::string& repair : study.repairs) {
      for (const std::string& head : study.heads) {
        for (const double sparsity : study.sparsities) {
          PruneOptions options = cell_options(study, method, repair);
          options.head = head;
          options.sparsity = sparsity;
          require_valid(options);
        }
      }
    }
  }
}

std::vector<StudyRow> run_study(const Study& study, const NetworkVisitor& visit) {
  require_valid(study);  // what can be refused is refused before the first network is trained
  const StudySize size = study_size(study);
  // Training a dense network takes about as long as some ten cells.
  constexpr int64_t kTrainingCells = 10;
  Progress progress("study", size.cells + size.networks * kTrainingCells);
  std::vector<StudyRow> rows;
  for (const std::string& data : study.data) {
    for (const std::string& imbalance : study.imbalance) {
      for (const int64_t seed : study.seeds) {
        progress.set_label(fmt::format("{} seed {}: training", data, seed));
        progress.advance(0);
        const DenseRun run = make_dense(study, {data, study.data_root, imbalance, study.validation,
                                                static_cast<uint64_t>(seed)});
        progress.advance(kTrainingCells);
        run_cells(study, run, progress, [&](StudyRow row, const Network& network) {
          if (visit) visit(row, network);
          rows.push_back(std::move(row));
        });
      }
    }
  }
  return rows;
}

}  // namespace ncprune
