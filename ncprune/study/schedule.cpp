#include "ncprune/study/schedule.h"

#include <algorithm>

namespace ncprune {

CellSchedule::CellSchedule(const std::vector<NetworkCells>& missing,
                           const std::vector<bool>& kept) {
  for (size_t n = 0; n < missing.size(); ++n) {
    NetworkTasks network;
    network.waiting.assign(missing[n].groups.rbegin(), missing[n].groups.rend());
    if (kept[n]) network.state = State::kReady;
    left_ += static_cast<int64_t>(network.waiting.size());
    networks_.push_back(std::move(network));
  }
}

std::optional<size_t> CellSchedule::choose(int64_t worker) const {
  const auto has_work = [&](size_t n) {
    return networks_[n].state != State::kTraining && !networks_[n].waiting.empty();
  };
  const auto had = had_.find(worker);
  if (had != had_.end() && has_work(had->second)) return had->second;
  std::optional<size_t> most;
  for (size_t n = 0; n < networks_.size(); ++n) {
    if (!has_work(n)) continue;
    const bool touched =
        std::any_of(had_.begin(), had_.end(), [&](const auto& entry) { return entry.second == n; });
    if (!touched) return n;
    if (!most || networks_[n].waiting.size() > networks_[*most].waiting.size()) most = n;
  }
  return most;
}

std::optional<CellSchedule::Task> CellSchedule::next(int64_t worker) {
  const std::optional<size_t> n = choose(worker);
  if (!n) return std::nullopt;
  NetworkTasks& network = networks_[*n];
  Task task{*n, std::move(network.waiting.back()), network.state == State::kUntouched};
  network.waiting.pop_back();
  if (task.first) network.state = State::kTraining;
  had_[worker] = *n;
  running_[worker] = task;
  return task;
}

void CellSchedule::finished(int64_t worker) {
  const auto task = running_.find(worker);
  if (task->second.first) networks_[task->second.network].state = State::kReady;
  running_.erase(task);
  --left_;
}

void CellSchedule::lost(int64_t worker) {
  const auto task = running_.find(worker);
  if (task != running_.end()) {
    NetworkTasks& network = networks_[task->second.network];
    if (task->second.first) network.state = State::kUntouched;
    network.waiting.push_back(std::move(task->second.cells));
    running_.erase(task);
  }
  had_.erase(worker);
}

}  // namespace ncprune
