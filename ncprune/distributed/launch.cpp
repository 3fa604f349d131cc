#include "ncprune/distributed/launch.h"

#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"

namespace ncprune {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

int64_t number(const char* name, int64_t low, int64_t high) {
  return parse_integers(variable(name), fmt::format("${}", name), low, high).at(0);
}

struct Launcher {
  const char* rank;
  const char* size;
  const char* job;
};
constexpr std::array<Launcher, 3> kLaunchers{{{"RANK", "WORLD_SIZE", "TORCHELASTIC_RUN_ID"},
                                              {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", ""},
                                              {"SLURM_PROCID", "SLURM_NTASKS", "SLURM_JOB_ID"}}};

}  // namespace

std::string first_host(const std::string& list) {
  std::string first = list.substr(0, list.find_first_of(",["));
  if (first.size() == list.size() || list[first.size()] == ',') return first;
  const std::string inside = list.substr(first.size() + 1);
  return first + inside.substr(0, inside.find_first_of("-,]"));
}

std::optional<Launch> launch_from_environment() {
  constexpr int64_t kMaxRanks = 1 << 20;
  for (const Launcher& launcher : kLaunchers) {
    if (variable(launcher.rank).empty() || variable(launcher.size).empty()) continue;
    Launch launch;
    launch.size = number(launcher.size, 1, kMaxRanks);
    if (launch.size == 1) return std::nullopt;
    launch.rank = number(launcher.rank, 0, launch.size - 1);
    if (!variable(launcher.job).empty()) launch.job = variable(launcher.job);
    if (!variable("MASTER_ADDR").empty()) {
      launch.host = variable("MASTER_ADDR");
    } else if (!variable("SLURM_JOB_NODELIST").empty()) {
      launch.host = first_host(variable("SLURM_JOB_NODELIST"));
    }
    if (!variable("MASTER_PORT").empty()) {
      launch.port =
          static_cast<uint16_t>(number("MASTER_PORT", 1, std::numeric_limits<uint16_t>::max()));
    }
    launch.served = variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
    return launch;
  }
  return std::nullopt;
}

}  // namespace ncprune
