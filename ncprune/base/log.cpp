#include "ncprune/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "ncprune/base/output.h"
#include "ncprune/base/printable_text.h"

namespace ncprune {
namespace {

bool quiet_process = false;

spdlog::logger& logger() {
  static const std::shared_ptr<spdlog::logger> instance = [] {
    auto made = std::make_shared<spdlog::logger>(
        "ncprune", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
    made->set_pattern("%n: %^%l%$: %v");
    return made;
  }();
  return *instance;
}

}  // namespace

void set_quiet(bool quiet) {
  quiet_process = quiet;
}
bool is_quiet() {
  return quiet_process || output_left_to_another();
}

void log_warning(const std::string& message) {
  if (!output_left_to_another()) logger().warn("{}", printable_text(message));
}
void log_info(const std::string& message) {
  if (!is_quiet()) logger().info("{}", printable_text(message));
}

}  // namespace ncprune
