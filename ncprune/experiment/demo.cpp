#include "ncprune/experiment/demo.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/onnx/onnx.h"

namespace ncprune {
namespace {

constexpr double kShown = 0.98;

std::vector<ModelResult> shown_models(const std::vector<StudyRow>& rows) {
  std::vector<ModelResult> models;
  for (const StudyRow& row : rows) {
    const bool dense = row.method == "dense";
    if (!dense && row.sparsity != kShown) continue;
    const bool keep = row.head == "keep";
    if (!keep && !dense && row.method != "surgeon") continue;
    ModelResult model = row.result;
    // Seven networks must stand side by side in 80 columns.
    const size_t hyphen = model.name.size() > 9 ? model.name.find('-') : std::string::npos;
    if (hyphen != std::string::npos) model.name.insert(hyphen + 1, "\n");
    if (!keep) model.name += "\n" + row.head;
    models.push_back(std::move(model));
  }
  return models;
}

}  // namespace

Study demo_study() {
  Study study;
  study.treatments = {"method/keep", "method/realign"};
  study.sparsities = {0.9, kShown, 0.99};
  study.train = {.learning_rate = 4e-4, .epochs = 10, .batch = 100};
  return study;
}

Demo run_demo(const Study& study, const std::string& folder, const std::string& command) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (const char* file : {"dense.onnx", "surgeon-98.onnx", "results.json", "report.html"}) {
    require_writable(fmt::format("{}/{}", folder, file));
  }
  Demo demo;
  StudyRun how;
  how.visit = [&](const StudyRow& row, const Network& network) {
    if (row.head != "keep" || row.seed != study.seeds.front()) return;
    if (row.method == "dense") write_onnx(folder + "/dense.onnx", network);
    if (row.method == "surgeon" && row.sparsity == kShown) {
      write_onnx(folder + "/surgeon-98.onnx", network);
    }
  };
  demo.rows = run_study(study, how);
  const StudyRow& first = demo.rows.front();
  demo.classes =
      class_table(fmt::format("Recall per class, {:g} % of the weights removed (%)", 100 * kShown),
                  first.classes, shown_models(demo.rows));
  demo.summary = summary_tables(demo.rows).front();
  write_json(folder + "/results.json", rows_json(demo.rows));
  write_file(
      folder + "/report.html",
      html_page("ncprune: what pruning did to each class",
                {fmt::format("{} with {}: one network ({}), trained once and pruned in one shot "
                             "without retraining by each method. Statistics come from the thinned "
                             "training data alone; the numbers from the test set.",
                             first.data, first.imbalance, study.architecture),
                 "* a class thinned to a fraction of its training samples.",
                 fmt::format("Command: {}; seed {}.", command, first.seed)},
                {demo.classes, demo.summary}));
  return demo;
}

}  // namespace ncprune
