#include <unistd.h>

#include <array>
#include <cstddef>
#include <string_view>

// libgomp's threads spin while they wait for each other, by default for so long that on a busy
// machine two threads are twenty times slower than one. libgomp reads the bound from the
// environment when it is loaded, before main(). Therefore the program executes itself again with a
// bound before any library starts, unless the user set one.
namespace {

bool sets(const char* entry, std::string_view variable) {
  const std::string_view text(entry);
  return text.size() > variable.size() && text.starts_with(variable) &&
         text[variable.size()] == '=';
}

void bound_spinning(int, char** arguments, char** environment) {
  static std::array<char*, 4096> extended;
  static char bound[] = "GOMP_SPINCOUNT=3000";
  size_t count = 0;
  for (; environment[count] != nullptr; ++count) {
    const char* entry = environment[count];
    if (sets(entry, "GOMP_SPINCOUNT") || sets(entry, "OMP_WAIT_POLICY")) return;
    if (count + 2 >= extended.size()) return;
    extended[count] = environment[count];
  }
  extended[count] = bound;
  // The real path keeps the program's name in the list of processes. If this fails, the program
  // continues, only slower.
  static std::array<char, 4096> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (length > 0) execve(path.data(), arguments, extended.data());
}

__attribute__((section(".preinit_array"),
               used)) void (*const before_all_else)(int, char**, char**) = bound_spinning;

}  // namespace
