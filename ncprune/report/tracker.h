#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ncprune {

// A log of numbers for programs that plot them while the run goes on.
class TrackedRun {
 public:
  virtual ~TrackedRun() = default;
  // Logs named values at a step; they are on disk when it returns.
  virtual void log(int64_t step, const std::vector<std::pair<std::string, double>>& values) = 0;
};

using TrackedParameters = std::vector<std::pair<std::string, std::string>>;

// Throws InputError unless start_tracking() knows the tracker `where`; nothing is written.
void require_tracker(const std::string& where);

// Begins a run called `name` in a tracker's files. `where` is one of
//   tensorboard:DIR   an event file in DIR/NAME; each run with the same name adds a file
//   mlflow:DIR        a run with `parameters` of the experiment "ncprune" in a file store, which
//                     `mlflow ui --backend-store-uri DIR` reads; the run ends with the object
// Throws InputError on an unknown tracker and when the files cannot be written.
std::unique_ptr<TrackedRun> start_tracking(const std::string& where, const std::string& name,
                                           const TrackedParameters& parameters);

}  // namespace ncprune
