#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "ncprune/distributed/world.h"
#include "tests/numbers.h"
#include "tests/own_port.h"

namespace ncprune::testing {

// The result of `work` in each of `size` processes that share it over loopback, by rank. Each is
// forked anew: the process that tests belongs to no world.
// `prepare` runs in each before it joins.
inline std::vector<Numbers> in_world(
    int64_t size, const std::function<Numbers()>& work,
    const std::function<void(int64_t rank)>& prepare = [](int64_t) {}) {
  const uint16_t port = own_port();
  std::vector<std::FILE*> files;
  std::vector<pid_t> processes;
  for (int64_t rank = 0; rank < size; ++rank) {
    files.push_back(std::tmpfile());
    const pid_t process = fork();
    if (process == 0) {
      int code = 1;
      try {
        prepare(rank);
        if (size > 1) join_world({.rank = rank, .size = size, .port = port});
        const Numbers found = work();
        std::fwrite(found.data(), sizeof(double), found.size(), files.back());
        std::fflush(files.back());
        leave_world();
        code = 0;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "rank %d: %s\n", static_cast<int>(rank), error.what());
      }
      std::_Exit(code);
    }
    processes.push_back(process);
  }
  std::vector<Numbers> all;
  for (size_t i = 0; i < processes.size(); ++i) {
    int status = 0;
    waitpid(processes[i], &status, 0);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "rank " << i;
    std::rewind(files[i]);
    Numbers& found = all.emplace_back();
    double number = 0;
    while (std::fread(&number, sizeof(number), 1, files[i]) == 1) found.push_back(number);
    std::fclose(files[i]);
  }
  return all;
}

// `work` finds in 2 and in 4 processes what it finds in one, to `tolerance` of the largest number
// or of 1, and the same bits in each.
inline void expect_shared(const std::function<Numbers()>& work, double tolerance = 1e-5) {
  const Numbers alone = in_world(1, work).front();
  for (const int64_t size : {2, 4}) {
    const std::vector<Numbers> found = in_world(size, work);
    for (const Numbers& other : found) EXPECT_EQ(other, found.front());
    expect_close(found.front(), alone, tolerance);
  }
}

}  // namespace ncprune::testing
