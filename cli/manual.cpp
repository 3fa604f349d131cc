#include "cli/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "cli/definitions.h"
#include "ncprune/ncprune.h"

namespace ncprune::cli {
namespace {

// Commands of the program that can be run one after the other: `tests/check_manual` does.
constexpr std::array<std::pair<const char*, const char*>, 28> kExamples{{
    {"demo", "ncprune demo -o demo"},
    {"train",
     "ncprune train --data fashion-mnist --imbalance exp:100 --arch mlp:256,64 --epochs 3 -o "
     "dense.onnx"},
    {"prune", "ncprune prune dense.onnx --data fashion-mnist --sparsity 0.9 -o pruned.onnx"},
    {"plan", "ncprune plan dense.onnx --data fashion-mnist --sparsity 0.9 -o plan.json"},
    {"apply", "ncprune apply plan.json dense.onnx --data fashion-mnist -o planned.onnx"},
    {"finetune", "ncprune finetune pruned.onnx --data fashion-mnist --epochs 1 -o tuned.onnx"},
    {"gradual",
     "ncprune gradual dense.onnx --data fashion-mnist --sparsity 0.9 --steps 2 --epochs 1 -o "
     "gradual.onnx"},
    {"shrink", "ncprune shrink pruned.onnx -o small.onnx"},
    {"doctor", "ncprune doctor --data fashion-mnist --imbalance exp:100 --max-class-drop 5"},
    {"doctor", "ncprune doctor --system"},
    {"compile", "ncprune compile pruned.onnx --data fashion-mnist -o pruned.c"},
    {"evaluate", "ncprune evaluate dense.onnx pruned.onnx --data fashion-mnist"},
    {"compare", "ncprune compare dense.onnx pruned.onnx --data fashion-mnist"},
    {"gate", "ncprune gate dense.onnx pruned.onnx --data fashion-mnist --max-class-drop 5"},
    {"latency", "ncprune latency dense.onnx small.onnx --batch 32"},
    {"robustness",
     "ncprune robustness dense.onnx pruned.onnx --data fashion-mnist --measure sensitivity"},
    {"collapse", "ncprune collapse dense.onnx pruned.onnx --data fashion-mnist"},
    {"report", "ncprune report dense.onnx pruned.onnx --data fashion-mnist --brief -o report.html"},
    {"study", "ncprune study grid.toml --results results.db"},
    {"study status", "ncprune study status results.db"},
    {"study merge", "ncprune study merge all.db results.db"},
    {"fetch", "ncprune fetch cifar10 --data-root data"},
    {"methods", "ncprune methods"},
    {"criteria", "ncprune criteria"},
    {"operators", "ncprune operators"},
    {"architectures", "ncprune architectures"},
    {"corruptions", "ncprune corruptions"},
    {"datasets", "ncprune datasets"},
}};

constexpr std::array<std::pair<const char*, const char*>, 4> kExitCodes{
    {{"0", "The command did what was asked for."},
     {"1", "The user's mistake, in one line: what was given, and what was wanted."},
     {"2", "A promise about a class is not kept, or not shown to be kept."},
     {"3", "A bug in ncprune."}}};

// Text for troff: its special characters mean themselves.
std::string troff(const std::string& text) {
  std::string escaped = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    switch (c) {
      case '\\':
        escaped += "\\e";
        break;
      case '-':
        escaped += "\\-";
        break;
      case '\'':
        escaped += "\\(aq";
        break;
      case '`':
        escaped += "\\(ga";
        break;
      case '^':
        escaped += "\\(ha";
        break;
      case '~':
        escaped += "\\(ti";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string bold(const std::string& text) {
  return "\\fB" + troff(text) + "\\fR";
}

std::string italic(const std::string& text) {
  return "\\fI" + troff(text) + "\\fR";
}

// "study merge" -> "ncprune-study-merge", the name of its page; "" -> "ncprune".
std::string page_name(const std::string& command) {
  std::string name = command.empty() ? "ncprune" : "ncprune-" + command;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string call_of(const std::string& command) {
  return command.empty() ? "ncprune" : "ncprune " + command;
}

std::string with_stop(const std::string& text) {
  return text.ends_with('.') ? text : text + ".";
}

// The description of a command as a sentence.
std::string sentence(std::string text) {
  if (!text.empty()) text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return with_stop(text);
}

std::string section(const std::string& title) {
  return fmt::format(".SH {}\n", title);
}

// An entry of a list: a term, and its text indented below.
std::string entry(const std::string& term, const std::string& text) {
  return fmt::format(".TP\n{}\n{}\n", term, text);
}

std::string argument(const OptionDefinition& positional) {
  return italic(positional.names.front()) + (positional.repeated ? " ..." : "");
}

std::string term_of(const OptionDefinition& option) {
  std::string term;
  for (const std::string& name : option.names) term += (term.empty() ? "" : ", ") + bold(name);
  if (!option.value.empty()) term += " " + italic(option.value);
  return option.repeated ? term + " ..." : term;
}

std::string text_of(const OptionDefinition& option) {
  std::string text = with_stop(option.description);
  const bool named = std::all_of(option.values.begin(), option.values.end(), [&](const auto& name) {
    return option.description.find(name) != std::string::npos;
  });
  if (!named) text += fmt::format(" Known: {}.", fmt::join(option.values, ", "));
  if (!option.range.empty()) text += fmt::format(" Allowed: {}.", option.range);
  if (!option.initial.empty()) text += fmt::format(" Default: {}.", option.initial);
  if (option.required) text += " Required.";
  return troff(text);
}

std::string synopsis(const CommandDefinition& command) {
  std::string text = bold(call_of(command.name)) + " [" + italic("OPTIONS") + "]";
  for (const OptionDefinition& option : options_of(*command.app)) {
    if (!option.required) continue;
    text += " " + bold(option.names.front()) + " " + italic(option.value);
  }
  for (const OptionDefinition& positional : positionals_of(*command.app)) {
    const std::string name = argument(positional);
    text += positional.required ? " " + name : " [" + name + "]";
  }
  const bool needs_command = command.app->get_require_subcommand_min() > 0;
  if (needs_command) text += " " + italic("COMMAND") + " ...";
  return section("SYNOPSIS") + text + "\n";
}

std::string commands_section(const CommandDefinition& command) {
  std::string text;
  for (const CLI::App* below : commands_below(*command.app)) {
    const std::string name = (command.name.empty() ? "" : command.name + " ") + below->get_name();
    text += entry(fmt::format("\\fB{}\\fR(1)", troff(page_name(name))),
                  troff(sentence(below->get_description())));
  }
  return text.empty() ? text : section("COMMANDS") + text;
}

std::string options_section(const CommandDefinition& command) {
  std::string text = section("OPTIONS");
  for (const OptionDefinition& positional : positionals_of(*command.app)) {
    text += entry(argument(positional), text_of(positional));
  }
  for (const OptionDefinition& option : options_of(*command.app)) {
    text += entry(term_of(option), text_of(option));
  }
  if (command.name.empty()) return text;
  return text + ".PP\nThe options of " + bold("ncprune") +
         "(1) may stand before or after the command.\n";
}

std::string exit_section() {
  std::string text = section("EXIT STATUS");
  for (const auto& [code, meaning] : kExitCodes) text += entry(bold(code), troff(meaning));
  return text;
}

std::string environment_section() {
  std::string text = section("ENVIRONMENT");
  for (const EnvironmentVariable& variable : environment_variables()) {
    text += entry(bold(variable.name), troff(variable.purpose));
  }
  return text;
}

std::string files_section() {
  return section("FILES") +
         entry(italic("/usr/local/share/datasets") + ", " + italic("/usr/share/datasets"),
               "Folders that are searched for named data sets after those of " +
                   bold("--data-root") + " and " + bold("NCPRUNE_DATA") + ".");
}

std::string examples_section(const std::string& command) {
  const auto shown = [&](const std::string& name) {
    return command.empty() ? name == "train" || name == "prune" || name == "gate" : name == command;
  };
  std::string text;
  for (const auto& [name, line] : kExamples) {
    if (shown(name)) text += troff(line) + "\n";
  }
  return text.empty() ? text : section("EXAMPLES") + ".EX\n" + text + ".EE\n";
}

// The page above, and for the program all pages.
std::string see_also_section(const CommandDefinition& command,
                             const std::vector<CommandDefinition>& all) {
  std::vector<std::string> pages;
  for (const CommandDefinition& other : all) {
    const bool above = other.name.empty() || command.name.starts_with(other.name + " ");
    if (other.name == command.name || !(command.name.empty() || above)) continue;
    pages.push_back(fmt::format(".BR {} (1)", troff(page_name(other.name))));
  }
  return section("SEE ALSO") + fmt::format("{}\n", fmt::join(pages, ",\n"));
}

std::string page(const CommandDefinition& command, const std::vector<CommandDefinition>& all,
                 const std::string& date) {
  std::string title = page_name(command.name);
  for (char& c : title) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const std::string description = command.app->get_description();
  const std::string name = description.substr(0, description.find_last_not_of('.') + 1);
  std::string text = fmt::format(".TH {} 1 {} \"ncprune {}\" \"User Commands\"\n", troff(title),
                                 date, NCPRUNE_VERSION);
  text += section("NAME") + fmt::format("{} \\- {}\n", troff(page_name(command.name)), troff(name));
  text += synopsis(command);
  text += section("DESCRIPTION") + troff(sentence(description)) + "\n";
  text += commands_section(command) + options_section(command) + exit_section();
  if (command.name.empty()) text += environment_section() + files_section();
  return text + examples_section(command.name) + see_also_section(command, all);
}

}  // namespace

void write_manual(CLI::App& program, const std::string& folder, const std::string& date) {
  const std::vector<CommandDefinition> all = command_definitions(program);
  for (const CommandDefinition& command : all) {
    write_file(fmt::format("{}/{}.1", folder, page_name(command.name)), page(command, all, date));
  }
}

}  // namespace ncprune::cli
