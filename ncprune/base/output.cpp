#include "ncprune/base/output.h"

#include <cstdio>

#include "ncprune/base/error.h"

namespace ncprune {
namespace {

bool left_to_another = false;

}  // namespace

void leave_output_to_another() {
  left_to_another = true;
  if (std::freopen("/dev/null", "w", stdout) == nullptr) {
    throw InputError("/dev/null: cannot be opened");
  }
}

bool output_left_to_another() {
  return left_to_another;
}

}  // namespace ncprune
