#include <ATen/ops/from_blob.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/data/csv.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/samples.h"
#include "ncprune/data/split.h"
#include "ncprune/data/table_learning.h"
#include "ncprune/data/table_request.h"
#include "ncprune/data/table_rows.h"
#include "ncprune/data/table_values.h"
#include "ncprune/data/table_warnings.h"
#include "ncprune/data/utf8.h"
#include "ncprune/data/word_order.h"

namespace ncprune {
namespace {

CsvTable read_table(const std::string& path, const CsvOptions& options) {
  DecodedText decoded = decode_text(read_file(path), path);
  CsvTable table = parse_csv(decoded.text, options, path);
  if (!decoded.note.empty()) table.notes.insert(table.notes.begin(), decoded.note);
  for (const std::string& note : table.notes) log_info(fmt::format("{} {}", path, note));
  return table;
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

TableEncoding learn(const CsvTable& table, const TableRequest& request, const std::string& path) {
  TableEncoding encoding = learn_table(table, request.csv, request.choice, path);
  if (const std::string line = summary(encoding); !line.empty()) {
    log_info(fmt::format("{}: {}", path, line));
  }
  return encoding;
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

// Throws InputError unless a network whose encoding is `known` has every label of the table.
void require_known_labels(const CsvTable& table, const TableEncoding& known,
                          const std::string& where) {
  const WordNumbers classes(known.class_names);
  for (const CsvWord& word : table.columns[table.label].words) {
    if (classes.find(word.text)) continue;
    throw InputError(
        fmt::format("{}: line {}: label '{}' is not a class of the network, which has {}; "
                    "--classes NAME,NAME,... "
                    "names those of the data in the order of the network's scores",
                    where, word.line, excerpt(word.text),
                    excerpt(fmt::format("{}", fmt::join(known.class_names, ", ")))));
  }
}

// The training rows and the test rows of a table, with what messages call them.
struct TableParts {
  CsvTable train;
  CsvTable test;
  std::string test_where;
};

// Whether a fifth of no class is a row.
bool is_too_small(const CsvTable& table) {
  const std::vector<CsvWord>& labels = table.columns[table.label].words;
  return std::all_of(labels.begin(), labels.end(),
                     [](const CsvWord& label) { return label.count < 3; });
}

// The parts of a file without a test file: the labels alone decide which rows are for testing.
TableParts parts_of(CsvTable table, uint64_t seed, const Spec& spec) {
  const CsvColumn& column = table.columns[table.label];
  const auto labels = static_cast<int64_t>(column.words.size());
  constexpr int64_t kMinRows = 20;
  if (table.rows >= kMinRows && 2 * labels > table.rows) {
    throw InputError(fmt::format(
        "{}: column '{}' holds {} different labels in {} rows, such as '{}'; wanted classes with "
        "several rows each",
        spec.argument, excerpt(column.name), labels, table.rows,
        excerpt(column.words.front().text)));
  }
  const RowSplit split =
      test_split(at::tensor(sorted_labels(table), at::kLong), labels, seed, spec.text);
  const auto numbers = [](const at::Tensor& rows) {
    return std::vector<int64_t>(rows.data_ptr<int64_t>(), rows.data_ptr<int64_t>() + rows.numel());
  };
  return {.train = with_rows(table, numbers(split.first)),
          .test = with_rows(table, numbers(split.second)),
          .test_where = spec.argument + " (rows kept for testing)"};
}

}  // namespace

Samples read_csv_samples(const Spec& spec, const std::optional<TableEncoding>& known,
                         uint64_t seed) {
  const TableRequest request = table_request(spec);
  if (known) require_same_orders(request, *known, spec.argument);
  CsvTable table = read_table(spec.argument, options_with(request, known));
  if (known) {
    require_known_labels(table, *known, spec.argument);
  } else {
    for (const std::string& warning : table_warnings(table, request.csv.missing, spec.argument))
      log_warning(warning);
  }
  const std::string test = spec.get("test", "");
  const bool bin_unknown = request.choice.bin_unknown;
  if (test.empty()) require_named_columns(request, {&table}, spec.argument);
  // A row that does not suit the network is named before any split, and a column that nothing can
  // be learned from before a table that is too small for one.
  if (known) require_encodable(table, *known, bin_unknown, spec.argument);
  if (!known && test.empty() && is_too_small(table)) {
    learn_table(table, request.csv, request.choice, spec.argument);
  }
  TableParts parts = test.empty() ? parts_of(std::move(table), seed, spec)
                                  : TableParts{std::move(table), {}, test};
  const TableEncoding encoding = known ? *known : learn(parts.train, request, spec.argument);
  if (!test.empty()) {
    parts.test = read_table(test, options_with(request, encoding));
    require_named_columns(request, {&parts.train, &parts.test}, spec.argument);
  }
  Samples samples;
  samples.test = dataset_of(parts.test, encoding, bin_unknown, parts.test_where);
  samples.train = dataset_of(parts.train, encoding, bin_unknown, spec.argument);
  samples.table = encoding;
  return samples;
}

}  // namespace ncprune
