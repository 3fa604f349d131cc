#include "ncprune/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

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
  return quiet_process;
}

void log_warning(const std::string& message) {
  logger().warn(message);
}
void log_info(const std::string& message) {
  if (!quiet_process) logger().info(message);
}

}  // namespace ncprune
