#pragma once

#include <string>
#include <vector>

namespace ncprune {

// Text cells in rows and columns. The first column is aligned left, the others right. A header cell
// may hold several lines ('\n'). An empty row is a rule.
struct Table {
  std::string title;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

// Text for a terminal: columns padded to their widest cell, with two spaces between columns.
std::string to_text(const Table& table);

// An HTML <table>; every cell is escaped.
std::string to_html(const Table& table);

// A Markdown table under its title; every cell is escaped.
std::string to_markdown(const Table& table);

// `text` escaped for Markdown as GitHub reads it: shown as it is, without markup, HTML, mentions of
// users or ends of table cells. Line breaks become spaces.
std::string escape_markdown(const std::string& text);

// `text` escaped for HTML text and quoted attributes.
std::string escape_html(const std::string& text);

// 0.7512 -> "75.1"; NaN -> "-".
std::string percent(double share);

// Three decimals: 0.7512 -> "0.751"; very small or large values as 5.1e-06 or 1.2e+05; NaN -> "-".
std::string decimal(double value);

}  // namespace ncprune
