#include "ncprune/data/csv_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ncprune/base/error.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

CsvRecords::CsvRecords(std::string_view text, CsvFormat format, std::string where)
    : text_(text), format_(std::move(format)), where_(std::move(where)), line_(format_.first_line) {
  for (const char c : {format_.separator, '\r', '\n', '"'}) {
    ends_cell_.at(static_cast<unsigned char>(c)) = true;
  }
}

bool CsvRecords::next() {
  while (take_line_end() || take_comment()) {
  }
  if (at_end()) return false;
  record_line_ = line_;
  cells_.clear();
  unquoted_.clear();
  do {
    cells_.push_back(cell());
  } while (take(format_.separator));
  if (!at_end() && !take_line_end()) fail(line_, "text after a closing quote");
  return true;
}

bool CsvRecords::take(char c) {
  if (at_end() || text_[position_] != c) return false;
  ++position_;
  return true;
}

bool CsvRecords::take_line_end() {
  const bool carriage_return = take('\r');
  const bool line_feed = take('\n');
  if (!carriage_return && !line_feed) return false;
  ++line_;
  return true;
}

bool CsvRecords::take_comment() {
  if (format_.comment.empty() || (format_.comments_first && record_line_ > 0)) return false;
  if (!text_.substr(position_).starts_with(format_.comment)) return false;
  const size_t end = std::min(text_.find_first_of("\r\n", position_), text_.size());
  last_comment_ = text_.substr(position_, end - position_);
  position_ = end;
  ++comments_;
  return true;
}

void CsvRecords::skip_blanks() {
  while (!at_end() && (text_[position_] == ' ' || text_[position_] == '\t') &&
         text_[position_] != format_.separator) {
    ++position_;
  }
}

std::string_view CsvRecords::cell() {
  skip_blanks();
  if (!at_end() && text_[position_] == '"') return quoted_cell();
  const size_t begin = position_;
  while (!at_end() && !ends_cell_[static_cast<unsigned char>(text_[position_])]) ++position_;
  if (!at_end() && text_[position_] == '"') {
    const size_t end = std::min(
        text_.find_first_of(std::string{format_.separator, '\r', '\n'}, position_), text_.size());
    fail(line_, fmt::format("a quote inside the unquoted cell '{}'",
                            excerpt(trimmed(text_.substr(begin, end - begin)))));
  }
  return trimmed(text_.substr(begin, position_ - begin));
}

std::string_view CsvRecords::quoted_cell() {
  const int64_t opened = line_;
  std::string* joined = nullptr;  // the cell, once it has a doubled quote
  ++position_;
  for (;;) {
    const size_t quote = text_.find('"', position_);
    if (quote == std::string_view::npos) fail(opened, "a quote is not closed");
    const std::string_view part = text_.substr(position_, quote - position_);
    line_ += std::count(part.begin(), part.end(), '\n');
    if (joined != nullptr) *joined += part;
    position_ = quote + 1;
    if (!take('"')) {
      skip_blanks();
      return joined != nullptr ? std::string_view(*joined) : part;
    }
    if (joined == nullptr) joined = &unquoted_.emplace_back(part);
    *joined += '"';
  }
}

void CsvRecords::fail(int64_t line, const std::string& what) const {
  throw InputError(fmt::format("{}: line {}: {}", where_, line, what));
}

}  // namespace ncprune
