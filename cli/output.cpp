#include "cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace ncprune::cli {
namespace {

constexpr const char* kDenseStorage = "dense";
constexpr const char* kSparseStorage = "sparse";

double times_fewer(int64_t before, int64_t after) {
  return static_cast<double>(before) / static_cast<double>(std::max<int64_t>(after, 1));
}

Json report_shrunk(const Shrunk& shrunk) {
  Table table{"",
              {"layer", "units\nbefore", "\nafter", "idle units\nthat stay", "parameters\nbefore",
               "\nafter"},
              {}};
  Json layers = Json::array();
  int64_t idle = 0;
  for (const ShrunkLayer& l : shrunk.layers) {
    table.rows.push_back({l.name, std::to_string(l.units_before), std::to_string(l.units_after),
                          std::to_string(l.idle), std::to_string(l.parameters_before),
                          std::to_string(l.parameters_after)});
    layers.push_back(
        {{"name", l.name},
         {"units", {{"before", l.units_before}, {"after", l.units_after}}},
         {"idle", l.idle},
         {"parameters", {{"before", l.parameters_before}, {"after", l.parameters_after}}}});
    idle += l.idle;
  }
  const auto& [before, after] = std::pair(shrunk.before, shrunk.after);
  fmt::print(
      "{}shrunk: parameters {} -> {} ({:.1f} x fewer), multiply-adds {} -> {} ({:.1f} x fewer);\n"
      "the function is the same: scores differ by at most {:.1e} on the inputs that were tried\n",
      to_text(table), before.parameters, after.parameters,
      times_fewer(before.parameters, after.parameters), before.macs, after.macs,
      times_fewer(before.macs, after.macs), shrunk.difference);
  return {{"layers", layers},
          {"idle", idle},
          {"parameters", {{"before", before.parameters}, {"after", after.parameters}}},
          {"macs", {{"before", before.macs}, {"after", after.macs}}},
          {"difference", shrunk.difference}};
}

// Writes `network` with the storage that is asked for.
Written write_stored(const OutputRequest& request, Network network) {
  if (!request.storage.empty()) network.sparse = request.storage == kSparseStorage;
  const std::string bytes = onnx_bytes(network);
  write_file(request.path, bytes);
  return {request.path, bytes.size(), network.sparse, std::nullopt};
}

}  // namespace

void add_file_options(CLI::App& command, OutputRequest& request) {
  command.add_option("-o,--output", request.path, "the ONNX file to write")->required();
  command
      .add_option("--storage", request.storage,
                  "how the file stores weights of which most are zero: dense, or sparse, which is "
                  "smaller; by default as in the file that was read")
      ->check(CLI::IsMember({kDenseStorage, kSparseStorage}))
      ->type_name("TEXT");
}

void add_output_options(CLI::App& command, OutputRequest& request) {
  add_file_options(command, request);
  command.add_flag("--shrink", request.shrink,
                   "at the end remove the units that do nothing, as 'ncprune shrink' does");
}

Written write_network(const OutputRequest& request, const Network& network, const Dataset& data) {
  if (request.shrink) return write_network(request, shrink(network, data));
  return write_stored(request, network);
}

Written write_network(const OutputRequest& request, Shrunk shrunk) {
  Written written = write_stored(request, shrunk.network);
  written.shrunk = std::move(shrunk);
  return written;
}

Json report_written(const Written& written) {
  Json json{{"bytes", written.bytes}, {"storage", written.sparse ? kSparseStorage : kDenseStorage}};
  if (written.shrunk) json["shrunk"] = report_shrunk(*written.shrunk);
  if (written.sparse) {
    fmt::print("{}: {:.1f} kB with sparse weights\n", written.path,
               1e-3 * static_cast<double>(written.bytes));
  }
  return json;
}

}  // namespace ncprune::cli
