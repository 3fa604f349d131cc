#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/study/study.h"

namespace ncprune {

// The dense networks of a study, by their place in cells_of(): in a folder if it has one, else in
// memory while they are needed.
class KeptNetworks {
 public:
  KeptNetworks(const Study& study, std::string folder);

  bool on_disk() const { return !folder_.empty(); }
  bool has(size_t n) const;

  // The ONNX file's bytes and what they are called. Throws InputError when they cannot be read.
  // REQUIRES: has(n), or that it was kept.
  std::pair<std::string, std::string> get(size_t n) const;
  // Throws InputError when the file cannot be written.
  void keep(size_t n, const std::string& bytes);

 private:
  std::string where(size_t n) const;

  std::string folder_;
  std::vector<std::string> names_;
  std::map<size_t, std::string> memory_;
};

// What of a study is left to do.
struct Remaining {
  // As cells_of() but for the cells that have a row; a network with none left has no groups.
  std::vector<NetworkCells> networks;
  std::vector<bool> kept;  // which need not be trained

  StudySize size() const;
};
Remaining remaining(const Study& study, const StudyResults& results, const KeptNetworks& kept);

// The same of a run to come; nothing is written. Throws InputError when `how.results` is no
// study's.
Remaining remaining(const Study& study, const StudyRun& how);

}  // namespace ncprune
