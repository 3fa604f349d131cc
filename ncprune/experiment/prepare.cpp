#include "ncprune/experiment/prepare.h"

#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ncprune/base/error.h"
#include "ncprune/base/log.h"
#include "ncprune/base/printable_text.h"
#include "ncprune/base/random.h"
#include "ncprune/data/class_order.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/imbalance.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/data/memory.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/data/source.h"
#include "ncprune/data/split.h"
#include "ncprune/experiment/input_preparation.h"
#include "ncprune/experiment/table_entry.h"
#include "ncprune/model/architectures.h"
#include "ncprune/onnx/normalisation.h"

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
  const std::vector<std::string> own = data.train.score_names();
  if (classes.names.empty() || own == classes.names) return data;
  require_same_classes(classes.names, classes.where, own, where);
  if (classes.names.size() != own.size() ||
      !std::is_permutation(classes.names.begin(), classes.names.end(), own.begin())) {
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

// The rare labels of multi-label data with a row for each label.
std::vector<int64_t> rare_labels(const Dataset& rows) {
  std::vector<int64_t> rare = make_imbalanced(rows, "none", Random(0)).minority;
  std::erase_if(rare, [&](int64_t c) { return c >= rows.num_scores(); });
  return rare;
}

// Reads data as networks that were trained before read them.
PreparedData prepare(const DataRequest& request, const DataReading& how,
                     const StatedClasses& classes) {
  if (!(request.validation >= 0 && request.validation < 1)) {
    throw InputError(fmt::format("validation share {} is outside [0, 1)", request.validation));
  }
  TrainTest loaded = load_data(request.data, request.data_root, request.seed, how);
  if (request.classes.empty()) {
    loaded = in_stated_order(std::move(loaded), classes, request.data);
  } else {
    loaded.train = with_class_order(std::move(loaded.train), request.classes, "--classes");
    loaded.test = with_class_order(std::move(loaded.test), request.classes, "--classes");
  }
  const bool multi_label = loaded.train.label_sets.defined();
  if (multi_label && request.imbalance != "none") {
    throw InputError(fmt::format(
        "'{}': samples with several labels cannot be thinned class by class; wanted none",
        request.imbalance));
  }
  require_every_class(with_row_per_label(loaded.train), request.data);
  const Random random(request.seed);
  Imbalanced thinned = make_imbalanced(loaded.train, request.imbalance, random.stream("imbalance"));
  auto [train, validation] =
      stratified_split(thinned.data, request.validation, random.stream("validation"));
  if (multi_label) {
    train = with_row_per_label(std::move(train));
    thinned.minority = rare_labels(train);
  }
  return {std::move(train),
          with_row_per_label(std::move(validation)),
          with_row_per_label(std::move(loaded.test)),
          std::move(thinned.minority),
          loaded.table,
          {stated_preprocessing(request.data),
           as_read(request, how.geometry.value_or(Preprocessing{}), loaded.train)},
          !request.classes.empty()};
}

// The encoding that networks remember, with the names that the request gives their classes.
std::optional<TableEncoding> renamed(std::optional<TableEncoding> table,
                                     const std::vector<std::string>& names) {
  if (!table || names.empty()) return table;
  if (table->class_names.size() != names.size()) {
    throw InputError(fmt::format("--classes: {} names; the network has {} classes", names.size(),
                                 table->class_names.size()));
  }
  table->class_names = names;
  return table;
}

// The network with the names of the data's classes in place of its own.
Network with_names(Network network, const std::vector<std::string>& names,
                   const std::string& where) {
  std::vector<std::string>& own = network.metadata.class_names;
  if (!own.empty() && own.size() != names.size()) {
    throw InputError(
        fmt::format("--classes: {} names; {} has {} classes", names.size(), where, own.size()));
  }
  if (!own.empty() && own != names && !are_numbers(own)) {
    log_info(fmt::format("{}: --classes replaces its class names {}", where,
                         excerpt(fmt::format("{}", fmt::join(own, ", ")))));
  }
  own = names;
  return network;
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
      {},
      prepare(request, {geometry.value, renamed(request.table, request.classes), arrays},
              stated_classes(networks))};
  for (NamedNetwork& network : networks) {
    ready.networks.push_back(ready_for(ready.data, std::move(network)));
  }
  return ready;
}

std::vector<std::string> shown_class_names(const Metadata& metadata, const Dataset& data) {
  std::vector<std::string> names = data.class_names;
  const std::vector<std::string> own = data.score_names();
  if (metadata.class_names.size() != own.size() || !are_numbers(own)) return names;
  std::transform(metadata.class_names.begin(), metadata.class_names.end(), names.begin(),
                 [](const std::string& name) { return printable_text(name); });
  return names;
}

Network ready_for(const PreparedData& data, NamedNetwork stated) {
  auto& [name, network] = stated;
  if (data.renames) network = with_names(std::move(network), data.train.class_names, name);
  const std::vector<std::string>& names = network.metadata.class_names;
  const std::vector<std::string> own = data.train.score_names();
  if (!names.empty() && !own.empty()) {
    require_same_classes(names, name, own, "the data");
    const bool same_set =
        names.size() == own.size() && std::is_permutation(names.begin(), names.end(), own.begin());
    if (same_set && names != own) {
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

namespace {

// Mean and standard deviation of tables and of pictures in colour.
void normalise_as_in_training(Metadata& metadata, const Dataset& train) {
  const std::vector<int64_t> shape = train.sample_shape();
  const bool table = !train.range;
  const bool colour = !table && shape.size() == 3 && shape.front() > 1;
  if (!table && !colour) return;
  const auto [mean, deviation] =
      mean_and_deviation(train, table ? std::vector<int64_t>{0} : std::vector<int64_t>{0, 2, 3});
  metadata.input_mean = mean;
  metadata.input_scale = at::where(deviation > 0, deviation, at::ones_like(deviation));
}

}  // namespace

Network make_network(const std::string& architecture, const PreparedData& data, uint64_t seed) {
  if (data.preprocessing.stated.layout == "nhwc") {
    throw InputError(fmt::format("layout=nhwc: the built-in network '{}' takes the channels first",
                                 architecture));
  }
  Network network = build_network(architecture, data.train.sample_shape(), data.train.num_scores(),
                                  Random(seed).stream("weights"));
  Metadata& metadata = network.metadata;
  metadata.class_names = data.train.score_names();
  metadata.class_counts = class_counts(data.train);
  metadata.class_counts.resize(metadata.class_names.size());
  metadata.minority = data.minority;
  remember_table(network, data);
  metadata = with_preprocessing(std::move(metadata), data.preprocessing, architecture);
  if (!metadata.input_mean.defined()) normalise_as_in_training(metadata, data.train);
  if (metadata.input_mean.defined()) metadata.other[kNormalisationEntry] = kInGraph;
  return network;
}

}  // namespace ncprune
