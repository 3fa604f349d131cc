#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"
#include "cli/output.h"

namespace ncprune::cli {
namespace {

struct ShrinkCommand {
  std::string input;
  OutputRequest output;
  std::string json;
};

void run_shrink(const ShrinkCommand& options) {
  require_writable_all({options.output.path, options.json});
  const Written written = write_network(options.output, shrink(read_onnx(options.input)));
  Json json = report_written(written);
  fmt::print("written to {}\n", options.output.path);
  json["output"] = options.output.path;
  write_json_if(options.json, json);
}

}  // namespace

void add_shrink(CLI::App& app) {
  const auto options = std::make_shared<ShrinkCommand>();
  CLI::App* command = app.add_subcommand(
      "shrink", "remove the units of a pruned network that do nothing; needs no data");
  command->add_option("network", options->input, "the ONNX file to shrink")->required();
  add_file_options(*command, options->output);
  add_json_option(*command, options->json);
  command->callback([options] { run_shrink(*options); });
}

}  // namespace ncprune::cli
