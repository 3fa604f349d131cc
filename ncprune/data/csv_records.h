#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace ncprune {

// How the records of a table are written.
struct CsvFormat {
  char separator = ',';
  std::string comment = {};     // lines that begin with it are skipped; empty: there are none
  bool comments_first = false;  // skips comments only before the first record
  int64_t first_line = 1;       // the number of the text's first line
};

// Walks over the records of a CSV text, quoted as in RFC 4180, with lines ended by LF or CRLF.
// Blanks around a cell and empty lines are skipped. The text must outlive the walk. INVARIANT:
// between calls the walk is at the beginning of a line or at the end of the text.
class CsvRecords {
 public:
  // Messages call the text `where`.
  CsvRecords(std::string_view text, CsvFormat format, std::string where);

  // Goes to the next record; false at the end. Throws InputError (line) when a quote is not closed,
  // stands inside an unquoted cell, or is followed by text.
  bool next();

  // The cells of the record. They are valid until the next call of next().
  const std::vector<std::string_view>& cells() const { return cells_; }
  int64_t line() const { return record_line_; }  // where the record begins, from 1
  // The comments skipped so far, and the last of them.
  int64_t comments() const { return comments_; }
  std::string_view last_comment() const { return last_comment_; }

 private:
  bool at_end() const { return position_ == text_.size(); }
  bool take(char c);
  bool take_line_end();
  bool take_comment();
  void skip_blanks();
  std::string_view cell();
  std::string_view quoted_cell();
  [[noreturn]] void fail(int64_t line, const std::string& what) const;

  std::string_view text_;
  CsvFormat format_;
  std::string where_;
  std::array<bool, 256> ends_cell_{};  // whether a byte ends an unquoted cell or may not be in one
  size_t position_ = 0;
  int64_t line_;
  int64_t record_line_ = 0;  // 0: before the first record
  int64_t comments_ = 0;
  std::string_view last_comment_;
  std::vector<std::string_view> cells_;
  std::deque<std::string> unquoted_;  // cells with doubled quotes
};

// `text` without blanks and tabs at either end.
std::string_view trimmed(std::string_view text);

}  // namespace ncprune
