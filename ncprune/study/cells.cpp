#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/spec.h"
#include "ncprune/prune/finish.h"
#include "ncprune/prune/head.h"
#include "ncprune/study/study.h"

namespace ncprune {
namespace {

std::vector<Method> study_methods(const Study& study) {
  std::vector<Method> wanted;
  for (const std::string& name : study.methods) {
    wanted.push_back(method_of(study, name));
  }
  return wanted;
}

// The parts of a treatment's name.
struct Treatment {
  std::string repair;
  std::string head;
  std::string finish = kKeepTreatment;
  bool finetuned = false;
};

Treatment parts_of(const std::string& treatment) {
  const std::vector<std::string> parts = split(treatment, '/');
  if (parts.size() < 2 || parts.size() > 4 || (parts.size() == 4 && parts[3] != "finetune")) {
    throw InputError(
        fmt::format("treatment '{}'; wanted REPAIR/HEAD, REPAIR/HEAD/FINISH or "
                    "REPAIR/HEAD/FINISH/finetune, as in method/keep",
                    treatment));
  }
  return {parts[0], parts[1], parts.size() > 2 ? parts[2] : kKeepTreatment, parts.size() == 4};
}

Method with_repair(Method method, const std::string& repair) {
  if (repair != "method") method.repair = repair;
  return method;
}

CellGroup group_of(const Study& study, const StudyCell& network, const Method& method,
                   double sparsity) {
  CellGroup group;
  for (const std::string& treatment : study.treatments) {
    StudyCell cell = network;
    const auto [repair, head, finish, finetuned] = parts_of(treatment);
    cell.method = method.name;
    cell.treatment = treatment;
    cell.repair = cell.is_dense() ? kNoRepair : with_repair(method, repair).repair;
    cell.head = head;
    cell.finish = finish == "method" ? method.finish : finish;
    cell.finetuned = finetuned;
    cell.sparsity = sparsity;
    group.push_back(cell);
  }
  return group;
}

NetworkCells network_cells(const Study& study, const StudyCell& network) {
  NetworkCells cells{network, {}};
  Method dense;
  dense.name = kDenseMethod;
  cells.groups.push_back(group_of(study, network, dense, 0));
  for (const Method& method : study_methods(study)) {
    for (const double sparsity : study.sparsities) {
      cells.groups.push_back(group_of(study, network, method, sparsity));
    }
  }
  return cells;
}

Json train_json(const TrainOptions& train) {
  Json json{{"loss", train.loss},
            {"sampler", train.sampler},
            {"optimizer", train.optimizer},
            {"schedule", train.schedule},
            {"learning_rate", train.learning_rate},
            {"momentum", train.momentum},
            {"weight_decay", train.weight_decay},
            {"epochs", train.epochs},
            {"batch", train.batch},
            {"select", train.select},
            {"patience", train.patience}};
  // Absent without augmentation, so that rows older than the option stay valid.
  if (!train.augment.empty()) json["augment"] = train.augment;
  return json;
}

}  // namespace

Method method_of(const Study& study, const std::string& name) {
  Method method = find_method(name);
  if (!study.pattern.empty()) method.pattern = study.pattern;
  return method;
}

std::string training_settings(const Study& study) {
  return Json{{"architecture", study.architecture},
              {"validation", study.validation},
              {"train", train_json(study.train)}}
      .dump();
}

std::string study_settings(const Study& study) {
  Json metric;
  for (const MetricField& f : metric_fields()) metric[f.name] = f.get(study.metric);
  Json settings{{"architecture", study.architecture}, {"remove", study.remove},
                {"validation", study.validation},     {"noise", study.noise},
                {"train", train_json(study.train)},   {"metric", metric}};
  if (!study.pattern.empty()) settings["pattern"] = study.pattern;
  // Absent without further training, so that rows older than the option stay valid.
  const bool finetunes =
      std::any_of(study.treatments.begin(), study.treatments.end(),
                  [](const std::string& treatment) { return treatment.ends_with("/finetune"); });
  if (finetunes) settings["finetune"] = train_json(study.finetune);
  return settings.dump();
}

std::vector<NetworkCells> cells_of(const Study& study) {
  std::vector<NetworkCells> all;
  for (const std::string& data : study.data) {
    for (const std::string& imbalance : study.imbalance) {
      for (const uint64_t seed : study.seeds) {
        StudyCell network;
        network.data = data;
        network.imbalance = imbalance;
        network.seed = seed;
        network.settings = study_settings(study);
        all.push_back(network_cells(study, network));
      }
    }
  }
  return all;
}

void require_valid(const Study& study) {
  for (const Method& method : study_methods(study)) {
    for (const std::string& treatment : study.treatments) {
      const auto [repair, head, finish, finetuned] = parts_of(treatment);
      for (const double sparsity : study.sparsities) {
        Recipe recipe{.method = with_repair(method, repair),
                      .remove = study.remove,
                      .share = sparsity,
                      .head = head,
                      .metric = study.metric};
        if (finish != "method") recipe.finish = finish;
        require_valid(recipe);
      }
    }
  }
}

}  // namespace ncprune
