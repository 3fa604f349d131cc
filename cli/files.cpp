#include "cli/files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ncprune::cli {

namespace {

// 0, 1, 2, ...: what a source without names calls its classes.
bool are_numbers(const std::vector<std::string>& names) {
  for (size_t c = 0; c < names.size(); ++c) {
    if (names[c] != std::to_string(c)) return false;
  }
  return true;
}

}  // namespace

void require_writable_all(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (!path.empty()) require_writable(path);
  }
}

NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data) {
  NetworkAndData task{read_onnx(path), prepare_data(data)};
  require_fits(task.network, task.data.train, path);
  return task;
}

void write_json_if(const std::string& path, const Json& json) {
  if (!path.empty()) write_json(path, json);
}

std::string file_stem(const std::string& path) {
  const std::string file = path.substr(path.find_last_of('/') + 1);
  return file.substr(0, file.find_last_of('.'));
}

ClassInfo class_info(const Metadata& metadata, const Dataset& data) {
  ClassInfo info{data.class_names, metadata.class_counts, metadata.minority};
  if (info.counts.size() != info.names.size()) info.counts.clear();
  std::vector<std::string> known;
  known.reserve(metadata.class_names.size());
  for (const std::string& name : metadata.class_names) known.push_back(printable_text(name));
  if (known.size() != data.class_names.size() || known == data.class_names) return info;
  if (are_numbers(data.class_names)) {
    info.names = known;
    return info;
  }
  const auto [old, own] = std::mismatch(known.begin(), known.end(), data.class_names.begin());
  log_warning(fmt::format(
      "class {} is called '{}' by the network and '{}' by the data, whose names are shown",
      old - known.begin(), excerpt(*old), excerpt(*own)));
  return info;
}

}  // namespace ncprune::cli
