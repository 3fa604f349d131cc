#include <array>
#include <cmath>
#include <vector>

#include "fuzz/target.h"
#include "ncprune/data/csv.h"
#include "ncprune/data/table_learning.h"
#include "ncprune/data/table_rows.h"
#include "ncprune/data/table_values.h"
#include "ncprune/data/table_warnings.h"
#include "ncprune/data/utf8.h"

namespace {

using namespace ncprune;

void require_encoded(const TableValues& values, const TableEncoding& encoding) {
  require(values.rows > 0 && values.labels.size() == static_cast<size_t>(values.rows));
  require(values.inputs.size() == static_cast<size_t>(values.rows * values.features));
  require(feature_names(encoding).size() == static_cast<size_t>(values.features));
  for (const float value : values.inputs) require(std::isfinite(value));
  for (const int64_t label : values.labels) {
    require(label >= 0 && static_cast<size_t>(label) < encoding.class_names.size());
  }
}

// An encoding that is learned from a table survives its text form and fits its own table.
void read_as_training_file(const std::string& text, bool bin_unknown) {
  const CsvOptions options{.label = "y"};
  const CsvTable table = parse_csv(text, options, "input");
  const TableEncoding encoding = learn_table(table, options, {.bin_unknown = bin_unknown}, "input");
  require(parse_table_encoding(table_encoding_text(encoding), "input") == encoding);
  const TableValues values = encode(table, encoding, bin_unknown, "input");
  require_encoded(values, encoding);
  CsvOptions again = options;
  again.roles = roles_of(encoding);
  const TableValues same = encode(parse_csv(text, again, "input"), encoding, bin_unknown, "input");
  require(same.inputs == values.inputs && same.labels == values.labels);
}

// Learns an encoding on every other row and applies it to the rows between.
void read_in_two_parts(const std::string& text) {
  const CsvOptions options{.label = "y", .thousands = ',', .units = {"%", "$"}};
  const CsvTable table = parse_csv(text, options, "input");
  std::array<std::vector<int64_t>, 2> rows;
  for (int64_t i = 0; i < table.rows; ++i) rows[static_cast<size_t>(i % 2)].push_back(i);
  if (rows[1].empty()) return;
  const CsvTable learned = with_rows(table, rows[0]);
  const TableEncoding encoding = learn_table(learned, options, {}, "input");
  const CsvTable other = with_rows(table, rows[1]);
  table_warnings(table, options.missing, "input");
  require(sorted_labels(other).size() == rows[1].size());
  require_encoded(encode(other, encoding, true, "input"), encoding);
}

// Any encoding may meet any table.
void read_with_given_encoding(std::string_view json, const std::string& text) {
  const TableEncoding encoding = parse_table_encoding(json, "json");
  const CsvOptions options{
      .label = encoding.label, .missing = encoding.missing, .roles = roles_of(encoding)};
  require_encoded(encode(parse_csv(text, options, "input"), encoding, true, "input"), encoding);
}

}  // namespace

// Input that begins with { is an encoding in its first line and a table in the others.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fuzz(data, size, [](std::string_view bytes) {
    const size_t line = bytes.find('\n');
    const bool given = bytes.starts_with('{') && line != std::string_view::npos;
    const std::string text =
        decode_text(std::string(given ? bytes.substr(line + 1) : bytes), "input").text;
    if (given) return read_with_given_encoding(bytes.substr(0, line), text);
    if (text.size() % 3 == 0) return read_in_two_parts(text);
    read_as_training_file(text, text.size() % 2 == 1);
  });
}
