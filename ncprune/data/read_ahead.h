#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "ncprune/data/dataset.h"

namespace ncprune {

// Reads batches of inputs in advance: while the caller computes with one, a worker thread reads the
// next. At most one batch waits. Inputs in memory are given as they are, without a worker.
class ReadAhead {
 public:
  // The inputs of `data` in order, `batch` samples at a time; the last may be fewer. `data` must
  // outlive the reading.
  ReadAhead(const Dataset& data, int64_t batch);

  // `count` batches of `data`, of which `read` gives the one with an index. `read` is called for
  // each index in ascending order from 0, and must be callable from another thread.
  ReadAhead(const Dataset& data, int64_t count, std::function<at::Tensor(int64_t)> read);

  // Waits for the read in progress.
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next batch, in order. Throws what reading it threw, and nothing follows that. REQUIRES:
  // fewer than `count` batches were taken.
  at::Tensor next();

 private:
  void work();

  int64_t count_;
  std::function<at::Tensor(int64_t)> read_;
  int64_t taken_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  at::Tensor ready_;            // the batch with index taken_, if it was read
  std::exception_ptr failure_;  // of reading it
  bool stopped_ = false;
  std::thread worker_;  // not started for inputs in memory
};

}  // namespace ncprune
