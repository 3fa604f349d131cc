#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ncprune/study/grid.h"

namespace ncprune {

// Who runs what: the groups of a study's missing cells, handed out one at a time. The first of a
// network trains it; only then do others get of its groups.
class CellSchedule {
 public:
  struct Task {
    size_t network;  // index into what the schedule was made of
    CellGroup cells;
    bool first = false;  // of its network, which is to be made
  };

  // `missing`: what is to run of each network. `kept`: which networks need not be trained.
  CellSchedule(const std::vector<NetworkCells>& missing, const std::vector<bool>& kept);

  // The next task of `worker`, who has none: of the network it had last if that has one left, of
  // one nobody has begun, or of the one with most left. None while all that is left waits for
  // networks in training, or when all is handed out.
  std::optional<Task> next(int64_t worker);

  // The task of `worker` is done.
  void finished(int64_t worker);

  // `worker` will not come back: its task, if it has one, is handed out again.
  void lost(int64_t worker);

  // Whether every task is done.
  bool done() const { return left_ == 0; }

 private:
  enum class State { kUntouched, kTraining, kReady };
  struct NetworkTasks {
    State state = State::kUntouched;
    std::vector<CellGroup> waiting;  // the last is the next
  };
  std::optional<size_t> choose(int64_t worker) const;

  std::vector<NetworkTasks> networks_;
  std::map<int64_t, Task> running_;
  std::map<int64_t, size_t> had_;  // the network a worker had last
  int64_t left_ = 0;               // tasks not done
};

}  // namespace ncprune
