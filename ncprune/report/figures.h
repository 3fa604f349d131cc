#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ncprune/report/page.h"

namespace ncprune {

// Plots as Vega specifications, from plain numbers; NaN is not drawn. Colour-blind readers can
// distinguish the colours (Okabe, Ito 2008; cividis), and colour never carries the meaning alone.

// A named series of values, one for each thing; all series of a plot have the same things.
struct Series {
  std::string name;
  std::vector<double> values;  // by thing
};

// A line for every thing with a mark for every series, such as recall of every class or the kept
// share of every layer. Of more than 40 things, only those that differ most between the first
// series and another are shown, and the description says so. Values are shares, shown in percent.
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

// A table of coloured cells with their numbers.
struct HeatMap {
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  std::vector<std::vector<double>> values;  // by row; NaN: empty
  bool diverging = false;  // true: counts around 0; false: shares, shown in percent
};
Figure heat_map(const std::string& title, const std::string& description, const HeatMap& map);

// A named point in the plane.
struct PlanePoint {
  std::string name;
  double x;
  double y;
  bool marked;  // drawn as a triangle
};

// Points with their names; both axes have the same scale.
Figure scatter_plot(const std::string& title, const std::string& description,
                    const std::vector<PlanePoint>& points);

// The mean ranks of competitors, the best rank being 1.
struct MeanRanks {
  std::vector<std::string> names;
  std::vector<double> ranks;   // one per name
  double critical_difference;  // smaller differences are not significant (Demsar 2006)
};

// Competitors on a line by their mean rank, the best on the left. A band marks those that do not
// differ significantly from the best.
Figure rank_diagram(const std::string& title, const std::string& description,
                    const MeanRanks& mean);

}  // namespace ncprune
