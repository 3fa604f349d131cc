#include "ncprune/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "ncprune/report/vega.h"

namespace ncprune {

using namespace vega;

namespace {

// Okabe, Ito 2008, without black and yellow, which are hard to see on a dark or light background.
constexpr std::array<const char*, 7> kColours{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                              "#E69F00", "#56B4E9", "#8A8A8A"};
// One more shape than colours, so that 56 series all look different.
constexpr std::array<const char*, 8> kShapes{"circle",         "square",        "triangle-up",
                                             "diamond",        "triangle-down", "cross",
                                             "triangle-right", "triangle-left"};

Json series_scales(const std::vector<std::string>& names) {
  return Json::array(
      {{{"name", "colour"}, {"type", "ordinal"}, {"domain", names}, {"range", kColours}},
       {{"name", "shape"}, {"type", "ordinal"}, {"domain", names}, {"range", kShapes}}});
}

Json series_legend(size_t count) {
  return Json::array({{{"fill", "colour"},
                       {"shape", "shape"},
                       {"orient", "top"},
                       {"direction", "horizontal"},
                       {"columns", std::min<size_t>(count, 4)},
                       {"symbolSize", 80}}});
}

Json percent_axis(const std::string& orient, const std::string& scale, const std::string& title) {
  return {{"orient", orient}, {"scale", scale}, {"format", ".0%"},
          {"grid", true},     {"title", title}, {"tickCount", 6}};
}

// The indices of the at most `most` things in which series differ most, in ascending order.
std::vector<size_t> most_different(const std::vector<Series>& series, size_t count, size_t most) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  if (count <= most) return order;
  std::vector<double> change(count, 0);
  for (size_t i = 0; i < count; ++i) {
    for (const Series& s : series) {
      const double moved = std::abs(s.values[i] - series.front().values[i]);
      if (moved > change[i]) change[i] = moved;
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return change[a] > change[b]; });
  order.resize(most);
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace

Figure dot_plot(const std::string& title, const std::string& description,
                const std::vector<std::string>& things, const std::vector<Series>& series) {
  constexpr size_t kMaxThings = 40;
  const std::vector<size_t> shown = most_different(series, things.size(), kMaxThings);
  Json spec = specification(24.0 * static_cast<double>(shown.size()));
  std::string shown_of;
  if (shown.size() < things.size()) {
    shown_of =
        fmt::format(" The {} of {} that differ most are shown.", shown.size(), things.size());
  }
  Json points = Json::array();
  Json spans = Json::array();
  std::vector<std::string> names;
  names.reserve(series.size());
  for (const Series& s : series) names.push_back(s.name);
  for (const size_t i : shown) {
    double low = 1;
    double high = 0;
    for (const Series& s : series) {
      const double share = s.values[i];
      if (std::isnan(share)) continue;
      low = std::min(low, share);
      high = std::max(high, share);
      points.push_back({{"thing", i},
                        {"series", s.name},
                        {"value", share},
                        {"tip", fmt::format("{}\n{}: {} %", things[i], s.name, percent(share))}});
    }
    spans.push_back({{"thing", i}, {"low", low}, {"high", std::max(low, high)}});
  }
  // Things are identified by their index, since two may have the same name.
  Json labels = Json::object();
  for (const size_t i : shown) labels[std::to_string(i)] = things[i];
  spec["signals"] = Json::array({{{"name", "names"}, {"value", labels}}});
  spec["data"] = Json::array(
      {{{"name", "points"}, {"values", points}}, {{"name", "spans"}, {"values", spans}}});
  spec["scales"] = series_scales(names);
  spec["scales"].push_back(
      {{"name", "y"}, {"type", "point"}, {"domain", shown}, {"range", "height"}, {"padding", 0.5}});
  spec["scales"].push_back({{"name", "x"}, {"domain", {0, 1}}, {"range", "width"}, {"padding", 8}});
  spec["axes"] = Json::array(
      {percent_axis("bottom", "x", ""),
       {{"orient", "left"},
        {"scale", "y"},
        {"ticks", false},
        {"domain", false},
        {"encode", {{"labels", {{"update", {{"text", {{"signal", "names[datum.value]"}}}}}}}}}}});
  spec["legends"] = series_legend(names.size());
  spec["marks"] = Json::array({mark("rule", "spans",
                                    {{"y", scaled("y", "thing")},
                                     {"x", scaled("x", "low")},
                                     {"x2", scaled("x", "high")},
                                     {"strokeWidth", value(3)}}),
                               mark("symbol", "points",
                                    {{"y", scaled("y", "thing")},
                                     {"x", scaled("x", "value")},
                                     {"fill", scaled("colour", "series")},
                                     {"shape", scaled("shape", "series")},
                                     {"size", value(80)},
                                     {"fillOpacity", value(0.85)},
                                     {"tooltip", field("tip")}})});
  return {title, description + shown_of, text_of(spec)};
}

Figure line_chart(const std::string& title, const std::string& description,
                  const std::string& x_title, const std::vector<Line>& lines) {
  Json spec = specification(280);
  Json points = Json::array();
  std::vector<std::string> names;
  for (const Line& line : lines) {
    names.push_back(line.name);
    for (const LinePoint& p : line.points) {
      if (std::isnan(p.y)) continue;
      const auto [low, high] = p.interval.value_or(std::pair{p.y, p.y});
      const std::string around =
          p.interval ? fmt::format(" ({} to {})", percent(low), percent(high)) : "";
      points.push_back({{"series", line.name},
                        {"x", p.x},
                        {"y", p.y},
                        {"low", low},
                        {"high", high},
                        {"tip", fmt::format("{}\nat {} %: {} %{}", line.name, percent(p.x),
                                            percent(p.y), around)}});
    }
  }
  spec["data"] = Json::array({{{"name", "points"}, {"values", points}}});
  spec["scales"] = series_scales(names);
  spec["scales"].push_back({{"name", "x"},
                            {"type", "linear"},
                            {"zero", false},
                            {"domain", {{"data", "points"}, {"field", "x"}}},
                            {"range", "width"},
                            {"padding", 12}});
  spec["scales"].push_back(
      {{"name", "y"}, {"domain", {0, 1}}, {"range", "height"}, {"nice", true}});
  spec["axes"] = Json::array({percent_axis("bottom", "x", x_title), percent_axis("left", "y", "")});
  spec["legends"] = series_legend(names.size());
  Json facet{{"type", "group"},
             {"from", {{"facet", {{"name", "line"}, {"data", "points"}, {"groupby", "series"}}}}}};
  facet["marks"] = Json::array({mark("line", "line",
                                     {{"x", scaled("x", "x")},
                                      {"y", scaled("y", "y")},
                                      {"stroke", scaled("colour", "series")},
                                      {"strokeWidth", value(2)}}),
                                mark("rule", "line",
                                     {{"x", scaled("x", "x")},
                                      {"y", scaled("y", "low")},
                                      {"y2", scaled("y", "high")},
                                      {"stroke", scaled("colour", "series")}}),
                                mark("symbol", "line",
                                     {{"x", scaled("x", "x")},
                                      {"y", scaled("y", "y")},
                                      {"fill", scaled("colour", "series")},
                                      {"shape", scaled("shape", "series")},
                                      {"size", value(80)},
                                      {"tooltip", field("tip")}})});
  spec["marks"] = Json::array({facet});
  return {title, description, text_of(spec)};
}

Figure heat_map(const std::string& title, const std::string& description, const HeatMap& map) {
  constexpr double kRow = 22;
  Json spec = specification(kRow * static_cast<double>(map.rows.size()));
  double most = map.diverging ? 1 : 0;
  for (const auto& row : map.values) {
    for (const double v : row) {
      if (map.diverging && std::abs(v) > most) most = std::abs(v);
    }
  }
  Json cells = Json::array();
  for (size_t r = 0; r < map.rows.size(); ++r) {
    for (size_t c = 0; c < map.columns.size(); ++c) {
      const double v = map.values[r][c];
      if (std::isnan(v)) continue;
      const std::string text = map.diverging ? fmt::format("{:+.0f}", v) : percent(v);
      const bool on_dark = map.diverging ? std::abs(v) > 0.6 * most : v < 0.55;
      cells.push_back(
          {{"row", r},
           {"column", c},
           {"value", v},
           {"text", map.diverging ? (v == 0 ? "" : text) : fmt::format("{:.0f}", 100 * v)},
           {"ink", on_dark ? "#ffffff" : "#000000"},
           {"tip", fmt::format("{}, {}: {}{}", map.rows[r], map.columns[c], text,
                               map.diverging ? "" : " %")}});
    }
  }
  spec["signals"] = Json::array(
      {{{"name", "rows"}, {"value", map.rows}}, {{"name", "columns"}, {"value", map.columns}}});
  spec["data"] = Json::array({{{"name", "cells"}, {"values", cells}}});
  const auto band = [](const std::string& name, size_t count, const std::string& range) {
    std::vector<size_t> domain(count);
    std::iota(domain.begin(), domain.end(), 0);
    return Json{{"name", name}, {"type", "band"}, {"domain", domain}, {"range", range}};
  };
  Json colour{{"name", "colour"}, {"type", "linear"}};
  colour["range"] = {{"scheme", map.diverging ? "blueorange" : "cividis"}};
  colour["domain"] = map.diverging ? Json::array({-most, most}) : Json::array({0, 1});
  if (map.diverging) colour["reverse"] = true;  // growth is blue, shrinkage orange
  spec["scales"] = Json::array({band("x", map.columns.size(), "width"),
                                band("y", map.rows.size(), "height"), std::move(colour)});
  const auto names = [](const std::string& orient, const std::string& scale,
                        const std::string& signal) {
    Json axis{{"orient", orient}, {"scale", scale}, {"ticks", false}, {"domain", false}};
    axis["encode"]["labels"]["update"]["text"] = {{"signal", signal + "[datum.value]"}};
    return axis;
  };
  Json bottom = names("bottom", "x", "columns");
  bottom["labelAngle"] = -45;
  bottom["labelAlign"] = "right";
  bottom["labelOverlap"] = false;
  spec["axes"] = Json::array({bottom, names("left", "y", "rows")});
  const Json middle{{"scale", "x"}, {"field", "column"}, {"band", 0.5}};
  const Json height{{"scale", "y"}, {"field", "row"}, {"band", 0.5}};
  spec["marks"] = Json::array({mark("rect", "cells",
                                    {{"x", scaled("x", "column")},
                                     {"y", scaled("y", "row")},
                                     {"width", {{"scale", "x"}, {"band", 1}}},
                                     {"height", {{"scale", "y"}, {"band", 1}}},
                                     {"fill", scaled("colour", "value")},
                                     {"tooltip", field("tip")}}),
                               mark("text", "cells",
                                    {{"x", middle},
                                     {"y", height},
                                     {"align", value("center")},
                                     {"baseline", value("middle")},
                                     {"fontSize", value(10)},
                                     {"fill", field("ink")},
                                     {"text", field("text")},
                                     {"opacity", {{"signal", "bandwidth('x') > 19 ? 1 : 0"}}}})});
  spec["marks"][1]["interactive"] = false;
  return {title, description, text_of(spec)};
}

Figure scatter_plot(const std::string& title, const std::string& description,
                    const std::vector<PlanePoint>& points) {
  Json spec = specification(300);
  Json values = Json::array();
  double most = 1e-12;
  for (const PlanePoint& p : points) {
    if (std::isnan(p.x) || std::isnan(p.y)) continue;
    most = std::max({most, std::abs(p.x), std::abs(p.y)});
    values.push_back({{"name", p.name},
                      {"x", p.x},
                      {"y", p.y},
                      {"shape", p.marked ? "triangle-up" : "circle"},
                      {"colour", p.marked ? kColours[1] : kColours[0]},
                      {"tip", fmt::format("{}: {:.3g}, {:.3g}", p.name, p.x, p.y)}});
  }
  spec["signals"] = Json::array({{{"name", "most"}, {"value", 1.15 * most}}});
  spec["data"] = Json::array({{{"name", "points"}, {"values", values}}});
  const auto plane = [](const std::string& name, const std::string& range,
                        const std::string& stretch) {
    const std::string far = "most * max(1, " + stretch + ")";
    return Json{
        {"name", name}, {"range", range}, {"domain", {{{"signal", "-" + far}}, {{"signal", far}}}}};
  };
  spec["scales"] =
      Json::array({plane("x", "width", "width / height"), plane("y", "height", "height / width")});
  spec["axes"] =
      Json::array({{{"orient", "bottom"}, {"scale", "x"}, {"grid", true}, {"tickCount", 5}},
                   {{"orient", "left"}, {"scale", "y"}, {"grid", true}, {"tickCount", 5}}});
  spec["marks"] = Json::array({mark("symbol", "points",
                                    {{"x", scaled("x", "x")},
                                     {"y", scaled("y", "y")},
                                     {"shape", field("shape")},
                                     {"fill", field("colour")},
                                     {"size", value(90)},
                                     {"tooltip", field("tip")}}),
                               mark("text", "points",
                                    {{"x", scaled("x", "x")},
                                     {"y", scaled("y", "y")},
                                     {"dx", value(8)},
                                     {"baseline", value("middle")},
                                     {"fontSize", value(11)},
                                     {"text", field("name")}})});
  return {title, description, text_of(spec)};
}

}  // namespace ncprune
