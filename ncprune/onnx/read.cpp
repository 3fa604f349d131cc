#include <ATen/ops/zeros.h>
#include <fmt/format.h>
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
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/fold.h"
#include "ncprune/onnx/foreign.h"
#include "ncprune/onnx/metadata.h"
#include "ncprune/onnx/nodes.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/onnx/tensors.h"
#include "ncprune/onnx/upgrade.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxFile = std::numeric_limits<int>::max();  // protobuf's limit: 2 GiB
constexpr int64_t kOldestOpset = 9;
constexpr int64_t kMaxSampleValues = int64_t{1} << 26;
constexpr size_t kMaxNameBytes = 1000;

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

// Names appear in messages and tables of one line each.
void require_plain(const std::string& name) {
  if (name.size() > kMaxNameBytes || std::any_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      })) {
    throw InputError(
        fmt::format("the name '{}' is too long or has unprintable characters", printable(name)));
  }
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

// -1 for an axis without a fixed size.
std::vector<int64_t> declared_shape(const onnx::ValueInfoProto& value) {
  std::vector<int64_t> shape;
  for (const auto& dim : value.type().tensor_type().shape().dim()) {
    shape.push_back(dim.has_dim_value() && dim.dim_value() > 0 ? dim.dim_value() : -1);
  }
  return shape;
}

// Old files list the initializers among the inputs.
const onnx::ValueInfoProto& only_input(const onnx::GraphProto& graph) {
  std::unordered_set<std::string> initializers;
  for (const auto& tensor : graph.initializer()) initializers.insert(tensor.name());
  std::vector<const onnx::ValueInfoProto*> inputs;
  std::string names;
  for (const auto& input : graph.input()) {
    if (initializers.contains(input.name())) continue;
    inputs.push_back(&input);
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", printable(input.name()));
  }
  if (inputs.size() == 1) return *inputs.front();
  throw InputError(fmt::format("has {} inputs{}{}; wanted one input", inputs.size(),
                               names.empty() ? "" : ": ", names.substr(0, kMaxNameBytes)));
}

ValueInfo graph_input(const onnx::GraphProto& graph) {
  const onnx::ValueInfoProto& proto = only_input(graph);
  require_plain(proto.name());
  const int32_t type = proto.type().tensor_type().elem_type();
  if (type != onnx::TensorProto::FLOAT) {
    throw InputError(fmt::format("input '{}' has element type {}; wanted FLOAT", proto.name(),
                                 element_type_name(type)));
  }
  ValueInfo input{proto.name(), declared_shape(proto)};
  if (input.name.empty() || input.shape.empty()) {
    throw InputError(fmt::format("input '{}' has no shape", input.name));
  }
  input.shape.front() = -1;
  int64_t values = 1;
  for (size_t axis = 1; axis < input.shape.size(); ++axis) {
    const int64_t size = std::max<int64_t>(input.shape[axis], 1);
    if (__builtin_mul_overflow(values, size, &values) || values > kMaxSampleValues) {
      throw InputError(fmt::format("a sample of input '{}' has more than {} values", input.name,
                                   kMaxSampleValues));
    }
  }
  return input;
}

ValueInfo graph_output(const onnx::GraphProto& graph) {
  if (graph.output_size() == 0 || graph.output(0).name().empty()) throw InputError("has no output");
  require_plain(graph.output(0).name());
  std::vector<int64_t> shape = declared_shape(graph.output(0));
  return {graph.output(0).name(), {-1, shape.size() == 2 ? shape.back() : -1}};
}

// The nodes that `output` needs, in the file's order, and the values that they read.
struct Live {
  std::vector<const onnx::NodeProto*> nodes;
  std::unordered_set<std::string> values;
};

Live live_part(const onnx::GraphProto& graph, const std::string& output) {
  Live live;
  live.values.insert(output);
  for (int i = graph.node_size(); i-- > 0;) {
    const onnx::NodeProto& node = graph.node(i);
    const bool wanted = std::any_of(
        node.output().begin(), node.output().end(),
        [&](const std::string& name) { return !name.empty() && live.values.contains(name); });
    if (!wanted) continue;
    live.nodes.push_back(&node);
    live.values.insert(node.input().begin(), node.input().end());
  }
  std::reverse(live.nodes.begin(), live.nodes.end());
  return live;
}

void add_initializer(Network& network, const std::string& name, at::Tensor tensor) {
  require_plain(name);
  if (!network.initializers.emplace(name, std::move(tensor)).second) {
    throw InputError(fmt::format("weight '{}' occurs twice in the file", name));
  }
}

void read_initializers(const onnx::GraphProto& graph, const Live& live, const std::string& folder,
                       Network& network) {
  for (const auto& proto : graph.initializer()) {
    if (proto.name().empty() || !live.values.contains(proto.name())) continue;
    const std::string what = fmt::format("weight '{}'", printable(proto.name()));
    add_initializer(network, proto.name(), tensor_from(proto, what, folder));
  }
  for (const auto& proto : graph.sparse_initializer()) {
    if (!live.values.contains(proto.values().name())) continue;
    throw InputError(
        fmt::format("weight '{}' is stored as a sparse tensor, which ncprune does not "
                    "read",
                    printable(proto.values().name())));
  }
}

// Makes names that do not occur in the file.
class FreshNames {
 public:
  explicit FreshNames(const onnx::GraphProto& graph) {
    for (const auto& input : graph.input()) taken_.insert(input.name());
    for (const auto& tensor : graph.initializer()) taken_.insert(tensor.name());
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

Network read_model(const onnx::ModelProto& model, const std::string& folder) {
  Network network;
  const int64_t opset = opset_of(model);
  network.opset = std::max(opset, kHeldOpset);
  const onnx::GraphProto& graph = model.graph();
  require_plain(graph.name());
  network.name = graph.name();
  network.input = graph_input(graph);
  network.output = graph_output(graph);
  const Live live = live_part(graph, network.output.name);
  read_initializers(graph, live, folder, network);
  read_nodes(graph, live, opset, network);
  settle_foreign(network, other_opsets(model));
  network.metadata = metadata_from(model);
  return network;
}

bool knows_sample_shape(const Network& network) {
  return std::all_of(network.input.shape.begin() + 1, network.input.shape.end(),
                     [](int64_t size) { return size >= 0; });
}

// Runs one sample of zeros to check the shapes and find the number of classes, unless the shape of
// a sample is not fixed.
void settle_output(Network& network) {
  if (!knows_sample_shape(network)) return;
  std::vector<int64_t> shape = network.input.shape;
  shape.front() = 1;
  const at::NoGradGuard no_grad;
  const at::Tensor scores = run(network, at::zeros(shape), {network.output.name}).front();
  if (scores.dim() != 2 || scores.size(0) != 1 || scores.size(1) == 0 ||
      scores.scalar_type() != at::kFloat) {
    throw InputError(
        fmt::format("output '{}' has shape [{}] for one sample; wanted the scores of "
                    "a classifier, [1, K]",
                    network.output.name, fmt::join(scores.sizes(), ", ")));
  }
  network.output.shape = {-1, scores.size(1)};
}

// Adds the name of the file to errors.
template <typename Step>
auto naming(const std::string& where, Step step) {
  try {
    return step();
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", where, error.what()));
  }
}

}  // namespace

Network parse_onnx(std::string_view bytes, const std::string& where, const std::string& folder) {
  const onnx::ModelProto model = naming(where, [&] { return parse_model(bytes); });
  Network network = naming(where, [&] { return read_model(model, folder); });
  validate(network, where);
  naming(where, [&] {
    network = fold_constants(std::move(network));
    settle_output(network);
    if (knows_sample_shape(network)) network = fold_shapes(std::move(network));
    require_consistent(network);
  });
  if (model.graph().output_size() > 1) {
    log_warning(fmt::format("{}: has {} outputs; only the first, '{}', is kept", where,
                            model.graph().output_size(), network.output.name));
  }
  return network;
}

Network read_onnx(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path().string();
  return parse_onnx(read_file(path, static_cast<uint64_t>(kMaxFile)), path, folder);
}

}  // namespace ncprune
