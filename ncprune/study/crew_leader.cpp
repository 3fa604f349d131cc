#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

#include "ncprune/base/error.h"
#include "ncprune/study/crew.h"
#include "ncprune/study/crew_messages.h"
#include "ncprune/study/worker.h"

namespace ncprune {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSilence{20};  // after which a worker counts as dead

// The state of a worker as the leader knows it.
struct Member {
  bool busy = false;
  bool silent = false;             // for so long that its task went to others; may wake
  bool ended = false;              // its process has ended
  std::optional<size_t> has = {};  // the dense network it had last
  int64_t process = 0;             // the process number, if on this machine
  int64_t heard = 0;               // messages received
  int64_t beats = 0;
  Clock::time_point last_beat = Clock::now();
};

class Leader {
 public:
  Leader(Store& store, const CrewWork& work, const CrewResults& results, int64_t expected)
      : store_(store),
        networks_(work.networks),
        schedule_(work.schedule),
        results_(results),
        expected_(expected) {}

  void lead() {
    while (!schedule_.done()) {
      welcome();
      for (const int64_t process : results_.ended()) ended_.insert(process);
      for (auto& [worker, member] : members_) {
        if (!member.ended) attend(worker, member);
      }
      std::this_thread::sleep_for(kCrewPoll);
    }
    dismiss();
  }

 private:
  void welcome() {
    const int64_t came = store_.add("workers", 0);
    for (auto w = static_cast<int64_t>(members_.size()); w < came; ++w) members_[w] = {};
  }

  void attend(int64_t worker, Member& member) {
    while (const auto said = store_.take(fmt::format("said/{}/{}", worker, member.heard))) {
      ++member.heard;
      hear(worker, member, Json::from_cbor(*said));
    }
    member.ended = ended_.contains(member.process);
    const int64_t beats = store_.add(crew_key("alive", worker), 0);
    const bool beat = beats != member.beats;
    if (beat) {
      member.beats = beats;
      member.last_beat = Clock::now();
    }
    const bool late = Clock::now() - member.last_beat > kSilence;
    if ((member.ended || late) && !member.silent) {
      schedule_.lost(worker);
      member.silent = true;
      member.has.reset();
    }
    if (member.silent && beat && !member.busy) member.silent = false;
    if (!member.silent && !member.busy) give(worker, member);
  }

  void hear(int64_t worker, Member& member, const Json& said) {
    if (said.contains("refused")) throw InputError(said["refused"].get<std::string>());
    if (said.contains("failed")) throw std::runtime_error(said["failed"].get<std::string>());
    if (said.contains("process")) member.process = said["process"];
    if (member.silent) {  // other workers have its task now
      if (said.contains("done")) member.busy = false;
      return;
    }
    if (said.contains("row")) results_.row(unpack_row(json_bytes(said["row"])));
    if (said.contains("trained")) {
      results_.trained(said["network"].get<size_t>(), json_bytes(said["trained"]));
    }
    if (said.contains("done")) {
      schedule_.finished(worker);
      member.busy = false;
    }
  }

  void give(int64_t worker, Member& member) {
    const std::optional<CellSchedule::Task> task = schedule_.next(worker);
    if (!task) return;
    const NetworkCells& network = networks_[task->network];
    Json json{{"index", task->network},
              {"network", bytes_json(pack_cell(network.network))},
              {"train", task->first},
              {"cells", pack_group(task->cells)},
              {"wanted", wanted_methods(network.groups)}};
    if (!task->first && member.has != task->network) {
      const auto [bytes, where] = results_.dense(task->network);
      json["dense"] = bytes_json(bytes);
      json["where"] = where;
    }
    store_.set(crew_key("task", worker), packed_json(json));
    member.busy = true;
    member.has = task->network;
  }

  // Tells all workers that the study is over and waits until they know: longer for workers that
  // have not joined yet, briefly for those that have.
  void dismiss() {
    const auto until = [](std::chrono::seconds patience, const std::function<bool()>& done) {
      const Clock::time_point end = Clock::now() + patience;
      while (!done() && Clock::now() < end) std::this_thread::sleep_for(kCrewPoll);
    };
    constexpr std::chrono::seconds kLate{20};
    until(kLate, [&] {
      welcome();
      return std::ssize(members_) >= expected_;
    });
    for (const auto& [worker, member] : members_) {
      if (!member.ended) store_.set(crew_key("task", worker), packed_json({{"over", true}}));
    }
    until(std::chrono::seconds(2), [&] {
      return std::all_of(members_.begin(), members_.end(), [&](const auto& entry) {
        return entry.second.ended || !store_.has(crew_key("task", entry.first));
      });
    });
  }

  Store& store_;
  const std::vector<NetworkCells>& networks_;
  CellSchedule& schedule_;
  const CrewResults& results_;
  int64_t expected_;
  std::map<int64_t, Member> members_;
  std::set<int64_t> ended_;  // processes
};

}  // namespace

void lead_crew(Store& store, const CrewWork& work, const CrewResults& results, int64_t expected) {
  store.set("study", packed_json({{"text", work.study.text}, {"data_root", work.study.data_root}}));
  Leader(store, work, results, expected).lead();
}

}  // namespace ncprune
