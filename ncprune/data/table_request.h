#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/spec.h"
#include "ncprune/data/csv.h"
#include "ncprune/data/table_encoding.h"
#include "ncprune/data/table_learning.h"

namespace ncprune {

// The options of a csv: source.
struct TableRequest {
  CsvOptions csv;  // without roles
  EncodingChoice choice;
  std::vector<std::string> ignore;   // columns
  std::vector<std::string> missing;  // what the user added to the default of `csv`
};

// Reads the options of `spec`. Column names are separated by commas and may be quoted as in a CSV
// file. In ordinal=, "size(small<medium<large)" is the column size with the order of its words.
// Throws InputError, naming the option.
TableRequest table_request(const Spec& spec);

// How to read a file when its encoding is already known, and when it is not.
CsvOptions options_with(const TableRequest& request, const std::optional<TableEncoding>& encoding);

// Throws InputError, naming `where` and the option, unless every column that an option names is in
// one of the tables.
void require_named_columns(const TableRequest& request, const std::vector<const CsvTable*>& tables,
                           const std::string& where);

// Throws InputError, naming `where` and the option, unless `encoding`, which a network remembers,
// orders the words of columns as the request does.
void require_same_orders(const TableRequest& request, const TableEncoding& encoding,
                         const std::string& where);

}  // namespace ncprune
