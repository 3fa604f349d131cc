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

// The networks on inputs that an attack made, for each of them its own.
struct AttackResult {
  std::string name;  // "PGD-10"
  double epsilon;
  std::vector<ClassMetrics> networks;
};

// How networks bear what may happen to their inputs, side by side; parts that were not asked for
// are empty.
struct Robustness {
  Corruptions corruptions;
  std::vector<std::vector<Sensitivity>> sensitivities;  // per network, every measure
  std::vector<AttackResult> attacks;
};

// Throws InputError as the parts do, on options before anything is measured; what needs derivatives
// comes first, so that a network without is refused before the long part.
Robustness measure_robustness(const std::vector<Network>& networks, const Dataset& data,
                              const RobustnessOptions& options = {});

}  // namespace ncprune
