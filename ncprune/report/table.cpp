#include "ncprune/report/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "ncprune/base/printable_text.h"
#include "ncprune/base/spec.h"

namespace ncprune {
namespace {

// The number of characters on screen, counted as the bytes that do not continue a UTF-8 character.
size_t width(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string padded(const std::string& text, size_t columns, bool left) {
  const std::string space(columns - std::min(columns, width(text)), ' ');
  return left ? text + space : space + text;
}

std::string trimmed(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

// The cell as it may be shown in a terminal; line breaks stay.
std::string printable_cell(const std::string& cell) {
  std::vector<std::string> lines = split(cell, '\n');
  for (std::string& line : lines) line = printable_text(line);
  return fmt::format("{}", fmt::join(lines, "\n"));
}

Table for_terminal(Table table) {
  table.title = printable_cell(table.title);
  for (std::string& cell : table.header) cell = printable_cell(cell);
  for (std::vector<std::string>& row : table.rows) {
    for (std::string& cell : row) cell = printable_text(cell);
  }
  return table;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace

std::string to_text(const Table& given) {
  const Table table = for_terminal(given);
  std::vector<std::vector<std::string>> header_lines;  // per column
  std::vector<size_t> widths;
  size_t header_height = 0;
  for (const std::string& cell : table.header) {
    header_lines.push_back(split(cell, '\n'));
    header_height = std::max(header_height, header_lines.back().size());
    size_t widest = 0;
    for (const std::string& line : header_lines.back()) widest = std::max(widest, width(line));
    widths.push_back(widest);
  }
  for (const auto& row : table.rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  size_t total = 2 * (widths.size() - 1);
  for (const size_t w : widths) total += w;
  const std::string rule = std::string(total, '-') + "\n";

  std::string text = table.title.empty() ? "" : table.title + "\n";
  for (size_t line = 0; line < header_height; ++line) {
    std::string out;
    for (size_t i = 0; i < widths.size(); ++i) {
      // Header cells are aligned at the bottom, so short ones are pushed down.
      const size_t skip = header_height - header_lines[i].size();
      const std::string& cell = line >= skip ? header_lines[i][line - skip] : std::string();
      out += (i == 0 ? "" : "  ") + padded(cell, widths[i], i == 0);
    }
    text += trimmed(out);
  }
  text += rule;
  for (const auto& row : table.rows) {
    if (row.empty()) {
      text += rule;
      continue;
    }
    std::string out;
    for (size_t i = 0; i < row.size(); ++i) {
      out += (i == 0 ? "" : "  ") + padded(row[i], widths[i], i == 0);
    }
    text += trimmed(out);
  }
  return text;
}

std::string escape_html(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escape_markdown(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\n':
        out += ' ';
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '@':  // an empty comment keeps a name from being a mention
        out += "@<!-- -->";
        break;
      default:
        if (std::string_view("\\|`*_[]~#$").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
  }
  return out;
}

std::string to_html(const Table& table) {
  const auto cell = [](const std::string& tag, const std::string& text) {
    return fmt::format("<{}>{}</{}>", tag, replaced(escape_html(text), "\n", "<br>"),
                       tag.substr(0, tag.find(' ')));
  };
  std::string html =
      fmt::format("<table>\n<caption>{}</caption>\n<thead><tr>", escape_html(table.title));
  for (const std::string& h : table.header) html += cell("th scope=\"col\"", h);
  html += "</tr></thead>\n<tbody>\n";
  bool after_rule = false;
  for (const auto& row : table.rows) {
    if (row.empty()) {
      after_rule = true;
      continue;
    }
    html += after_rule ? "<tr class=\"rule\">" : "<tr>";
    after_rule = false;
    for (size_t i = 0; i < row.size(); ++i)
      html += cell(i == 0 ? "th scope=\"row\"" : "td", row[i]);
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n";
}

std::string to_markdown(const Table& table) {
  const auto line = [](const std::vector<std::string>& cells) {
    std::string out = "|";
    for (const std::string& cell : cells) {
      // A header cell may begin with an empty line, which aligns it in a terminal.
      out += fmt::format(" {} |", escape_markdown(cell.substr(cell.starts_with('\n') ? 1 : 0)));
    }
    return out + "\n";
  };
  std::string markdown = table.title.empty() ? "" : fmt::format("**{}**\n\n", table.title);
  markdown += line(table.header) + "|";
  for (size_t i = 0; i < table.header.size(); ++i) markdown += i == 0 ? "---|" : "--:|";
  markdown += "\n";
  for (const auto& row : table.rows) {
    if (!row.empty()) markdown += line(row);
  }
  return markdown;
}

std::string percent(double share) {
  return std::isnan(share) ? "-" : fmt::format("{:.1f}", 100 * share);
}

std::string decimal(double value) {
  if (std::isnan(value)) return "-";
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 0.001 && size < 10000) || std::isinf(value);
  return plain ? fmt::format("{:.3f}", value) : fmt::format("{:.1e}", value);
}

}  // namespace ncprune
