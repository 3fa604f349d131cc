#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

#include "cli/definitions.h"
#include "ncprune/ncprune.h"

namespace ncprune::cli {
namespace {

using Definitions = std::vector<CommandDefinition>;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// The first clause of a description.
std::string first_clause(const std::string& text) {
  return text.substr(0, text.find(';'));
}

std::vector<std::string> names_below(CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_below(app)) names.push_back(command->get_name());
  return names;
}

// ------------------------------------------------------------------ bash

constexpr const char* kBash = R"(# bash completion for ncprune, made from the program's definitions
_ncprune() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}
  local command= commands= options= values= word
  # bash makes three words of --option=value.
  [[ $current == = ]] && current=
  [[ $previous == = ]] && previous=${{COMP_WORDS[COMP_CWORD-2]}}
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$command $word" in
{steps}    esac
  done
  COMPREPLY=()
  case "$command $previous" in
{values}  esac
  if [[ -z $values && $current == -* ]]; then
    case "$command" in
{options}    esac
    values="$options {global}"
  elif [[ -z $values ]]; then
    case "$command" in
{words}    esac
  fi
  [[ -n $values ]] && COMPREPLY=($(compgen -W "$values" -- "$current"))
  [[ -z $values || $values == "$commands" && -n $command ]] || return
  compopt -o filenames 2>/dev/null
  while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$current")
}}
complete -F _ncprune ncprune
)";

// The cases of a bash script that complete the value of each option: its known values, nothing for
// a number, and files for every other option.
std::string bash_values(const Definitions& all) {
  std::map<std::string, std::vector<std::string>> cases;  // by what bash does
  for (const CommandDefinition& command : all) {
    for (const OptionDefinition& option : options_of(*command.app)) {
      if (option.value.empty()) continue;
      const std::string action =
          option.numeric          ? "return"
          : option.values.empty() ? "compopt -o filenames 2>/dev/null\n"
                                    "      mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
                                    "      return"
                                  : fmt::format("values=\"{}\"", fmt::join(option.values, " "));
      for (const std::string& name : option.names) {
        const bool global = command.name.empty();
        cases[action].push_back(global ? fmt::format("*\" {}\"", name)
                                       : fmt::format("\"{} {}\"", command.name, name));
      }
    }
  }
  std::string text;
  for (const auto& [action, patterns] : cases) {
    text += fmt::format("    {})\n      {} ;;\n", fmt::join(patterns, " | "), action);
  }
  return text;
}

std::string bash_script(const Definitions& all) {
  std::string steps;
  std::string options;
  std::string words;
  std::vector<std::string> global;
  for (const CommandDefinition& command : all) {
    std::vector<std::string> names;
    for (const OptionDefinition& option : options_of(*command.app)) {
      names.insert(names.end(), option.names.begin(), option.names.end());
    }
    const std::vector<std::string> below = names_below(*command.app);
    for (const std::string& name : below) {
      const std::string above = command.name.empty() ? "" : command.name + " ";
      steps +=
          fmt::format("      \"{} {}\") command=\"{}{}\" ;;\n", command.name, name, above, name);
    }
    if (!below.empty()) {
      words += fmt::format("      \"{}\") commands=\"{}\" values=$commands ;;\n", command.name,
                           fmt::join(below, " "));
    }
    const std::vector<OptionDefinition> positionals = positionals_of(*command.app);
    if (!positionals.empty() && !positionals.front().values.empty()) {
      words += fmt::format("      \"{}\") values=\"{}\" ;;\n", command.name,
                           fmt::join(positionals.front().values, " "));
    }
    if (command.name.empty()) {
      global = names;
    } else {
      options +=
          fmt::format("      \"{}\") options=\"{}\" ;;\n", command.name, fmt::join(names, " "));
    }
  }
  return fmt::format(kBash, fmt::arg("steps", steps), fmt::arg("values", bash_values(all)),
                     fmt::arg("options", options), fmt::arg("words", words),
                     fmt::arg("global", fmt::join(global, " ")));
}

// ------------------------------------------------------------------ zsh

std::string zsh_text(const std::string& text) {
  std::string escaped = replaced(first_clause(text), "\\", "\\\\");
  for (const char* special : {"[", "]", ":"}) {
    escaped = replaced(escaped, special, std::string("\\") + special);
  }
  return replaced(escaped, "'", "'\\''");
}

// How zsh completes a value: ":NAME:ACTION".
std::string zsh_value(const OptionDefinition& definition) {
  std::string name = definition.value.empty() ? definition.names.front() : definition.value;
  name = zsh_text(name);
  if (!definition.values.empty()) {
    return fmt::format(":{}:({})", name, fmt::join(definition.values, " "));
  }
  return fmt::format(":{}:{}", name, definition.numeric ? " " : "_files");
}

std::string zsh_option(const OptionDefinition& option) {
  std::string specification = fmt::format("[{}]", zsh_text(option.description));
  if (!option.value.empty()) specification += zsh_value(option);
  const std::string repeated = option.repeated ? "*" : "";
  std::string text;
  for (const std::string& name : option.names) {
    const std::string others =
        option.repeated ? "" : fmt::format("({})", fmt::join(option.names, " "));
    text += fmt::format(" \\\n        '{}{}{}{}'", others, repeated, name, specification);
  }
  return text;
}

std::string zsh_script(const Definitions& all) {
  std::string cases;
  std::string commands;
  std::string global;
  for (const CommandDefinition& command : all) {
    std::string text;
    for (const OptionDefinition& option : options_of(*command.app)) text += zsh_option(option);
    if (command.name.empty()) {
      global = text;
      continue;
    }
    if (command.name.find(' ') != std::string::npos) continue;  // below another command
    commands +=
        fmt::format("    '{}:{}'\n", command.name, zsh_text(command.app->get_description()));
    const std::vector<std::string> below = names_below(*command.app);
    if (!below.empty()) {
      text += fmt::format(
          " \\\n        '1:argument:_alternative \"commands:command:({})\" \"files:file:_files\"'"
          " \\\n        '*:file:_files'",
          fmt::join(below, " "));
    } else {
      for (const OptionDefinition& positional : positionals_of(*command.app)) {
        text += fmt::format(" \\\n        '{}{}'", positional.repeated ? "*" : "",
                            zsh_value(positional));
      }
    }
    cases += fmt::format("    {})\n      _arguments $global{} ;;\n", command.name, text);
  }
  return fmt::format(
      "#compdef ncprune\n"
      "# zsh completion for ncprune, made from the program's definitions\n"
      "_ncprune() {{\n"
      "  local curcontext=$curcontext state line\n"
      "  local -A opt_args\n"
      "  local -a global names\n"
      "  global=({})\n"
      "  names=(\n{}  )\n"
      "  _arguments -C $global '1: :->command' '*:: :->arguments'\n"
      "  if [[ $state == command ]]; then\n"
      "    _describe -t commands command names\n"
      "    return\n"
      "  fi\n"
      "  case $words[1] in\n{}  esac\n"
      "}}\n"
      "_ncprune \"$@\"\n",
      global, commands, cases);
}

// ------------------------------------------------------------------ fish

std::string fish_text(const std::string& text) {
  return replaced(replaced(first_clause(text), "\\", "\\\\"), "'", "\\'");
}

std::string fish_option(const OptionDefinition& option, const std::string& condition) {
  std::string text = "complete -c ncprune" + condition;
  for (const std::string& name : option.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.values.empty()) {
    text += fmt::format(" -x -a '{}'", fmt::join(option.values, " "));
  } else if (!option.value.empty()) {
    text += option.numeric ? " -x" : " -r -F";
  }
  return text + fmt::format(" -d '{}'\n", fish_text(option.description));
}

// When a command is being completed: its words are there, and those of the commands below are not.
std::string fish_condition(const CommandDefinition& command) {
  std::string condition;
  for (const std::string& word : split(command.name, ' ')) {
    if (!word.empty()) condition += "__fish_seen_subcommand_from " + word + "; and ";
  }
  const std::vector<std::string> below = names_below(*command.app);
  if (below.empty()) return condition.substr(0, condition.size() - std::string("; and ").size());
  return fmt::format("{}not __fish_seen_subcommand_from {}", condition, fmt::join(below, " "));
}

std::string fish_script(const Definitions& all) {
  std::string text = "# fish completion for ncprune, made from the program's definitions\n";
  for (const CommandDefinition& command : all) {
    const std::string condition = fmt::format(" -n '{}'", fish_condition(command));
    for (const CLI::App* below : commands_below(*command.app)) {
      text += fmt::format("complete -c ncprune{}{} -a {} -d '{}'\n", condition,
                          command.name.empty() ? " -f" : "", below->get_name(),
                          fish_text(below->get_description()));
    }
    for (const OptionDefinition& option : options_of(*command.app)) {
      text += fish_option(option, command.name.empty() ? "" : condition);
    }
    const std::vector<OptionDefinition> positionals = positionals_of(*command.app);
    if (!positionals.empty() && !positionals.front().values.empty()) {
      text += fmt::format("complete -c ncprune{} -f -a '{}'\n", condition,
                          fmt::join(positionals.front().values, " "));
    }
  }
  return text;
}

}  // namespace

std::string completion_script(CLI::App& program, const std::string& shell) {
  struct Shell {
    std::string name;
    std::string (*script)(const Definitions& all);
  };
  static const std::vector<Shell> shells{
      {"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};
  return find_named(shells, shell, "shell").script(command_definitions(program));
}

}  // namespace ncprune::cli
