#include "ncprune/evaluate/system_facts.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "ncprune/base/environment.h"
#include "ncprune/base/error.h"
#include "ncprune/base/runtime.h"
#include "ncprune/base/spec.h"
#include "ncprune/runtime/onnx_runtime.h"
#include "ncprune/version.h"

namespace ncprune {
namespace {

// What follows `key` and `separator` in the first line of `text` that begins with `key`; empty if
// there is none.
std::string value_after(std::istream& text, const std::string& key, char separator) {
  for (std::string line; std::getline(text, line);) {
    const size_t place = line.find(separator);
    if (!line.starts_with(key) || place == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t\"", place + 1);
    if (begin == std::string::npos) return "";
    return line.substr(begin, line.find_last_not_of(" \t\"") + 1 - begin);
  }
  return "";
}

std::string value_in_file(const std::string& path, const std::string& key, char separator) {
  std::ifstream file(path);
  return value_after(file, key, separator);
}

std::string build_compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#elif defined(__GNUC__)
  return "gcc " __VERSION__;
#else
  return "";
#endif
}

std::string system_name() {
  utsname names{};
  if (uname(&names) != 0) return "";
  const std::string kernel = fmt::format("{} {} {}", names.sysname, names.release, names.machine);
  const std::string distribution = value_in_file("/etc/os-release", "PRETTY_NAME=", '=');
  return distribution.empty() ? kernel : fmt::format("{}, {}", distribution, kernel);
}

// The kernel's names of instruction sets, on x86 and on ARM, and the usual ones.
constexpr std::array<std::pair<const char*, const char*>, 14> kInstructions{
    {{"sse4_2", "SSE4.2"},
     {"avx", "AVX"},
     {"avx2", "AVX2"},
     {"fma", "FMA"},
     {"f16c", "F16C"},
     {"avx512f", "AVX-512F"},
     {"avx512bw", "AVX-512BW"},
     {"avx512vl", "AVX-512VL"},
     {"avx512_vnni", "AVX-512-VNNI"},
     {"avx512_bf16", "AVX-512-BF16"},
     {"amx_tile", "AMX"},
     {"asimd", "NEON"},
     {"sve", "SVE"},
     {"sve2", "SVE2"}}};

std::vector<std::string> instruction_sets() {
  std::string flags = value_in_file("/proc/cpuinfo", "flags", ':');
  if (flags.empty()) flags = value_in_file("/proc/cpuinfo", "Features", ':');
  const std::vector<std::string> words = split(flags, ' ');
  std::vector<std::string> found;
  for (const auto& [flag, name] : kInstructions) {
    if (std::find(words.begin(), words.end(), flag) != words.end()) found.emplace_back(name);
  }
  return found;
}

std::string libtorch_instruction_set() {
  std::istringstream config(at::show_config());
  return value_after(config, "  - CPU capability usage", ':');
}

// The number in a file; none if it holds a word, as control groups say "max" for no limit.
std::optional<int64_t> number_in_file(const std::string& path) {
  std::ifstream file(path);
  int64_t number = 0;
  return file >> number ? std::optional(number) : std::nullopt;
}

std::optional<int64_t> machine_memory() {
  const int64_t pages = sysconf(_SC_PHYS_PAGES);
  const int64_t bytes = sysconf(_SC_PAGE_SIZE);
  return pages > 0 && bytes > 0 ? std::optional(pages * bytes) : std::nullopt;
}

// The lowest limit of control groups (both versions) and of the process's address space, if it is
// below the machine's memory.
std::optional<int64_t> process_memory(std::optional<int64_t> machine) {
  const std::string group = value_in_file("/proc/self/cgroup", "0:", ':');
  const std::string folder = group.substr(group.find(':') + 1);
  std::optional<int64_t> lowest = machine;
  const auto lower = [&](std::optional<int64_t> limit) {
    if (limit && (!lowest || *limit < *lowest)) lowest = limit;
  };
  lower(number_in_file("/sys/fs/cgroup/memory.max"));
  lower(number_in_file("/sys/fs/cgroup" + folder + "/memory.max"));
  lower(number_in_file("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY) {
    lower(static_cast<int64_t>(space.rlim_cur));
  }
  return lowest == machine ? std::nullopt : lowest;
}

// `text` with "~" for the home folder, wherever a word begins with it.
std::string without_home(std::string text) {
  const char* variable = std::getenv("HOME");
  const std::string home = variable == nullptr ? "" : variable;
  if (home.size() < 2) return text;
  size_t place = text.find(home + "/");
  for (; place != std::string::npos; place = text.find(home + "/", place + 1)) {
    if (place == 0 || text[place - 1] == ' ' || text[place - 1] == '=') {
      text.replace(place, home.size(), "~");
    }
  }
  return text;
}

bool on_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  const std::vector<std::string> folders = split(path == nullptr ? "" : path, ':');
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& folder) {
    return !folder.empty() && access((folder + "/" + name).c_str(), X_OK) == 0;
  });
}

std::vector<SystemTool> system_tools() {
  std::vector<SystemTool> tools{{"mpirun", "starts several processes", false},
                                {"torchrun", "starts several processes", false},
                                {"srun", "starts several processes", false},
                                {"nvidia-smi", "shows CUDA devices", false}};
  for (SystemTool& tool : tools) tool.found = on_path(tool.name);
  return tools;
}

CCompiler found_c_compiler() {
  try {
    const CCompiler compiler = c_compiler();
    return {without_home(compiler.command), compiler.version};
  } catch (const InputError&) {  // there is no folder for temporary files
    return {};
  }
}

}  // namespace

SystemFacts system_facts() {
  SystemFacts facts;
  facts.version = NCPRUNE_VERSION;
  facts.libtorch = TORCH_VERSION;
  facts.compiler = build_compiler();
  facts.standard = fmt::format("C++{}", __cplusplus / 100 % 100);
  facts.system = system_name();
  facts.processor = value_in_file("/proc/cpuinfo", "model name", ':');
  facts.instructions = instruction_sets();
  facts.libtorch_instructions = libtorch_instruction_set();
  facts.blas = blas_library();
  facts.blas_problem = blas_problem();
  facts.threads = thread_count();
  facts.available_cores = available_cores();
  facts.cores = std::max(static_cast<int>(std::thread::hardware_concurrency()),
                         static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
  facts.memory = machine_memory();
  facts.memory_limit = process_memory(facts.memory);
  facts.data_memory = memory_limit();
  facts.cuda = at::hasCUDA();
  if (onnx_runtime_problem().empty()) facts.onnx_runtime = onnx_runtime_version();
  facts.onnx_runtime_file = without_home(onnx_runtime_file());
  for (const std::string& place : onnx_runtime_places()) {
    facts.onnx_runtime_places.push_back(without_home(place));
  }
  facts.c_compiler = found_c_compiler();
  facts.tools = system_tools();
  for (const EnvironmentVariable& variable : environment_variables()) {
    if (std::getenv(variable.name.c_str()) != nullptr) facts.environment.push_back(variable.name);
  }
  return facts;
}

}  // namespace ncprune
