#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/study/study.h"

namespace ncprune {

struct StudyNetwork;

// A method's name and the repair that follows it.
using WantedMethod = std::pair<std::string, std::string>;

// The methods and repairs of the cells, each once; the dense network's cells have none.
std::vector<WantedMethod> wanted_methods(const std::vector<CellGroup>& groups);

// Runs cells, one dense network at a time.
class StudyWorker {
 public:
  explicit StudyWorker(const Study& study);
  ~StudyWorker();

  // Makes the dense network that `network` names the current one: reads it from `kept`, an ONNX
  // file's bytes called `where` in messages, or trains it when `kept` is empty. `wanted` are the
  // methods that may be run on it. Does nothing when it is current already. Throws InputError as
  // run_study().
  void take(const StudyCell& network, const std::string& kept, const std::string& where,
            const std::vector<WantedMethod>& wanted);

  // The current dense network as the bytes of an ONNX file.
  std::string dense() const;

  // Runs cells of the current network that differ only in the treatment. The masks are computed
  // once, and so is a whole cell when only the treatment's name differs.
  void run(const CellGroup& group, const NetworkVisitor& emit);

 private:
  const Study& study_;
  std::unique_ptr<StudyNetwork> current_;
};

}  // namespace ncprune
