#pragma once

#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <set>

#include "ncprune/model/architectures.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/method.h"
#include "ncprune/prune/prune.h"
#include "ncprune/stats/collapse.h"
#include "ncprune/stats/statistics.h"
#include "ncprune/train/train.h"
#include "tests/numbers.h"

// Everything that passes over data, each with the numbers it ends in: they are to be the same
// wherever it is done.
namespace ncprune::testing {

// Pictures of 8 x 8: each class is bright somewhere else.
inline Dataset pictures(int64_t size) {
  Random random(3);
  Dataset data;
  data.inputs = at::empty({size, 1, 8, 8}).uniform_(0, 1, random.generator());
  data.labels = at::empty({size}, at::kLong).random_(0, 3, random.generator());
  for (int64_t i = 0; i < size; ++i) {
    data.inputs[i].slice(2, 2 * data.labels[i].item<int64_t>(), 8).mul_(0.3);
  }
  data.range = {0, 1};
  data.class_names = {"a", "b", "c"};
  return data;
}

inline Network network_for(const Dataset& data, const std::string& spec) {
  return build_network(spec, data.sample_shape(), data.num_classes(), Random(1));
}

inline Network convolutional() {
  return network_for(pictures(10), "cnn:4,6");
}

// Three batches: of four processes one has none.
inline Dataset many_pictures() {
  return pictures(700);
}

inline void append(Numbers& numbers, const Network& network) {
  for (const auto& [name, tensor] : network.initializers) append(numbers, tensor);
}

inline Numbers statistics_found() {
  const Dataset data = many_pictures();
  const Network network = convolutional();
  const std::vector<Layer> layers = prunable_layers(network);
  const std::set<Statistic> all{Statistic::kInputSquareMean, Statistic::kSecondMoment,
                                Statistic::kMetric,          Statistic::kScatterCovariance,
                                Statistic::kUnitGeometry,    Statistic::kGradient,
                                Statistic::kFisher,          Statistic::kClassFisher,
                                Statistic::kClassTaylor,     Statistic::kHessianGradient,
                                Statistic::kOutputWeight};
  Numbers numbers;
  for (const LayerStatistics& s :
       measure_statistics(network, layers, data, {all, {.margin = 0.5, .noise = 0.1}})) {
    for (const at::Tensor& t :
         {s.input_square_mean, s.second_moment, s.moments.metric, s.moments.cross,
          s.moments.class_means, s.moments.target_mean, s.scatter_covariance, s.unit_means,
          s.unit_scatter, s.gradient, s.fisher, s.class_fisher, s.class_taylor, s.hessian_gradient,
          s.output_weight}) {
      EXPECT_TRUE(t.defined());
      append(numbers, t);
    }
  }
  return numbers;
}

inline Numbers collapse_found() {
  const Dataset data = many_pictures();
  Numbers numbers;
  const Collapse collapse = measure_collapse(convolutional(), data, class_counts(data));
  for (const LayerCollapse& layer : collapse.layers) {
    numbers.insert(numbers.end(), {layer.nc1, layer.vci, layer.cdnv, layer.trace_ratio});
    append(numbers, layer.gram);
  }
  numbers.push_back(collapse.head.disagreement);
  return numbers;
}

// A network with some channels gone, with the finish `name`.
inline Numbers with_finish(const std::string& name) {
  const Dataset data = many_pictures();
  const Network dense = convolutional();
  Network pruned = clone(dense);
  pruned.initializers.at("conv2.weight").slice(0, 0, 3).zero_();
  const Network result = finished({dense, pruned}, {.finish = name}, data);
  Numbers numbers;
  append(numbers, result);
  append(numbers, logits(result, data.inputs));
  return numbers;
}

inline Numbers pruned_by_the_surgeon() {
  const Dataset data = many_pictures();
  const Network network = convolutional();
  const Recipe recipe{.method = find_method("surgeon"), .share = 0.7, .head = "realign"};
  Numbers numbers;
  append(numbers, prune(network, data, recipe).network);
  return numbers;
}

// The weights after some steps: batches of 50, 50 and 3, which four processes cannot share out.
inline Numbers trained(const Network& network, const TrainOptions& options) {
  const Dataset data = pictures(103);
  TrainOptions how = options;
  how.epochs = 2;
  how.batch = 50;
  const Training training = train(network, data, pictures(300), how);
  Numbers numbers{training.history[0].loss, training.history[1].loss,
                  training.history[1].validation_balanced};
  append(numbers, training.network);
  return numbers;
}

// With steps that grow with the gradient.
inline TrainOptions by_sgd() {
  return {.optimizer = "sgd", .learning_rate = 0.1};
}

inline Numbers trained_with_augmentation(const std::vector<std::string>& names) {
  TrainOptions options = by_sgd();
  options.augment = names;
  return trained(convolutional(), options);
}

inline Numbers trained_by_a_teacher() {
  TrainOptions options = by_sgd();
  options.loss = "class-weighted";
  options.sampler = "class-balanced";
  options.distillation = Distillation{.teacher = convolutional(), .features = 1};
  return trained(convolutional(), options);
}

inline Numbers sparse_weights_trained() {
  Network sparse = convolutional();
  Random random(5);
  for (const Layer& layer : prunable_layers(sparse)) {
    const at::Tensor weight = weight_of(sparse, layer);
    set_weight(sparse, layer, weight * at::empty_like(weight).bernoulli_(0.3, random.generator()));
  }
  TrainOptions options = by_sgd();
  options.keep_zeros = true;
  return trained(sparse, options);
}

inline Numbers trained_with_dropout() {
  Network network = network_for(pictures(10), "mlp:20,10");
  for (size_t i = 0; i < network.nodes.size(); ++i) {
    if (network.nodes[i].op_type != "Relu") continue;
    Node drop{"Dropout", "drop", {"before"}, network.nodes[i].outputs, {}};
    network.nodes[i].outputs = {"before"};
    network.nodes.insert(network.nodes.begin() + static_cast<std::ptrdiff_t>(i) + 1, drop);
    break;
  }
  return trained(network, by_sgd());
}

}  // namespace ncprune::testing
