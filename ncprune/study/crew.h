#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ncprune/distributed/store.h"
#include "ncprune/study/schedule.h"

namespace ncprune {

// Several processes that run one study. One hands out the tasks of its schedule through a store and
// gets rows and trained networks back; the others, as many as come, whenever they come, work.

// What the one who hands out does with what comes back.
struct CrewResults {
  std::function<void(const StudyRow&)> row;
  // A network of the schedule was trained; an ONNX file's bytes.
  std::function<void(size_t, const std::string&)> trained;
  // The bytes of a network that is kept or was trained, and what they are called in messages.
  std::function<std::pair<std::string, std::string>(size_t)> dense;
  // Called again and again: the processes of this machine, by number, that have ended since. Throws
  // to end it all, as when none is left that could work.
  std::function<std::vector<int64_t>()> ended;
};

// Hands out until every task is done. A worker that is silent for `silence_seconds`, or whose
// process ended, is dead. `networks` is what the schedule was made of. At the end waits a while for
// `expected` workers to come, so that none looks for it in vain. Throws what a worker met.
void lead_crew(Store& store, const Study& study, const std::vector<NetworkCells>& networks,
               CellSchedule& schedule, const CrewResults& results, int64_t expected,
               int silence_seconds = 20);

// Works until there is nothing left to do. The study comes through the store; data are looked for
// here. `leader` is the process number of a leader that started this process, else 0. Throws
// InputError when there is no leader; the process ends with code 1 when there is none any more.
void join_crew(const std::string& host, uint16_t port, const std::string& job, int64_t leader);

}  // namespace ncprune
