#include "ncprune/experiment/prepare.h"

#include <ATen/ops/ones_like.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>

#include "ncprune/base/error.h"
#include "ncprune/base/random.h"
#include "ncprune/data/imbalance.h"
#include "ncprune/data/source.h"
#include "ncprune/data/split.h"
#include "ncprune/experiment/table_entry.h"
#include "ncprune/model/architectures.h"

namespace ncprune {

PreparedData prepare_data(const DataRequest& request) {
  if (!(request.validation >= 0 && request.validation < 1)) {
    throw InputError(fmt::format("validation share {} is outside [0, 1)", request.validation));
  }
  const TrainTest loaded = load_data(request.data, request.data_root, request.seed, request.table);
  require_every_class(loaded.train, request.data);
  const Random random(request.seed);
  Imbalanced thinned = make_imbalanced(loaded.train, request.imbalance, random.stream("imbalance"));
  auto [train, validation] =
      stratified_split(thinned.data, request.validation, random.stream("validation"));
  return {std::move(train), std::move(validation), loaded.test, std::move(thinned.minority),
          loaded.table};
}

Network make_network(const std::string& architecture, const PreparedData& data, uint64_t seed) {
  Network network = build_network(architecture, data.train.sample_shape(), data.train.num_classes(),
                                  Random(seed).stream("weights"));
  Metadata& metadata = network.metadata;
  metadata.class_names = data.train.class_names;
  metadata.class_counts = class_counts(data.train);
  metadata.minority = data.minority;
  remember_table(network, data);
  const at::Tensor& inputs = data.train.inputs;
  const bool table = !data.train.range;
  const bool colour = !table && inputs.dim() == 4 && inputs.size(1) > 1;
  if (table || colour) {
    const std::vector<int64_t> axes =
        table ? std::vector<int64_t>{0} : std::vector<int64_t>{0, 2, 3};
    metadata.input_mean = inputs.mean(axes, /*keepdim=*/true).squeeze(0);
    const at::Tensor deviation = inputs.std(axes, /*unbiased=*/false, /*keepdim=*/true).squeeze(0);
    metadata.input_scale = at::where(deviation > 0, deviation, at::ones_like(deviation));
  }
  return network;
}

}  // namespace ncprune
