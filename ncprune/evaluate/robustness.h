#pragma once

#include <string>
#include <vector>

#include "ncprune/evaluate/attack.h"
#include "ncprune/evaluate/corrupted.h"
#include "ncprune/evaluate/sensitivity.h"

namespace ncprune {

struct RobustnessOptions {
  bool corruptions = true;
  bool sensitivity = true;
  bool attacks = true;  // FGSM, and PGD if `attack.steps` is not 0
  CorruptionOptions corruption = {};
  SensitivityOptions noise = {};
  AttackOptions attack = {.steps = 10};
};

// The networks under an attack; each is attacked with its own inputs.
struct AttackResult {
  std::string name;  // "PGD-10"
  double epsilon;
  std::vector<ClassMetrics> networks;
};

// The robustness of several networks, side by side; parts that were not requested are empty.
struct Robustness {
  Corruptions corruptions;
  std::vector<std::vector<Sensitivity>> sensitivities;  // per network, every measure
  std::vector<AttackResult> attacks;
};

// Throws InputError as the parts do, for invalid options before any measurement. Parts that need
// derivatives run first, so that a network without them is rejected before the long part.
Robustness measure_robustness(const std::vector<Network>& networks, const Dataset& data,
                              const RobustnessOptions& options = {});

}  // namespace ncprune
