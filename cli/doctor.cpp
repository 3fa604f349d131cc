#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/doctor_system.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/promise.h"

namespace ncprune::cli {
namespace {

struct DoctorCommand {
  DataRequest data;
  PromiseRequest promise;
  double shrinkage = MetricOptions().shrinkage;
  std::string json;
  bool system = false;
};

// The samples of a class and what they are sufficient for.
struct Diagnosis {
  int64_t training;
  double own_scatter;  // see own_scatter()
  int64_t held_out;
  int64_t needed;  // held-out samples for the promise; 0 when nothing is promised
};

void print_doctor(const std::vector<Diagnosis>& classes, const ClassInfo& info,
                  const DoctorCommand& options) {
  const bool promised = options.promise.given();
  Table table{"", {"class", "training\nsamples", "own scatter\n%", "held-out\nsamples"}, {}};
  if (promised) table.header.emplace_back("needed for\nthe promise");
  std::vector<std::string> thin;
  std::vector<std::string> unpromised;
  for (size_t c = 0; c < classes.size(); ++c) {
    const Diagnosis& own = classes[c];
    table.rows.push_back({class_label({info.names, {}, info.minority}, c),
                          std::to_string(own.training), percent(own.own_scatter),
                          std::to_string(own.held_out)});
    if (promised) table.rows.back().push_back(std::to_string(own.needed));
    if (own.own_scatter < 0.5) thin.push_back(info.names[c]);
    if (own.held_out < own.needed) unpromised.push_back(info.names[c]);
  }
  fmt::print("{}", to_text(table));
  if (!info.minority.empty()) fmt::print("* rare\n");
  fmt::print("\n{}\n",
             thin.empty()
                 ? "Every class has enough samples to estimate its scatter."
                 : fmt::format("Too few samples to estimate the scatter, which is mostly "
                               "that of the average class; {:.0f} samples give half of its "
                               "weight to the class: {}",
                               options.shrinkage + 1, fmt::join(thin, ", ")));
  if (!promised) return;
  fmt::print("{}\n", unpromised.empty()
                         ? "Every class has enough held-out samples for the promise."
                         : fmt::format("Too few held-out samples to verify the promise for any "
                                       "network: {}",
                                       fmt::join(unpromised, ", ")));
}

// Inputs of a table that have one value in all training samples.
std::vector<std::string> constant_inputs(const Dataset& train) {
  std::vector<std::string> names;
  if (train.feature_names.empty()) return names;
  const at::Tensor constant = train.inputs.eq(train.inputs[0]).all(0);
  for (size_t i = 0; i < train.feature_names.size(); ++i) {
    if (!constant[static_cast<int64_t>(i)].item<bool>()) continue;
    names.push_back(excerpt(train.feature_names[i]));
  }
  return names;
}

void print_constant(const std::vector<std::string>& inputs) {
  constexpr size_t kMaxNames = 20;
  if (inputs.empty()) return;
  const size_t shown = std::min(kMaxNames, inputs.size());
  const std::vector<std::string> first(inputs.begin(),
                                       inputs.begin() + static_cast<std::ptrdiff_t>(shown));
  fmt::print("The same in all training samples: {}{}\n", fmt::join(first, ", "),
             shown < inputs.size() ? fmt::format(" and {} more", inputs.size() - shown) : "");
}

// How the columns of a table became inputs; null for other data.
Json report_columns(const PreparedData& data) {
  if (!data.table) return nullptr;
  Table table{"", {"column", "kind", "inputs", "gaps"}, {}};
  Json list = Json::array();
  for (const EncodedColumn& column : data.table->columns) {
    const std::string kind(name_of(column.kind));
    if (column.kind != ColumnKind::kNumber || column.gaps) {
      table.rows.push_back(
          {excerpt(column.name), kind, std::to_string(width(column)), column.gaps ? "yes" : "no"});
    }
    list.push_back({{"column", column.name},
                    {"kind", kind},
                    {"inputs", width(column)},
                    {"gaps", column.gaps}});
  }
  const size_t numbers = data.table->columns.size() - table.rows.size();
  fmt::print("\n{}{} of {} columns are numbers without gaps.\n",
             table.rows.empty() ? "" : to_text(table), numbers, data.table->columns.size());
  const std::vector<std::string> constant = constant_inputs(data.train);
  print_constant(constant);
  return {{"columns", std::move(list)}, {"constant", constant}};
}

void run_doctor(const DoctorCommand& options) {
  require_writable_all({options.json});
  const PreparedData data = prepare_data(options.data);
  const ClassInfo info{data.train.class_names, class_counts(data.train), data.minority};
  Promise promise;
  if (options.promise.given()) promise = promise_of(options.promise, info.names);
  const std::vector<int64_t> held_out = class_counts(data.validation);
  std::vector<Diagnosis> classes;
  Json list = Json::array();
  for (size_t c = 0; c < info.names.size(); ++c) {
    const Diagnosis own{info.counts[c], own_scatter(info.counts[c], options.shrinkage), held_out[c],
                        samples_needed(promise, static_cast<int64_t>(c))};
    classes.push_back(own);
    list.push_back({{"class", info.names[c]},
                    {"training", own.training},
                    {"own_scatter", own.own_scatter},
                    {"held_out", own.held_out},
                    {"needed", own.needed}});
  }
  print_doctor(classes, info, options);
  Json json{{"data", options.data.data}, {"classes", list}};
  const Json table = report_columns(data);
  if (!table.is_null()) json["table"] = table;
  write_json_if(options.json, json);
}

// Throws InputError if an option is given that --system, which needs no data, has no use for.
void require_no_data_options(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = option->get_name();
    if (option->count() == 0 || name == "--system" || name == "--json") continue;
    throw InputError(fmt::format(
        "--system describes this machine and takes no {}; wanted --system alone or with --json",
        name));
  }
}

}  // namespace

void add_doctor(CLI::App& app) {
  const auto options = std::make_shared<DoctorCommand>();
  CLI::App* command = app.add_subcommand(
      "doctor",
      "list classes with too few samples for their scatter or for a promise; or describe the "
      "machine");
  add_data_options(*command, options->data);
  add_promise_options(*command, options->promise, "most points that any class's recall may fall");
  command->add_option("--shrinkage", options->shrinkage, "as in prune")->capture_default_str();
  command->add_flag("--system", options->system,
                    "instead describe this machine and what ncprune was built with, for reports of "
                    "bugs; needs no data");
  add_json_option(*command, options->json);
  command->callback([options, command] {
    if (!options->system) return run_doctor(*options);
    require_no_data_options(*command);
    run_doctor_system(options->json);
  });
}

}  // namespace ncprune::cli
