#include "ncprune/experiment/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "ncprune/base/lookup.h"
#include "ncprune/base/progress.h"
#include "ncprune/data/noise.h"
#include "ncprune/prune/head.h"
#include "ncprune/prune/structured.h"

namespace ncprune {
namespace {

// One dense network and everything its cells share.
struct DenseRun {
  PreparedData data;
  std::optional<Dataset> noisy_test;
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

// What a treatment's name says: its repair and its head.
std::pair<std::string, std::string> parts_of(const std::string& treatment) {
  const size_t slash = treatment.find('/');
  if (slash == std::string::npos) {
    throw InputError(
        fmt::format("treatment '{}'; wanted REPAIR/HEAD, as in method/keep", treatment));
  }
  return {treatment.substr(0, slash), treatment.substr(slash + 1)};
}

Method repaired(const Method& method, const std::string& repair) {
  Method parts = method;
  if (repair != "method") parts.repair = repair;
  return parts;
}

// Every method with every repair it is to have.
std::vector<Method> repaired_methods(const Study& study) {
  std::vector<Method> all;
  for (const Method& method : study_methods(study)) {
    for (const std::string& treatment : study.treatments) {
      all.push_back(repaired(method, parts_of(treatment).first));
    }
  }
  return all;
}

DenseRun make_dense(const Study& study, const DataRequest& request) {
  DenseRun run;
  run.data = prepare_data(request);
  if (study.noise > 0) {
    run.noisy_test = with_gaussian_noise(run.data.test, study.noise, request.seed);
  }
  TrainOptions options = study.train;
  options.seed = request.seed;
  run.network = train(make_network(study.architecture, run.data, request.seed), run.data.train,
                      run.data.validation, options)
                    .network;
  run.statistics = measure_for(repaired_methods(study), run.network, run.data.train, study.metric);
  run.origin.data = request.data;
  run.origin.imbalance = request.imbalance;
  run.origin.seed = static_cast<int64_t>(request.seed);
  const Metadata& metadata = run.network.metadata;
  run.origin.classes = {metadata.class_names, metadata.class_counts, metadata.minority};
  return run;
}

StudyRow finish_row(const DenseRun& run, StudyRow row, const Network& network) {
  row.result = {row.method, evaluate(network, run.data.test), {}};
  if (run.noisy_test) row.result.noisy = evaluate(network, *run.noisy_test);
  return row;
}

struct PrunedOnce {
  Network network;
  double reached;
};

PrunedOnce prune_cell(const Study& study, const DenseRun& run, PruneOptions options) {
  const Calibration calibration{run.data.train, run.statistics};
  if (study.remove == "weights") {
    Pruned pruned = prune(run.network, calibration, options);
    return {pruned.network, pruned.sparsity};
  }
  options.budget = study.remove;
  UnitsPruned pruned = prune_units(run.network, calibration, options);
  const auto removed = [](int64_t before, int64_t after) {
    return 1 - static_cast<double>(after) / static_cast<double>(before);
  };
  return {pruned.network, study.remove == "macs"
                              ? removed(pruned.before.macs, pruned.after.macs)
                              : removed(pruned.before.parameters, pruned.after.parameters)};
}

// The dense network and every pruned one under each treatment. What two treatments share, the
// pruning or all of it, is done once.
void run_cells(const Study& study, const DenseRun& run, Progress& progress,
               const std::function<void(StudyRow, const Network&)>& emit) {
  // `pruned` by the repair's name.
  const auto treated = [&](StudyRow row, const std::function<PrunedOnce(StudyRow&)>& pruned_by) {
    const std::string own_repair = row.repair;
    std::map<std::string, PrunedOnce> pruned;
    std::map<std::string, StudyRow> finished;
    for (const std::string& treatment : study.treatments) {
      const auto [repair, head] = parts_of(treatment);
      row.treatment = treatment;
      row.repair = repair == "method" || row.method == "dense" ? own_repair : repair;
      row.head = head;
      const std::string key = row.repair + "/" + head;
      if (!finished.contains(key)) {
        const auto start = std::chrono::steady_clock::now();
        if (!pruned.contains(row.repair)) pruned[row.repair] = pruned_by(row);
        row.seconds =
            std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        const PrunedOnce& once = pruned.at(row.repair);
        row.reached = once.reached;
        const Network network =
            treat_head({run.network, once.network}, head, run.data.train, study.metric);
        finished[key] = finish_row(run, row, network);
        emit(finished.at(key), network);
      } else {
        StudyRow again = finished.at(key);
        again.treatment = treatment;
        emit(again, pruned.at(row.repair).network);
      }
      progress.advance();
    }
  };
  StudyRow dense = run.origin;
  dense.method = "dense";
  dense.repair = "none";
  treated(dense, [&](StudyRow&) { return PrunedOnce{run.network, 0}; });
  for (const Method& method : study_methods(study)) {
    for (const double sparsity : study.sparsities) {
      progress.set_label(fmt::format("{} {} {:g} %", run.origin.data, method.name, 100 * sparsity));
      StudyRow row = run.origin;
      row.method = method.name;
      row.repair = method.repair;
      row.sparsity = sparsity;
      treated(row, [&](StudyRow& current) {
        return prune_cell(study, run,
                          {.method = repaired(method, current.repair),
                           .sparsity = sparsity,
                           .metric = study.metric,
                           .seed = static_cast<uint64_t>(run.origin.seed)});
      });
    }
  }
}

}  // namespace

StudySize study_size(const Study& study) {
  const size_t networks = study.data.size() * study.imbalance.size() * study.seeds.size();
  const size_t prunings = study.methods.size() * study.sparsities.size();
  return {static_cast<int64_t>(networks),
          static_cast<int64_t>(networks * study.treatments.size() * (1 + prunings))};
}

void require_valid(const Study& study) {
  for (const int64_t seed : study.seeds) {
    if (seed < 0) throw InputError(fmt::format("seed {} is negative", seed));
  }
  for (const Method& method : study_methods(study)) {
    for (const std::string& treatment : study.treatments) {
      const auto [repair, head] = parts_of(treatment);
      for (const double sparsity : study.sparsities) {
        PruneOptions options{.method = repaired(method, repair),
                             .sparsity = sparsity,
                             .head = head,
                             .metric = study.metric};
        if (study.remove == "weights") {
          require_valid(options);
        } else {
          options.budget = study.remove;
          require_valid_for_units(options);
        }
      }
    }
  }
}

std::vector<StudyRow> run_study(const Study& study, const StudyRun& how) {
  require_valid(study);  // what can be refused is refused before the first network is trained
  const StudySize size = study_size(study);
  const int64_t cells = size.cells / size.networks;  // of one network
  // Training a dense network takes about as long as some ten cells.
  constexpr int64_t kTrainingCells = 10;
  std::vector<StudyRow> rows = read_results(how.results);
  Progress progress("study", (cells + kTrainingCells) * size.networks / how.parts);
  int64_t network = 0;
  for (const std::string& data : study.data) {
    for (const std::string& imbalance : study.imbalance) {
      for (const int64_t seed : study.seeds) {
        if (network++ % how.parts != how.part - 1) continue;
        const auto found = std::count_if(rows.begin(), rows.end(), [&](const StudyRow& row) {
          return row.data == data && row.imbalance == imbalance && row.seed == seed;
        });
        if (found == cells) {
          progress.advance(cells + kTrainingCells);
          continue;
        }
        std::erase_if(rows, [&](const StudyRow& row) {
          return row.data == data && row.imbalance == imbalance && row.seed == seed;
        });
        progress.set_label(fmt::format("{} seed {}: training", data, seed));
        progress.advance(0);
        const DenseRun run = make_dense(study, {data, study.data_root, imbalance, study.validation,
                                                static_cast<uint64_t>(seed)});
        progress.advance(kTrainingCells);
        run_cells(study, run, progress, [&](StudyRow row, const Network& made) {
          if (how.visit) how.visit(row, made);
          rows.push_back(std::move(row));
        });
        if (!how.results.empty()) write_results(how.results, rows);
      }
    }
  }
  return rows;
}

}  // namespace ncprune
