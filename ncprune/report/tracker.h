#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ncprune {

// Numbers as they come, for programs that draw them while the work goes on.
class TrackedRun {
 public:
  virtual ~TrackedRun() = default;
  // Values by name at a step; on the disk when it returns.
  virtual void log(int64_t step, const std::vector<std::pair<std::string, double>>& values) = 0;
};

using TrackedParameters = std::vector<std::pair<std::string, std::string>>;

// Throws InputError unless start_tracking() knows such a tracker; nothing is written.
void require_tracker(const std::string& where);

// Begins a run called `name` in a tracker's files. `where` is one of
//   tensorboard:DIR   an event file in DIR/NAME; a name begun again gets one more
//   mlflow:DIR        a run of the experiment "ncprune" in a file store, as `mlflow ui
//                     --backend-store-uri DIR` reads it, with `parameters`; it ends with the object
// Throws InputError on another tracker and when the files cannot be written.
std::unique_ptr<TrackedRun> start_tracking(const std::string& where, const std::string& name,
                                           const TrackedParameters& parameters);

}  // namespace ncprune
