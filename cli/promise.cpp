#include "cli/promise.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/files.h"

namespace ncprune::cli {
namespace {

constexpr double kMaxShare = 0.99;  // searched without --sparsity or --structured

void print_promise(const PromiseSearch& search, const ClassInfo& classes) {
  const Verdict& verdict = search.steps[search.chosen].verdict;
  fmt::print("{}", to_text(promise_table(verdict, classes)));
  const std::vector<std::string> too_few = too_few_samples(verdict, classes);
  if (!too_few.empty()) {
    fmt::print("too few held-out samples to show it for any network: {}\n",
               fmt::join(too_few, ", "));
  }
  const PromiseStep& last = search.steps.back();
  fmt::print("{} of {} steps kept the promise{}\n",
             search.steps.size() - (last.verdict.kept ? 0 : 1), search.steps.size(),
             last.verdict.kept ? "" : fmt::format("; {:.1f} % does not", 100 * last.share));
}

}  // namespace

void add_promise_options(CLI::App& command, PromiseRequest& request, const std::string& drop_help) {
  command.add_option("--max-class-drop", request.max_class_drop, drop_help);
  command
      .add_option("--min-recall", request.min_recall,
                  "NAME=RECALL: ... and class NAME keeps at least this recall, in (0, 1)")
      ->type_name("NAME=RECALL");
  command
      .add_option("--confidence", request.confidence,
                  "confidence that the promise holds for unseen data, in (0, 1)")
      ->capture_default_str();
}

Promise promise_of(const PromiseRequest& request, const std::vector<std::string>& names) {
  Promise promise;
  promise.confidence = request.confidence;
  if (request.max_class_drop) promise.max_drop = *request.max_class_drop / 100;
  for (const std::string& text : request.min_recall) {
    const size_t equals = text.rfind('=');
    const auto named = std::find(names.begin(), names.end(), text.substr(0, equals));
    if (equals == std::string::npos || named == names.end()) {
      throw InputError(fmt::format("--min-recall '{}'; wanted NAME=RECALL, NAME one of {}", text,
                                   fmt::join(names, ", ")));
    }
    promise.min_recall[named - names.begin()] = parse_number(text.substr(equals + 1), text);
  }
  require_valid(promise);
  return promise;
}

Json settle_promise(PruneTask& task, const PromiseRequest& request, const PruneRequest& prune) {
  if (task.data.validation.size() == 0) {
    throw InputError("no validation samples are held out to judge the promise; see --validation");
  }
  const Method& method = task.recipe.method;
  if (find_pattern(method.pattern).group) {
    throw InputError(fmt::format("pattern {} fixes the sparsity: there is nothing to search for",
                                 method.pattern));
  }
  const bool share_is_given = prune.structured || prune.recipe.share;
  const Network& dense = task.calibration.network();
  const ClassInfo classes = class_info(dense.metadata, task.data.validation);
  Recipe recipe = task.recipe;
  const PromiseSearch search =
      search_promise({dense, task.data.validation}, promise_of(request, classes.names),
                     share_is_given ? share_of(recipe) : kMaxShare, [&](double share) {
                       recipe.share = share;
                       return ncprune::prune(task.calibration, recipe).network;
                     });
  print_promise(search, classes);
  task.recipe.share = search.steps[search.chosen].share;
  Json steps = Json::array();
  for (const PromiseStep& step : search.steps) {
    steps.push_back({{"share", step.share}});
    steps.back().update(verdict_json(step.verdict));
  }
  return {{"kept", search.kept}, {"confidence", request.confidence}, {"steps", steps}};
}

}  // namespace ncprune::cli
