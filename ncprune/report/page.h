#pragma once

#include <string>
#include <vector>

#include "ncprune/data/image.h"
#include "ncprune/report/table.h"

namespace ncprune {

// A plot: what it shows, in a sentence that stands under it and is read out in its place, and a
// Vega specification (figures.h).
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
  std::vector<std::string> verdict;  // the answer, before anything else; a sentence each
  std::vector<Section> sections;
};

// One HTML file that needs no other and asks for none: style, script and Vega are inside, pictures
// too. Every text is escaped. Tables sort by a click on a header, the rows above their first rule;
// without scripts all text and tables are still there.
std::string to_html(const Page& page);

// The same for a terminal or a repository: figures by their sentence, pictures by their captions.
std::string to_markdown(const Page& page);

}  // namespace ncprune
