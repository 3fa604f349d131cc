#include "ncprune/study/remaining.h"

#include <fmt/format.h>

#include <filesystem>

#include "ncprune/base/file.h"

namespace ncprune {
namespace {

// "fashion-mnist,exp:100,mlp:20,seed 0.onnx", with characters that file systems reject replaced.
std::string network_file(const Study& study, const StudyCell& network) {
  std::string name = fmt::format("{},{},{},seed {}.onnx", network.data, network.imbalance,
                                 study.architecture, network.seed);
  for (char& c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20) c = '_';
  }
  return name;
}

}  // namespace

KeptNetworks::KeptNetworks(const Study& study, std::string folder) : folder_(std::move(folder)) {
  for (const NetworkCells& cells : cells_of(study)) {
    names_.push_back(network_file(study, cells.network));
  }
}

bool KeptNetworks::has(size_t n) const {
  return !folder_.empty() && std::filesystem::exists(where(n));
}

std::pair<std::string, std::string> KeptNetworks::get(size_t n) const {
  return {folder_.empty() ? memory_.at(n) : read_file(where(n)), where(n)};
}

void KeptNetworks::keep(size_t n, const std::string& bytes) {
  if (folder_.empty()) {
    memory_[n] = bytes;
  } else {
    std::filesystem::create_directories(folder_);
    write_file(where(n), bytes);
  }
}

std::string KeptNetworks::where(size_t n) const {
  return folder_.empty() ? names_[n] : folder_ + "/" + names_[n];
}

StudySize Remaining::size() const {
  StudySize size{0, 0};
  for (size_t n = 0; n < networks.size(); ++n) {
    if (!networks[n].groups.empty() && !kept[n]) ++size.networks;
    for (const CellGroup& group : networks[n].groups) size.cells += std::ssize(group);
  }
  return size;
}

Remaining remaining(const Study& study, const StudyResults& results, const KeptNetworks& kept) {
  Remaining result{cells_of(study), {}};
  for (NetworkCells& network : result.networks) {
    for (CellGroup& group : network.groups) {
      std::erase_if(group, [&](const StudyCell& cell) { return results.has(cell); });
    }
    std::erase_if(network.groups, [](const CellGroup& group) { return group.empty(); });
    result.kept.push_back(kept.has(result.kept.size()));
  }
  return result;
}

Remaining remaining(const Study& study, const StudyRun& how) {
  namespace fs = std::filesystem;
  // Opening an empty file would turn it into a database.
  const bool begun = fs::exists(how.results) &&
                     !(fs::is_regular_file(how.results) && fs::file_size(how.results) == 0);
  return remaining(study, StudyResults(begun ? how.results : ""), {study, how.networks});
}

StudySize study_size(const Study& study, const StudyRun& how) {
  return remaining(study, how).size();
}

}  // namespace ncprune
