#include "cli/doctor_system.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/files.h"

namespace ncprune::cli {
namespace {

constexpr const char* kNotFound = "not found";

struct SystemLine {
  std::string label;
  std::string text;
};

std::string or_not_found(const std::string& text) {
  return text.empty() ? kNotFound : text;
}

std::string gigabytes(std::optional<int64_t> bytes) {
  return bytes ? fmt::format("{:.1f} GB", 1e-9 * static_cast<double>(*bytes)) : kNotFound;
}

std::string memory_text(const SystemFacts& facts) {
  const std::string limit =
      facts.memory_limit ? fmt::format(", of which {} may be used", gigabytes(facts.memory_limit))
                         : "";
  return fmt::format("{}{}; {} for data (--memory)", gigabytes(facts.memory), limit,
                     gigabytes(facts.data_memory));
}

std::string blas_text(const SystemFacts& facts) {
  const std::string threads =
      facts.blas.threads ? fmt::format("{} threads", *facts.blas.threads) : "threads unknown";
  const std::string problem = facts.blas_problem.empty() ? "" : "; " + facts.blas_problem;
  return fmt::format("{}; {}{}", or_not_found(facts.blas.name), threads, problem);
}

std::string onnx_runtime_text(const SystemFacts& facts) {
  if (facts.onnx_runtime.empty()) {
    return fmt::format("not found as {}", fmt::join(facts.onnx_runtime_places, ", or as "));
  }
  return fmt::format("{}, {}", facts.onnx_runtime, facts.onnx_runtime_file);
}

std::string c_compiler_text(const CCompiler& compiler) {
  if (compiler.version.empty()) {
    return fmt::format("{} ({})", kNotFound, or_not_found(compiler.command));
  }
  return fmt::format("{}: {}", compiler.command, compiler.version);
}

std::string tools_text(const std::vector<SystemTool>& tools) {
  std::vector<std::string> texts;
  texts.reserve(tools.size());
  for (const SystemTool& tool : tools) {
    texts.push_back(fmt::format("{} {}", tool.name, tool.found ? "found" : kNotFound));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

std::vector<SystemLine> system_lines(const SystemFacts& facts) {
  return {
      {"ncprune", facts.version},
      {"built by", fmt::format("{}, {}", or_not_found(facts.compiler), facts.standard)},
      {"LibTorch", facts.libtorch},
      {"system", or_not_found(facts.system)},
      {"processor", or_not_found(facts.processor)},
      {"instructions", or_not_found(fmt::format("{}", fmt::join(facts.instructions, ", ")))},
      {"LibTorch uses", or_not_found(facts.libtorch_instructions)},
      {"threads", fmt::format("{}; {} of {} cores available", facts.threads, facts.available_cores,
                              facts.cores)},
      {"memory", memory_text(facts)},
      {"BLAS", blas_text(facts)},
      {"CUDA device", facts.cuda ? "found" : kNotFound},
      {"ONNX Runtime", onnx_runtime_text(facts)},
      {"C compiler", c_compiler_text(facts.c_compiler)},
      {"tools", tools_text(facts.tools)},
      {"variables set",
       facts.environment.empty() ? "none" : fmt::format("{}", fmt::join(facts.environment, ", "))}};
}

// Breaks `text` into lines of at most `width` characters, at blanks, and within longer words after
// a slash.
std::vector<std::string> wrapped(const std::string& text, size_t width) {
  std::vector<std::string> lines;
  std::string rest = text;
  while (rest.size() > width) {
    size_t end = rest.rfind(' ', width);
    if (end == std::string::npos || end == 0) end = rest.rfind('/', width - 1);
    if (end == std::string::npos || end == 0) end = width - 1;
    const bool blank = rest[end] == ' ';
    lines.push_back(rest.substr(0, blank ? end : end + 1));
    rest = rest.substr(end + 1);
  }
  lines.push_back(rest);
  return lines;
}

// A number, or null for what was not found.
template <typename Number>
Json number_or_null(std::optional<Number> number) {
  return number ? Json(*number) : Json(nullptr);
}

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json system_json(const SystemFacts& facts) {
  Json tools = Json::object();
  for (const SystemTool& tool : facts.tools) tools[tool.name] = tool.found;
  return {{"version", facts.version},
          {"compiler", text_or_null(facts.compiler)},
          {"standard", facts.standard},
          {"libtorch", facts.libtorch},
          {"system", text_or_null(facts.system)},
          {"processor", text_or_null(facts.processor)},
          {"instructions", facts.instructions},
          {"libtorch_instructions", text_or_null(facts.libtorch_instructions)},
          {"threads", facts.threads},
          {"cores", {{"available", facts.available_cores}, {"machine", facts.cores}}},
          {"memory",
           {{"machine", number_or_null(facts.memory)},
            {"limit", number_or_null(facts.memory_limit)},
            {"data", facts.data_memory}}},
          {"blas",
           {{"name", facts.blas.name},
            {"threads", number_or_null(facts.blas.threads)},
            {"problem", text_or_null(facts.blas_problem)}}},
          {"cuda", facts.cuda},
          {"onnxruntime",
           {{"version", text_or_null(facts.onnx_runtime)},
            {"file", text_or_null(facts.onnx_runtime_file)},
            {"places", facts.onnx_runtime_places}}},
          {"c_compiler",
           {{"command", text_or_null(facts.c_compiler.command)},
            {"version", text_or_null(facts.c_compiler.version)}}},
          {"tools", tools},
          {"variables", facts.environment}};
}

}  // namespace

void run_doctor_system(const std::string& json) {
  require_writable_all({json});
  const SystemFacts facts = system_facts();
  constexpr size_t kWidth = 80;
  constexpr size_t kLabel = 15;
  for (const SystemLine& line : system_lines(facts)) {
    std::string label = line.label;
    for (const std::string& text : wrapped(printable_text(line.text), kWidth - kLabel)) {
      fmt::print("{:<{}}{}\n", label, kLabel, text);
      label.clear();
    }
  }
  write_json_if(json, system_json(facts));
}

}  // namespace ncprune::cli
