#include "ncprune/study/local_workers.h"

#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string_view>

namespace ncprune {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// This process's environment with the variables of `added`, which replace those of equal name.
std::vector<std::string> extended(const std::vector<std::string>& added) {
  std::vector<std::string> all = added;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    bool replaced = false;
    for (const std::string& other : added) {
      replaced = replaced || text.starts_with(other.substr(0, other.find('=') + 1));
    }
    if (!replaced) all.emplace_back(text);
  }
  return all;
}

std::string ending(int status) {
  return WIFSIGNALED(status) ? fmt::format("by signal {}", WTERMSIG(status))
                             : fmt::format("with code {}", WEXITSTATUS(status));
}

}  // namespace

LocalWorkers::LocalWorkers(const std::vector<std::string>& command,
                           const std::vector<std::string>& environment, int64_t count) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> variables = extended(environment);
  for (int64_t i = 0; i < count; ++i) {
    pid_t process = 0;
    const int code = posix_spawn(&process, arguments[0].c_str(), nullptr, nullptr,
                                 pointers(arguments).data(), pointers(variables).data());
    if (code != 0) throw std::runtime_error("cannot start another process of " + arguments[0]);
    running_.push_back(process);
  }
}

LocalWorkers::~LocalWorkers() {
  for (const pid_t process : running_) kill(process, SIGTERM);
  for (const pid_t process : running_) waitpid(process, nullptr, 0);
}

std::vector<int64_t> LocalWorkers::ended(bool others) {
  std::vector<int64_t> found;
  int status = 0;
  std::erase_if(running_, [&](pid_t process) {
    const bool over = waitpid(process, &status, WNOHANG) == process;
    if (over) found.push_back(process);
    return over;
  });
  if (running_.empty() && !found.empty() && !others) {
    throw std::runtime_error("every process of the study has ended, the last " + ending(status));
  }
  return found;
}

}  // namespace ncprune
