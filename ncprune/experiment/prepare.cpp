#include "ncprune/experiment/prepare.h"

#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/base/log.h"
#include "ncprune/base/random.h"
#include "ncprune/data/class_order.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/imbalance.h"
#include "ncprune/data/memory.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/data/source.h"
#include "ncprune/data/split.h"
#include "ncprune/experiment/input_preparation.h"
#include "ncprune/experiment/table_entry.h"
#include "ncprune/model/architectures.h"

namespace ncprune {
namespace {

// The class names of a network that say something, and what messages call the network.
struct StatedClasses {
  std::vector<std::string> names;  // empty: none
  std::string where;
};

StatedClasses stated_classes(const std::vector<NamedNetwork>& networks) {
  for (const auto& [name, network] : networks) {
    const std::vector<std::string>& names = network.metadata.class_names;
    if (!names.empty()) return {names, name};
  }
  return {};
}

// The data with the classes in the stated order.
TrainTest in_stated_order(TrainTest data, const StatedClasses& classes, const std::string& where) {
  if (classes.names.empty() || data.train.class_names == classes.names) return data;
  require_same_classes(classes.names, classes.where, data.train.class_names, where);
  if (classes.names.size() != data.train.class_names.size() ||
      !std::is_permutation(classes.names.begin(), classes.names.end(),
                           data.train.class_names.begin())) {
    return data;  // names that say nothing
  }
  log_info(fmt::format("{}: its classes are taken in the order of {}: {}", where, classes.where,
                       excerpt(fmt::format("{}", fmt::join(classes.names, ", ")))));
  data.train = with_class_order(std::move(data.train), classes.names, where);
  data.test = with_class_order(std::move(data.test), classes.names, where);
  return data;
}

// How the pictures of a source were read, with what the data decided; open for other sources.
Preprocessing as_read(const DataRequest& request, Preprocessing how, const Dataset& data) {
  if (!is_image_source(request.data)) return {};
  if (!how.channels) how.channels = data.sample_shape().front() == 1 ? "grey" : "rgb";
  if (!how.exif) how.exif = "apply";
  if (!how.resize.empty() && !how.interpolation) how.interpolation = "bilinear";
  return how;
}

// Reads data as networks that were trained before read them.
PreparedData prepare(const DataRequest& request, const DataReading& how,
                     const StatedClasses& classes) {
  if (!(request.validation >= 0 && request.validation < 1)) {
    throw InputError(fmt::format("validation share {} is outside [0, 1)", request.validation));
  }
  TrainTest loaded = in_stated_order(load_data(request.data, request.data_root, request.seed, how),
                                     classes, request.data);
  if (!request.classes.empty()) {
    loaded.train = with_class_order(std::move(loaded.train), request.classes, "--classes");
    loaded.test = with_class_order(std::move(loaded.test), request.classes, "--classes");
  }
  require_every_class(loaded.train, request.data);
  const Random random(request.seed);
  Imbalanced thinned = make_imbalanced(loaded.train, request.imbalance, random.stream("imbalance"));
  auto [train, validation] =
      stratified_split(thinned.data, request.validation, random.stream("validation"));
  return {std::move(train),
          std::move(validation),
          loaded.test,
          std::move(thinned.minority),
          loaded.table,
          {stated_preprocessing(request.data),
           as_read(request, how.geometry.value_or(Preprocessing{}), loaded.train)}};
}

// Mean and deviation of the inputs over `axes`, of which the first is N, float [..., without N].
// Inputs that fit into memory are averaged at once in float, all others batch by batch in double,
// whose last digits differ.
std::pair<at::Tensor, at::Tensor> mean_and_deviation(const Dataset& data,
                                                     const std::vector<int64_t>& axes) {
  if (fits_in_memory(data)) {
    const at::Tensor inputs = in_memory(data).inputs;
    return {inputs.mean(axes, /*keepdim=*/true).squeeze(0),
            inputs.std(axes, /*unbiased=*/false, /*keepdim=*/true).squeeze(0)};
  }
  constexpr int64_t kBatch = 64;
  at::Tensor origin;   // any value of each input: what is constant is then exactly 0
  at::Tensor mean;     // minus the origin
  at::Tensor squares;  // summed squared distances from the mean
  double seen = 0;     // samples
  ReadAhead inputs(data, kBatch);
  for (int64_t begin = 0; begin < data.size(); begin += kBatch) {
    at::Tensor batch = inputs.next().to(at::kDouble);
    if (begin == 0) {
      origin = batch.slice(0, 0, 1).amin(axes, /*keepdim=*/true);
      mean = at::zeros_like(origin);
      squares = at::zeros_like(origin);
    }
    batch = batch - origin;
    const at::Tensor own_mean = batch.mean(axes, /*keepdim=*/true);
    const at::Tensor own_squares = (batch - own_mean).square().mean(axes, /*keepdim=*/true);
    const at::Tensor step = own_mean - mean;
    const auto own = static_cast<double>(batch.size(0));
    mean = mean + step * (own / (seen + own));  // Chan, Golub, LeVeque 1979
    squares = squares + own_squares * own + step.square() * (seen * own / (seen + own));
    seen += own;
  }
  return {(origin + mean).squeeze(0).to(at::kFloat),
          (squares / seen).sqrt().squeeze(0).to(at::kFloat)};
}

}  // namespace

PreparedData prepare_data(const DataRequest& request) {
  return prepare(request, {geometry_of(stated_preprocessing(request.data)), request.table, {}}, {});
}

NetworksAndData prepare_data(DataRequest request, std::vector<NamedNetwork> networks) {
  const StatedPreprocessing given{stated_preprocessing(request.data), "--data"};
  StatedPreprocessing geometry{geometry_of(given.value), given.where};
  std::vector<std::string> arrays;
  for (const auto& [name, network] : networks) {
    if (arrays.empty()) {
      for (const ValueInfo& part : network.parts) arrays.push_back(part.name);
    }
    request = with_table_of(network, std::move(request), name);
    if (!is_image_source(request.data)) continue;
    const Preprocessing stored = stored_preprocessing(network.metadata, name);
    merged({stored, name}, given);  // names a contradiction before anything is read
    geometry = {merged({geometry_of(stored), name}, geometry), name};
  }
  NetworksAndData ready{
      {}, prepare(request, {geometry.value, request.table, arrays}, stated_classes(networks))};
  for (NamedNetwork& network : networks) {
    ready.networks.push_back(ready_for(ready.data, std::move(network)));
  }
  return ready;
}

Network ready_for(const PreparedData& data, NamedNetwork stated) {
  auto& [name, network] = stated;
  const std::vector<std::string>& names = network.metadata.class_names;
  if (!names.empty() && !data.train.class_names.empty()) {
    require_same_classes(names, name, data.train.class_names, "the data");
    const bool same_set =
        names.size() == data.train.class_names.size() &&
        std::is_permutation(names.begin(), names.end(), data.train.class_names.begin());
    if (same_set && names != data.train.class_names) {
      throw InputError(
          fmt::format("{}: its classes have another order than those of the first "
                      "network; wanted one order",
                      name));
    }
  }
  network.metadata = with_preprocessing(std::move(network.metadata), data.preprocessing, name);
  remember_table(network, data);
  return std::move(network);
}

Network make_network(const std::string& architecture, const PreparedData& data, uint64_t seed) {
  if (data.preprocessing.stated.layout == "nhwc") {
    throw InputError(fmt::format("layout=nhwc: the built-in network '{}' takes the channels first",
                                 architecture));
  }
  Network network = build_network(architecture, data.train.sample_shape(), data.train.num_classes(),
                                  Random(seed).stream("weights"));
  Metadata& metadata = network.metadata;
  metadata.class_names = data.train.class_names;
  metadata.class_counts = class_counts(data.train);
  metadata.minority = data.minority;
  remember_table(network, data);
  metadata = with_preprocessing(std::move(metadata), data.preprocessing, architecture);
  if (metadata.input_mean.defined()) return network;
  const std::vector<int64_t> shape = data.train.sample_shape();
  const bool table = !data.train.range;
  const bool colour = !table && shape.size() == 3 && shape.front() > 1;
  if (table || colour) {
    const auto [mean, deviation] = mean_and_deviation(
        data.train, table ? std::vector<int64_t>{0} : std::vector<int64_t>{0, 2, 3});
    metadata.input_mean = mean;
    metadata.input_scale = at::where(deviation > 0, deviation, at::ones_like(deviation));
  }
  return network;
}

}  // namespace ncprune
