#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "ncprune/study/grid.h"

namespace ncprune {

// Hands out the groups of a study's missing cells to workers, one at a time. The first task of a
// network trains it; the network's other groups are handed out only after that.
class CellSchedule {
 public:
  struct Task {
    size_t network;  // index into `missing`
    CellGroup cells;
    bool first = false;  // whether it is the network's first task, which trains it
  };

  // `missing`: the cells to run, by network. `kept`: which networks need not be trained.
  CellSchedule(const std::vector<NetworkCells>& missing, const std::vector<bool>& kept);

  // The next task of `worker`, which has none now. In order of preference, it belongs to the
  // worker's last network, to one that nobody has begun, or to the one with most waiting tasks.
  // None while all waiting tasks need networks in training, or when none waits.
  std::optional<Task> next(int64_t worker);

  // Records that the task of `worker` is done.
  void finished(int64_t worker);

  // Records that `worker` is lost: its task, if it has one, will be handed out again.
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
