#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <unordered_set>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/base/naming.h"
#include "ncprune/onnx/element_type.h"
#include "ncprune/onnx/fixed_batch.h"
#include "ncprune/onnx/fold.h"
#include "ncprune/onnx/foreign.h"
#include "ncprune/onnx/functions.h"
#include "ncprune/onnx/interface.h"
#include "ncprune/onnx/metadata.h"
#include "ncprune/onnx/nodes.h"
#include "ncprune/onnx/normalisation.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/onnx/scores.h"
#include "ncprune/onnx/several_inputs.h"
#include "ncprune/onnx/tensors.h"
#include "ncprune/onnx/training_mode.h"
#include "ncprune/onnx/upgrade.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxFile = std::numeric_limits<int>::max();  // protobuf's limit: 2 GiB
constexpr int64_t kOldestOpset = 7;

onnx::ModelProto parse_model(std::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(kMaxFile)) {
    throw InputError("larger than 2 GiB, the limit of an ONNX file");
  }
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(static_cast<int>(kMaxFile));
  onnx::ModelProto model;
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage() ||
      !model.has_graph()) {
    throw InputError("not an ONNX model, or truncated");
  }
  return model;
}

int64_t opset_of(const onnx::ModelProto& model) {
  int64_t opset = 1;
  for (const auto& entry : model.opset_import()) {
    if (entry.domain().empty() || entry.domain() == "ai.onnx") opset = entry.version();
  }
  if (opset < kOldestOpset || opset > std::numeric_limits<int16_t>::max()) {
    throw InputError(fmt::format("opset {}; ncprune reads {} and newer", opset, kOldestOpset));
  }
  return opset;
}

// The versions of the operator sets other than ONNX's own.
std::map<std::string, int64_t> other_opsets(const onnx::ModelProto& model) {
  std::map<std::string, int64_t> opsets;
  for (const auto& entry : model.opset_import()) {
    require_plain(entry.domain());
    if (!entry.domain().empty() && entry.domain() != "ai.onnx") {
      opsets[entry.domain()] = entry.version();
    }
  }
  return opsets;
}

// Unknown operators run in ONNX Runtime; only their operator sets are kept.
void settle_foreign(Network& network, const std::map<std::string, int64_t>& opsets) {
  std::map<std::string, int64_t> all = opsets;
  all[""] = network.opset;
  for (Node& node : network.nodes) {
    if (operator_of(node) != nullptr) continue;
    node.foreign = foreign_operator(node, all);
    const auto own = opsets.find(node.domain);
    if (own != opsets.end()) network.domains.insert(*own);
  }
}

void add_initializer(Network& network, const std::string& name, at::Tensor tensor) {
  require_plain(name);
  if (!network.initializers.emplace(name, std::move(tensor)).second) {
    throw InputError(fmt::format("weight '{}' occurs twice in the file", name));
  }
}

// The bytes that all sparse tensors may take with their zeros: a few bytes of a file must not ask
// for all the memory of the machine.
int64_t max_dense_bytes(const onnx::GraphProto& graph) {
  constexpr int64_t kAlways = int64_t{1} << 26;
  constexpr int64_t kZeros = 1000;  // in a file, for each byte that is stored
  int64_t stored = 0;
  for (const auto& proto : graph.sparse_initializer()) {
    stored += static_cast<int64_t>(proto.ByteSizeLong());
  }
  return std::clamp(kZeros * stored, kAlways, kMaxFile);
}

void read_initializers(const onnx::GraphProto& graph, const Live& live, const std::string& folder,
                       Network& network) {
  for (const auto& proto : graph.initializer()) {
    if (proto.name().empty() || !live.values.contains(proto.name())) continue;
    const std::string what = fmt::format("weight '{}'", printable(proto.name()));
    add_initializer(network, proto.name(), tensor_from(proto, what, folder));
  }
  int64_t remaining = max_dense_bytes(graph);
  for (const auto& proto : graph.sparse_initializer()) {
    const std::string& name = proto.values().name();
    if (name.empty() || !live.values.contains(name)) continue;
    const std::string what = fmt::format("weight '{}'", printable(name));
    at::Tensor dense = dense_from(proto, what, folder, remaining);
    remaining -= static_cast<int64_t>(dense.nbytes());
    add_initializer(network, name, std::move(dense));
    network.sparse = true;
  }
}

// Makes names that do not occur in the file.
class FreshNames {
 public:
  explicit FreshNames(const onnx::GraphProto& graph) {
    for (const auto& input : graph.input()) taken_.insert(input.name());
    for (const auto& tensor : graph.initializer()) taken_.insert(tensor.name());
    for (const auto& tensor : graph.sparse_initializer()) taken_.insert(tensor.values().name());
    for (const auto& node : graph.node()) {
      taken_.insert(node.output().begin(), node.output().end());
    }
  }

  std::string operator()(const std::string& wanted) {
    std::string name = wanted;
    for (int i = 2; !taken_.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
    return name;
  }

 private:
  std::unordered_set<std::string> taken_;
};

void read_nodes(const onnx::GraphProto& graph, const Live& live, int64_t opset, Network& network) {
  FreshNames names(graph);
  const auto fresh = [&](const std::string& wanted) { return names(wanted); };
  for (const onnx::NodeProto* proto : live.nodes) {
    require_plain(proto->name());
    require_plain(proto->op_type());
    require_plain(proto->domain());
    for (const std::string& name : proto->input()) require_plain(name);
    for (const std::string& name : proto->output()) require_plain(name);
    if (proto->op_type() == "Constant" && proto->domain().empty() && proto->output_size() == 1) {
      add_initializer(network, proto->output(0), constant_from(*proto));
      continue;
    }
    Node node = node_from(*proto, opset);
    const bool closing_softmax = (node.op_type == "Softmax" || node.op_type == "LogSoftmax") &&
                                 node.outputs.front() == network.output.name;
    // Scores are [N, K]: axis 1 is the last in every operator set.
    if (closing_softmax && node.integer("axis", opset < 13 ? 1 : -1) == 1) {
      node.attributes["axis"] = int64_t{-1};
    }
    Upgraded upgraded = upgrade(std::move(node), opset, fresh);
    std::move(upgraded.nodes.begin(), upgraded.nodes.end(), std::back_inserter(network.nodes));
    for (auto& [name, tensor] : upgraded.initializers) {
      add_initializer(network, name, std::move(tensor));
    }
  }
}

// Gives switches their value in use, and says what of the file's inputs and outputs is no longer
// there.
void settle_interface(const GraphInputs& inputs, const OtherOutputs& outputs,
                      const std::string& where, Network& network) {
  for (const std::string& name : inputs.switches) {
    log_info(fmt::format("{}: its input '{}' becomes the constant false", where, name));
    add_initializer(network, name, at::zeros({}, at::kBool));
  }
  network.other_outputs = outputs.graph;
  if (!outputs.left_out.empty()) {
    log_warning(fmt::format("{}: of its outputs, '{}' is taken for the scores; left out: {}", where,
                            network.output.name, fmt::join(outputs.left_out, ", ")));
  }
}

Network read_model(const onnx::ModelProto& model, const std::string& where,
                   const std::string& folder) {
  Network network;
  const int64_t opset = opset_of(model);
  network.opset = std::max(opset, kHeldOpset);
  const onnx::GraphProto& graph = model.graph();
  require_plain(graph.name());
  network.name = graph.name();
  const std::string scores = scores_value(graph);
  const Live live = live_part(graph, scores);
  const GraphInputs inputs = graph_inputs(graph, live);
  network.input = inputs.samples.front();
  network.output = graph_output(graph, scores);
  read_initializers(graph, live, folder, network);
  read_nodes(graph, live, opset, network);
  if (const std::string nodes = nodes_in_training(live, opset, network); !nodes.empty()) {
    log_warning(
        fmt::format("{}: was exported in training mode: {}; it is read, and written again, as "
                    "it runs after training",
                    where, nodes));
  }
  if (inputs.samples.size() > 1) join_inputs(network, inputs.samples);
  const OtherOutputs outputs = other_outputs(graph, scores, live, opset);
  settle_interface(inputs, outputs, where, network);
  const std::map<std::string, int64_t> opsets = other_opsets(model);
  settle_foreign(network, opsets);
  for (const auto& [domain, version] : opsets) {
    if (outputs.domains.contains(domain)) network.domains[domain] = version;
  }
  network.metadata = metadata_from(model);
  return network;
}

void settle_class_names(std::vector<std::string> names, Network& network) {
  std::vector<std::string>& known = network.metadata.class_names;
  const bool fits = static_cast<int64_t>(names.size()) == network.num_classes();
  if (!known.empty() || !fits) return;
  for (const std::string& name : names) require_plain(name);
  known = std::move(names);
}

bool knows_sample_shape(const Network& network) {
  return std::all_of(network.input.shape.begin() + 1, network.input.shape.end(),
                     [](int64_t size) { return size >= 0; });
}

}  // namespace

Network parse_onnx(std::string_view bytes, const std::string& where, const std::string& folder) {
  onnx::ModelProto model = naming(where, [&] { return parse_model(bytes); });
  Network network = naming(where, [&] {
    inline_functions(model);
    return read_model(model, where, folder);
  });
  naming(where, [&] { compute_in_float(network); });
  validate(network, where);
  naming(where, [&] {
    network = fold_constants(std::move(network));
    take_out_normalisation(network);
    const int64_t batch = network.input.shape.front();
    network.input.shape.front() = -1;
    if (knows_sample_shape(network)) {
      settle_scores(network);
      settle_class_names(mapped_class_names(model.graph()), network);
      network = open_batch(std::move(network), batch);
      if (batch > 0) {
        log_info(fmt::format("{}: was exported for {} samples at a time; any number will do", where,
                             batch));
      }
      network = fold_shapes(std::move(network));
    }
    require_consistent(network);
  });
  return network;
}

Network read_onnx(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  return parse_onnx(read_file(path, static_cast<uint64_t>(kMaxFile)), path, folder);
}

}  // namespace ncprune
