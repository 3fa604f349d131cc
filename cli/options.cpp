#include "cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <fstream>

#include "cli/definitions.h"

namespace ncprune::cli {

CLI::Validator whole_number() {
  return {[](const std::string& given) {
            const bool digits =
                !given.empty() && given.find_first_not_of("0123456789") == std::string::npos;
            return digits && given.size() < 19
                       ? std::string()
                       : fmt::format("'{}' is not a whole number of 0 or more", given);
          },
          "WHOLE NUMBER"};
}

namespace {

// The names after --classes, or those in the file after an @, one a line.
std::vector<std::string> class_names(const std::vector<std::string>& given) {
  if (given.size() != 1 || !given.front().starts_with('@')) return given;
  constexpr uint64_t kMaxBytes = uint64_t{1} << 24U;
  const std::string path = given.front().substr(1);
  std::vector<std::string> names;
  for (std::string& line : split(read_file(path, kMaxBytes), '\n')) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) names.push_back(std::move(line));
  }
  if (names.empty()) {
    throw InputError(fmt::format("--classes: {} is empty; wanted a name in every line", path));
  }
  return names;
}

}  // namespace

void add_data_options(CLI::App& command, DataRequest& request) {
  command
      .add_option("--data", request.data, "the data: a name or SOURCE:..., see 'ncprune datasets'")
      ->check(known_values(all_names(fetchable())))
      ->capture_default_str();
  command.add_option("--data-root", request.data_root,
                     "folder searched first for named data sets (then $NCPRUNE_DATA)");
  command
      .add_option("--imbalance", request.imbalance,
                  "reduce classes of the training data: none, exp:F, step:F, classes:LIST@P")
      ->capture_default_str();
  command
      .add_option("--validation", request.validation,
                  "share of every class of the training data held out for validation")
      ->capture_default_str();
  command
      .add_option_function<std::vector<std::string>>(
          "--classes",
          [&request](const std::vector<std::string>& given) {
            request.classes = class_names(given);
          },
          "the data's classes in the order of the network's scores; they replace the names in the "
          "network's file; @FILE: one name a line")
      ->delimiter(',')
      ->type_name("NAME,NAME,...|@FILE");
  command.add_option("--seed", request.seed, "seed of all random draws")
      ->check(whole_number())
      ->capture_default_str();
}

void add_runtime_option(CLI::App& command, std::string& runtime) {
  command
      .add_option("--runtime", runtime,
                  "runtime for the networks: ncprune, onnxruntime or compiled")
      ->check(known_values(all_names(runtimes())));
}

void add_json_option(CLI::App& command, std::string& path) {
  command.add_option("--json", path, "also write the printed results to FILE as JSON")
      ->type_name("FILE");
}

void add_force_option(CLI::App& command, bool& force) {
  command.add_flag("--force", force,
                   "go on when the network recognises the training data no better than by chance, "
                   "or would with other pixels or another order of classes");
}

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_-./:,@%+=").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string command;
  for (std::string word; std::getline(file, word, '\0');) {
    command += command.empty() ? "ncprune" : " " + shell_word(word);
  }
  return command;
}

}  // namespace ncprune::cli
