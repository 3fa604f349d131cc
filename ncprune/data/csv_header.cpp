#include "ncprune/data/csv_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

std::string listed(const std::vector<std::string>& columns) {
  constexpr size_t kMaxNames = 40;
  std::string list;
  for (size_t i = 0; i < std::min(columns.size(), kMaxNames); ++i) {
    list += (i == 0 ? "" : ", ") + excerpt(columns[i]);
  }
  return columns.size() <= kMaxNames ? list
                                     : fmt::format("{}, ... ({} in all)", list, columns.size());
}

std::optional<size_t> label_in(const std::vector<std::string>& columns, const std::string& label) {
  const auto found = std::find(columns.begin(), columns.end(), label);
  if (!label.empty() && found != columns.end()) {
    return static_cast<size_t>(found - columns.begin());
  }
  if (label == "first") return 0;
  if (label == "last") return columns.size() - 1;
  return std::nullopt;
}

size_t find_label(const std::vector<std::string>& columns, const std::string& label,
                  const std::string& where) {
  const std::optional<size_t> found = label_in(columns, label);
  if (!found) {
    throw InputError(fmt::format(
        "{}: {}; the columns are: {}", where,
        label.empty() ? "no label column was named" : fmt::format("no column '{}'", excerpt(label)),
        listed(columns)));
  }
  if (columns.size() == 1) {
    throw InputError(fmt::format("{}: line 1: '{}' is the only column; no features to learn from",
                                 where, excerpt(columns.front())));
  }
  return *found;
}

void require_one_label(const std::vector<std::string>& columns, const std::string& label,
                       const std::string& where) {
  if (std::count(columns.begin(), columns.end(), label) < 2) return;
  throw InputError(fmt::format("{}: line 1: two columns are called '{}'", where, excerpt(label)));
}

std::vector<std::string> unique_names(std::vector<std::string> names) {
  std::set<std::string> taken;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) names[i] = nameless_column(i);
    const std::string name = names[i];
    for (size_t number = taken.size() + 1; !taken.insert(names[i]).second; ++number) {
      names[i] = fmt::format("{} ({})", name, number);
    }
  }
  return names;
}

CsvFormat format_with(char separator, const CsvOptions& options) {
  if (!options.comment.empty()) return {.separator = separator, .comment = options.comment};
  return {.separator = separator, .comment = "#", .comments_first = true};
}

std::vector<std::string> next_names(CsvRecords& records) {
  if (!records.next()) return {};
  return {records.cells().begin(), records.cells().end()};
}

char separator_of(std::string_view text, const CsvOptions& options, const std::string& where) {
  if (options.separator) return *options.separator;
  char best = ',';
  std::pair<bool, size_t> best_fit{false, 1};
  for (const char separator : {',', ';', '\t', '|'}) {
    CsvRecords records(text, format_with(separator, options), where);
    std::vector<std::string> names;
    try {
      names = next_names(records);
    } catch (const InputError&) {
      continue;  // the quotes make no sense with this separator
    }
    const bool has_label = std::find(names.begin(), names.end(), options.label) != names.end();
    const std::pair fit{has_label && names.size() > 1, names.size()};
    if (fit <= best_fit) continue;
    best = separator;
    best_fit = fit;
  }
  return best;
}

bool is_decimal(std::string_view cell, char mark) {
  return cell.find(mark) != std::string_view::npos &&
         parse_cell(cell, {.decimal = mark}).problem == nullptr;
}

char decimal_of(CsvRecords rows, char separator, const CsvOptions& options) {
  if (options.decimal) return *options.decimal;
  if (options.thousands == '.') return ',';
  if (options.thousands == ',' || separator == ',') return '.';
  constexpr int kRows = 1000;
  bool comma = false;
  try {
    for (int i = 0; i < kRows && rows.next(); ++i) {
      for (const std::string_view cell : rows.cells()) {
        if (is_decimal(cell, '.')) return '.';
        comma = comma || is_decimal(cell, ',');
      }
    }
  } catch (const InputError&) {
    return '.';  // the rows are read again, and the error is found again
  }
  return comma ? ',' : '.';
}

// Column names behind a #, as some programs write them: the last comment before the first record,
// if it has as many cells, and the label, which the record has not. Empty otherwise.
std::vector<std::string> commented_names(const CsvRecords& records, const CsvFormat& format,
                                         const CsvOptions& options) {
  if (!format.comments_first || records.comments() == 0) return {};
  const auto has_label = [&](const auto& names) {
    return std::find(names.begin(), names.end(), options.label) != names.end();
  };
  if (has_label(records.cells())) return {};
  CsvRecords comment(records.last_comment().substr(1), {.separator = format.separator}, "");
  std::vector<std::string> names;
  try {
    names = next_names(comment);
  } catch (const InputError&) {
    return {};  // any text may be in a comment
  }
  return has_label(names) && names.size() == records.cells().size() ? names
                                                                    : std::vector<std::string>{};
}

// Whether the first line looks like a row: column names are seldom numbers, and fractions never.
bool looks_like_row(const std::vector<std::string>& names) {
  const auto is_fraction = [](const std::string& name) { return is_decimal(name, '.'); };
  return std::count_if(names.begin(), names.end(), is_fraction) * 2 >
         static_cast<std::ptrdiff_t>(names.size());
}

// Skips the line "sep=X" that Excel writes for itself; gives X.
std::optional<char> take_separator_line(std::string_view& text) {
  constexpr std::string_view kBegin = "sep=";
  if (!text.starts_with(kBegin)) return std::nullopt;
  const size_t end = std::min(text.find_first_of("\r\n"), text.size());
  if (end != kBegin.size() + 1) return std::nullopt;
  const char separator = text[kBegin.size()];
  text.remove_prefix(end);
  text.remove_prefix(text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1);
  return separator;
}

// How the numbers of a column are written.
struct NumberSigns {
  int64_t grouped = 0;  // 1.234
  int64_t whole = 0;    // 2 to 999
  bool other = false;   // any other number
};

void look_at(std::string_view cell, char mark, NumberSigns& signs) {
  if (cell.empty() || parse_cell(cell, {.decimal = mark}).problem != nullptr) return;
  if (cell.starts_with('-')) cell.remove_prefix(1);
  const size_t at = cell.find(mark);
  const bool digits = cell.find_first_not_of("0123456789.,") == std::string_view::npos;
  const size_t before = std::min(at, cell.size());
  const bool short_whole = digits && before <= 3 && (before == 1 || !cell.starts_with('0'));
  if (!short_whole || (at != std::string_view::npos && (cell.size() - at != 4 || cell[0] == '0'))) {
    signs.other = true;
    return;
  }
  ++(at == std::string_view::npos ? signs.whole : signs.grouped);
}

std::vector<std::string> grouping_warnings(CsvRecords rows, const std::vector<std::string>& names,
                                           const NumberForm& form, size_t label) {
  constexpr int kRows = 1000;
  constexpr int64_t kMinCells = 3;  // of either kind
  if (form.thousands) return {};
  std::vector<NumberSigns> signs(names.size());
  try {
    for (int i = 0; i < kRows && rows.next(); ++i) {
      for (size_t c = 0; c < std::min(names.size(), rows.cells().size()); ++c) {
        if (!signs[c].other) look_at(rows.cells()[c], form.decimal, signs[c]);
      }
    }
  } catch (const InputError&) {
    return {};  // the rows are read again, and the error is found again
  }
  std::vector<std::string> warnings;
  for (size_t c = 0; c < names.size(); ++c) {
    const bool grouped = signs[c].grouped >= kMinCells && signs[c].whole >= kMinCells;
    if (!grouped || signs[c].other || c == label) continue;
    warnings.push_back(fmt::format(
        "column '{}' holds whole numbers below 1000 and numbers with exactly three digits after "
        "the "
        "mark, which is read as a decimal mark; thousands={} reads it as a thousands separator",
        excerpt(names[c]), form.decimal));
  }
  return warnings;
}

std::string shown(char mark) {
  return mark == '\t' ? "tabs" : fmt::format("'{}'", mark);
}

}  // namespace

std::string nameless_column(size_t i) {
  return fmt::format("column {}", i + 1);
}

CsvHeader read_csv_header(std::string_view text, const CsvOptions& options,
                          const std::string& where) {
  const std::optional<char> stated = take_separator_line(text);
  CsvFormat format = format_with(
      stated && !options.separator ? *stated : separator_of(text, options, where), options);
  if (stated) format.first_line = 2;
  CsvRecords records(text, format, where);
  std::vector<std::string> names = next_names(records);
  std::vector<std::string> notes;
  if (names.empty()) {
    throw InputError(fmt::format("{}: empty; wanted a line of column names", where));
  }
  CsvRecords rows = records;
  if (auto commented = commented_names(records, format, options); !commented.empty()) {
    names = std::move(commented);
    rows = CsvRecords(text, format, where);
    notes.emplace_back("has its column names behind a #");
  } else if (format.comments_first && records.comments() > 0) {
    notes.push_back(fmt::format("has {} {} before the header, which {} skipped", records.comments(),
                                records.comments() == 1 ? "comment" : "comments",
                                records.comments() == 1 ? "is" : "are"));
  }
  if (!options.header) {
    names.assign(names.size(), "");
    rows = CsvRecords(text, format, where);
  } else if (looks_like_row(names)) {
    notes.emplace_back(
        "has numbers in its first line, which is read as the column names; header=none reads it as "
        "a row");
  }
  require_one_label(names, options.label, where);
  names = unique_names(std::move(names));
  const size_t label = find_label(names, options.label, where);
  const char decimal = decimal_of(rows, format.separator, options);
  if (format.separator != ',' && !options.separator && !stated) {
    notes.push_back(fmt::format("has its cells separated by {}{}", shown(format.separator),
                                decimal == ',' ? " and decimal commas" : ""));
  }
  const NumberForm form{.decimal = decimal, .thousands = options.thousands, .units = options.units};
  std::vector<std::string> warnings = grouping_warnings(rows, names, form, label);
  return {.format = format,
          .form = form,
          .names = std::move(names),
          .label = label,
          .notes = std::move(notes),
          .warnings = std::move(warnings),
          .rows = std::move(rows)};
}

}  // namespace ncprune
