#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/commands.h"

namespace ncprune::cli {
namespace {

constexpr double kMostWithoutSparsity = 0.99;

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

void print(const std::vector<PromiseStep>& steps, const PromiseStep& chosen,
           const std::vector<std::string>& names) {
  Table table{"",
              {"\nclass", "held-out\nsamples", "\nneeded", "recall\nbefore", "\nafter",
               "falls by\nat most", "at\nleast", "\nkept"},
              {}};
  const auto points = [](double share) {
    return std::isnan(share) ? "-" : fmt::format("{:.1f}", 100 * share);
  };
  for (size_t c = 0; c < names.size(); ++c) {
    const ClassVerdict& v = chosen.verdict.classes[c];
    table.rows.push_back({names[c], std::to_string(v.samples), std::to_string(v.needed),
                          percent(v.recall_before), percent(v.recall_after), points(v.most_drop),
                          points(v.least_recall), v.kept ? "yes" : "no"});
  }
  fmt::print("{}", to_text(table));
  std::vector<std::string> too_few;
  for (size_t c = 0; c < names.size(); ++c) {
    const ClassVerdict& v = chosen.verdict.classes[c];
    if (v.samples < v.needed) too_few.push_back(names[c]);
  }
  if (!too_few.empty()) {
    fmt::print("too few held-out samples to show it of any network: {}\n",
               fmt::join(too_few, ", "));
  }
  const PromiseStep& last = steps.back();
  fmt::print("{} of {} steps kept the promise{}\n",
             std::count_if(steps.begin(), steps.end(),
                           [](const PromiseStep& step) { return step.verdict.kept; }),
             steps.size(),
             last.verdict.kept ? "" : fmt::format("; {:.1f} % does not", 100 * last.share));
}

Json step_json(const PromiseStep& step) {
  Json classes = Json::array();
  for (const ClassVerdict& v : step.verdict.classes) {
    const auto number = [](double value) { return std::isnan(value) ? Json() : Json(value); };
    classes.push_back({{"samples", v.samples},
                       {"needed", v.needed},
                       {"recall_before", number(v.recall_before)},
                       {"recall_after", number(v.recall_after)},
                       {"most_drop", number(v.most_drop)},
                       {"least_recall", number(v.least_recall)},
                       {"kept", v.kept}});
  }
  return {{"share", step.share}, {"kept", step.verdict.kept}, {"classes", classes}};
}

// What a search leaves: the last pruning the promise was kept by, or the first of all.
template <typename Result>
struct Found {
  Result result;
  Json json;
  bool kept;
};

template <typename Result>
Found<Result> search(const PruneTask& task, const Promise& promise, double most,
                     const std::function<Result(double)>& prune_by) {
  std::optional<Result> last;
  std::optional<Result> before;  // the promise was kept by it, or the search had stopped there
  const std::vector<PromiseStep> steps =
      search_promise(task.dense, task.data.validation, promise, most, [&](double share) {
        before = std::move(last);
        last = prune_by(share);
        return last->network;
      });
  const bool to_the_end = steps.back().verdict.kept;
  const bool kept = to_the_end || before.has_value();
  const PromiseStep& chosen = to_the_end || !before ? steps.back() : steps[steps.size() - 2];
  print(steps, chosen, class_info(task.dense.metadata, task.data.validation).names);
  Json tried = Json::array();
  for (const PromiseStep& step : steps) tried.push_back(step_json(step));
  return {to_the_end || !before ? *std::move(last) : *std::move(before),
          {{"kept", kept}, {"confidence", promise.confidence}, {"steps", tried}},
          kept};
}

template <typename Result>
Json finish(const Found<Result>& found, const std::string& output, bool& kept) {
  Json json = write_pruned(found.result, output);
  json["promise"] = found.json;
  kept = found.kept;
  return json;
}

}  // namespace

void add_promise_options(CLI::App& command, PromiseRequest& request) {
  command.add_option("--max-class-drop", request.max_class_drop,
                     "prune by as much as lets no class's recall fall by more than so many points");
  command
      .add_option("--min-recall", request.min_recall,
                  "NAME=RECALL: ... and leaves that class this recall, in (0, 1)")
      ->type_name("NAME=RECALL");
  command
      .add_option("--confidence", request.confidence,
                  "with which the promise is to hold for data not seen")
      ->capture_default_str();
}

Json prune_by_promise(const PruneTask& task, const PromiseRequest& request,
                      const PruneRequest& prune_request, const std::string& output) {
  if (task.data.validation.size() == 0) {
    throw InputError("no validation samples are held out to judge the promise by");
  }
  if (find_pattern(task.options.method.pattern).group) {
    throw InputError(fmt::format("pattern {} fixes the sparsity: nothing is left to search for",
                                 task.options.method.pattern));
  }
  const Promise promise =
      promise_of(request, class_info(task.dense.metadata, task.data.validation).names);
  PruneOptions options = task.options;
  bool kept = false;
  Json json;
  if (prune_request.structured) {
    json = finish(search<UnitsPruned>(task, promise, *prune_request.structured,
                                      [&](double share) {
                                        options.sparsity = share;
                                        return prune_units(task.dense, task.calibration(), options);
                                      }),
                  output, kept);
  } else {
    const double most = prune_request.sparsity_given ? options.sparsity : kMostWithoutSparsity;
    json = finish(search<Pruned>(task, promise, most,
                                 [&](double share) {
                                   options.sparsity = share;
                                   return prune(task.dense, task.calibration(), options);
                                 }),
                  output, kept);
  }
  if (!kept) {
    fmt::print(
        "The promise could not be shown to be kept; the network written is the least pruned that "
        "was tried.\n");
  }
  return json;
}

}  // namespace ncprune::cli
