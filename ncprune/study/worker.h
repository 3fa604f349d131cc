#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/study/study.h"

namespace ncprune {

struct StudyNetwork;

// A method's name and the repair behind it.
using WantedMethod = std::pair<std::string, std::string>;

// Those of the cells, once each; of none for the dense network's.
std::vector<WantedMethod> wanted_methods(const std::vector<CellGroup>& groups);

// Runs cells, those of one dense network after those of another.
class StudyWorker {
 public:
  explicit StudyWorker(const Study& study);
  ~StudyWorker();

  // Makes the dense network that `network` names the current one: `kept`, an ONNX file's bytes
  // called `where` in messages, or trained when that is empty. `wanted` are the methods that may be
  // run on it. Nothing to do when it is the current one already. Throws InputError as run_study().
  void take(const StudyCell& network, const std::string& kept, const std::string& where,
            const std::vector<WantedMethod>& wanted);

  // The current dense network as an ONNX file's bytes, to be kept.
  std::string dense() const;

  // Runs cells of the current network that differ by nothing but the treatment; what they share,
  // the masks or all but the treatment's name, is done once.
  void run(const CellGroup& group, const NetworkVisitor& emit);

 private:
  const Study& study_;
  std::unique_ptr<StudyNetwork> current_;
};

}  // namespace ncprune
