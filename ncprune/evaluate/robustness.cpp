#include "ncprune/evaluate/robustness.h"

#include <fmt/format.h>

#include "ncprune/base/progress.h"

namespace ncprune {
namespace {

AttackResult measure_attack(const std::vector<Network>& networks, const Dataset& data,
                            const AttackOptions& options) {
  AttackResult result{
      options.steps == 0 ? "FGSM" : fmt::format("PGD-{}", options.steps), options.epsilon, {}};
  Progress progress(result.name, std::ssize(networks));
  for (const Network& network : networks) {
    result.networks.push_back(evaluate_attacked(network, data, options));
    progress.advance();
  }
  return result;
}

}  // namespace

Robustness measure_robustness(const std::vector<Network>& networks, const Dataset& data,
                              const RobustnessOptions& options) {
  if (options.corruptions) require_valid(options.corruption, data);
  if (options.sensitivity) require_valid(options.noise);
  if (options.attacks) require_valid(options.attack);
  Robustness robustness;
  if (options.sensitivity) {
    Progress progress("sensitivity", std::ssize(networks));
    for (const Network& network : networks) {
      robustness.sensitivities.push_back(measure_sensitivity(network, data, options.noise));
      progress.advance();
    }
  }
  if (options.attacks) {
    AttackOptions one_step = options.attack;
    one_step.steps = 0;
    robustness.attacks.push_back(measure_attack(networks, data, one_step));
    if (options.attack.steps > 0) {
      robustness.attacks.push_back(measure_attack(networks, data, options.attack));
    }
  }
  if (options.corruptions) {
    robustness.corruptions = measure_corruptions(networks, data, options.corruption);
  }
  return robustness;
}

}  // namespace ncprune
