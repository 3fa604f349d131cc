#include "ncprune/compile/shared_library.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/model/interpreter.h"

extern "C" char** environ;

namespace ncprune {
namespace {

// A folder that exists as long as this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
    std::string pattern = (parent / "ncprune-XXXXXX").string();
    if (error || mkdtemp(pattern.data()) == nullptr) {
      throw InputError(error ? "$TMPDIR is not a folder"
                             : fmt::format("cannot create a folder in {}", parent.string()));
    }
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// $CC can hold a command with arguments, such as "ccache gcc".
std::vector<std::string> compiler_command() {
  const char* given = std::getenv("CC");
  std::istringstream words(given != nullptr && *given != '\0' ? given : "cc");
  std::vector<std::string> command;
  for (std::string word; words >> word;) command.push_back(word);
  if (command.empty()) command.emplace_back("cc");
  return command;
}

// The exit code of a program without standard input, whose output goes to `log`; -1 when it cannot
// be started.
int run_command(const std::vector<std::string>& command, const std::string& log) {
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t process = 0;
  const int failure =
      posix_spawnp(&process, arguments.front(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return -1;
  int status = 0;
  while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// The first line of a compiler's output that names an error, or else its first line.
std::string first_error(const std::string& log) {
  std::istringstream lines(log);
  std::string first;
  for (std::string line; std::getline(lines, line);) {
    if (first.empty()) first = line;
    if (line.find("error") != std::string::npos) return line;
  }
  return first.empty() ? "no message" : first;
}

using RunFunction = void (*)(const float*, float*, void*);
using SizeFunction = size_t (*)();

}  // namespace

CCompiler c_compiler() {
  const TemporaryFolder folder;
  std::vector<std::string> command = compiler_command();
  CCompiler compiler{fmt::format("{}", fmt::join(command, " ")), ""};
  command.emplace_back("--version");
  if (run_command(command, folder.file("log")) != 0) return compiler;
  std::ifstream log(folder.file("log"));
  std::getline(log, compiler.version);
  if (compiler.version.empty()) compiler.version = "unknown version";
  return compiler;
}

std::string compiler_problem() {
  if (!c_compiler().version.empty()) return "";
  return fmt::format("the C compiler '{}' cannot be started: install one, or name it in $CC",
                     compiler_command().front());
}

std::vector<std::string> fast_flags() {
  return {"-O3", "-march=native"};
}

std::vector<std::string> quick_flags() {
  return {"-O1", "-march=native"};
}

std::string build_library(const std::string& source, const std::vector<std::string>& flags) {
  const TemporaryFolder folder;
  write_file(folder.file("network.c"), source);
  std::vector<std::string> command = compiler_command();
  const std::string name = command.front();
  for (const char* flag : {"-std=c11", "-w", "-ffp-contract=fast", "-shared", "-fPIC"}) {
    command.emplace_back(flag);
  }
  command.insert(command.end(), flags.begin(), flags.end());
  const std::string library = folder.file("network.so");
  command.insert(command.end(), {"-o", library, folder.file("network.c"), "-lm"});
  const std::string log = folder.file("log");
  const int code = run_command(command, log);
  if (code == 127 || code == -1) {
    throw InputError(
        fmt::format("the C compiler '{}' cannot be started: install one, or name it in $CC", name));
  }
  if (code != 0) {
    throw InputError(
        fmt::format("the C compiler '{}' failed: {}", name, first_error(read_file(log))));
  }
  return read_file(library);
}

struct CompiledNetwork::State {
  void* library = nullptr;
  RunFunction run = nullptr;
  SizeFunction workspace = nullptr;
  int64_t batch = 1;
  int64_t classes = 0;
  ~State() {
    if (library != nullptr) dlclose(library);
  }
};

CompiledNetwork::CompiledNetwork(const std::string& library, const CompileOptions& options,
                                 int64_t classes)
    : state_(std::make_unique<State>()) {
  const TemporaryFolder folder;
  write_file(folder.file("network.so"), library);
  state_->library = dlopen(folder.file("network.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (state_->library == nullptr) {
    throw InputError(fmt::format("cannot load a compiled network: {}", dlerror()));
  }
  const auto symbol = [&](const std::string& name) {
    void* found = dlsym(state_->library, name.c_str());
    if (found == nullptr) throw InputError(fmt::format("a compiled network has no {}()", name));
    return found;
  };
  const std::string name = function_prefix(options.name);
  state_->run = reinterpret_cast<RunFunction>(symbol(name + "_run"));
  state_->workspace = reinterpret_cast<SizeFunction>(symbol(name + "_workspace"));
  state_->batch = options.batch;
  state_->classes = classes;
}

CompiledNetwork::CompiledNetwork(const Network& network, const CompileOptions& options,
                                 const std::vector<std::string>& flags)
    : CompiledNetwork(build_library(compile(network, options).source, flags), options,
                      network.num_classes()) {}

CompiledNetwork::~CompiledNetwork() = default;
CompiledNetwork::CompiledNetwork(CompiledNetwork&&) noexcept = default;
CompiledNetwork& CompiledNetwork::operator=(CompiledNetwork&&) noexcept = default;

at::Tensor CompiledNetwork::run(const at::Tensor& inputs) const {
  at::Tensor all = inputs.to(at::kCPU, at::kFloat).contiguous();
  const int64_t samples = all.size(0);
  const int64_t batch = state_->batch;
  at::Tensor scores = at::empty({(samples + batch - 1) / batch * batch, state_->classes});
  if (scores.size(0) > samples) {
    std::vector<int64_t> rest = all.sizes().vec();
    rest.front() = scores.size(0) - samples;
    all = at::cat({all, at::zeros(rest)});
  }
  const at::Tensor workspace = at::empty({static_cast<int64_t>(state_->workspace())}, at::kByte);
  const int64_t sample = samples > 0 ? all.numel() / all.size(0) : 0;
  for (int64_t begin = 0; begin < samples; begin += batch) {
    state_->run(all.data_ptr<float>() + begin * sample,
                scores.data_ptr<float>() + begin * state_->classes, workspace.data_ptr());
  }
  return scores.slice(0, 0, samples);
}

double largest_difference(const Network& network, const CompiledNetwork& compiled,
                          const at::Tensor& inputs) {
  const at::NoGradGuard no_grad;
  const at::Tensor wanted = ncprune::run(network, inputs, {network.output.name}).front();
  const at::Tensor found = compiled.run(inputs);
  const at::Tensor scale = wanted.abs().amax(1, true).clamp_min(1);
  return ((found - wanted).abs() / scale).max().item<double>();
}

}  // namespace ncprune
