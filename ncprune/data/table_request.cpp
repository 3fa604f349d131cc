#include "ncprune/data/table_request.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/data/csv_records.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/table_values.h"
#include "ncprune/data/word_order.h"

namespace ncprune {
namespace {

// The names in "A,B", which may be quoted as in a CSV file.
std::vector<std::string> names_in(const Spec& spec, const std::string& key) {
  const std::string text = spec.get(key, "");
  CsvRecords records(text, {}, fmt::format("'{}': {}", spec.text, key));
  if (!records.next()) return {};
  return {records.cells().begin(), records.cells().end()};
}

std::optional<char> mark_in(const Spec& spec, const std::string& key,
                            const std::vector<std::pair<std::string, char>>& known) {
  const std::string text = spec.get(key, "");
  if (text.empty()) return std::nullopt;
  std::string names;
  for (const auto& [name, mark] : known) {
    if (text == name) return mark;
    names += " " + name;
  }
  throw InputError(fmt::format("'{}': {} is '{}'; wanted one of{}", spec.text, key, text, names));
}

bool bins_unknown(const Spec& spec) {
  const std::string text = spec.get("unknown", "error");
  if (text == "bin" || text == "error") return text == "bin";
  throw InputError(fmt::format("'{}': unknown is '{}'; wanted bin or error", spec.text, text));
}

bool has_header(const Spec& spec) {
  const std::string text = spec.get("header", "yes");
  if (text == "yes" || text == "none") return text == "yes";
  throw InputError(fmt::format("'{}': header is '{}'; wanted yes or none", spec.text, text));
}

// `list` and what it does not have yet of `more`.
std::vector<std::string> joined(std::vector<std::string> list,
                                const std::vector<std::string>& more) {
  for (const std::string& item : more) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  }
  return list;
}

// A weight would have to count in the loss, in every statistic and in every recall, and the exact
// bounds of a promise hold for counts of samples only.
void require_no_weight(const Spec& spec) {
  const auto found = spec.options.find("weight");
  if (found == spec.options.end()) return;
  throw InputError(fmt::format(
      "'{}': weight={}: samples have no weights, every row counts once; ignore={} leaves the "
      "column out",
      spec.text, excerpt(found->second), excerpt(found->second)));
}

void require_order(const std::vector<std::string>& words, const std::vector<std::string>& missing,
                   const std::string& where) {
  std::set<std::string_view> seen;
  for (const std::string& word : words) {
    if (word.empty()) throw InputError(where + ": an empty word; wanted COLUMN(WORD<WORD<...)");
    if (!seen.insert(word).second) {
      throw InputError(fmt::format("{}: '{}' is named twice", where, excerpt(word)));
    }
    if (is_missing_token(word, missing)) {
      throw InputError(fmt::format("{}: '{}' stands for a missing value and has no place", where,
                                   excerpt(word)));
    }
  }
}

// Splits "size(small<medium<large)" into the column's name and the order of its words.
void read_ordinal(TableRequest& request, const std::string& text, const std::string& where) {
  const size_t less = text.find('<');
  const size_t open = less == std::string::npos ? less : text.rfind('(', less);
  if (open == std::string::npos || text.back() != ')') {
    request.choice.ordinal.push_back(text);
    return;
  }
  const std::string name{trimmed(std::string_view(text).substr(0, open))};
  std::vector<std::string> words;
  for (const std::string& word : split(text.substr(open + 1, text.size() - open - 2), '<')) {
    words.emplace_back(trimmed(word));
  }
  require_order(words, request.csv.missing, where + text);
  if (!request.choice.orders.emplace(name, std::move(words)).second) {
    throw InputError(fmt::format("{}{}: '{}' is given two orders", where, text, excerpt(name)));
  }
  request.choice.ordinal.push_back(name);
}

}  // namespace

TableRequest table_request(const Spec& spec) {
  require_no_weight(spec);
  spec.require_known({"label", "test", "ignore", "onehot", "ordinal", "unknown", "missing",
                      "separator", "decimal", "thousands", "units", "header", "comment"});
  TableRequest request{
      .csv = {.label = spec.get("label", ""),
              .separator =
                  mark_in(spec, "separator", {{",", ','}, {";", ';'}, {"|", '|'}, {"tab", '\t'}}),
              .decimal = mark_in(spec, "decimal", {{".", '.'}, {",", ','}}),
              .thousands =
                  mark_in(spec, "thousands", {{".", '.'}, {",", ','}, {"'", '\''}, {"space", ' '}}),
              .units = names_in(spec, "units"),
              .header = has_header(spec),
              .comment = spec.get("comment", "")},
      .choice = {.onehot = names_in(spec, "onehot"), .bin_unknown = bins_unknown(spec)},
      .ignore = names_in(spec, "ignore"),
      .missing = names_in(spec, "missing")};
  if (request.csv.thousands && request.csv.thousands == request.csv.decimal) {
    throw InputError(
        fmt::format("'{}': thousands and decimal are both '{}'", spec.text, *request.csv.decimal));
  }
  request.csv.missing = joined(std::move(request.csv.missing), request.missing);
  for (const std::string& text : names_in(spec, "ordinal")) {
    read_ordinal(request, text, fmt::format("'{}': ordinal=", spec.text));
  }
  return request;
}

CsvOptions options_with(const TableRequest& request, const std::optional<TableEncoding>& encoding) {
  CsvOptions csv = request.csv;
  for (const auto* names : {&request.choice.onehot, &request.choice.ordinal}) {
    for (const std::string& name : *names) csv.roles[name] = ColumnRole::kWords;
  }
  if (encoding) {
    csv.roles = roles_of(*encoding);
    if (csv.label.empty()) csv.label = encoding->label;
    csv.missing = joined(encoding->missing, request.missing);
  }
  for (const std::string& name : request.ignore) csv.roles[name] = ColumnRole::kIgnored;
  return csv;
}

void require_named_columns(const TableRequest& request, const std::vector<const CsvTable*>& tables,
                           const std::string& where) {
  const auto is_there = [&](const std::string& name) {
    return std::any_of(tables.begin(), tables.end(), [&](const CsvTable* table) {
      return std::any_of(table->columns.begin(), table->columns.end(),
                         [&](const CsvColumn& column) { return column.name == name; });
    });
  };
  for (const auto& [key, names] :
       {std::pair("ignore", &request.ignore), std::pair("onehot", &request.choice.onehot),
        std::pair("ordinal", &request.choice.ordinal)}) {
    for (const std::string& name : *names) {
      if (is_there(name)) continue;
      throw InputError(fmt::format("{}: {}={}: there is no column '{}'", where, key, excerpt(name),
                                   excerpt(name)));
    }
  }
}

void require_same_orders(const TableRequest& request, const TableEncoding& encoding,
                         const std::string& where) {
  for (const EncodedColumn& column : encoding.columns) {
    const auto wanted = request.choice.orders.find(column.name);
    if (wanted == request.choice.orders.end()) continue;
    if (column.kind == ColumnKind::kOrdinal && column.words == wanted->second) continue;
    throw InputError(fmt::format(
        "{}: ordinal={}({}): the network reads column '{}' as {}{}", where, excerpt(column.name),
        excerpt(fmt::format("{}", fmt::join(wanted->second, "<"))), excerpt(column.name),
        name_of(column.kind),
        column.words.empty()
            ? ""
            : fmt::format(", {}", excerpt(fmt::format("{}", fmt::join(column.words, "<"))))));
  }
}

}  // namespace ncprune
