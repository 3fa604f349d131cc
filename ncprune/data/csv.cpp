#include "ncprune/data/csv.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/data/csv_header.h"
#include "ncprune/data/csv_records.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/plain_number.h"
#include "ncprune/data/word_order.h"

namespace ncprune {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The cells that stand for a missing value.
class MissingCells {
 public:
  MissingCells(const std::vector<std::string>& tokens, NumberForm form)
      : tokens_(tokens), form_(std::move(form)) {
    for (std::string& token : tokens_) {
      std::transform(token.begin(), token.end(), token.begin(), lower);
      if (token.empty()) continue;
      begins_.at(static_cast<unsigned char>(token.front())) = true;
      const CellNumber number = parse_cell(token, form_);
      if (number.problem == nullptr) numbers_.push_back(number.value);
    }
  }

  bool contains(std::string_view cell) const {
    if (cell.empty()) return true;
    if (!begins_[static_cast<unsigned char>(lower(cell.front()))]) return false;
    const auto same = [&](const std::string& token) { return is_word(cell, token); };
    if (std::any_of(tokens_.begin(), tokens_.end(), same)) return true;
    return !numbers_.empty() && contains_number(parse_cell(cell, form_));
  }

 private:
  // -999 is also written -999.0, which begins in the same way.
  bool contains_number(CellNumber number) const {
    return number.problem == nullptr &&
           std::find(numbers_.begin(), numbers_.end(), number.value) != numbers_.end();
  }

  std::vector<std::string> tokens_;
  NumberForm form_;
  std::vector<double> numbers_;
  std::array<bool, 256> begins_{};
};

struct WordHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

// How one pass over the file treats the cells of a column.
enum class Reading {
  kNothing,
  kNumbers,
  kWords,
  // Numbers came first and then a word: another pass reads all of the cells as words.
  kPostponed,
};

struct ColumnReader {
  Reading reading = Reading::kNumbers;
  bool only_numbers = false;
  std::unordered_map<std::string, uint32_t, WordHash, std::equal_to<>> index = {};
};

class TableReader {
 public:
  TableReader(CsvHeader header, const CsvOptions& options, const std::string& where)
      : header_(options.header),
        rows_(std::move(header.rows)),
        missing_(options.missing, header.form),
        where_(where) {
    table_.label = header.label;
    table_.form = header.form;
    table_.notes = std::move(header.notes);
    table_.warnings = std::move(header.warnings);
    for (size_t i = 0; i < header.names.size(); ++i) {
      const auto role = options.roles.find(header.names[i]);
      add_column(header.names[i], i != header.label && role != options.roles.end()
                                      ? std::optional(role->second)
                                      : std::nullopt);
    }
    readers_[header.label].reading = Reading::kWords;
  }

  CsvTable read() {
    read_rows();
    if (table_.rows == 0) throw InputError(fmt::format("{}: a header without rows", where_));
    bool again = false;
    for (ColumnReader& reader : readers_) {
      const bool postponed = reader.reading == Reading::kPostponed;
      reader.reading = postponed ? Reading::kWords : Reading::kNothing;
      again = again || postponed;
    }
    if (again) read_rows();
    ignore_nameless();
    return std::move(table_);
  }

 private:
  void add_column(const std::string& name, std::optional<ColumnRole> role) {
    CsvColumn& column = table_.columns.emplace_back();
    column.name = name;
    column.ignored = role == ColumnRole::kIgnored;
    ColumnReader& reader = readers_.emplace_back();
    reader.only_numbers = role == ColumnRole::kNumber;
    if (column.ignored) reader.reading = Reading::kNothing;
    if (role == ColumnRole::kWords) reader.reading = Reading::kWords;
  }

  // Rows that end with a separator have a nameless column without values at the end.
  void ignore_nameless() {
    std::vector<std::string> ignored;
    for (size_t i = 0; i < table_.columns.size(); ++i) {
      CsvColumn& column = table_.columns[i];
      const bool nameless = header_ && column.name == nameless_column(i);
      if (!nameless || column.ignored || i == table_.label || column.missing < table_.rows)
        continue;
      column.numbers = {};
      column.cells = {};
      column.ignored = true;
      ignored.push_back(column.name);
    }
    if (ignored.empty()) return;
    table_.notes.push_back(fmt::format("has no name and no values in {}, which {} ignored",
                                       fmt::join(ignored, ", "),
                                       ignored.size() == 1 ? "is" : "are"));
  }

  void read_rows() {
    table_.rows = 0;
    bool first = true;
    bool trailing = false;  // whether all rows end with a separator, which the header does not
    for (CsvRecords rows = rows_; rows.next();) {
      const std::vector<std::string_view>& cells = rows.cells();
      const bool one_more = cells.size() == readers_.size() + 1 && cells.back().empty();
      if (first) trailing = one_more;
      first = false;
      if (cells.size() != readers_.size() + (trailing ? 1 : 0) || trailing != one_more) {
        fail_count(cells, rows.line());
      }
      const auto is_empty = [](std::string_view cell) { return cell.empty(); };
      if (is_empty(cells[table_.label]) && std::all_of(cells.begin(), cells.end(), is_empty)) {
        continue;  // as spreadsheets write an empty row
      }
      line_ = rows.line();
      for (size_t i = 0; i < readers_.size(); ++i) read_cell(i, cells[i]);
      ++table_.rows;
    }
  }

  void read_cell(size_t i, std::string_view cell) {
    if (i == table_.label) {
      if (readers_[i].reading == Reading::kWords) read_word(i, cell);
      return;
    }
    cell = trimmed(cell);
    if (readers_[i].reading == Reading::kNumbers) read_number(i, cell);
    if (readers_[i].reading == Reading::kWords) read_word(i, cell);
  }

  // Leaves the cell to read_word() when the column turns out to hold words.
  void read_number(size_t i, std::string_view cell) {
    CsvColumn& column = table_.columns[i];
    if (missing_.contains(cell)) {
      ++column.missing;
      column.numbers.push_back(std::numeric_limits<float>::quiet_NaN());
      return;
    }
    const CellNumber number = parse_cell(cell, table_.form);
    if (number.problem == nullptr) {
      column.numbers.push_back(static_cast<float>(number.value));
      return;
    }
    if (readers_[i].only_numbers) fail_cell(i, cell, number.problem);
    const bool no_number_yet = static_cast<int64_t>(column.numbers.size()) == column.missing;
    column.numbers = {};
    if (no_number_yet) {
      readers_[i].reading = Reading::kWords;
      column.cells.assign(static_cast<size_t>(column.missing), CsvColumn::kMissing);
    } else {
      readers_[i].reading = Reading::kPostponed;
      column.missing = 0;
    }
  }

  void read_word(size_t i, std::string_view cell) {
    CsvColumn& column = table_.columns[i];
    if (i == table_.label) {
      if (cell.empty()) fail_cell(i, cell, "there is no label");
    } else if (missing_.contains(cell)) {
      ++column.missing;
      if (!column.too_many_words) column.cells.push_back(CsvColumn::kMissing);
      return;
    }
    if (column.too_many_words) return;
    auto found = readers_[i].index.find(cell);
    if (found == readers_[i].index.end()) {
      column.too_many_words = column.words.size() == kMaxWords;
      if (column.too_many_words) return require_few_labels(i);
      const auto next = static_cast<uint32_t>(column.words.size());
      found = readers_[i].index.emplace(cell, next).first;
      column.words.push_back({.text = std::string(cell), .count = 0, .line = line_});
    }
    ++column.words[found->second].count;
    column.cells.push_back(found->second);
  }

  void require_few_labels(size_t i) const {
    if (i != table_.label) return;
    throw InputError(fmt::format("{}: line {}: column '{}' has more than {} different labels",
                                 where_, line_, excerpt(table_.columns[i].name), kMaxWords));
  }

  [[noreturn]] void fail_cell(size_t i, std::string_view cell, const char* problem) const {
    const bool comma =
        table_.form.decimal == '.' && parse_cell(cell, {.decimal = ','}).problem == nullptr;
    throw InputError(fmt::format("{}: line {}, column '{}': {}{}{}", where_, line_,
                                 excerpt(table_.columns[i].name),
                                 cell.empty() ? "" : fmt::format("'{}' ", excerpt(cell)), problem,
                                 comma ? " (decimal=, reads decimal commas)" : ""));
  }

  [[noreturn]] void fail_count(const std::vector<std::string_view>& cells, int64_t line) const {
    throw InputError(fmt::format(
        "{}: line {}: {} cells; the header has {}{}", where_, line, cells.size(), readers_.size(),
        cells.front().starts_with('#') ? " (comment=# skips the lines that begin with #)" : ""));
  }

  bool header_;      // whether the file names its columns
  CsvRecords rows_;  // at the first row
  MissingCells missing_;
  const std::string& where_;
  int64_t line_ = 0;  // of the current row
  CsvTable table_;
  std::vector<ColumnReader> readers_;  // one per column
};

}  // namespace

CellNumber parse_cell(std::string_view cell, const NumberForm& form) {
  cell = trimmed(cell);
  std::string replaced;
  if (form.thousands || !form.units.empty() || cell.starts_with(kMinus)) {
    const std::optional<std::string> plain = plain_number(cell, form);
    if (!plain) return {.problem = "is not a number"};
    replaced = *plain;
    cell = replaced;
  }
  if (form.decimal == ',' && cell.find_first_of(",.") != std::string_view::npos) {
    if (cell.find('.') != std::string_view::npos) return {.problem = "is not a number"};
    replaced = std::string(cell);
    std::replace(replaced.begin(), replaced.end(), ',', '.');
    cell = replaced;
  }
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  double value = 0;
  const char* last = cell.data() + cell.size();
  const auto [end, error] = std::from_chars(cell.data(), last, value);
  if (end != last || error == std::errc::invalid_argument) return {.problem = "is not a number"};
  if (std::isnan(value) || std::isinf(value)) {
    return {.problem = "is not a finite number", .out_of_range = true};
  }
  if (error != std::errc() || std::abs(value) > std::numeric_limits<float>::max()) {
    return {.problem = "does not fit a 32-bit float", .out_of_range = true};
  }
  return {.value = value};
}

CsvTable parse_csv(std::string_view text, const CsvOptions& options, const std::string& where) {
  return TableReader(read_csv_header(text, options, where), options, where).read();
}

}  // namespace ncprune
