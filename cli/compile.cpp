#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

struct CompileCommand {
  std::string network;
  std::string output;
  std::string name;
  std::string weights = "float";
  int64_t batch = 1;
  bool check = true;
  bool has_data = false;
  DataRequest data;
  std::string json;
};

// Random inputs, and samples of the data if there are any, raw and in the shape of the input.
std::vector<at::Tensor> check_inputs(const CompileCommand& options, const Network& network) {
  constexpr int64_t kRandom = 4;
  constexpr int64_t kSamples = 64;
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = kRandom;
  Random random(1);
  std::vector<at::Tensor> inputs{at::zeros(shape).normal_(0, 1, random.generator())};
  if (options.has_data) {
    const NetworkAndData task = read_network_and_data(options.network, options.data);
    const int64_t count = std::min(kSamples, task.data.train.size());
    shape.front() = count;
    inputs.push_back(task.data.train.inputs_at(0, count).reshape(shape));
  }
  return inputs;
}

// Throws InputError when the compiled network and the interpreter differ by more than rounding.
double checked_difference(const CompileCommand& options, const Network& network,
                          const CompiledNetwork& compiled) {
  const double limit = options.weights == "float" ? 1e-4 : 1e-2;
  const Network wanted = with_input_normalisation(network);
  double worst = 0;
  for (const at::Tensor& inputs : check_inputs(options, wanted)) {
    const double difference = largest_difference(wanted, compiled, inputs);
    if (!(difference <= limit)) {
      throw InputError(
          fmt::format("{}: the compiled scores differ from the interpreter's by {:.2g}; at most "
                      "{:g} is allowed",
                      options.network, difference, limit));
    }
    worst = std::max(worst, difference);
  }
  return worst;
}

std::string header_of(const std::string& path) {
  return std::filesystem::path(path).replace_extension(".h").string();
}

void run_compile(CompileCommand options) {
  const std::string extension = std::filesystem::path(options.output).extension().string();
  if (extension != ".c" && extension != ".so") {
    throw InputError(fmt::format("'{}': wanted a file that ends in .c or .so", options.output));
  }
  require_writable_all({options.output, header_of(options.output), options.json});
  const bool library = extension == ".so";
  if (options.name.empty()) options.name = file_stem(options.output);
  const Network network = read_onnx(options.network);
  const CompileOptions how{options.name, options.batch,
                           options.weights == "float" ? WeightType::kFloat : WeightType::kHalf};
  const CompiledSource compiled = naming(options.network, [&] { return compile(network, how); });
  double difference = 0;
  std::string built;
  if (library || options.check) {
    built = build_library(compiled.source, library ? fast_flags() : quick_flags());
    if (options.check) {
      difference =
          checked_difference(options, network, CompiledNetwork(built, how, network.num_classes()));
    }
  }
  write_file(header_of(options.output), compiled.header);
  write_file(options.output, library ? built : compiled.source);
  fmt::print("{} and {}: {}_run(), {} {} per run, {} kB of constants, {} kB of workspace\n",
             printable_text(options.output), printable_text(header_of(options.output)),
             function_prefix(options.name), options.batch,
             options.batch == 1 ? "sample" : "samples", compiled.constant_bytes / 1000,
             compiled.workspace_bytes / 1000);
  if (options.check)
    fmt::print("largest difference from the interpreter's scores: {:.1e}\n", difference);
  write_json_if(options.json, {{"network", options.network},
                               {"output", options.output},
                               {"function", function_prefix(options.name)},
                               {"batch", options.batch},
                               {"weights", options.weights},
                               {"constant_bytes", compiled.constant_bytes},
                               {"workspace_bytes", compiled.workspace_bytes},
                               {"checked", options.check},
                               {"difference", difference}});
}

}  // namespace

void add_compile(CLI::App& app) {
  const auto options = std::make_shared<CompileCommand>();
  CLI::App* command = app.add_subcommand(
      "compile", "write a network as C that needs no runtime, with sparse kernels");
  command->add_option("network", options->network, "ONNX file")->required();
  command
      ->add_option("-o,--output", options->output,
                   "FILE.c: C source; FILE.so: a shared library, built by $CC or cc for this "
                   "machine's processor; each with FILE.h")
      ->required();
  command->add_option("--name", options->name, "of the C functions; default: the file's name");
  command->add_option("--batch", options->batch, "samples per run")->capture_default_str();
  command->add_option("--weights", options->weights, "how weights are stored: float or float16")
      ->check(CLI::IsMember({"float", "float16"}))
      ->capture_default_str();
  command->add_flag("!--no-check", options->check,
                    "do not run the compiled network beside the interpreter before writing");
  add_data_options(*command, options->data);
  add_json_option(*command, options->json);
  command->callback([options, command] {
    options->has_data = command->get_option("--data")->count() > 0;
    run_compile(*options);
  });
}

}  // namespace ncprune::cli
