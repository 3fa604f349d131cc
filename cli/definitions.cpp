#include "cli/definitions.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "ncprune/ncprune.h"

namespace ncprune::cli {
namespace {

constexpr const char* kKnownValues = "known values";
constexpr std::array<const char*, 3> kNumericTypes{"INT", "UINT", "FLOAT"};

// The values that known_values() attached to the option; empty if it attached none.
std::string attached_values(CLI::Option& option) {
  try {
    CLI::Validator attached = *option.get_validator(kKnownValues);
    return attached.active().get_description();
  } catch (const CLI::OptionNotFound&) {  // CLI11 has no other way to ask
    return "";
  }
}

void append_commands(std::vector<CommandDefinition>& found, const std::string& above,
                     CLI::App& app) {
  for (CLI::App* command : commands_below(app)) {
    const std::string name = (above.empty() ? "" : above + " ") + command->get_name();
    found.push_back({name, command});
    append_commands(found, name, *command);
  }
}

// CLI11 joins the type of an option and the descriptions of its checks: "INT:INT in [1 - 9]",
// "TEXT:{a,b}". A type that a command gives itself can contain colons, too.
void split_type(const std::string& type, OptionDefinition& definition) {
  const size_t colon = type.find(':');
  const std::string base = type.substr(0, colon);
  definition.numeric =
      std::find(kNumericTypes.begin(), kNumericTypes.end(), base) != kNumericTypes.end();
  const bool checked = colon != std::string::npos && (definition.numeric || base == "TEXT");
  definition.value = checked ? base : type;
  if (!checked) return;
  const std::string check = type.substr(colon + 1);
  if (check.starts_with('{') && check.ends_with('}')) {
    definition.values = split(check.substr(1, check.size() - 2), ',');
  } else {
    const size_t in = check.find("in [");
    definition.range = in == std::string::npos ? check : check.substr(in + 3);
    for (char& c : definition.range) c = static_cast<char>(std::tolower(c));
  }
}

std::vector<OptionDefinition> definitions(CLI::App& app, bool positional) {
  std::vector<OptionDefinition> found;
  for (CLI::Option* option : app.get_options([](CLI::Option*) { return true; })) {
    if (option->get_group().empty() || option->get_positional() != positional) continue;
    OptionDefinition definition{};
    for (const std::string& name : option->get_snames()) definition.names.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) definition.names.push_back("--" + name);
    if (positional) definition.names = {option->get_name(true)};
    if (option->get_items_expected_max() > 0) split_type(option->get_type_name(), definition);
    const std::string attached = attached_values(*option);
    if (!attached.empty()) definition.values = split(attached, ' ');
    definition.initial = option->get_default_str();
    definition.description = option->get_description();
    definition.required = option->get_required();
    definition.repeated = option->get_items_expected_max() > 1;
    found.push_back(std::move(definition));
  }
  return found;
}

}  // namespace

std::vector<CLI::App*> commands_below(CLI::App& app) {
  return app.get_subcommands([](CLI::App* command) { return !command->get_group().empty(); });
}

std::vector<CommandDefinition> command_definitions(CLI::App& program) {
  std::vector<CommandDefinition> found{{"", &program}};
  append_commands(found, "", program);
  return found;
}

std::vector<OptionDefinition> options_of(CLI::App& app) {
  return definitions(app, false);
}

std::vector<OptionDefinition> positionals_of(CLI::App& app) {
  return definitions(app, true);
}

CLI::Validator known_values(const std::vector<std::string>& values) {
  return CLI::Validator([](const std::string&) { return std::string(); },
                        CLI::detail::join(values, " "), kKnownValues)
      .active(false);
}

}  // namespace ncprune::cli
