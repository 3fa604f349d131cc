#pragma once

#include <string>
#include <vector>

#include "ncprune/data/image.h"
#include "ncprune/report/table.h"

namespace ncprune {

// A plot as a Vega specification (figures.h). The description is a sentence that is printed under
// the plot and that screen readers read instead of it.
struct Figure {
  std::string title;
  std::string description;
  std::string spec;  // JSON
};

struct Picture {
  std::string caption;
  Image image;
};

struct Section {
  std::string title;
  std::vector<std::string> paragraphs = {};
  std::vector<Table> tables = {};
  std::vector<Figure> figures = {};
  std::vector<Picture> pictures = {};
};

struct Page {
  std::string title;
  std::vector<std::string> verdict;  // the answer, which comes first; a sentence each
  std::vector<Section> sections;
};

// One self-contained HTML file: it includes style, script, Vega and pictures and loads nothing
// else. All text is escaped. A click on a header sorts the rows above the table's first rule;
// without scripts all text and tables are still shown.
std::string to_html(const Page& page);

// The page as Markdown, for a terminal or a repository: figures as their descriptions, pictures as
// their captions.
std::string to_markdown(const Page& page);

}  // namespace ncprune
