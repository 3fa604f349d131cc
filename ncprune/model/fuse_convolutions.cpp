#include "ncprune/model/fuse_convolutions.h"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ncprune/model/fold_norms.h"
#include "ncprune/model/operators.h"
#include "ncprune/model/value_uses.h"

namespace ncprune {
namespace {

constexpr size_t kSummand = 3;  // FusedConv's input
constexpr const char* kActivation = "activation";

bool is(const Node& node, const char* op_type) {
  return node.domain.empty() && !node.foreign && node.op_type == op_type &&
         node.outputs.size() == 1;
}

void name_fused(Node& convolution) {
  convolution.op_type = "FusedConv";
  convolution.domain = "com.microsoft";
  convolution.foreign = fused_convolution();
}

// Puts the work of every Add and Relu into the convolution that alone feeds it, if there is one;
// the convolution takes its place, because a summand may be written only just before.
void join(Network& network) {
  const ValueUses uses(network);
  std::vector<Node> kept;
  std::vector<bool> gone(network.nodes.size());
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    Node& node = network.nodes[i];
    const bool adds = is(node, "Add");
    if (!adds && !is(node, "Relu")) continue;
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      const auto writer = uses.writers.find(node.inputs[k]);
      if (writer == uses.writers.end() || uses.reads.at(node.inputs[k]) != 1) continue;
      Node& convolution = network.nodes[writer->second];
      const bool fused = convolution.foreign == fused_convolution();
      if (!fused && !is(convolution, "Conv")) continue;
      if (convolution.attributes.contains(kActivation)) continue;
      if (adds) {
        const std::string& summand = node.inputs[1 - k];
        if (convolution.inputs.size() > kSummand || network.initializers.contains(summand))
          continue;
        convolution.inputs.resize(kSummand);
        convolution.inputs.push_back(summand);
      } else {
        convolution.attributes[kActivation] = std::string("Relu");
      }
      name_fused(convolution);
      convolution.outputs = node.outputs;
      gone[writer->second] = true;
      node = convolution;
      break;
    }
  }
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    if (!gone[i]) kept.push_back(std::move(network.nodes[i]));
  }
  network.nodes = std::move(kept);
}

// Lets the nodes behind a FusedConv that read its X take its second output.
void hand_on(Network& network) {
  std::unordered_map<std::string, int64_t> reads = ValueUses(network).reads;
  std::unordered_map<std::string, std::string> newest;
  for (Node& node : network.nodes) {
    std::string x;  // by its own name
    for (size_t k = 0; k < node.inputs.size(); ++k) {
      std::string& input = node.inputs[k];
      --reads[input];
      if (k == 0) x = input;
      if (const auto found = newest.find(input); found != newest.end()) input = found->second;
    }
    if (node.foreign != fused_convolution() || reads[x] == 0) continue;
    newest[x] = fresh_name(network, node.outputs.front() + ".x");
    node.outputs.push_back(newest[x]);
  }
}

}  // namespace

Network with_convolutions_fused(const Network& network) {
  Network result = with_norms_folded(network);
  join(result);
  hand_on(result);
  return result;
}

}  // namespace ncprune
