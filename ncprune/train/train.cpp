#include "ncprune/train/train.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/isfinite.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "ncprune/base/device.h"
#include "ncprune/base/error.h"
#include "ncprune/base/lookup.h"
#include "ncprune/base/progress.h"
#include "ncprune/data/label_rows.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/distributed/world.h"
#include "ncprune/model/fuse_convolutions.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/train/augment.h"
#include "ncprune/train/loss.h"
#include "ncprune/train/optimizer.h"
#include "ncprune/train/sampler.h"
#include "ncprune/train/schedule.h"

namespace ncprune {
namespace {

struct Selection {
  std::string name;
  double Epoch::*accuracy;
};

const std::vector<Selection>& selections() {
  static const std::vector<Selection> table{{"balanced", &Epoch::validation_balanced},
                                            {"overall", &Epoch::validation_overall}};
  return table;
}

// One run of training: the state that its steps share.
class Trainer {
 public:
  Trainer(const Network& network, const Dataset& training, const TrainOptions& options)
      : network_(clone(network, compute_device())),
        training_(training),
        options_(options),
        wanted_{logits_value(network_)},
        schedule_(find_named(schedules(), options.schedule, "schedule")),
        loss_(make_loss(options.loss, class_counts(training), labelling_of(training.targets()))),
        shares_(epoch_shares(class_counts(training),
                             find_named(samplers(), options.sampler, "sampler"))),
        dropout_random_(Random(options.seed).stream("dropout")),
        parameters_(prepare_parameters()),
        optimizer_(options.optimizer, learnt(parameters_),
                   {.momentum = options.momentum, .weight_decay = options.weight_decay}) {
    restart();
    if (!options.distillation) return;
    distillation_.emplace(*options.distillation, network_, training, shares_,
                          !options.augment.empty());
    const std::string& features = distillation_->features_value();
    if (!features.empty()) wanted_.push_back(features);
  }

  int64_t steps_per_epoch() const {
    const int64_t size = training_.size();
    const int64_t full = size / options_.batch;
    return std::max<int64_t>(1, full + (size % options_.batch > 1 ? 1 : 0));
  }

  const Network& network() const { return network_; }

  // Fills in the loss and learning rate of `epoch`.
  Epoch run_epoch(int64_t epoch, Progress& bar) {
    if (options_.fresh_epochs > 0 && (epoch - 1) % options_.fresh_epochs == 0) restart();
    const at::Tensor order = epoch_order(training_.labels, shares_, order_random_);
    const int64_t steps = steps_per_epoch();
    Epoch result{.epoch = epoch};
    std::vector<at::Tensor> losses;  // of the steps since they were last checked
    const auto look = [&](int64_t samples) {
      for (const at::Tensor& batch : losses) {
        const auto loss = batch.item<double>();
        if (!std::isfinite(loss)) throw diverged(epoch);
        result.loss += loss * static_cast<double>(samples) / static_cast<double>(training_.size());
      }
      losses.clear();
    };
    const auto indices_of = [&](int64_t step) {
      const int64_t begin = step * options_.batch;
      return order.slice(0, begin, step + 1 == steps ? training_.size() : begin + options_.batch);
    };
    ReadAhead inputs(training_, steps,
                     [&](int64_t step) { return training_.inputs_of(indices_of(step)); });
    for (int64_t step = 0; step < steps; ++step) {
      const at::Tensor indices = indices_of(step);
      const bool last = step + 1 == steps;
      const double progress = static_cast<double>((epoch - 1) * steps + step) /
                              static_cast<double>(options_.epochs * steps);
      result.learning_rate = options_.learning_rate * schedule_.factor(progress);
      if (last || std::ssize(losses) == kUnseen) look(options_.batch);
      losses.push_back(take_step(indices, inputs.next(), progress, result.learning_rate));
      if (last) look(indices.size(0));
      bar.advance();
    }
    for (const auto& [name, tensor] : network_.initializers) {
      if (!at::isfinite(tensor).all().item<bool>()) throw diverged(epoch);
    }
    return result;
  }

 private:
  static constexpr int64_t kUnseen = 16;  // steps that a device may run behind

  // Restarts the random numbers: the next epochs draw and change samples as the first ones did.
  void restart() {
    order_random_ = Random(options_.seed).stream("order");
    augment_random_ = Random(options_.seed).stream("augmentation");
    batch_ = 0;
  }

  static InputError diverged(int64_t epoch) {
    return InputError(fmt::format("training diverged at epoch {}: lower the learning rate", epoch));
  }

  struct Parameter {
    at::Tensor tensor;  // the tensor that the graph reads
    // Indices (int64) of the elements that stay zero, `zeros`, or of all others, `kept`, if those
    // are few. Both undefined: every element may change.
    at::Tensor zeros;
    at::Tensor kept;
    at::Tensor learnt;  // changed by the optimizer: the elements of `kept`, or `tensor` itself
  };

  std::vector<Parameter> prepare_parameters() {
    // Gathering elements takes about eight times as long as a pass over them; sending takes longer.
    const int64_t few = world_size() > 1 ? 2 : 8;
    std::vector<Parameter> parameters;
    for (const std::string& name : trainable_initializers(network_)) {
      at::Tensor& tensor = network_.initializers.at(name);
      tensor = tensor.contiguous();
      Parameter parameter{tensor, {}, {}, tensor};
      if (options_.keep_zeros && tensor.dim() > 1) {
        const at::Tensor flat = tensor.flatten();
        const at::Tensor kept = flat.nonzero().flatten();
        if (few * kept.numel() <= flat.numel()) {
          parameter.kept = kept;
          parameter.learnt = flat.index_select(0, kept).requires_grad_();
        } else {
          parameter.zeros = flat.eq(0).nonzero().flatten();
        }
      }
      tensor.requires_grad_();
      parameters.push_back(std::move(parameter));
    }
    return parameters;
  }

  static std::vector<at::Tensor> learnt(const std::vector<Parameter>& parameters) {
    std::vector<at::Tensor> tensors;
    tensors.reserve(parameters.size());
    for (const Parameter& parameter : parameters) tensors.push_back(parameter.learnt);
    return tensors;
  }

  // Returns the batch's mean loss before the step; reading it waits for the device.
  at::Tensor take_step(const at::Tensor& indices, const at::Tensor& raw, double progress,
                       double learning_rate) {
    const BatchShare share = share_of(indices.size(0));
    const auto own = [&](const at::Tensor& of_batch) {
      return of_batch.slice(0, share.begin, share.begin + share.size);
    };
    // The whole batch is augmented, so that the draws do not depend on the parts.
    const at::Device device = compute_device();
    const TrainingBatch batch =
        augment({raw.to(device), training_.range}, options_.augment, augment_random_);
    const at::Tensor inputs = prepare_inputs(network_, own(batch.inputs));
    const Targets targets = training_.targets().of(indices);
    RunMode mode{.training = !options_.keep_statistics,
                 .random = &dropout_random_,
                 .keep_zeros = options_.keep_zeros};
    if (share.size < share.of) mode.share = share;
    // Without new statistics a normalization is a scale and a shift, which cost nothing in weights.
    const std::vector<at::Tensor> values =
        options_.keep_statistics ? run(with_convolutions_fused(network_), inputs, wanted_, mode)
                                 : run(network_, inputs, wanted_, mode);
    at::Tensor loss = loss_(values.front(),
                            targets.of(share.begin, share.begin + share.size).to(device), progress);
    if (batch.partners.defined()) {
      const Targets other = targets.of(own(batch.partners)).to(device);
      loss = batch.share * loss + (1 - batch.share) * loss_(values.front(), other, progress);
    }
    if (distillation_) {
      const at::Tensor features = values.size() > 1 ? values.back() : at::Tensor();
      loss = options_.distillation->labels * loss +
             (*distillation_)(
                 lesson_for(own(indices), own(batch.inputs)),
                 {.indices = own(indices), .logits = values.front(), .features = features});
    }
    // The mean over the batch is the mean of the parts' means, weighted by their sizes.
    const auto samples =
        static_cast<double>(share.size < share.of ? share.of : share.of * world_size());
    loss = loss * (static_cast<double>(share.size) / samples);
    loss.backward();
    const at::NoGradGuard no_grad;
    for (const Parameter& parameter : parameters_) {
      at::Tensor& gradient = parameter.tensor.mutable_grad();
      if (!gradient.defined()) continue;
      if (parameter.kept.defined()) {
        parameter.learnt.mutable_grad() = gradient.flatten().index_select(0, parameter.kept);
        gradient.reset();
      } else if (parameter.zeros.defined()) {
        // Without a gradient, the moments and decay of a zero weight are zero too, so it does not
        // change.
        gradient = gradient.flatten().index_fill_(0, parameter.zeros, 0).view(gradient.sizes());
      }
    }
    at::Tensor batch_loss = sum_gradients(loss);
    optimizer_.step(learning_rate);
    for (const Parameter& parameter : parameters_) {
      if (!parameter.kept.defined()) continue;
      parameter.tensor.view(-1).index_copy_(0, parameter.kept, parameter.learnt);
    }
    return batch_loss;
  }

  // The teacher's outputs for the next batch. If later epochs repeat the batch, they are stored, so
  // that the teacher runs only once.
  Lesson lesson_for(const at::Tensor& indices, const at::Tensor& inputs) {
    if (options_.augment.empty()) return distillation_->lesson_of(indices);
    if (options_.fresh_epochs == 0) return distillation_->ask(inputs);
    if (batch_ == std::size(lessons_)) lessons_.push_back(distillation_->ask(inputs));
    return lessons_[batch_++];
  }

  // Every process runs all of a batch with fewer samples than processes.
  static BatchShare share_of(int64_t batch) {
    if (batch < world_size()) return {0, batch, batch};
    const Share own = world_share(batch);
    return {own.begin, own.end - own.begin, batch};
  }

  // Sets the gradients of the whole batch on all parameters and returns its loss.
  at::Tensor sum_gradients(const at::Tensor& loss) {
    if (world_size() == 1) return loss.detach();
    std::vector<at::Tensor> parts{loss.view({1})};
    for (const Parameter& parameter : parameters_) {
      const at::Tensor& gradient = parameter.learnt.grad();
      if (gradient.defined()) parts.push_back(gradient.flatten());
    }
    const at::Tensor sum = sum_over_world(at::cat(parts));
    int64_t next = 1;
    for (const Parameter& parameter : parameters_) {
      at::Tensor& gradient = parameter.learnt.mutable_grad();
      if (!gradient.defined()) continue;
      const int64_t size = gradient.numel();
      gradient = sum.slice(0, next, next + size).view(gradient.sizes());
      next += size;
    }
    return sum[0].clone();  // a view would keep all of `sum` alive
  }

  Network network_;
  const Dataset& training_;
  const TrainOptions& options_;
  std::vector<std::string> wanted_;
  const Schedule& schedule_;
  LossFunction loss_;
  std::vector<int64_t> shares_;
  Random order_random_{0};
  Random dropout_random_;
  Random augment_random_{0};
  std::vector<Parameter> parameters_;
  Optimizer optimizer_;
  std::optional<DistillationLoss> distillation_;
  std::vector<Lesson> lessons_;  // of the batches of the first `fresh_epochs`
  size_t batch_ = 0;             // since the last restart
};

// Sets the accuracies of the epoch.
Epoch validate_epoch(Epoch epoch, const Network& network, const Dataset& validation) {
  const at::Tensor predicted =
      answer_scores(logits(network, validation), validation.targets()).argmax(1);
  const auto prediction = elements<int64_t>(predicted);
  const auto label = elements<int64_t>(validation.labels);
  const std::vector<int64_t> counts = class_counts(validation);
  std::vector<double> correct(counts.size());
  for (size_t i = 0; i < label.size(); ++i) {
    if (prediction[i] == label[i]) ++correct[static_cast<size_t>(label[i])];
  }
  double present = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    epoch.validation_overall += correct[c] / static_cast<double>(validation.size());
    if (counts[c] == 0) continue;
    epoch.validation_balanced += correct[c] / static_cast<double>(counts[c]);
    ++present;
  }
  epoch.validation_balanced /= present;
  return epoch;
}

}  // namespace

void require_valid(const TrainOptions& options) {
  const auto require = [](bool valid, const char* name, double given, const char* wanted) {
    if (!valid) throw InputError(fmt::format("{} is {}; wanted {}", name, given, wanted));
  };
  const auto require_positive = [&](const char* name, int64_t value) {
    require(value >= 1, name, static_cast<double>(value), "at least 1");
  };
  require_positive("epochs", options.epochs);
  require_positive("batch", options.batch);
  require(std::isfinite(options.learning_rate) && options.learning_rate > 0, "learning rate",
          options.learning_rate, "a positive number");
  require(options.momentum >= 0 && options.momentum < 1, "momentum", options.momentum,
          "a number in [0, 1)");
  require(std::isfinite(options.weight_decay) && options.weight_decay >= 0, "weight decay",
          options.weight_decay, "0 or more");
  require(options.fresh_epochs >= 0, "fresh epochs", static_cast<double>(options.fresh_epochs),
          "0 or more");
  require(options.patience >= 0, "patience", static_cast<double>(options.patience), "0 or more");
  for (const int64_t epoch : options.checkpoints) {
    require(epoch >= 0 && epoch <= options.epochs, "epoch to keep", static_cast<double>(epoch),
            "0 to the number of epochs");
  }
  find_named(losses(), options.loss, "loss");
  find_named(samplers(), options.sampler, "sampler");
  find_named(optimizers(), options.optimizer, "optimizer");
  find_named(schedules(), options.schedule, "schedule");
  find_named(selections(), options.select, "selection");
  require_valid_augmentation(options.augment, options.loss);
  if (!options.distillation) return;
  require_valid(*options.distillation);
  if (options.distillation->seen && !options.augment.empty()) {
    throw InputError(
        "augmentation cannot be combined with other samples for the teacher than the student's");
  }
}

Training train(const Network& network, const Dataset& training, const Dataset& validation,
               const TrainOptions& options) {
  require_valid(options);
  require_every_class(training, "training data");
  require_fits(network, training, "the network");
  require_augmentable(training, options.augment);
  const auto accuracy = find_named(selections(), options.select, "selection").accuracy;
  Trainer trainer(network, training, options);
  Progress bar("training", options.epochs * trainer.steps_per_epoch());
  const bool measured = validation.labels.defined() && validation.size() > 0;
  Training result;
  const auto keep_checkpoint = [&](int64_t epoch) {
    if (std::count(options.checkpoints.begin(), options.checkpoints.end(), epoch) == 0) return;
    result.checkpoints[epoch] = clone(trainer.network());
  };
  keep_checkpoint(0);
  double best = -1;
  if (options.keep_start && measured) {
    result.network = clone(network);
    result.history.push_back(validate_epoch({.loss = std::nan("")}, network, validation));
    best = result.history.front().*accuracy;
  }
  for (int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    bar.set_label(fmt::format("training, epoch {} of {}", epoch, options.epochs));
    const auto start = std::chrono::steady_clock::now();
    Epoch row = trainer.run_epoch(epoch, bar);
    if (measured) row = validate_epoch(row, trainer.network(), validation);
    if (!measured || row.*accuracy > best) {
      best = row.*accuracy;
      result.best_epoch = epoch;
      result.network = clone(trainer.network());
    }
    row.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result.history.push_back(row);
    if (options.on_epoch) options.on_epoch(row);
    keep_checkpoint(epoch);
    if (measured && options.patience > 0 && epoch - result.best_epoch >= options.patience) break;
  }
  return result;
}

}  // namespace ncprune
