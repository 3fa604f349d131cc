#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/commands.h"
#include "cli/files.h"
#include "cli/options.h"

namespace ncprune::cli {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// Prints indented lines of up to 80 characters.
void print_words(const std::string& text) {
  constexpr size_t kWidth = 76;
  std::istringstream words(text);
  std::string line;
  for (std::string word; words >> word;) {
    if (!line.empty() && line.size() + 1 + word.size() > kWidth) {
      fmt::print("    {}\n", line);
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  if (!line.empty()) fmt::print("    {}\n", line);
}

// A command that prints one of the library's tables.
void add_list(CLI::App& app, const std::string& name, const std::vector<std::string>& header,
              const std::function<Rows()>& rows) {
  CLI::App* command = app.add_subcommand(name, "list the available " + name);
  const auto json = std::make_shared<std::string>();
  add_json_option(*command, *json);
  command->callback([=] {
    Json list = Json::array();
    for (const std::vector<std::string>& row : rows()) {
      fmt::print("{}\n", row.front());
      Json entry{{header.front(), row.front()}};
      for (size_t i = 1; i < row.size(); ++i) {
        print_words(row[i]);
        entry[header[i]] = row[i];
      }
      list.push_back(std::move(entry));
    }
    write_json_if(*json, list);
  });
}

template <typename Entry>
Rows rows_of(const std::vector<Entry>& table,
             const std::function<std::vector<std::string>(const Entry&)>& row) {
  Rows rows;
  for (const Entry& entry : table) rows.push_back(row(entry));
  return rows;
}

// The options that turn any other method into this one.
std::string parts_of(const Method& method) {
  std::string options;
  for (const MethodPart& part : method_parts()) {
    const bool searches = solver_of(method).solve != nullptr;
    if (part.field == &Method::search_metric && !searches) continue;
    options += fmt::format("--{} {} ", part.name, method.*part.field);
  }
  if (method.rounds > 1) options += fmt::format("--rounds {} ", method.rounds);
  if (method.sweeps > 1) options += fmt::format("--sweeps {} ", method.sweeps);
  return options + "--finish " + method.finish;
}

}  // namespace

void add_lists(CLI::App& app) {
  add_list(app, "methods", {"name", "summary", "source", "parts"}, [] {
    return rows_of<Method>(methods(), [](const Method& m) {
      return std::vector<std::string>{m.name, m.summary, m.source, parts_of(m)};
    });
  });
  add_list(app, "criteria", {"name", "summary", "source"}, [] {
    return rows_of<Criterion>(criteria(), [](const Criterion& c) {
      return std::vector<std::string>{c.name, c.summary, c.source};
    });
  });
  add_list(app, "operators", {"name", "summary"}, [] {
    return rows_of<Operator>(operators(), [](const Operator& o) {
      return std::vector<std::string>{o.name, o.summary};
    });
  });
  add_list(app, "architectures", {"name", "usage", "summary"}, [] {
    return rows_of<Architecture>(architectures(), [](const Architecture& a) {
      return std::vector<std::string>{a.name, a.usage, a.summary};
    });
  });
  add_list(app, "corruptions", {"name", "summary", "source"}, [] {
    return rows_of<Corruption>(corruptions(), [](const Corruption& c) {
      return std::vector<std::string>{c.name, c.summary, c.source};
    });
  });
  add_list(app, "datasets", {"name", "usage", "summary"}, [] {
    return rows_of<DataSource>(data_sources(), [](const DataSource& s) {
      return std::vector<std::string>{s.name, s.usage, s.summary};
    });
  });
}

}  // namespace ncprune::cli
