#include "ncprune/data/read_ahead.h"

#include <algorithm>
#include <utility>

#include "ncprune/data/waiting.h"

namespace ncprune {

ReadAhead::ReadAhead(const Dataset& data, int64_t batch)
    : ReadAhead(data, (data.size() + batch - 1) / batch, [&data, batch](int64_t i) {
        return data.inputs_at(i * batch, std::min((i + 1) * batch, data.size()));
      }) {}

ReadAhead::ReadAhead(const Dataset& data, int64_t count, std::function<at::Tensor(int64_t)> read)
    : count_(count), read_(std::move(read)) {
  if (data.reader && count > 1) worker_ = std::thread([this] { work(); });
}

ReadAhead::~ReadAhead() {
  if (!worker_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  worker_.join();
}

at::Tensor ReadAhead::next() {
  if (!worker_.joinable()) return read_(taken_++);
  const Waiting waiting;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ready_.defined() || failure_; });
  if (failure_) std::rethrow_exception(failure_);
  ++taken_;
  at::Tensor batch = std::exchange(ready_, {});
  lock.unlock();
  changed_.notify_all();
  return batch;
}

void ReadAhead::work() {
  read_for_another_thread();
  for (int64_t i = 0; i < count_; ++i) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !ready_.defined() || stopped_; });
      if (stopped_) return;
    }
    at::Tensor batch;
    std::exception_ptr failure;
    try {
      batch = read_(i);
    } catch (...) {
      failure = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      ready_ = std::move(batch);
      failure_ = failure;
    }
    changed_.notify_all();
    if (failure) return;
  }
}

}  // namespace ncprune
