#include "ncprune/data/waiting.h"

#include <atomic>
#include <utility>

namespace ncprune {
namespace {

std::atomic<double> waited = 0;
thread_local bool counted = false;  // by a Waiting that encloses, or by another thread

}  // namespace

double seconds_waited() {
  return waited;
}

Waiting::Waiting() : counts_(!std::exchange(counted, true)) {}

Waiting::~Waiting() {
  if (!counts_) return;
  counted = false;
  waited += std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
}

void read_for_another_thread() {
  counted = true;
}

}  // namespace ncprune
