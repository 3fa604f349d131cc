#include "cli/files.h"

#include <nlohmann/json.hpp>

namespace ncprune::cli {

void require_writable_all(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (!path.empty()) require_writable(path);
  }
}

NetworksAndData read_networks_and_data(const std::vector<std::string>& paths,
                                       const DataRequest& data) {
  std::vector<NamedNetwork> networks;
  networks.reserve(paths.size());
  for (const std::string& path : paths) networks.push_back({path, read_onnx(path)});
  return prepare_data(data, std::move(networks));
}

NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data) {
  NetworksAndData read = read_networks_and_data({path}, data);
  NetworkAndData task{std::move(read.networks.front()), std::move(read.data)};
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
  return {metadata.class_names.empty() ? data.class_names : metadata.class_names,
          metadata.class_counts, metadata.minority};
}

}  // namespace ncprune::cli
