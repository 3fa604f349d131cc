#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/study/study.h"

namespace ncprune {

// The dense networks of a study, by their index in cells_of(). They are kept in the folder if one
// is given, else in memory while they are needed.
class KeptNetworks {
 public:
  KeptNetworks(const Study& study, std::string folder);

  bool on_disk() const { return !folder_.empty(); }
  bool has(size_t n) const;

  // The ONNX file's bytes and their name in messages. Throws InputError when they cannot be read.
  // REQUIRES: has(n), or keep() was called for n.
  std::pair<std::string, std::string> get(size_t n) const;
  // Throws InputError when the file cannot be written.
  void keep(size_t n, const std::string& bytes);

 private:
  std::string where(size_t n) const;

  std::string folder_;
  std::vector<std::string> names_;
  std::map<size_t, std::string> memory_;
};

// The part of a study that is still to be run.
struct Remaining {
  // cells_of() without the cells that have a row; a network without remaining cells has no groups.
  std::vector<NetworkCells> networks;
  std::vector<bool> kept;  // by network: true if it need not be trained

  StudySize size() const;
};
Remaining remaining(const Study& study, const StudyResults& results, const KeptNetworks& kept);

// The remaining part for a run with the options `how`; nothing is written. Throws InputError when
// `how.results` does not hold a study's results.
Remaining remaining(const Study& study, const StudyRun& how);

}  // namespace ncprune
