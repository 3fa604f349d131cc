#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

struct LatencyCommand {
  std::vector<std::string> networks;
  LatencyOptions latency;
  std::string json;
};

std::string times(double ratio) {
  return fmt::format("{:.2f} x", ratio);
}

void run_latency(LatencyCommand options) {
  require_writable_all({options.json});
  if (options.latency.runtime.empty()) options.latency.runtime = default_runtime();
  std::vector<Network> networks;
  for (const std::string& path : options.networks) networks.push_back(read_onnx(path));
  const std::vector<Latency> latencies = measure_latency(networks, options.latency);
  Table table{
      "", {"network", "parameters", "multiply-adds", "", "median ms", "10 %", "90 %", ""}, {}};
  Json list = Json::array();
  const double macs = static_cast<double>(cost(networks.front()).macs);
  for (size_t i = 0; i < networks.size(); ++i) {
    const NetworkCost own = cost(networks[i]);
    const auto [median, low, high] = latencies[i];
    table.rows.push_back({file_stem(options.networks[i]), std::to_string(own.parameters),
                          std::to_string(own.macs), times(static_cast<double>(own.macs) / macs),
                          fmt::format("{:.3f}", median), fmt::format("{:.3f}", low),
                          fmt::format("{:.3f}", high), times(median / latencies[0].median)});
    list.push_back({{"network", options.networks[i]},
                    {"parameters", own.parameters},
                    {"macs", own.macs},
                    {"milliseconds", {{"median", median}, {"p10", low}, {"p90", high}}}});
  }
  const bool judge = options.latency.runtime == "onnxruntime";
  const std::string runtime = judge ? "ONNX Runtime " + onnx_runtime_version()
                              : options.latency.runtime == "compiled" ? "compiled to C"
                                                                      : "the interpreter";
  fmt::print("{}{}, {} {}, {} {} per run, {} runs in turn; x: relative to the first network\n",
             to_text(table), runtime, thread_count(), thread_count() == 1 ? "thread" : "threads",
             options.latency.batch, options.latency.batch == 1 ? "sample" : "samples",
             options.latency.runs);
  write_json_if(options.json, {{"runtime", options.latency.runtime},
                               {"version", judge ? onnx_runtime_version() : NCPRUNE_VERSION},
                               {"threads", thread_count()},
                               {"batch", options.latency.batch},
                               {"runs", options.latency.runs},
                               {"networks", list}});
}

}  // namespace

void add_latency(CLI::App& app) {
  const auto options = std::make_shared<LatencyCommand>();
  CLI::App* command = app.add_subcommand("latency", "measure the time networks take, side by side");
  command
      ->add_option("networks", options->networks,
                   "ONNX files; the others are compared with the first")
      ->required();
  command->add_option("--batch", options->latency.batch, "samples per run")->capture_default_str();
  command->add_option("--runs", options->latency.runs, "timed runs of each network")
      ->capture_default_str();
  add_runtime_option(*command, options->latency.runtime);
  add_json_option(*command, options->json);
  command->callback([options] { run_latency(*options); });
}

}  // namespace ncprune::cli
