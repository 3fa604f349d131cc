#include "ncprune/prune/shrink.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "ncprune/model/all_unit_groups.h"
#include "ncprune/model/known_values.h"
#include "ncprune/model/layers.h"
#include "ncprune/prune/score_difference.h"

namespace ncprune {
namespace {

using KnownValues = std::unordered_map<std::string, at::Tensor>;

bool is_kernel(const Network& network, const std::string& tensor) {
  return std::any_of(network.nodes.begin(), network.nodes.end(), [&](const Node& node) {
    return node.op_type == "Conv" && node.inputs.size() > 1 && node.inputs[1] == tensor;
  });
}

// A group of units, and their columns in every layer that reads them.
struct ReadGroup {
  UnitGroup group;
  std::vector<UnitEntries> readers;  // empty: nobody, or one that is no layer
};

// The readers of all groups. The consumers that unit_groups() finds lack the groups of
// convolutions, whose kernels have the units on their second axis.
std::vector<ReadGroup> read_groups(const Network& network) {
  const std::vector<Layer> layers = weight_layers(network);
  std::vector<ReadGroup> all;
  for (UnitGroup& group : all_unit_groups(network)) {
    std::vector<UnitEntries> readers = group.consumers;
    bool are_layers = true;
    for (const UnitSlice& slice : group.slices) {
      if (slice.reads || slice.axis != 1 || !is_kernel(network, slice.tensor)) continue;
      const size_t before = readers.size();
      for (const Layer& layer : layers) {
        if (layer.weight != slice.tensor) continue;
        const int64_t width = c10::multiply_integers(layer.convolution->kernel);
        const at::Tensor within = at::arange(width, slice.index.options());
        readers.push_back({layer, (slice.index.unsqueeze(2) * width + within).flatten(1)});
      }
      are_layers = are_layers && readers.size() > before;
    }
    if (!are_layers) readers.clear();
    all.push_back({std::move(group), std::move(readers)});
  }
  return all;
}

// The groups whose units the graph lets go.
std::vector<ReadGroup> open_groups(const Network& network) {
  std::vector<ReadGroup> open = read_groups(network);
  std::erase_if(open, [](const ReadGroup& each) {
    return each.readers.empty() || (!each.group.reason.empty() && !each.group.lacks_repair);
  });
  return open;
}

// Bool [u]: whether all of the reader's columns of a unit are zero.
at::Tensor unread_by(const Network& network, const UnitEntries& reader) {
  const at::Tensor zero = weight_of(network, reader.layer).eq(0).all(0);
  return zero.index_select(0, reader.index.flatten()).view(reader.index.sizes()).all(1);
}

at::Tensor unread(const Network& network, const std::vector<UnitEntries>& readers) {
  at::Tensor all = unread_by(network, readers.front());
  for (const UnitEntries& reader : readers) all = all.logical_and(unread_by(network, reader));
  return all;
}

// Where a convolution pads, its input is not the channel's constant.
bool pads(const Convolution& convolution) {
  const std::string automatic = convolution.node.text("auto_pad", "NOTSET");
  if (automatic != "NOTSET" && automatic != "VALID") return true;
  const std::vector<int64_t> sizes = convolution.node.integers("pads", {});
  return std::any_of(sizes.begin(), sizes.end(), [](int64_t size) { return size != 0; });
}

// By column of the layer, [d]: the constant that it multiplies; NaN where there is none.
at::Tensor constants_read(const Layer& layer, const KnownValues& known) {
  const auto nan = [](const at::Tensor& like) {
    return at::full_like(like, std::numeric_limits<double>::quiet_NaN());
  };
  const at::Tensor& input = known.at(layer.input);
  const at::Tensor rows =  // [places, columns or channels]
      layer.convolution ? input.transpose(0, 1).flatten(1).t() : input.flatten(0, -2);
  at::Tensor values = at::where(rows.eq(rows[0]).all(0), rows[0], nan(rows[0]));
  if (!layer.convolution) return values;
  values = share_of(layer, values, 0);
  if (pads(*layer.convolution)) values = at::where(values.eq(0), values, nan(values));
  return values.repeat_interleave(c10::multiply_integers(layer.convolution->kernel));
}

// Whether the file holds what shifts the layer's output as exactly as a float does.
bool shifts_exactly(const Network& network, const Layer& layer) {
  if (!shifts(layer) && layer.groups > 1) return false;
  const auto is_exact = [](at::ScalarType type) {
    return type == at::kFloat || type == at::kDouble;
  };
  const auto own = network.storage.find(layer.bias.empty() ? layer.norm_mean : layer.bias);
  if (own != network.storage.end()) return is_exact(own->second.type);
  // A new value gets the type of the layer's other operands.
  const auto weight = network.storage.find(layer.weight);
  return weight == network.storage.end() || is_exact(weight->second.read_as);
}

// What a layer no longer multiplies, and what that was.
struct Folded {
  Layer layer;
  at::Tensor columns;  // bool [d]
  at::Tensor shift;    // double [m]
};

// Collects the constants that are folded into each layer.
class Folding {
 public:
  Folding(const Network& network, const KnownValues& known) : network_(network), known_(known) {}

  // Bool [u]: whether a reader can do without the unit.
  at::Tensor spares(const UnitEntries& reader) {
    const at::Tensor values =
        constants(reader.layer).index_select(0, reader.index.flatten()).view(reader.index.sizes());
    at::Tensor constant = at::isnan(values).logical_not().all(1);
    if (!shifts_exactly(network_, reader.layer)) {
      constant = constant.logical_and(values.eq(0).all(1));
    }
    return constant.logical_or(unread_by(network_, reader));
  }

  void add(const UnitEntries& reader, const at::Tensor& units) {
    const Layer& layer = reader.layer;
    const at::Tensor weight = weight_of(network_, layer).to(at::kDouble);
    const at::Tensor columns = reader.index.index_select(0, units).flatten();
    const at::Tensor values = constants(layer).index_select(0, columns).nan_to_num(0);
    Folded& folded = folded_[{layer.node, layer.group}];
    if (!folded.shift.defined()) {
      folded = {layer, at::zeros({weight.size(1)}, at::kBool),
                at::zeros({weight.size(0)}, at::kDouble)};
    }
    folded.columns.index_fill_(0, columns, true);
    folded.shift += weight.index_select(1, columns).mv(values.to(at::kDouble));
  }

  // The same function, without the columns that were added.
  Network result() const {
    Network network = network_;
    // From the last node on, because a bias can become a node after its layer.
    for (auto entry = folded_.rbegin(); entry != folded_.rend(); ++entry) {
      const auto& [layer, columns, shift] = entry->second;
      const at::Tensor weight = weight_of(network, layer);
      set_weight(network, layer, at::where(columns, at::zeros_like(weight), weight));
      if (!shift.ne(0).any().item<bool>()) continue;
      if (!shifts(layer)) {
        set_bias(network, layer, shift);
      } else {
        set_shift(network, layer, layer.bias.empty() ? shift : bias_of(network, layer) + shift);
      }
    }
    return network;
  }

 private:
  const at::Tensor& constants(const Layer& layer) {
    at::Tensor& values = constants_[{layer.node, layer.group}];
    if (!values.defined()) values = constants_read(layer, known_);
    return values;
  }

  using Place = std::pair<int64_t, int64_t>;  // node and group
  const Network& network_;
  const KnownValues& known_;
  std::map<Place, at::Tensor> constants_;
  std::map<Place, Folded> folded_;
};

bool knows_sample_shape(const Network& network) {
  return std::all_of(network.input.shape.begin() + 1, network.input.shape.end(),
                     [](int64_t size) { return size > 0; });
}

// Makes constant units dead, where none of their readers needs them.
Network with_constants_folded(const Network& network) {
  if (!knows_sample_shape(network)) return network;
  const KnownValues known = known_values(network);
  Folding folding(network, known);
  for (const auto& [group, readers] : open_groups(network)) {
    at::Tensor spared = at::ones({group.units}, at::kBool);
    for (const UnitEntries& reader : readers) spared = spared.logical_and(folding.spares(reader));
    const at::Tensor units =
        spared.logical_and(unread(network, readers).logical_not()).nonzero().flatten();
    if (units.numel() == 0) continue;
    for (const UnitEntries& reader : readers) folding.add(reader, units);
  }
  return folding.result();
}

// `network` without its dead units; a group keeps its first one. Nothing when none can go.
std::optional<Network> without_dead_units(const Network& network) {
  const std::vector<ReadGroup> open = open_groups(network);
  std::vector<UnitSelection> selections;
  for (const auto& [group, readers] : open) {
    at::Tensor kept = unread(network, readers).logical_not().nonzero().flatten();
    if (kept.numel() == 0) kept = at::zeros({1}, at::kLong);
    if (kept.numel() < group.units) selections.push_back({group, kept});
  }
  if (selections.empty()) return std::nullopt;
  return keep_units(network, selections);
}

struct WeightSize {
  std::string name;
  std::string weight;
  int64_t units;
  int64_t parameters;
};

// Of every product with a weight, in graph order.
std::vector<WeightSize> sizes_of(const Network& network) {
  std::map<int64_t, std::string> biases;  // by node
  for (const Layer& layer : weight_layers(network)) biases[layer.node] = layer.bias;
  std::vector<WeightSize> sizes;
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    const Node& node = network.nodes[i];
    const bool multiplies = node.op_type == "Conv" || node.op_type == "Gemm" ||
                            node.op_type == "MatMul" || node.op_type == "ConvTranspose";
    if (!multiplies || node.foreign || node.inputs.size() < 2) continue;
    const auto weight = network.initializers.find(node.inputs[1]);
    if (weight == network.initializers.end() || weight->second.dim() < 2) continue;
    const bool first = node.op_type == "Conv" || node.integer("transB", 0) != 0;
    const int64_t axis = first ? 0 : node.op_type == "ConvTranspose" ? 1 : -1;
    const auto bias = biases.find(static_cast<int64_t>(i));
    const bool biased = bias != biases.end() && !bias->second.empty();
    sizes.push_back(
        {node.name.empty() ? node.inputs[1] : node.name, node.inputs[1], weight->second.size(axis),
         weight->second.numel() + (biased ? network.initializers.at(bias->second).numel() : 0)});
  }
  return sizes;
}

// By weight: how many units of its layer do nothing. The class scores do not count.
std::map<std::string, int64_t> idle_units(const Network& network) {
  const std::vector<Layer> layers = weight_layers(network);
  std::map<std::string, at::Tensor> idle;  // bool, by row
  for (const Layer& layer : linear_layers(network)) {
    if (layer.node != layers.back().node) {
      idle[layer.weight] = weight_of(network, layer).eq(0).all(1);
    }
  }
  for (const auto& [group, readers] : read_groups(network)) {
    if (readers.empty()) continue;
    const at::Tensor units = unread(network, readers).nonzero().flatten();
    for (const UnitEntries& producer : group.producers) {
      const auto found = idle.find(producer.layer.weight);
      if (found == idle.end()) continue;
      found->second.index_fill_(0, producer.index.index_select(0, units).flatten(), true);
    }
  }
  std::map<std::string, int64_t> counts;
  for (const auto& [weight, rows] : idle) counts[weight] = rows.sum().item<int64_t>();
  return counts;
}

Shrunk smaller(const Network& network) {
  Network result = with_constants_folded(network);
  // Every removed unit can leave others without a reader, or without a weight.
  while (std::optional<Network> next = without_dead_units(result)) {
    result = with_constants_folded(*next);
  }
  const std::vector<WeightSize> before = sizes_of(network);
  const std::vector<WeightSize> after = sizes_of(result);
  std::map<std::string, int64_t> idle = idle_units(result);
  Shrunk shrunk{std::move(result), {}, cost(network), {}, 0};
  shrunk.after = cost(shrunk.network);
  for (size_t l = 0; l < before.size(); ++l) {
    shrunk.layers.push_back({before[l].name, before[l].units, after.at(l).units,
                             before[l].parameters, after[l].parameters, idle[before[l].weight]});
  }
  return shrunk;
}

// Closer than this, the classes of the highest scores are the same, up to ties.
Shrunk proved(Shrunk shrunk, const std::vector<ScoreDifference>& found) {
  constexpr double kTolerance = 1e-5;
  for (const auto& [largest, scale] : found) {
    if (!(largest <= kTolerance * std::max(1.0, scale))) {
      throw std::logic_error(fmt::format(
          "scores of the shrunk network differ by {:.1e}; the largest is {:.1e}", largest, scale));
    }
    shrunk.difference = std::max(shrunk.difference, largest);
  }
  return shrunk;
}

}  // namespace

Shrunk shrink(const Network& network) {
  const at::NoGradGuard no_grad;
  Shrunk shrunk = smaller(network);
  const ScoreDifference random = score_difference(network, shrunk.network);
  return proved(std::move(shrunk), {random});
}

Shrunk shrink(const Network& network, const Dataset& data) {
  const at::NoGradGuard no_grad;
  Shrunk shrunk = smaller(network);
  const ScoreDifference random = score_difference(network, shrunk.network);
  const ScoreDifference known = score_difference(network, shrunk.network, data);
  return proved(std::move(shrunk), {random, known});
}

}  // namespace ncprune
