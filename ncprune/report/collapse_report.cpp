#include "ncprune/report/collapse_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

namespace ncprune {
namespace {

template <typename Of>
struct MeasureLine {
  std::string text;
  std::string key;  // in JSON
  std::function<double(const Of&)> value;
};

// The measures of a frame of vectors called `name`, read from `frame`.
template <typename Of>
void add_frame(std::vector<MeasureLine<Of>>& lines, const std::string& name, Frame Of::*frame) {
  const auto add = [&](const std::string& text, const std::string& key, double Frame::*value) {
    lines.push_back({text + " " + name, key, [=](const Of& of) { return of.*frame.*value; }});
  };
  add("NC2 length variation,", "norm_variation", &Frame::norm_variation);
  add("NC2 cosine deviation,", "cosine_deviation", &Frame::cosine_deviation);
  add("NC2 cosine error,", "cosine_error", &Frame::cosine_error);
  add("distance to ETF,", "etf_distance", &Frame::etf_distance);
  add("distance to SELI,", "seli_distance", &Frame::seli_distance);
}

const std::vector<MeasureLine<LayerCollapse>>& layer_lines() {
  static const std::vector<MeasureLine<LayerCollapse>> lines = [] {
    std::vector<MeasureLine<LayerCollapse>> made{
        {"NC1 tr(S_W S_B+) / K", "nc1", &LayerCollapse::nc1},
        {"NC1 tr S_W / tr S_B", "trace_ratio", &LayerCollapse::trace_ratio},
        {"VCI", "vci", &LayerCollapse::vci},
        {"CDNV, mean", "cdnv", &LayerCollapse::cdnv},
        {"CDNV, worst pair", "worst_cdnv", &LayerCollapse::worst_cdnv}};
    add_frame(made, "means", &LayerCollapse::means);
    return made;
  }();
  return lines;
}

const std::vector<MeasureLine<HeadCollapse>>& head_lines() {
  static const std::vector<MeasureLine<HeadCollapse>> lines = [] {
    std::vector<MeasureLine<HeadCollapse>> made;
    add_frame(made, "rows", &HeadCollapse::weights);
    made.push_back({"NC3 distance of rows to means", "self_duality", &HeadCollapse::self_duality});
    made.push_back({"NC4 head against nearest mean", "disagreement", &HeadCollapse::disagreement});
    return made;
  }();
  return lines;
}

const LayerCollapse* find_layer(const Collapse& collapse, const std::string& name) {
  const auto found = std::find_if(collapse.layers.begin(), collapse.layers.end(),
                                  [&](const LayerCollapse& l) { return l.layer == name; });
  return found == collapse.layers.end() ? nullptr : &*found;
}

double distance_to(const Collapse& dense, const LayerCollapse& layer) {
  const LayerCollapse* other = find_layer(dense, layer.layer);
  return other == nullptr ? std::numeric_limits<double>::quiet_NaN()
                          : gram_distance(layer.gram, other->gram);
}

using Show = std::function<std::string(const LayerCollapse&)>;

// `text`, followed by the value of `show` for the layer in every network.
std::vector<std::string> layer_row(const std::string& text, const std::string& layer,
                                   const std::vector<CollapseResult>& networks, const Show& show) {
  std::vector<std::string> row{text};
  for (const CollapseResult& network : networks) {
    const LayerCollapse* found = find_layer(network.collapse, layer);
    row.emplace_back(found == nullptr ? "-" : show(*found));
  }
  return row;
}

std::vector<std::string> header(const std::string& first,
                                const std::vector<CollapseResult>& networks) {
  std::vector<std::string> cells{first};
  for (const CollapseResult& network : networks) cells.push_back(network.name);
  return cells;
}

// The measure's name, followed by the layer's.
std::string label(const std::string& text, const std::string& layer) {
  return fmt::format("{:<32}{}", text, layer);
}

Table measures_table(const std::string& title, const std::vector<CollapseResult>& networks) {
  const Collapse& dense = networks.front().collapse;
  std::vector<MeasureLine<LayerCollapse>> lines = layer_lines();
  if (networks.size() > 1) {
    lines.push_back({fmt::format("distance to {}, means", networks.front().name), "",
                     [&](const LayerCollapse& l) { return distance_to(dense, l); }});
  }
  Table table{title, header(label("", "layer"), networks), {}};
  for (const auto& line : lines) {
    for (const LayerCollapse& layer : dense.layers) {
      const std::string text = &layer == &dense.layers.front() ? line.text : "";
      table.rows.push_back(
          layer_row(label(text, layer.layer), layer.layer, networks,
                    [&](const LayerCollapse& l) { return decimal(line.value(l)); }));
    }
  }
  table.rows.emplace_back();
  for (const auto& line : head_lines()) {
    std::vector<std::string> row{label(line.text, "head")};
    for (const CollapseResult& network : networks) {
      row.push_back(decimal(line.value(network.collapse.head)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::vector<Table> collapse_tables(const std::string& title, const ClassInfo& classes,
                                   const std::vector<CollapseResult>& networks) {
  const Collapse& dense = networks.front().collapse;
  Table pairs{"The pair of classes with the worst CDNV", header("layer", networks), {}};
  for (const LayerCollapse& layer : dense.layers) {
    pairs.rows.push_back(
        layer_row(layer.layer, layer.layer, networks, [&](const LayerCollapse& l) -> std::string {
          const auto [a, b] = l.worst_pair;
          if (a < 0) return "-";
          return classes.names[static_cast<size_t>(a)] + ", " +
                 classes.names[static_cast<size_t>(b)];
        }));
  }
  const std::string features = dense.layers.back().layer;
  Table own{fmt::format("NC1 of each class in {}: tr(S_c S_B+) / K", features),
            header("class (samples)", networks),
            {}};
  for (size_t c = 0; c < classes.names.size(); ++c) {
    own.rows.push_back(layer_row(fmt::format("{} ({})", classes.names[c], dense.counts[c]),
                                 features, networks,
                                 [c](const LayerCollapse& l) { return decimal(l.class_nc1[c]); }));
  }
  return {measures_table(title, networks), pairs, own};
}

std::string collapse_notes(const ClassInfo& classes, const Collapse& collapse) {
  const auto note = [&](const std::string& text, int64_t count) {
    std::vector<std::string> names;
    for (size_t c = 0; c < collapse.counts.size(); ++c) {
      if (collapse.counts[c] == count) names.push_back(classes.names[c]);
    }
    return names.empty() ? "" : fmt::format("{}: {}\n", text, fmt::join(names, ", "));
  };
  return note("left out, without samples", 0) +
         note("one sample, which looks like perfect collapse", 1);
}

Json collapse_json(const Collapse& network, const Collapse& dense) {
  Json layers = Json::array();
  for (const LayerCollapse& layer : network.layers) {
    Json json{{"layer", layer.layer}, {"rank", layer.rank}};
    for (const auto& line : layer_lines()) json[line.key] = line.value(layer);
    json["distance_to_dense"] = distance_to(dense, layer);
    json["worst_pair"] = Json();
    if (layer.worst_pair.first >= 0) json["worst_pair"] = layer.worst_pair;
    json["class_nc1"] = layer.class_nc1;
    json["class_variance"] = layer.class_variance;
    json["class_length"] = layer.class_length;
    layers.push_back(std::move(json));
  }
  Json head;
  for (const auto& line : head_lines()) head[line.key] = line.value(network.head);
  head["class_disagreement"] = network.head.class_disagreement;
  return {{"layers", layers}, {"head", head}};
}

}  // namespace ncprune
