#include "ncprune/model/value_uses.h"

namespace ncprune {

ValueUses::ValueUses(const Network& network) {
  ++reads[network.output.name];
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    for (const std::string& input : network.nodes[i].inputs) ++reads[input];
    for (const std::string& output : network.nodes[i].outputs) writers[output] = i;
  }
}

}  // namespace ncprune
