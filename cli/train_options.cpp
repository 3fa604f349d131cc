#include "cli/train_options.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "cli/definitions.h"

namespace ncprune::cli {
namespace {

template <typename Entry>
std::string names(const std::vector<Entry>& table) {
  return CLI::detail::join(all_names(table), ", ");
}

// Epochs are counted across trainings, because `gradual` trains several times.
std::function<void(const Epoch&)> tracked(const std::string& tracker, const TrainOptions& train,
                                          const std::string& name) {
  require_tracker(tracker);
  const TrackedParameters parameters{{"loss", train.loss},
                                     {"optimizer", train.optimizer},
                                     {"learning_rate", fmt::format("{}", train.learning_rate)},
                                     {"epochs", std::to_string(train.epochs)},
                                     {"batch", std::to_string(train.batch)},
                                     {"seed", std::to_string(train.seed)}};
  std::shared_ptr<TrackedRun> run;  // created at the first epoch, so that bad input leaves no files
  return [=, step = int64_t{0}](const Epoch& epoch) mutable {
    if (!run) run = start_tracking(tracker, name, parameters);
    run->log(++step, {{"loss", epoch.loss},
                      {"learning_rate", epoch.learning_rate},
                      {"validation_balanced", epoch.validation_balanced},
                      {"validation_overall", epoch.validation_overall}});
  };
}

}  // namespace

void add_train_options(CLI::App& command, TrainRequest& request) {
  const auto option = [&](const std::string& name, auto& field, const std::string& text) {
    return command.add_option(name, field, text)->capture_default_str();
  };
  TrainOptions& train = request.options;
  option("--epochs", train.epochs, "passes over the training data");
  option("--batch", train.batch, "samples per step");
  option("--optimizer", train.optimizer, names(optimizers()))
      ->check(known_values(all_names(optimizers())));
  option("--learning-rate", train.learning_rate, "full learning rate of the schedule");
  option("--momentum", train.momentum, "momentum of sgd");
  option("--weight-decay", train.weight_decay, "weight decay of the optimizer");
  option("--schedule", train.schedule, "schedule of the learning rate: " + names(schedules()))
      ->check(known_values(all_names(schedules())));
  option("--loss", train.loss, names(losses()))->check(known_values(all_names(losses())));
  option("--sampler", train.sampler, names(samplers()))->check(known_values(all_names(samplers())));
  command
      .add_option(
          "--augment", train.augment,
          "changes to every batch, in this order, e.g. crop,flip: " + names(augmentations()))
      ->check(known_values(all_names(augmentations())))
      ->type_name("LIST")
      ->delimiter(',')
      ->allow_extra_args(false);
  option("--select", train.select, "validation accuracy that selects the epoch: balanced, overall")
      ->check(known_values({"balanced", "overall"}));
  option("--patience", train.patience, "stop after this many epochs without improvement; 0: never");
  command
      .add_option("--track", request.tracker, "record every epoch in tensorboard:DIR or mlflow:DIR")
      ->type_name("TRACKER:DIR");
  CLI::Option* teacher =
      command.add_option("--teacher", request.teacher, "ONNX file of the network to distil from");
  Distillation& distillation = request.distillation;
  option("--distill-logits", distillation.logits, "weight of the teacher's class scores")
      ->needs(teacher);
  option("--temperature", distillation.temperature, "temperature of the compared class scores")
      ->needs(teacher);
  option("--distill-features", distillation.features, "weight of the teacher's last features")
      ->needs(teacher);
  option("--distill-labels", distillation.labels, "weight of --loss")->needs(teacher);
  option("--distill-balance", distillation.balance,
         "teacher's terms are averaged over samples (0) or over classes (1)")
      ->needs(teacher);
}

TrainOptions train_options(const TrainRequest& request, uint64_t seed, const std::string& name) {
  TrainOptions options = request.options;
  options.seed = seed;
  if (!request.tracker.empty()) options.on_epoch = tracked(request.tracker, options, name);
  if (request.teacher.empty()) return options;
  options.distillation = request.distillation;
  options.distillation->teacher = read_onnx(request.teacher);
  return options;
}

TrainOptions with_ready_teacher(TrainOptions options, const TrainRequest& request,
                                const PreparedData& data) {
  if (!options.distillation) return options;
  Network& teacher = options.distillation->teacher;
  teacher = ready_for(data, {request.teacher, std::move(teacher)});
  return options;
}

Json report_epochs(const Training& training) {
  Table table{"", {"epoch", "loss", "balanced\nvalidation", "overall\nvalidation", "seconds"}, {}};
  Json history = Json::array();
  for (const Epoch& e : training.history) {
    table.rows.push_back({fmt::format("{}{}", e.epoch, e.epoch == training.best_epoch ? " *" : ""),
                          e.epoch == 0 ? "" : fmt::format("{:.4f}", e.loss),
                          percent(e.validation_balanced), percent(e.validation_overall),
                          fmt::format("{:.1f}", e.seconds)});
    history.push_back({{"epoch", e.epoch},
                       {"loss", e.loss},
                       {"learning_rate", e.learning_rate},
                       {"validation_balanced", e.validation_balanced},
                       {"validation_overall", e.validation_overall},
                       {"seconds", e.seconds}});
  }
  fmt::print("{}", to_text(table));
  return history;
}

}  // namespace ncprune::cli
