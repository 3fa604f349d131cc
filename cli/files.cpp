#include "cli/files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

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

ClassifiersAndData read_classifiers_and_data(const std::vector<std::string>& paths,
                                             const std::string& runtime, const DataRequest& data) {
  std::vector<Classifier> classifiers;
  std::vector<NamedNetwork> networks;
  for (const std::string& path : paths) {
    classifiers.push_back(read_classifier(path, runtime));
    networks.push_back({path, *classifiers.back().network});
  }
  NetworksAndData ready = prepare_data(data, std::move(networks));
  for (size_t i = 0; i < paths.size(); ++i) {
    classifiers[i].network = std::make_shared<const Network>(std::move(ready.networks[i]));
    require_fits(classifiers[i], ready.data.test, paths[i]);
  }
  return {std::move(classifiers), std::move(ready.data)};
}

NetworkAndData read_network_and_data(const std::string& path, const DataRequest& data) {
  NetworksAndData read = read_networks_and_data({path}, data);
  NetworkAndData task{std::move(read.networks.front()), std::move(read.data)};
  require_fits(task.network, task.data.train, path);
  return task;
}

void require_match(const std::string& path, const NetworkAndData& task, const DataRequest& data,
                   bool force) {
  const std::optional<Mismatch> mismatch = find_mismatch(
      task.network, task.data.train, [&] { return other_geometries(data, task.data); });
  if (!mismatch) return;
  const bool listed = !mismatch->class_order.empty() && !force;
  const std::string line =
      fmt::format("{}: {}{}", path, mismatch->line, listed ? ", as standard output has them" : "");
  if (listed) fmt::print("{}\n", fmt::join(mismatch->class_order, "\n"));
  if (!force) throw InputError(line + "; --force goes on");
  log_warning(line);
}

void write_json_if(const std::string& path, const Json& json) {
  if (!path.empty()) write_json(path, json);
}

std::string file_stem(const std::string& path) {
  const std::string file = path.substr(path.find_last_of('/') + 1);
  return file.substr(0, file.find_last_of('.'));
}

ClassInfo class_info(const Metadata& metadata, const Dataset& data) {
  ClassInfo info{shown_class_names(metadata, data), metadata.class_counts, metadata.minority};
  if (info.counts.size() != info.names.size()) info.counts.clear();
  return info;
}

}  // namespace ncprune::cli
