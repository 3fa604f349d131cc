#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ncprune {

// Worker processes on this machine, which end with the process that started them.
class LocalWorkers {
 public:
  // Starts the program and arguments of `command` `count` times. `environment` (NAME=VALUE) is
  // added to this process's environment.
  LocalWorkers(const std::vector<std::string>& command, const std::vector<std::string>& environment,
               int64_t count);
  // Ends the processes that still run.
  ~LocalWorkers();
  LocalWorkers(const LocalWorkers&) = delete;
  LocalWorkers& operator=(const LocalWorkers&) = delete;

  // The process numbers of the workers that have ended since the last call. Throws
  // std::runtime_error, saying how the last one ended, when none runs and there are no `others`.
  std::vector<int64_t> ended(bool others);

 private:
  std::vector<pid_t> running_;
};

}  // namespace ncprune
