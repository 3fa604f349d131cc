#include "cli/files.h"

#include <nlohmann/json.hpp>

namespace ncprune::cli {

void require_writable_all(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (!path.empty()) require_writable(path);
  }
}

NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data) {
  auto [networks, prepared] = read_networks_and_data({path}, data);
  NetworkAndData task{std::move(networks.front()), std::move(prepared)};
  require_fits(task.network, task.data.train, path);
  remember_table(task.network, task.data);
  return task;
}

NetworksAndData read_networks_and_data(const std::vector<std::string>& paths, DataRequest data) {
  std::vector<Network> networks;
  for (const std::string& path : paths) {
    networks.push_back(read_onnx(path));
    data = with_table_of(networks.back(), std::move(data), path);
  }
  return {std::move(networks), prepare_data(data)};
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
