#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/report/page.h"

namespace ncprune {

// Plots as Vega specifications, from plain numbers; NaN is not drawn. Colours are told apart by
// colour-blind readers (Okabe, Ito 2008; cividis), and never carry the meaning alone.

// Values of the same things under several names: value of thing i under series s.
struct Series {
  std::string name;
  std::vector<double> values;  // one for each thing
};

// A line for every thing, a mark on it for every series: recall of every class, what is left of
// every layer. Of more than 40 things those that differ most between the first series and another
// are shown, and the description says so. Values are shares, shown in percent.
Figure dot_plot(const std::string& title, const std::string& description,
                const std::vector<std::string>& things, const std::vector<Series>& series);

struct LinePoint {
  double x;
  double y;
  std::optional<std::pair<double, double>> interval = {};  // around y
};
struct Line {
  std::string name;
  std::vector<LinePoint> points;
};

// Shares y against shares x, in percent, with a bar for every interval.
Figure line_chart(const std::string& title, const std::string& description,
                  const std::string& x_title, const std::vector<Line>& lines);

// A coloured cell for every row and column, with its number.
struct HeatMap {
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  std::vector<std::vector<double>> values;  // by row; NaN: empty
  bool diverging = false;                   // counts about 0, else shares, shown in percent
};
Figure heat_map(const std::string& title, const std::string& description, const HeatMap& map);

// A point of the plane and what it is.
struct PlanePoint {
  std::string name;
  double x;
  double y;
  bool marked;  // drawn as a triangle
};

// Points with their names, both axes to the same scale.
Figure scatter_plot(const std::string& title, const std::string& description,
                    const std::vector<PlanePoint>& points);

// The mean ranks of competitors, the best rank being 1.
struct MeanRanks {
  std::vector<std::string> names;
  std::vector<double> ranks;   // one per name
  double critical_difference;  // of ranks that cannot be told apart (Demsar 2006)
};

// Competitors on a line by their mean rank, the best on the left. A band holds the names of those
// that cannot be told apart from the best.
Figure rank_diagram(const std::string& title, const std::string& description,
                    const MeanRanks& mean);

}  // namespace ncprune
