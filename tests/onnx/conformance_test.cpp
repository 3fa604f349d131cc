// ONNX's own tests of its operators (Debian's libonnx-testdata): every one whose operators are all
// run and that no rule below leaves out must pass. docs/operators.md is the table of it;
// NCPRUNE_UPDATE_DOCS=1 writes it anew.
#include "tests/onnx/model_builder.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <onnx/defs/schema.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/model/element_types.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/nodes.h"
#include "ncprune/onnx/tensors.h"
#include "ncprune/onnx/upgrade.h"

namespace ncprune {
namespace {

namespace fs = std::filesystem;

const fs::path kFolder = "/usr/share/libonnx-testdata/data/node";
constexpr uint64_t kMaxFile = uint64_t{1} << 26;

template <typename Proto>
Proto read_proto(const fs::path& path) {
  Proto proto;
  if (!proto.ParseFromString(read_file(path.string(), kMaxFile))) {
    throw InputError(path.string() + " is cut short");
  }
  return proto;
}

// The files hold bfloat16 as integers of its bits; `declared` says what they are.
at::Tensor read_tensor(const fs::path& path, const onnx::ValueInfoProto& declared) {
  auto proto = read_proto<onnx::TensorProto>(path);
  const bool is_bits = proto.data_type() == onnx::TensorProto::UINT16 &&
                       declared.type().tensor_type().elem_type() == onnx::TensorProto::BFLOAT16;
  if (is_bits) proto.set_data_type(onnx::TensorProto::BFLOAT16);
  return tensor_from(proto, path.string(), "");
}

constexpr int kOldestOpset = 9;

// Tests name the set in which their operator was last changed. What has not changed until the
// oldest set that is read is read as that.
int64_t opset_of(const onnx::ModelProto& model) {
  int64_t opset = 1;
  for (const auto& entry : model.opset_import()) {
    if (entry.domain().empty()) opset = entry.version();
  }
  for (const auto& node : model.graph().node()) {
    const auto* then = onnx::OpSchemaRegistry::Schema(node.op_type(), static_cast<int>(opset));
    const auto* oldest = onnx::OpSchemaRegistry::Schema(node.op_type(), kOldestOpset);
    const bool same =
        then != nullptr && oldest != nullptr && then->since_version() == oldest->since_version();
    if (!same) return opset;
  }
  return std::max<int64_t>(opset, kOldestOpset);
}

std::set<std::string> operators_of(const onnx::ModelProto& model) {
  std::set<std::string> types;
  for (const auto& node : model.graph().node()) {
    const std::string name = current_name(node.op_type(), opset_of(model));
    types.insert(node.domain().empty() ? name : node.domain() + "." + name);
  }
  return types;
}

bool is_run(const std::string& op_type) {
  return op_type == "Constant" || operator_of({op_type, "", {}, {}, {}}) != nullptr;
}

// The rules by which a test is left out; empty when it must pass.
std::string reason_to_skip(const onnx::ModelProto& model) {
  if (opset_of(model) < kOldestOpset) return "opset before 9";
  for (const std::string& type : operators_of(model)) {
    if (!is_run(type)) return "needs " + type;
  }
  const auto& graph = model.graph();
  for (const auto* values : {&graph.input(), &graph.output()}) {
    for (const auto& value : *values) {
      if (!value.type().has_tensor_type()) return "a sequence or an optional value";
      const int32_t type = value.type().tensor_type().elem_type();
      if (std::none_of(std::begin(kElementTypes), std::end(kElementTypes),
                       [&](const ElementType& known) { return known.onnx == type; })) {
        return "element type " + element_type_name(type);
      }
    }
  }
  for (const auto& node : graph.node()) {
    for (const auto& attribute : node.attribute()) {
      if (attribute.name() == "training_mode" && attribute.i() != 0) return "training mode";
      if (node.op_type() == "Cast" && attribute.name() == "to" &&
          attribute.i() == onnx::TensorProto::STRING) {
        return "element type STRING";
      }
    }
    if (node.op_type() != "Dropout") continue;
    if (node.input_size() > 2) return "training mode";
    if (node.output_size() > 1) return "Dropout's mask";
  }
  return "";
}

// The network as the library reads its nodes, with the test's inputs as initializers.
Network network_of(const onnx::ModelProto& model, const fs::path& data) {
  Network network;
  for (int i = 0; i < model.graph().input_size(); ++i) {
    network.initializers[model.graph().input(i).name()] =
        read_tensor(data / fmt::format("input_{}.pb", i), model.graph().input(i));
  }
  for (const auto& tensor : model.graph().initializer()) {
    network.initializers[tensor.name()] = tensor_from(tensor, tensor.name(), "");
  }
  int names = 0;
  for (const auto& proto : model.graph().node()) {
    if (proto.op_type() == "Constant") {
      network.initializers[proto.output(0)] = constant_from(proto);
      continue;
    }
    const Upgraded upgraded =
        upgrade(node_from(proto, opset_of(model)), opset_of(model),
                [&](const std::string& wanted) { return fmt::format("{}#{}", wanted, ++names); });
    network.nodes.insert(network.nodes.end(), upgraded.nodes.begin(), upgraded.nodes.end());
    network.initializers.insert(upgraded.initializers.begin(), upgraded.initializers.end());
  }
  return network;
}

// Gradients must reach the first output from the first input, where both are floats.
std::string gradient_failure(const Network& network, const std::string& input,
                             const std::string& output) {
  const at::Tensor x = network.initializers.at(input);
  if (x.scalar_type() != at::kFloat) return "";
  x.requires_grad_(true);
  const at::Tensor result = run(network, at::zeros({1}), {output}).front();
  if (result.scalar_type() != at::kFloat) return "";
  if (!result.requires_grad()) return "gradients do not reach its output";
  result.sum().backward();
  return x.grad().defined() ? "" : "gradients do not reach its input";
}

// The fault of one output; empty when there is none. The tolerance is ONNX's own.
std::string difference(const at::Tensor& found, const at::Tensor& wanted) {
  if (found.scalar_type() != wanted.scalar_type()) {
    return fmt::format("type {}, wanted {}", toString(found.scalar_type()),
                       toString(wanted.scalar_type()));
  }
  if (found.sizes() != wanted.sizes()) return "another shape";
  // ONNX does not say how to round to bfloat16: these files cut off, LibTorch rounds to the
  // nearest.
  const double relative = wanted.scalar_type() == at::kBFloat16 ? 1.0 / 128 : 1e-3;
  const bool equal = at::allclose(found.to(at::kDouble), wanted.to(at::kDouble), relative, 1e-7,
                                  /*equal_nan=*/true);
  return equal ? "" : "other numbers";
}

std::string failure(const onnx::ModelProto& model, const fs::path& data) {
  try {
    const Network network = network_of(model, data);
    std::vector<std::string> names;
    for (const auto& output : model.graph().output()) names.push_back(output.name());
    const std::vector<at::Tensor> outputs = run(network, at::zeros({1}), names);
    for (int i = 0; i < model.graph().output_size(); ++i) {
      const std::string wrong =
          difference(outputs[static_cast<size_t>(i)],
                     read_tensor(data / fmt::format("output_{}.pb", i), model.graph().output(i)));
      if (!wrong.empty()) return fmt::format("output {}: {}", i, wrong);
    }
    if (model.graph().input_size() == 0) return "";
    return gradient_failure(network, model.graph().input(0).name(), names.front());
  } catch (const InputError& error) {
    return error.what();
  } catch (const c10::Error& error) {
    return error.what_without_backtrace();
  }
}

struct Count {
  int64_t passed = 0;
  int64_t all = 0;
  std::map<std::string, int64_t> skipped;
};

std::string table(const std::map<std::string, Count>& counts) {
  std::string text =
      "# Operators\n\n"
      "The operators that `ncprune` runs, from opset 7 on. A file is converted to opset 17 when it "
      "is\n"
      "read, unless its opset is newer. *Conformance* counts ONNX's own tests that contain the "
      "operator\n"
      "(Debian's `libonnx-testdata` 1.12, opset 17): passed of all. Every test that does not pass "
      "is\n"
      "excluded for the reason in the last column. Operators newer than that package are covered "
      "by\n"
      "ncprune's own tests. `NCPRUNE_UPDATE_DOCS=1 build/test_onnx` writes this table, and every "
      "run of\n"
      "the tests compares it with what passes.\n\n"
      "| operator | supported | conformance | excluded |\n|---|---|---|---|\n";
  for (const Operator& op : operators()) {
    const auto found = counts.find(op.name);
    const Count count = found == counts.end() ? Count{} : found->second;
    std::string skipped;
    for (const auto& [reason, number] : count.skipped) {
      skipped += fmt::format("{}{}: {}", skipped.empty() ? "" : "; ", reason, number);
    }
    text += fmt::format(
        "| {} | {} | {} | {} |\n", op.name, op.summary.empty() ? "all" : op.summary,
        count.all == 0 ? "own tests" : fmt::format("{} of {}", count.passed, count.all), skipped);
  }
  return text;
}

TEST(Conformance, EveryTestOfASupportedOperatorPasses) {
  ASSERT_TRUE(fs::exists(kFolder)) << "install libonnx-testdata";
  std::map<std::string, Count> counts;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    const auto model = read_proto<onnx::ModelProto>(entry.path() / "model.onnx");
    const std::string reason = reason_to_skip(model);
    const std::string wrong =
        reason.empty() ? failure(model, entry.path() / "test_data_set_0") : "";
    EXPECT_EQ(wrong, "") << entry.path().filename();
    for (const std::string& type : operators_of(model)) {
      Count& count = counts[type];
      ++count.all;
      if (reason.empty() && wrong.empty()) ++count.passed;
      if (!reason.empty()) ++count.skipped[reason];
    }
  }
  const std::string path = NCPRUNE_SOURCE_DIR "/docs/operators.md";
  const char* update = std::getenv("NCPRUNE_UPDATE_DOCS");
  if (update != nullptr && update == std::string("1")) write_file(path, table(counts));
  EXPECT_EQ(read_file(path, kMaxFile), table(counts)) << "NCPRUNE_UPDATE_DOCS=1 writes it anew";
  // Newer operators have cases in tests/model/operators_test.cpp.
  const std::set<std::string> newer{"Gelu", "GroupNormalization", "Mish"};
  for (const Operator& op : operators()) {
    EXPECT_EQ(counts[op.name].passed == 0, newer.contains(op.name)) << op.name;
  }
}

}  // namespace
}  // namespace ncprune
