#include "ncprune/data/table_encoding.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "ncprune/base/error.h"
#include "ncprune/base/json.h"
#include "ncprune/data/csv.h"

namespace ncprune {
namespace {

constexpr int kVersion = 1;
constexpr std::array<std::string_view, 4> kKindNames{"number", "boolean", "onehot", "ordinal"};

void require_form(bool valid, std::string_view what) {
  if (!valid) throw InputError(std::string(what));
}

ColumnKind kind_called(const std::string& name) {
  for (size_t i = 0; i < kKindNames.size(); ++i) {
    if (kKindNames.at(i) == name) return static_cast<ColumnKind>(i);
  }
  throw InputError("a column of an unknown kind");
}

std::vector<std::string> distinct_texts(const Json& json, std::string_view what) {
  auto texts = json.get<std::vector<std::string>>();
  const std::set<std::string_view> distinct(texts.begin(), texts.end());
  require_form(distinct.size() == texts.size(), what);
  return texts;
}

bool usual_fits(const EncodedColumn& column) {
  const float usual = column.usual;
  if (column.kind == ColumnKind::kNumber) return std::isfinite(usual);
  const size_t values = column.kind == ColumnKind::kBoolean ? 2 : column.words.size();
  return usual >= 0 && usual < static_cast<float>(values) && usual == std::floor(usual);
}

EncodedColumn column_from(const Json& json) {
  EncodedColumn column{.name = json.at("name").get<std::string>(),
                       .kind = kind_called(json.at("kind").get<std::string>()),
                       .usual = json.at("usual").get<float>(),
                       .gaps = json.at("gaps").get<bool>()};
  const bool onehot = column.kind == ColumnKind::kOnehot;
  if (onehot || column.kind == ColumnKind::kOrdinal) {
    column.words = distinct_texts(json.at("words"), "a word that occurs twice");
  }
  if (onehot) column.other = json.at("other").get<bool>();
  require_form(!column.name.empty(), "a column without a name");
  require_form(column.words.size() <= kMaxWords, "a column of too many words");
  require_form(usual_fits(column), "a usual value that does not fit its column");
  return column;
}

TableEncoding encoding_from(const Json& json) {
  require_form(json.at("version").get<int>() == kVersion, "an unknown version");
  TableEncoding encoding{
      .label = json.at("label").get<std::string>(),
      .class_names = distinct_texts(json.at("classes"), "a class that occurs twice"),
      .columns = {},
      .ignored = json.at("ignored").get<std::vector<std::string>>(),
      .missing = json.at("missing").get<std::vector<std::string>>()};
  std::set<std::string> names{encoding.label};
  for (const Json& column : json.at("columns")) {
    encoding.columns.push_back(column_from(column));
    require_form(names.insert(encoding.columns.back().name).second, "a column that occurs twice");
  }
  require_form(!encoding.columns.empty() && !encoding.class_names.empty(),
               "no columns or no classes");
  return encoding;
}

}  // namespace

size_t width(const EncodedColumn& column) {
  const size_t values = column.kind == ColumnKind::kOnehot ? column.words.size() : 1;
  return values + (column.other ? 1 : 0) + (column.gaps ? 1 : 0);
}

std::vector<std::string> feature_names(const TableEncoding& encoding) {
  std::vector<std::string> names;
  for (const EncodedColumn& column : encoding.columns) {
    if (column.kind != ColumnKind::kOnehot) names.push_back(column.name);
    if (column.kind == ColumnKind::kOnehot) {
      for (const std::string& word : column.words) names.push_back(column.name + "=" + word);
    }
    if (column.other) names.push_back(column.name + " other");
    if (column.gaps) names.push_back(column.name + " missing");
  }
  return names;
}

std::string_view name_of(ColumnKind kind) {
  return kKindNames.at(static_cast<size_t>(kind));
}

std::string table_encoding_text(const TableEncoding& encoding) {
  Json columns = Json::array();
  for (const EncodedColumn& column : encoding.columns) {
    Json json{{"name", column.name},
              {"kind", name_of(column.kind)},
              // A float written as a double keeps its bits.
              {"usual", static_cast<double>(column.usual)},
              {"gaps", column.gaps}};
    const bool onehot = column.kind == ColumnKind::kOnehot;
    if (onehot) json["other"] = column.other;
    if (onehot || column.kind == ColumnKind::kOrdinal) json["words"] = column.words;
    columns.push_back(std::move(json));
  }
  const Json json{{"version", kVersion},
                  {"label", encoding.label},
                  {"classes", encoding.class_names},
                  {"missing", encoding.missing},
                  {"ignored", encoding.ignored},
                  {"columns", std::move(columns)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

TableEncoding parse_table_encoding(std::string_view text, const std::string& where) {
  try {
    return encoding_from(Json::parse(text));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: the encoding of a table has {}", where, error.what()));
  } catch (const Json::exception&) {
    throw InputError(
        fmt::format("{}: the encoding of a table is not valid JSON, or not complete", where));
  }
}

}  // namespace ncprune
