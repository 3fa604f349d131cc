#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "ncprune/ncprune.h"

namespace ncprune::cli {
namespace {

// Excluded: study, which distributes whole cells, and latency, which times one process.
constexpr std::array<const char*, 12> kSharing{"apply",    "collapse", "compare",    "evaluate",
                                               "finetune", "gate",     "gradual",    "plan",
                                               "prune",    "report",   "robustness", "train"};

}  // namespace

void share_work(const CLI::App& app) {
  const bool sharing = std::any_of(kSharing.begin(), kSharing.end(),
                                   [&](const char* name) { return app.got_subcommand(name); });
  if (!sharing) return;
  const std::optional<Launch> launch = launch_from_environment();
  if (!launch) return;
  join_world(*launch);
  if (launch->rank > 0) leave_output_to_another();
}

}  // namespace ncprune::cli
