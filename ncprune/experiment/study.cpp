#include "ncprune/experiment/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>

#include "ncprune/base/lookup.h"
#include "ncprune/base/progress.h"
#include "ncprune/base/spec.h"
#include "ncprune/data/noise.h"
#include "ncprune/experiment/study_results.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/prune/batch_norm.h"
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
  ClassInfo classes;
};

std::vector<Method> study_methods(const Study& study) {
  std::vector<Method> wanted;
  for (const std::string& name : study.methods) {
    wanted.push_back(find_named(methods(), name, "method"));
  }
  return wanted;
}

// What a treatment's name says.
struct Treatment {
  std::string repair;
  std::string head;
  std::string batch_norm = "keep";
  bool finetuned = false;
};

Treatment parts_of(const std::string& treatment) {
  const std::vector<std::string> parts = split(treatment, '/');
  if (parts.size() < 2 || parts.size() > 4 || (parts.size() == 4 && parts[3] != "finetune")) {
    throw InputError(
        fmt::format("treatment '{}'; wanted REPAIR/HEAD, REPAIR/HEAD/BATCHNORM or "
                    "REPAIR/HEAD/BATCHNORM/finetune, as in method/keep",
                    treatment));
  }
  return {parts[0], parts[1], parts.size() > 2 ? parts[2] : "keep", parts.size() == 4};
}

Method repaired(const Method& method, const std::string& repair) {
  Method parts = method;
  if (repair != "method") parts.repair = repair;
  return parts;
}

// The dense networks of the grid, as rows that say no more than which.
std::vector<StudyRow> networks_of(const Study& study) {
  std::vector<StudyRow> networks;
  for (const std::string& data : study.data) {
    for (const std::string& imbalance : study.imbalance) {
      for (const int64_t seed : study.seeds) {
        StudyRow row;
        row.data = data;
        row.imbalance = imbalance;
        row.seed = seed;
        row.settings = study_settings(study);
        networks.push_back(row);
      }
    }
  }
  return networks;
}

// The cells of one dense network, itself first, as rows without results. Those that differ by
// nothing but the treatment stand together.
std::vector<StudyRow> cells_of(const Study& study, const StudyRow& network) {
  std::vector<StudyRow> cells;
  const auto add = [&](const Method& method, double sparsity) {
    for (const std::string& treatment : study.treatments) {
      StudyRow row = network;
      const auto [repair, head, batch_norm, finetuned] = parts_of(treatment);
      row.method = method.name;
      row.treatment = treatment;
      row.repair = method.name == "dense" ? "none" : repaired(method, repair).repair;
      row.head = head;
      row.batch_norm = batch_norm;
      row.finetuned = finetuned;
      row.sparsity = sparsity;
      cells.push_back(row);
    }
  };
  Method dense;
  dense.name = "dense";
  add(dense, 0);
  for (const Method& method : study_methods(study)) {
    for (const double sparsity : study.sparsities) add(method, sparsity);
  }
  return cells;
}

Method method_of(const StudyRow& cell) {
  return repaired(find_named(methods(), cell.method, "method"), cell.repair);
}

// The entry of a kept network's metadata that holds training_settings().
constexpr const char* kTrainingEntry = "ncprune.study.training";

// "fashion-mnist,exp:100,mlp:20,seed 0.onnx", whatever a file system would mind replaced.
std::string network_file(const Study& study, const DataRequest& request) {
  std::string name = fmt::format("{},{},{},seed {}.onnx", request.data, request.imbalance,
                                 study.architecture, request.seed);
  for (char& c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20) c = '_';
  }
  return name;
}

Network train_dense(const Study& study, const DataRequest& request, const PreparedData& data) {
  TrainOptions options = study.train;
  options.seed = request.seed;
  return train(make_network(study.architecture, data, request.seed), data.train, data.validation,
               options)
      .network;
}

// From the folder, if it is kept there; else trained, and kept if there is a folder.
Network dense_network(const Study& study, const DataRequest& request, const PreparedData& data,
                      const std::string& folder) {
  if (folder.empty()) return train_dense(study, request, data);
  const std::string path = folder + "/" + network_file(study, request);
  if (!std::filesystem::exists(path)) {
    Network network = train_dense(study, request, data);
    network.metadata.other[kTrainingEntry] = training_settings(study);
    std::filesystem::create_directories(folder);
    write_onnx(path, network);
    return network;
  }
  Network network = read_onnx(path);
  if (network.metadata.other[kTrainingEntry] != training_settings(study)) {
    throw InputError(fmt::format(
        "{}: was trained otherwise than the study says; wanted a folder of its own for it", path));
  }
  require_fits(network, data.train, path);
  return network;
}

// `cells` are those to be run.
DenseRun make_dense(const Study& study, const DataRequest& request,
                    const std::vector<StudyRow>& cells, const std::string& folder) {
  DenseRun run;
  run.data = prepare_data(request);
  if (study.noise > 0) {
    run.noisy_test = with_gaussian_noise(run.data.test, study.noise, request.seed);
  }
  run.network = dense_network(study, request, run.data, folder);
  std::vector<Method> wanted;
  for (const StudyRow& cell : cells) {
    if (cell.method != "dense") wanted.push_back(method_of(cell));
  }
  run.statistics = measure_for(wanted, run.network, run.data.train, study.metric);
  const Metadata& metadata = run.network.metadata;
  run.classes = {metadata.class_names, metadata.class_counts, metadata.minority};
  return run;
}

StudyRow finish_row(const DenseRun& run, StudyRow row, const Network& network) {
  row.result = {row.method, evaluate(network, run.data.test), {}};
  if (run.noisy_test) row.result.noisy = evaluate(network, *run.noisy_test);
  return row;
}

// What a method made of the dense network, once, and what repairs made of its masks.
struct PrunedCell {
  Network network;
  std::vector<at::Tensor> masks;
  double reached;
};

PrunedCell prune_units_cell(const DenseRun& run, PruneOptions options, const std::string& budget) {
  options.budget = budget;
  UnitsPruned pruned = prune_units(run.network, {run.data.train, run.statistics}, options);
  const auto removed = [](int64_t before, int64_t after) {
    return 1 - static_cast<double>(after) / static_cast<double>(before);
  };
  return {pruned.network,
          {},
          budget == "macs" ? removed(pruned.before.macs, pruned.after.macs)
                           : removed(pruned.before.parameters, pruned.after.parameters)};
}

// `masks` of the method, if it has chosen them before: a repair other than its own starts there.
PrunedCell prune_cell(const Study& study, const DenseRun& run, const StudyRow& cell,
                      std::optional<std::vector<at::Tensor>>& masks) {
  if (cell.method == "dense") return {run.network, {}, 0};
  PruneOptions options{.method = find_named(methods(), cell.method, "method"),
                       .sparsity = cell.sparsity,
                       .metric = study.metric,
                       .seed = static_cast<uint64_t>(cell.seed)};
  const std::string own_repair = options.method.repair;
  const Calibration calibration{run.data.train, run.statistics};
  if (study.remove != "weights") {
    options.method.repair = cell.repair;
    return prune_units_cell(run, options, study.remove);
  }
  if (!masks || cell.repair == own_repair) {
    Pruned pruned = prune(run.network, calibration, options);
    masks = pruned.masks;
    if (cell.repair == own_repair) return {pruned.network, pruned.masks, pruned.sparsity};
  }
  options.method.repair = cell.repair;
  Pruned pruned = apply_masks(run.network, *masks, calibration, options);
  return {pruned.network, pruned.masks, pruned.sparsity};
}

Network finetune(const Study& study, const PreparedData& data, const Network& network,
                 int64_t seed) {
  TrainOptions options = study.finetune;
  options.seed = static_cast<uint64_t>(seed);
  options.keep_zeros = true;
  return train(network, data.train, data.validation, options).network;
}

// Runs `cells`. What neighbours share, the masks or all but the treatment's name, is done once;
// `emit` gets every network, and is told when the next cell is of another method or sparsity.
void run_cells(const Study& study, const DenseRun& run, const std::vector<StudyRow>& cells,
               const std::function<void(StudyRow, const Network&, bool last)>& emit) {
  std::optional<std::vector<at::Tensor>> masks;
  std::map<std::string, PrunedCell> pruned;                      // by repair
  std::map<std::string, std::pair<StudyRow, Network>> finished;  // by treatment
  for (size_t i = 0; i < cells.size(); ++i) {
    StudyRow row = cells[i];
    const std::string key =
        fmt::format("{}/{}/{}/{}", row.repair, row.head, row.batch_norm, row.finetuned);
    if (!finished.contains(key)) {
      const auto start = std::chrono::steady_clock::now();
      if (!pruned.contains(row.repair)) pruned[row.repair] = prune_cell(study, run, row, masks);
      const PrunedCell& once = pruned.at(row.repair);
      row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      row.reached = once.reached;
      row.classes = run.classes;
      const Network normed = treat_batch_norm(once.network, row.batch_norm, run.data.train);
      Network network = treat_head({run.network, normed}, row.head, run.data.train, study.metric);
      if (row.finetuned) network = finetune(study, run.data, network, row.seed);
      finished[key] = {finish_row(run, row, network), network};
    }
    auto [result, network] = finished.at(key);
    result.treatment = row.treatment;
    const bool last = i + 1 == cells.size() || cells[i + 1].method != row.method ||
                      cells[i + 1].sparsity != row.sparsity;
    if (last) {
      masks.reset();
      pruned.clear();
      finished.clear();
    }
    emit(std::move(result), network, last);
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
      const auto [repair, head, batch_norm, finetuned] = parts_of(treatment);
      for (const double sparsity : study.sparsities) {
        PruneOptions options{.method = repaired(method, repair),
                             .sparsity = sparsity,
                             .batch_norm = batch_norm,
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
  // Training a dense network takes about as long as some ten cells.
  constexpr int64_t kTrainingCells = 10;
  StudyResults results(how.results);
  Progress progress("study", (size.cells + kTrainingCells * size.networks) / how.parts);
  std::vector<StudyRow> grid;
  int64_t number = 0;
  for (const StudyRow& network : networks_of(study)) {
    if (number++ % how.parts != how.part - 1) continue;
    std::vector<StudyRow> cells = cells_of(study, network);
    grid.insert(grid.end(), cells.begin(), cells.end());
    const auto known = std::erase_if(cells, [&](const StudyRow& row) { return results.has(row); });
    progress.advance(static_cast<int64_t>(known) + (cells.empty() ? kTrainingCells : 0));
    if (cells.empty()) continue;
    progress.set_label(fmt::format("{} seed {}: training", network.data, network.seed));
    progress.advance(0);
    const DenseRun run = make_dense(study,
                                    {network.data, study.data_root, network.imbalance,
                                     study.validation, static_cast<uint64_t>(network.seed)},
                                    cells, how.networks);
    progress.advance(kTrainingCells);
    run_cells(study, run, cells, [&](StudyRow row, const Network& made, bool last) {
      progress.set_label(fmt::format("{} {} {:g} %", row.data, row.method, 100 * row.sparsity));
      progress.advance();
      if (how.visit) how.visit(row, made);
      results.add(std::move(row));
      if (last) results.save();
    });
  }
  return results.of(grid);
}

}  // namespace ncprune
