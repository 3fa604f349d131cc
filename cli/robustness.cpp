#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/definitions.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

struct RobustnessCommand {
  std::vector<std::string> networks;
  DataRequest data;
  std::vector<std::string> measures{"corruptions", "sensitivity", "attacks"};
  RobustnessOptions robustness;
  std::string json;

  bool measures_of(const std::string& what) const {
    return std::find(measures.begin(), measures.end(), what) != measures.end();
  }
};

void print_robustness(const RobustnessResult& result, const ClassInfo& classes,
                      const RobustnessCommand& options) {
  if (!result.robustness.corruptions.corrupted.empty()) {
    fmt::print("Corruptions, {} scale (%)\n{}\n{}\n", options.robustness.corruption.scale,
               to_text(corruption_table(result)), to_text(corrupted_class_table(result, classes)));
  }
  if (!result.robustness.attacks.empty()) {
    fmt::print("Attacks, no input changed by more than {:.4g} (%)\n{}\n",
               options.robustness.attack.epsilon, to_text(attack_table(result, classes)));
  }
  if (!result.robustness.sensitivities.empty()) {
    fmt::print("Noise of standard deviation {:g}\n{}", options.robustness.noise.sigma,
               to_text(sensitivity_table(result)));
  }
  if (!classes.minority.empty()) fmt::print("* rare in the training data\n");
}

void run_robustness(const RobustnessCommand& options) {
  require_writable_all({options.json});
  const auto [networks, data] = read_networks_and_data(options.networks, options.data);
  const Dataset& test = data.test;
  for (size_t i = 0; i < networks.size(); ++i) {
    require_fits(networks[i], test, options.networks[i]);
  }
  const ClassInfo classes = class_info(networks.front().metadata, test);
  RobustnessResult result{{}, measure_robustness(networks, test, options.robustness)};
  for (const std::string& path : options.networks) result.names.push_back(file_stem(path));
  print_robustness(result, classes, options);
  Json json{{"data", options.data.data},
            {"scale", options.robustness.corruption.scale},
            {"sigma", options.robustness.noise.sigma},
            {"files", options.networks}};
  json.update(robustness_json(result, classes));
  write_json_if(options.json, json);
}

}  // namespace

void add_robustness(CLI::App& app) {
  const auto options = std::make_shared<RobustnessCommand>();
  CLI::App* command = app.add_subcommand(
      "robustness",
      "measure robustness to corruptions and attacks, and sensitivity, class by class");
  command->add_option("networks", options->networks, "ONNX files, usually the dense one first")
      ->required();
  add_data_options(*command, options->data);
  command->add_option("--measure", options->measures, "what to measure")
      ->check(CLI::IsMember(options->measures))
      ->delimiter(',')
      ->capture_default_str();
  command
      ->add_option("--scale", options->robustness.corruption.scale,
                   "scale of the corruptions: cifar-c or mnist-c")
      ->check(known_values({"cifar-c", "mnist-c"}))
      ->capture_default_str();
  command
      ->add_option("--corruptions", options->robustness.corruption.corruptions,
                   "corruptions to measure; default: all that apply to the data")
      ->check(known_values(all_names(corruptions())))
      ->delimiter(',');
  command
      ->add_option("--severities", options->robustness.corruption.severities,
                   "severities, each from 1 to 5")
      ->delimiter(',')
      ->capture_default_str();
  command
      ->add_option("--sigma", options->robustness.noise.sigma,
                   "standard deviation of the noise (sensitivity)")
      ->capture_default_str();
  command
      ->add_option("--epsilon", options->robustness.attack.epsilon,
                   "largest change of an input by an attack")
      ->capture_default_str();
  command
      ->add_option("--attack-steps", options->robustness.attack.steps, "steps of PGD; 0: only FGSM")
      ->capture_default_str();
  add_runtime_option(*command, options->robustness.corruption.runtime);
  add_json_option(*command, options->json);
  command->callback([options] {
    const auto seed = static_cast<uint64_t>(options->data.seed);
    RobustnessOptions& robustness = options->robustness;
    robustness.corruption.seed = robustness.noise.seed = robustness.attack.seed = seed;
    robustness.corruptions = options->measures_of("corruptions");
    robustness.sensitivity = options->measures_of("sensitivity");
    robustness.attacks = options->measures_of("attacks");
    run_robustness(*options);
  });
}

}  // namespace ncprune::cli
