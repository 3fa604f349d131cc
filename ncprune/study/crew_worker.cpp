#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "ncprune/base/error.h"
#include "ncprune/study/crew.h"
#include "ncprune/study/crew_messages.h"
#include "ncprune/study/worker.h"

namespace ncprune {
namespace {

constexpr int kJoinSeconds = 120;

// Reports every second, over a separate connection, that its process is alive. Ends the process
// when the leader has ended.
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
    constexpr int kPolls = 100;  // one second
    try {
      for (int i = 0; !over_; ++i) {
        if (i % kPolls == 0) store_.add(crew_key("alive", worker), 1);
        std::this_thread::sleep_for(kCrewPoll);
      }
    } catch (const InputError&) {
      std::_Exit(1);  // nobody needs the running cell any more
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

  // `local`: on the same machine as its leader.
  void work(bool local) {
    if (local) say({{"process", getpid()}});
    for (;;) {
      const std::optional<std::string> given = store_.take(crew_key("task", number_));
      if (!given) {
        std::this_thread::sleep_for(kCrewPoll);
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
    const bool sent = task.contains("dense");  // else it is trained here or is current
    worker_.take(unpack_cell(json_bytes(task.at("network"))),
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
    store_.set(fmt::format("said/{}/{}", number_, said_++), packed_json(json));
  }

  Store& store_;
  int64_t number_;
  int64_t said_ = 0;
  StudyWorker worker_;
};

}  // namespace

void join_crew(const std::string& host, uint16_t port, const std::string& job, int64_t leader) {
  // When the server ends, one of c10d's threads throws.
  std::set_terminate([] { std::_Exit(1); });
  const bool local = leader != 0;
  if (local) {
    // Nothing else ends this process if its leader ends before there is a server.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != leader) throw InputError("the study that started this process has ended");
  }
  Store store = Store::join(host, port, job, kJoinSeconds);
  const int64_t number = store.add("workers", 1) - 1;
  const Heartbeat heartbeat(host, port, job, number);
  std::optional<std::string> text;
  while (!(text = store.get("study"))) std::this_thread::sleep_for(kCrewPoll);
  const Json json = Json::from_cbor(*text);
  Study study = parse_study(json.at("text"), "the study's grid");
  study.data_root = json.at("data_root");
  Worker(store, number, study).work(local);
}

}  // namespace ncprune
