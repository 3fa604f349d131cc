#pragma once

#include <unistd.h>

#include <cstdlib>
#include <string>

namespace ncprune::testing {

// Two hosts with a cable between them: network namespaces of this machine, gone with the object.
// Making them takes root and iproute2.
class TwoHosts {
 public:
  TwoHosts() {
    const std::string cable = "c" + std::to_string(getpid());
    made_ = run("netns add " + host(0)) && run("netns add " + host(1)) &&
            run("link add " + cable + "a netns " + host(0) + " type veth peer name " + cable +
                "b netns " + host(1)) &&
            up(0, cable + "a") && up(1, cable + "b");
  }
  ~TwoHosts() {
    run("netns del " + host(0));
    run("netns del " + host(1));
  }
  TwoHosts(const TwoHosts&) = delete;
  TwoHosts& operator=(const TwoHosts&) = delete;

  bool made() const { return made_; }

  // What is written before a command to run it on host 0 or 1, rank 0 being on host 0.
  static std::string on(int i) {
    return "ip netns exec " + host(i) + " env MASTER_ADDR=10.211.0.1 ";
  }

  static bool pull_the_cable() {
    return run("-n " + host(0) + " link set c" + std::to_string(getpid()) + "a down");
  }

 private:
  static std::string host(int i) {
    return "ncprune-" + std::to_string(getpid()) + "-" + std::to_string(i);
  }
  static bool run(const std::string& arguments) {
    return std::system(("ip " + arguments + " >/dev/null 2>&1").c_str()) == 0;
  }
  static bool up(int i, const std::string& end) {
    const std::string n = "-n " + host(i);
    return run(n + " addr add 10.211.0." + std::to_string(i + 1) + "/24 dev " + end) &&
           run(n + " link set " + end + " up") && run(n + " link set lo up");
  }

  bool made_;
};

}  // namespace ncprune::testing
