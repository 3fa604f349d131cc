#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ncprune/distributed/store.h"
#include "ncprune/study/schedule.h"

namespace ncprune {

// A crew is several processes that run one study. The leader hands out the tasks of its schedule
// through a store and receives rows and trained networks. Any number of workers may join, any time.

// The work of a crew.
struct CrewWork {
  const Study& study;
  const std::vector<NetworkCells>& networks;  // those from which the schedule was made
  CellSchedule& schedule;
};

// Callbacks by which the leader handles the workers' results.
struct CrewResults {
  std::function<void(const StudyRow&)> row;
  // Called when a network was trained, with its index and the bytes of its ONNX file.
  std::function<void(size_t, const std::string&)> trained;
  // The bytes of a kept or trained network, and their name in messages.
  std::function<std::pair<std::string, std::string>(size_t)> dense;
  // Polled: the numbers of this machine's processes that have ended since the last call. Throws to
  // end the study, as when no process remains that could work.
  std::function<std::vector<int64_t>()> ended;
};

// Hands out tasks until all are done. A worker counts as dead if it is silent for 20 seconds or its
// process has ended. At the end, waits a while for `expected` workers to join, so that none looks
// for the leader in vain. Throws the error that a worker threw.
void lead_crew(Store& store, const CrewWork& work, const CrewResults& results, int64_t expected);

// Works until the study is done. The study comes through the store; this process finds the data
// itself. `leader` is the process number of the leader that started this process, else 0. Throws
// InputError when there is no leader; ends the process with code 1 when the leader has ended.
void join_crew(const std::string& host, uint16_t port, const std::string& job, int64_t leader);

}  // namespace ncprune
