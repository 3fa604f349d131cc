#include "ncprune/study/crew.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <thread>

#include "ncprune/base/error.h"
#include "ncprune/study/worker.h"

// The store's keys: "study" (once), "workers" (how many came), and for worker w "task/w", "alive/w"
// (a number that grows) and "said/w/0", "said/w/1", ... in order. Values are CBOR.
namespace ncprune {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr milliseconds kPoll{10};
constexpr int kJoinSeconds = 120;

Json bytes_json(const std::string& bytes) {
  return Json::binary({bytes.begin(), bytes.end()});
}

std::string json_bytes(const Json& json) {
  const auto& binary = json.get_binary();
  return {binary.begin(), binary.end()};
}

std::string packed(const Json& json) {
  const std::vector<uint8_t> bytes = Json::to_cbor(json);
  return {bytes.begin(), bytes.end()};
}

Json pack_group(const CellGroup& group) {
  Json rows = Json::array();
  for (const StudyRow& cell : group) rows.push_back(bytes_json(pack_row(cell)));
  return rows;
}

CellGroup unpack_group(const Json& json) {
  CellGroup group;
  for (const Json& row : json) group.push_back(unpack_row(json_bytes(row)));
  return group;
}

std::string key(const char* what, int64_t worker) {
  return fmt::format("{}/{}", what, worker);
}

// What the leader knows of a worker.
struct Member {
  bool busy = false;
  bool silent = false;             // for so long that its task went to others; it may wake
  bool gone = false;               // its process has ended
  std::optional<size_t> has = {};  // the dense network it had last
  int64_t process = 0;             // its number, of one on this machine
  int64_t heard = 0;               // messages
  int64_t beats = 0;
  Clock::time_point last_beat = Clock::now();
};

class Leader {
 public:
  Leader(Store& store, const std::vector<NetworkCells>& networks, CellSchedule& schedule,
         const CrewResults& results, int64_t expected, int silence_seconds)
      : store_(store),
        networks_(networks),
        schedule_(schedule),
        results_(results),
        expected_(expected),
        silence_(silence_seconds) {}

  void lead() {
    while (!schedule_.done()) {
      welcome();
      for (const int64_t process : results_.ended()) ended_.insert(process);
      for (auto& [worker, member] : members_) {
        if (!member.gone) attend(worker, member);
      }
      std::this_thread::sleep_for(kPoll);
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
    member.gone = ended_.contains(member.process);
    const int64_t beats = store_.add(key("alive", worker), 0);
    const bool beat = beats != member.beats;
    if (beat) {
      member.beats = beats;
      member.last_beat = Clock::now();
    }
    const bool late = Clock::now() - member.last_beat > silence_;
    if ((member.gone || late) && !member.silent) {
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
    if (member.silent) {  // what it did meanwhile is others' now
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
              {"network", bytes_json(pack_row(network.network))},
              {"train", task->first},
              {"cells", pack_group(task->cells)},
              {"wanted", wanted_methods(network.groups)}};
    if (!task->first && member.has != task->network) {
      const auto [bytes, where] = results_.dense(task->network);
      json["dense"] = bytes_json(bytes);
      json["where"] = where;
    }
    store_.set(key("task", worker), packed(json));
    member.busy = true;
    member.has = task->network;
  }

  // Tells everyone that it is over, and waits until they have heard: those that are still to come
  // for a while, those that came for a moment.
  void dismiss() {
    const auto until = [](std::chrono::seconds patience, const std::function<bool()>& done) {
      const Clock::time_point end = Clock::now() + patience;
      while (!done() && Clock::now() < end) std::this_thread::sleep_for(kPoll);
    };
    constexpr std::chrono::seconds kLate{20};
    until(kLate, [&] {
      welcome();
      return std::ssize(members_) >= expected_;
    });
    for (const auto& [worker, member] : members_) {
      if (!member.gone) store_.set(key("task", worker), packed({{"over", true}}));
    }
    until(std::chrono::seconds(2), [&] {
      return std::all_of(members_.begin(), members_.end(), [&](const auto& entry) {
        return entry.second.gone || !store_.has(key("task", entry.first));
      });
    });
  }

  Store& store_;
  const std::vector<NetworkCells>& networks_;
  CellSchedule& schedule_;
  const CrewResults& results_;
  int64_t expected_;
  std::chrono::seconds silence_;
  std::map<int64_t, Member> members_;
  std::set<int64_t> ended_;  // processes
};

// Says every second that its process is alive, by a connection of its own; ends the process when
// there is nobody left to hear it.
class Heartbeat {
 public:
  Heartbeat(const std::string& host, uint16_t port, const std::string& job, int64_t worker)
      : store_(Store::join(host, port, job, kJoinSeconds)),
        thread_([this, worker] { beat(worker); }) {}

  ~Heartbeat() {
    over_ = true;
    thread_.join();
  }

  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void beat(int64_t worker) {
    constexpr int kPolls = 100;  // a second
    try {
      for (int i = 0; !over_; ++i) {
        if (i % kPolls == 0) store_.add(key("alive", worker), 1);
        std::this_thread::sleep_for(kPoll);
      }
    } catch (const InputError&) {
      std::_Exit(1);  // the cell in work is nobody's any more
    }
  }

  Store store_;
  std::atomic<bool> over_ = false;
  std::thread thread_;
};

class Worker {
 public:
  Worker(Store& store, int64_t number, const Study& study)
      : store_(store), number_(number), worker_(study) {}

  // `local`: beside its leader.
  void work(bool local) {
    if (local) say({{"process", getpid()}});
    for (;;) {
      const std::optional<std::string> given = store_.take(key("task", number_));
      if (!given) {
        std::this_thread::sleep_for(kPoll);
        continue;
      }
      const Json task = Json::from_cbor(*given);
      if (task.contains("over")) return;
      try {
        run(task);
      } catch (const InputError& error) {
        say({{"refused", error.what()}});
        return;
      } catch (const std::exception& error) {
        say({{"failed", error.what()}});
        return;
      }
    }
  }

 private:
  void run(const Json& task) {
    const bool train = task.at("train");
    const bool sent = task.contains("dense");  // else it is to be trained, or is the current one
    worker_.take(unpack_row(json_bytes(task.at("network"))),
                 sent ? json_bytes(task.at("dense")) : "",
                 sent ? task.at("where").get<std::string>() : "",
                 task.at("wanted").get<std::vector<WantedMethod>>());
    if (train) say({{"trained", bytes_json(worker_.dense())}, {"network", task.at("index")}});
    worker_.run(unpack_group(task.at("cells")), [&](const StudyRow& row, const Network& /*made*/) {
      say({{"row", bytes_json(pack_row(row))}});
    });
    say({{"done", true}});
  }

  void say(const Json& json) {
    store_.set(fmt::format("said/{}/{}", number_, said_++), packed(json));
  }

  Store& store_;
  int64_t number_;
  int64_t said_ = 0;
  StudyWorker worker_;
};

}  // namespace

void lead_crew(Store& store, const Study& study, const std::vector<NetworkCells>& networks,
               CellSchedule& schedule, const CrewResults& results, int64_t expected,
               int silence_seconds) {
  store.set("study", packed({{"text", study.text}, {"data_root", study.data_root}}));
  Leader(store, networks, schedule, results, expected, silence_seconds).lead();
}

void join_crew(const std::string& host, uint16_t port, const std::string& job, int64_t leader) {
  // When the server goes, a thread of c10d's own throws.
  std::set_terminate([] { std::_Exit(1); });
  const bool local = leader != 0;
  if (local) {
    // While this looks for the server, nothing else says that there will be none.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != leader) throw InputError("the study that started this process has ended");
  }
  Store store = Store::join(host, port, job, kJoinSeconds);
  const int64_t number = store.add("workers", 1) - 1;
  const Heartbeat heartbeat(host, port, job, number);
  std::optional<std::string> text;
  while (!(text = store.get("study"))) std::this_thread::sleep_for(kPoll);
  const Json json = Json::from_cbor(*text);
  Study study = parse_study(json.at("text"), "the study's grid");
  study.data_root = json.at("data_root");
  Worker(store, number, study).work(local);
}

}  // namespace ncprune
