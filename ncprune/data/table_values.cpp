#include "ncprune/data/table_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/word_order.h"

namespace ncprune {
namespace {

constexpr uint64_t kMaxInputs = uint64_t{1} << 31U;

// A column of the table and where its inputs go.
struct PlacedColumn {
  const CsvColumn& column;
  const EncodedColumn& encoded;
  size_t first;                                   // the index of its first input
  std::vector<std::optional<float>> places = {};  // of every word of `column`; empty: unknown
};

// The features of a table by name.
using FeatureIndex = std::unordered_map<std::string_view, const CsvColumn*>;

FeatureIndex features_of(const CsvTable& table) {
  FeatureIndex features;
  for (const CsvColumn& column : table.columns) {
    const bool label = &column == &table.columns[table.label];
    if (!label && !column.ignored) features.emplace(column.name, &column);
  }
  return features;
}

void require_no_further_column(const CsvTable& table, const TableEncoding& encoding,
                               const std::string& where) {
  std::vector<std::string> known;
  for (const EncodedColumn& column : encoding.columns) known.push_back(column.name);
  std::sort(known.begin(), known.end());
  for (const CsvColumn& column : table.columns) {
    const bool label = &column == &table.columns[table.label];
    if (label || column.ignored || std::binary_search(known.begin(), known.end(), column.name)) {
      continue;
    }
    throw InputError(
        fmt::format("{}: column '{}' does not occur in the training data; ignore={} leaves it out",
                    where, excerpt(column.name), excerpt(column.name)));
  }
}

std::optional<float> place_of(const EncodedColumn& encoded, const WordNumbers& numbers,
                              const std::string& word) {
  if (encoded.kind == ColumnKind::kBoolean) {
    const std::optional<bool> truth = truth_of(word);
    return truth ? std::optional(*truth ? 1.0F : 0.0F) : std::nullopt;
  }
  const std::optional<int64_t> number = numbers.find(word);
  return number ? std::optional(static_cast<float>(*number)) : std::nullopt;
}

PlacedColumn placed(const FeatureIndex& index, const EncodedColumn& encoded, size_t first,
                    const std::string& where) {
  const auto found = index.find(encoded.name);
  if (found == index.end()) {
    throw InputError(fmt::format("{}: no column '{}', which the training data have", where,
                                 excerpt(encoded.name)));
  }
  return {.column = *found->second, .encoded = encoded, .first = first};
}

// Numbers that were read as words, because other rows of the file hold real words.
void find_numbers(PlacedColumn& c, const NumberForm& form, const std::string& where) {
  for (const CsvWord& word : c.column.words) {
    const CellNumber number = parse_cell(word.text, form);
    c.places.emplace_back(static_cast<float>(number.value));
    if (number.problem == nullptr) continue;
    throw InputError(fmt::format(
        "{}: line {}, column '{}': '{}' {}; the training data hold only numbers there; onehot={} "
        "reads the cells as words, missing={} this one as missing",
        where, word.line, excerpt(c.column.name), excerpt(word.text), number.problem,
        excerpt(c.column.name), excerpt(word.text)));
  }
}

void find_places(PlacedColumn& c, bool bin_unknown, const std::string& where) {
  if (c.column.too_many_words) {
    throw InputError(fmt::format("{}: column '{}' holds more than {} different words", where,
                                 excerpt(c.column.name), kMaxWords));
  }
  const WordNumbers numbers(c.encoded.words);
  for (const CsvWord& word : c.column.words) {
    const std::optional<float> place = place_of(c.encoded, numbers, word.text);
    c.places.push_back(place);
    if (place || c.encoded.other || bin_unknown) continue;
    throw InputError(
        fmt::format("{}: line {}, column '{}': '{}' does not occur in the training "
                    "data; unknown=bin accepts unknown words",
                    where, word.line, excerpt(c.column.name), excerpt(word.text)));
  }
}

std::vector<PlacedColumn> placed_columns(const CsvTable& table, const TableEncoding& encoding,
                                         bool bin_unknown, const std::string& where) {
  std::vector<PlacedColumn> columns;
  const FeatureIndex index = features_of(table);
  size_t features = 0;
  for (const EncodedColumn& encoded : encoding.columns) {
    columns.push_back(placed(index, encoded, features, where));
    if (encoded.kind == ColumnKind::kNumber) {
      find_numbers(columns.back(), table.form, where);
    } else {
      find_places(columns.back(), bin_unknown, where);
    }
    features += width(encoded);
  }
  require_no_further_column(table, encoding, where);
  return columns;
}

// Writes the column's inputs of row `i`; `row` is where the row's inputs begin.
void write_inputs(const PlacedColumn& c, size_t i, float* row) {
  float* own = row + c.first;
  const EncodedColumn& encoded = c.encoded;
  const bool number = !c.column.numbers.empty();
  const bool missing =
      number ? std::isnan(c.column.numbers[i]) : c.column.cells[i] == CsvColumn::kMissing;
  if (missing && encoded.gaps) own[width(encoded) - 1] = 1;
  if (encoded.kind == ColumnKind::kOnehot) {
    if (missing && encoded.gaps) return;
    const std::optional<float> place =
        missing ? std::optional(encoded.usual) : c.places[c.column.cells[i]];
    if (place) {
      own[static_cast<size_t>(*place)] = 1;
    } else if (encoded.other) {
      own[encoded.words.size()] = 1;
    }
    return;
  }
  if (missing) {
    *own = encoded.usual;
  } else {
    *own = number ? c.column.numbers[i] : c.places[c.column.cells[i]].value_or(encoded.usual);
  }
}

std::vector<int64_t> labels_of(const CsvTable& table, const TableEncoding& encoding,
                               const std::string& where) {
  const CsvColumn& column = table.columns[table.label];
  const WordNumbers classes(encoding.class_names);
  std::vector<int64_t> numbers;
  for (const CsvWord& word : column.words) {
    const std::optional<int64_t> number = classes.find(word.text);
    if (!number) {
      throw InputError(fmt::format("{}: line {}: label '{}' does not occur in the training data",
                                   where, word.line, excerpt(word.text)));
    }
    numbers.push_back(*number);
  }
  std::vector<int64_t> labels;
  labels.reserve(column.cells.size());
  for (const uint32_t cell : column.cells) labels.push_back(numbers[cell]);
  return labels;
}

}  // namespace

std::map<std::string, ColumnRole, std::less<>> roles_of(const TableEncoding& encoding) {
  std::map<std::string, ColumnRole, std::less<>> roles;
  for (const EncodedColumn& column : encoding.columns) {
    roles[column.name] =
        column.kind == ColumnKind::kNumber ? ColumnRole::kNumber : ColumnRole::kWords;
  }
  for (const std::string& name : encoding.ignored) roles[name] = ColumnRole::kIgnored;
  return roles;
}

void require_encodable(const CsvTable& table, const TableEncoding& encoding, bool bin_unknown,
                       const std::string& where) {
  placed_columns(table, encoding, bin_unknown, where);
}

TableValues encode(const CsvTable& table, const TableEncoding& encoding, bool bin_unknown,
                   const std::string& where) {
  const std::vector<PlacedColumn> columns = placed_columns(table, encoding, bin_unknown, where);
  const size_t features = columns.back().first + width(columns.back().encoded);
  const auto rows = static_cast<size_t>(table.rows);
  if (rows > kMaxInputs / features) {
    throw InputError(fmt::format("{}: {} rows of {} inputs are more than {} numbers", where, rows,
                                 features, kMaxInputs));
  }
  TableValues values{.rows = table.rows,
                     .features = static_cast<int64_t>(features),
                     .inputs = std::vector<float>(rows * features),
                     .labels = labels_of(table, encoding, where)};
  // A column is contiguous in the table and a row in the inputs: blocks of rows keep both in cache.
  constexpr size_t kBlock = 256;
  for (size_t begin = 0; begin < rows; begin += kBlock) {
    const size_t end = std::min(rows, begin + kBlock);
    for (const PlacedColumn& column : columns) {
      for (size_t i = begin; i < end; ++i) {
        write_inputs(column, i, values.inputs.data() + i * features);
      }
    }
  }
  return values;
}

}  // namespace ncprune
