#include <ATen/ops/from_blob.h>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/data/csv.h"
#include "ncprune/data/csv_records.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/samples.h"
#include "ncprune/data/table_learning.h"
#include "ncprune/data/table_values.h"
#include "ncprune/data/utf8.h"

namespace ncprune {
namespace {

// The options of a csv source.
struct TableRequest {
  CsvOptions csv;
  EncodingChoice choice;
  std::vector<std::string> ignore;
  std::vector<std::string> missing;  // in addition to those of `csv`
};

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

// `list` and what it does not have yet of `more`.
std::vector<std::string> joined(std::vector<std::string> list,
                                const std::vector<std::string>& more) {
  for (const std::string& item : more) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
  }
  return list;
}

TableRequest table_request(const Spec& spec) {
  spec.require_known({"label", "test", "ignore", "onehot", "ordinal", "unknown", "missing",
                      "separator", "decimal", "comment"});
  TableRequest request{
      .csv = {.label = spec.get("label", ""),
              .separator =
                  mark_in(spec, "separator", {{",", ','}, {";", ';'}, {"|", '|'}, {"tab", '\t'}}),
              .decimal = mark_in(spec, "decimal", {{".", '.'}, {",", ','}}),
              .comment = spec.get("comment", "")},
      .choice = {.onehot = names_in(spec, "onehot"),
                 .ordinal = names_in(spec, "ordinal"),
                 .bin_unknown = bins_unknown(spec)},
      .ignore = names_in(spec, "ignore"),
      .missing = names_in(spec, "missing")};
  request.csv.missing = joined(std::move(request.csv.missing), request.missing);
  return request;
}

CsvTable read_table(const std::string& path, const CsvOptions& options) {
  DecodedText decoded = decode_text(read_file(path), path);
  CsvTable table = parse_csv(decoded.text, options, path);
  if (!decoded.note.empty()) table.notes.insert(table.notes.begin(), decoded.note);
  for (const std::string& note : table.notes) log_info(fmt::format("{} {}", path, note));
  return table;
}

// Throws InputError unless every column that an option names is in one of the tables.
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

// One line that lists the inputs each column became; empty if all columns are numbers without gaps.
std::string summary(const TableEncoding& encoding) {
  constexpr int kMaxNames = 20;
  std::string list;
  int listed = 0;
  for (const EncodedColumn& column : encoding.columns) {
    if (column.kind == ColumnKind::kNumber && !column.gaps) continue;
    if (++listed > kMaxNames) continue;
    list += fmt::format("{}'{}' ({}{}{})", listed == 1 ? "" : ", ", excerpt(column.name),
                        name_of(column.kind),
                        column.words.empty() ? "" : fmt::format(", {} words", column.words.size()),
                        column.gaps ? ", with gaps" : "");
  }
  if (listed == 0) return "";
  if (listed > kMaxNames) list += fmt::format(" and {} more", listed - kMaxNames);
  return fmt::format("{} columns became {} inputs: {}", encoding.columns.size(),
                     feature_names(encoding).size(), list);
}

// How to read a file when `encoding` is already known, and when it is not.
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

TableEncoding learn(const CsvTable& table, const TableRequest& request, const std::string& path) {
  LearnedTable learned = learn_table(table, request.csv, request.choice, path);
  for (const std::string& warning : learned.warnings) log_warning(warning);
  if (const std::string line = summary(learned.encoding); !line.empty()) {
    log_info(fmt::format("{}: {}", path, line));
  }
  return std::move(learned.encoding);
}

Dataset dataset_of(const CsvTable& table, const TableEncoding& encoding, bool bin_unknown,
                   const std::string& path) {
  const auto values = std::make_shared<TableValues>(encode(table, encoding, bin_unknown, path));
  // The tensors share the vectors, which live as long as they do.
  const auto keep = [values](void* /*data*/) {};
  Dataset data{.inputs = at::from_blob(values->inputs.data(), {values->rows, values->features},
                                       keep, at::kFloat),
               .labels = at::from_blob(values->labels.data(), {values->rows}, keep, at::kLong),
               .class_names = encoding.class_names,
               .range = {},
               .feature_names = feature_names(encoding)};
  validate(data, path);
  return data;
}

}  // namespace

Samples read_csv_samples(const Spec& spec, const std::optional<TableEncoding>& known) {
  const TableRequest request = table_request(spec);
  const CsvTable table = read_table(spec.argument, options_with(request, known));
  const TableEncoding encoding = known ? *known : learn(table, request, spec.argument);
  const bool bin_unknown = request.choice.bin_unknown;
  std::vector<const CsvTable*> tables{&table};
  std::optional<CsvTable> test;
  Samples samples;
  if (const std::string path = spec.get("test", ""); !path.empty()) {
    test = read_table(path, options_with(request, encoding));
    tables.push_back(&*test);
    samples.test = dataset_of(*test, encoding, bin_unknown, path);
  }
  require_named_columns(request, tables, spec.argument);
  samples.train = dataset_of(table, encoding, bin_unknown, spec.argument);
  samples.table = encoding;
  return samples;
}

}  // namespace ncprune
