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

// The work of a crew.
struct CrewWork {
  const Study& study;
  const std::vector<NetworkCells>& networks;  // the schedule was made of them
  CellSchedule& schedule;
};

// What the leader does with what comes back.
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

// Hands out tasks until every one is done. A worker is dead if it is silent for 20 seconds or its
// process has ended. At the end, waits a while for `expected` workers to come, so that none looks
// for the leader in vain. Throws what a worker threw.
void lead_crew(Store& store, const CrewWork& work, const CrewResults& results, int64_t expected);

// Works until there is nothing left to do. The study comes through the store; data are looked for
// here. `leader` is the process number of a leader that started this process, else 0. Throws
// InputError when there is no leader; the process ends with code 1 when there is none any more.
void join_crew(const std::string& host, uint16_t port, const std::string& job, int64_t leader);

}  // namespace ncprune
