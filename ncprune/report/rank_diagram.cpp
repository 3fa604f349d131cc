#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ncprune/report/figures.h"
#include "ncprune/report/vega.h"

namespace ncprune {

using namespace vega;

Figure rank_diagram(const std::string& title, const std::string& description,
                    const MeanRanks& mean) {
  const auto& [names, ranks, critical_difference] = mean;
  std::vector<size_t> order(names.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return mean.ranks[a] < mean.ranks[b]; });
  Json points = Json::array();
  Json labels = Json::object();
  for (size_t place = 0; place < order.size(); ++place) {
    const size_t i = order[place];
    labels[std::to_string(place)] = names[i];
    points.push_back({{"place", place},
                      {"rank", ranks[i]},
                      {"tip", fmt::format("{}: mean rank {:.2f}", names[i], ranks[i])}});
  }
  const double best = ranks[order.front()];
  constexpr double kRowHeight = 20;
  Json spec = specification(kRowHeight * static_cast<double>(names.size()));
  spec["signals"] = Json::array({{{"name", "names"}, {"value", labels}}});
  spec["data"] = Json::array(
      {{{"name", "points"}, {"values", points}},
       {{"name", "band"},
        {"values", Json::array({{{"low", best}, {"high", best + critical_difference}}})}}});
  std::vector<size_t> places(order.size());
  std::iota(places.begin(), places.end(), size_t{0});
  const auto last = static_cast<double>(names.size());
  spec["scales"] = Json::array({{{"name", "x"},
                                 {"domain", {1, last}},
                                 {"range", "width"},
                                 {"padding", 8},
                                 {"zero", false},
                                 {"clamp", true}},
                                {{"name", "y"},
                                 {"type", "point"},
                                 {"domain", places},
                                 {"range", "height"},
                                 {"padding", 0.5}}});
  spec["axes"] = Json::array(
      {{{"orient", "bottom"},
        {"scale", "x"},
        {"grid", true},
        {"tickCount", 6},
        {"title", "mean rank"}},
       {{"orient", "left"},
        {"scale", "y"},
        {"ticks", false},
        {"domain", false},
        {"encode", {{"labels", {{"update", {{"text", {{"signal", "names[datum.value]"}}}}}}}}}}});
  spec["marks"] = Json::array({mark("rect", "band",
                                    {{"x", scaled("x", "low")},
                                     {"x2", scaled("x", "high")},
                                     {"y", value(0)},
                                     {"y2", {{"signal", "height"}}},
                                     {"fill", value("#0072B2")},
                                     {"fillOpacity", value(0.15)}}),
                               mark("symbol", "points",
                                    {{"x", scaled("x", "rank")},
                                     {"y", scaled("y", "place")},
                                     {"size", value(90)},
                                     {"fill", value("#0072B2")},
                                     {"tooltip", field("tip")}})});
  return {title,
          fmt::format("{} 1 is the best; in the band, {:.2f} wide, are those that cannot be told "
                      "apart from it with 95 % confidence.",
                      description, critical_difference),
          text_of(spec)};
}

}  // namespace ncprune
