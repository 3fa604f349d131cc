#include "ncprune/study/demo.h"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ncprune/base/file.h"
#include "ncprune/experiment/evidence.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/report/class_report.h"
#include "ncprune/report/evidence_page.h"
#include "ncprune/study/grouping.h"
#include "ncprune/version.h"

namespace ncprune {
namespace {

constexpr double kShown = 0.98;

constexpr const char* kShownMethod = "surgeon";  // shown with every treatment of the head

std::vector<ModelResult> shown_models(const StudyRows& rows) {
  std::vector<ModelResult> models;
  for (const StudyRow& row : rows_at(rows, kShown)) {
    const StudyCell& cell = row.cell;
    if (!cell.keeps_head() && !cell.is_dense() && cell.method != kShownMethod) continue;
    ModelResult model = row.outcome.result;
    // Seven networks must fit side by side in 80 columns.
    const size_t hyphen = model.name.size() > 9 ? model.name.find('-') : std::string::npos;
    if (hyphen != std::string::npos) model.name.insert(hyphen + 1, 1, '\n');
    if (!cell.keeps_head()) model.name += fmt::format("\n{}", cell.head);
    models.push_back(std::move(model));
  }
  return models;
}

Page report_of(const Study& study, const std::vector<NamedNetwork>& networks, const Demo& demo,
               const std::string& command) {
  const StudyCell& first = demo.rows.front().cell;
  const PreparedData data =
      prepare_data({first.data, study.data_root, first.imbalance, study.validation, first.seed});
  EvidenceOptions options{.noise = study.noise};
  options.robustness.corruption.severities = {3};
  options.robustness.attack.steps = 0;
  const Evidence evidence = gather_evidence(networks, data, options);
  return evidence_page(
      evidence,
      {fmt::format("What removing {:g} % of the weights did to each class", 100 * kShown),
       first.data,
       first.imbalance,
       data.test.size(),
       command,
       NCPRUNE_VERSION,
       first.seed,
       {{"All methods and heads",
         {fmt::format("{} with {}: one network ({}), trained once and pruned in one shot without "
                      "retraining by each method. Statistics come from the thinned training data "
                      "alone, the numbers from the test set.",
                      first.data, first.imbalance, study.architecture)},
         {demo.summary, demo.classes}}},
       sparsity_curves(demo.rows)});
}

}  // namespace

Study demo_study() {
  Study study;
  study.treatments = {"method/keep/method", "method/realign/method"};
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
  std::vector<NamedNetwork> shown;
  StudyRun how;
  how.visit = [&](const StudyRow& row, const Network& network) {
    const StudyCell& cell = row.cell;
    if (!cell.keeps_head() || cell.seed != study.seeds.front()) return;
    if (!cell.is_dense() && cell.sparsity != kShown) return;
    shown.push_back({cell.method, network});
    if (cell.is_dense()) write_onnx(folder + "/dense.onnx", network);
    if (cell.method == kShownMethod) write_onnx(folder + "/surgeon-98.onnx", network);
  };
  demo.rows = run_study(study, how);
  const std::vector<ModelResult> models = shown_models(demo.rows);
  demo.classes =
      class_table(fmt::format("Recall per class, {:g} % of the weights removed (%)", 100 * kShown),
                  demo.rows.front().outcome.classes, models);
  demo.note = common_note(models);
  demo.summary = summary_tables(demo.rows).front();
  write_json(folder + "/results.json", rows_json(demo.rows));
  write_file(folder + "/report.html", to_html(report_of(study, shown, demo, command)));
  return demo;
}

}  // namespace ncprune
