// The command `ncprune`: answers what needs no computation and becomes ncprune-program for
// everything else. Loading LibTorch alone takes most of a second.
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "ncprune/version.h"

namespace {

// The help texts by command; "" stands for `ncprune --help`.
constexpr std::pair<std::string_view, std::string_view> kHelp[] = {
#include "help_texts.inc"
};

// The text that the arguments ask for; null: they ask for work.
const std::string_view* answer(int argc, char** argv) {
  static constexpr std::string_view kVersion = NCPRUNE_VERSION "\n";
  const std::string_view last = argc > 1 ? argv[argc - 1] : "";
  if (argc == 2 && last == "--version") return &kVersion;
  if (argc > 3 || (last != "--help" && last != "-h")) return nullptr;
  const std::string_view command = argc == 3 ? argv[1] : "";
  for (const auto& [name, text] : kHelp) {
    if (name == command) return &text;
  }
  return nullptr;
}

// libgomp's threads spin while they wait for each other, by default for so long that on a busy
// machine two threads are twenty times slower than one. libgomp reads the bound when it is loaded.
void bound_spinning() {
  if (std::getenv("OMP_WAIT_POLICY") == nullptr) setenv("GOMP_SPINCOUNT", "3000", /*replace=*/0);
}

// OpenBLAS takes the kernels of a processor without AVX for every processor that is newer than
// itself: products of matrices are then three times slower. It reads the choice when it is loaded.
void choose_blas_kernels() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const char* const kernels = avx512 ? "SKYLAKEX" : avx2 ? "HASWELL" : nullptr;
  if (kernels != nullptr) setenv("OPENBLAS_CORETYPE", kernels, /*replace=*/0);
#endif
}

std::string own_folder() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string own(path.data(), length > 0 ? static_cast<size_t>(length) : 0);
  return own.substr(0, own.rfind('/'));
}

// Beside the command in a build folder, below libexec/ where it is installed.
std::string own_program() {
  const std::string folder = own_folder();
  const std::string beside = folder + "/ncprune-program";
  return access(beside.c_str(), X_OK) == 0 ? beside
                                           : folder + "/../libexec/ncprune/ncprune-program";
}

}  // namespace

int main(int argc, char** argv) {
  if (const std::string_view* text = answer(argc, argv)) {
    fmt::print("{}", *text);
    return 0;
  }
  bound_spinning();
  choose_blas_kernels();
  const std::string program = own_program();
  execv(program.c_str(), argv);
  fmt::print(stderr, "ncprune: {} cannot be started: {}\n", program, std::strerror(errno));
  return 3;
}
