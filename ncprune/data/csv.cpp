#include "ncprune/data/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

// Walks over the records of a CSV text. INVARIANT: between calls, `position_` is at the beginning
// of a line or at the end of the text.
class RecordReader {
 public:
  RecordReader(std::string_view text, const std::string& where) : text_(text), where_(where) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text_.starts_with(kByteOrderMark)) position_ = kByteOrderMark.size();
  }

  // Goes to the next record; false at the end.
  bool next() {
    while (take_line_end()) {
    }
    if (at_end()) return false;
    record_line_ = line_;
    cells_.clear();
    do {
      cells_.push_back(!at_end() && text_[position_] == '"' ? quoted_cell() : plain_cell());
    } while (take(','));
    if (!at_end() && !take_line_end()) fail(line_, "text after a closing quote");
    return true;
  }

  const std::vector<std::string>& cells() const { return cells_; }
  int64_t line() const { return record_line_; }

 private:
  bool at_end() const { return position_ == text_.size(); }

  bool take(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  bool take_line_end() {
    const bool carriage_return = take('\r');
    const bool line_feed = take('\n');
    if (!carriage_return && !line_feed) return false;
    ++line_;
    return true;
  }

  std::string plain_cell() {
    const size_t end = std::min(text_.find_first_of(",\r\n", position_), text_.size());
    std::string_view cell = text_.substr(position_, end - position_);
    position_ = end;
    if (cell.find('"') != std::string_view::npos) {
      fail(line_, fmt::format("a quote inside the unquoted cell '{}'", excerpt(cell)));
    }
    const size_t first = cell.find_first_not_of(" \t");
    if (first == std::string_view::npos) return "";
    return std::string(cell.substr(first, cell.find_last_not_of(" \t") + 1 - first));
  }

  std::string quoted_cell() {
    const int64_t opened = line_;
    std::string cell;
    ++position_;
    for (;;) {
      const size_t quote = text_.find('"', position_);
      if (quote == std::string_view::npos) fail(opened, "a quote is not closed");
      const std::string_view part = text_.substr(position_, quote - position_);
      line_ += std::count(part.begin(), part.end(), '\n');
      cell += part;
      position_ = quote + 1;
      if (!take('"')) return cell;
      cell += '"';
    }
  }

  [[noreturn]] void fail(int64_t line, const std::string& what) const {
    throw InputError(fmt::format("{}: line {}: {}", where_, line, what));
  }

  std::string_view text_;
  const std::string& where_;
  size_t position_ = 0;
  int64_t line_ = 1;
  int64_t record_line_ = 1;
  std::vector<std::string> cells_;
};

std::string listed(const std::vector<std::string>& columns) {
  constexpr size_t kMaxNames = 40;
  std::string list;
  for (size_t i = 0; i < std::min(columns.size(), kMaxNames); ++i) {
    list += (i == 0 ? "" : ", ") + excerpt(columns[i]);
  }
  return columns.size() <= kMaxNames ? list
                                     : fmt::format("{}, ... ({} in all)", list, columns.size());
}

size_t find_label(const std::vector<std::string>& columns, const std::string& label_column,
                  const std::string& where) {
  const auto found = std::find(columns.begin(), columns.end(), label_column);
  if (label_column.empty() || found == columns.end()) {
    throw InputError(fmt::format("{}: {}; the columns are: {}", where,
                                 label_column.empty()
                                     ? "no label column was named"
                                     : fmt::format("no column '{}'", excerpt(label_column)),
                                 listed(columns)));
  }
  if (std::find(found + 1, columns.end(), label_column) != columns.end()) {
    throw InputError(
        fmt::format("{}: line 1: two columns are called '{}'", where, excerpt(label_column)));
  }
  if (columns.size() == 1) {
    throw InputError(fmt::format("{}: line 1: '{}' is the only column; no features to learn from",
                                 where, excerpt(label_column)));
  }
  return static_cast<size_t>(found - columns.begin());
}

struct Number {
  float value = 0;
  const char* problem = nullptr;  // null: the cell is a valid number
};

Number parse_cell(const std::string& cell) {
  if (cell.empty()) return {.problem = "there is no value; wanted a number"};
  double value = 0;
  const char* last = cell.data() + cell.size();
  const auto [end, error] = std::from_chars(cell.data(), last, value);
  if (end != last || error == std::errc::invalid_argument) return {.problem = "is not a number"};
  if (std::isnan(value) || std::isinf(value)) return {.problem = "is not a finite number"};
  if (error != std::errc() || std::abs(value) > std::numeric_limits<float>::max()) {
    return {.problem = "does not fit a 32-bit float"};
  }
  return {.value = static_cast<float>(value)};
}

}  // namespace

CsvTable parse_csv(std::string_view bytes, const std::string& label_column,
                   const std::string& where) {
  RecordReader reader(bytes, where);
  if (!reader.next())
    throw InputError(fmt::format("{}: empty; wanted a line of column names", where));
  const std::vector<std::string> columns = reader.cells();
  const size_t label = find_label(columns, label_column, where);
  CsvTable table;
  table.features = columns;
  table.features.erase(table.features.begin() + static_cast<std::ptrdiff_t>(label));
  while (reader.next()) {
    const std::vector<std::string>& cells = reader.cells();
    if (cells.size() != columns.size()) {
      throw InputError(fmt::format("{}: line {}: {} cells; the header has {}", where, reader.line(),
                                   cells.size(), columns.size()));
    }
    for (size_t i = 0; i < cells.size(); ++i) {
      const Number number = i == label ? Number{} : parse_cell(cells[i]);
      const char* problem = i == label && cells[i].empty() ? "there is no label" : number.problem;
      if (problem != nullptr) {
        throw InputError(
            fmt::format("{}: line {}, column '{}': {}{}", where, reader.line(), excerpt(columns[i]),
                        cells[i].empty() ? "" : fmt::format("'{}' ", excerpt(cells[i])), problem));
      }
      if (i != label) table.values.push_back(number.value);
    }
    table.labels.push_back(cells[label]);
    table.lines.push_back(reader.line());
  }
  if (table.labels.empty()) throw InputError(fmt::format("{}: a header without rows", where));
  return table;
}

}  // namespace ncprune
