#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace ncprune {

// Processes of this machine that work for this one, and end with it.
class LocalWorkers {
 public:
  // Starts `count` times the program and arguments of `command`, each with `environment`
  // (NAME=VALUE) beside this process's own.
  LocalWorkers(const std::vector<std::string>& command, const std::vector<std::string>& environment,
               int64_t count);
  // Ends those that still run.
  ~LocalWorkers();
  LocalWorkers(const LocalWorkers&) = delete;
  LocalWorkers& operator=(const LocalWorkers&) = delete;

  // Those that have ended since it was last asked, by process number. Throws std::runtime_error,
  // saying how, when none is left and there are no `others`.
  std::vector<int64_t> ended(bool others);

 private:
  std::vector<pid_t> running_;
};

}  // namespace ncprune
