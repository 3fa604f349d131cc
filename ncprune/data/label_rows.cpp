#include "ncprune/data/label_rows.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/where.h>

#include <limits>
#include <memory>
#include <utility>

namespace ncprune {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kTiny = -std::numeric_limits<double>::min();
constexpr double kLowest = std::numeric_limits<double>::lowest();

// Inputs in memory that several rows share.
class SharedInputs : public InputReader {
 public:
  explicit SharedInputs(at::Tensor inputs) : inputs_(std::move(inputs)) {}

  std::vector<int64_t> sample_shape() const override { return inputs_.sizes().slice(1).vec(); }
  at::Tensor read(const at::Tensor& rows) const override { return inputs_.index_select(0, rows); }

 private:
  at::Tensor inputs_;
};

}  // namespace

Dataset with_label_sets(Dataset data, const at::Tensor& label_sets, std::vector<std::string> names,
                        bool unlabelled) {
  const int64_t labels = label_sets.size(1);
  const at::Tensor counts = label_sets.sum(0);
  const at::Tensor rarity = at::where(label_sets, counts, label_sets.size(0) + 1);
  data.labels = at::where(label_sets.any(1), rarity.argmin(1), labels);
  data.label_sets = label_sets;
  data.class_names = std::move(names);
  if (unlabelled) data.class_names.emplace_back(kNoLabel);
  return data;
}

Dataset with_row_per_label(Dataset data) {
  if (!data.label_sets.defined()) return data;
  const at::Tensor none = data.label_sets.any(1).logical_not().unsqueeze(1);
  const at::Tensor pairs = at::cat({data.label_sets, none}, 1).nonzero();
  if (!data.reader) {
    data.reader = std::make_shared<SharedInputs>(data.inputs);
    data.rows = at::arange(data.size());
    data.inputs.reset();
  }
  Dataset rows = select(data, pairs.select(1, 0));
  rows.labels = pairs.select(1, 1).contiguous();
  return rows;
}

at::Tensor answer_scores(const at::Tensor& scores, const Targets& targets) {
  if (!targets.multi_label()) return scores;
  const int64_t samples = scores.size(0);
  const int64_t labels = scores.size(1);
  const int64_t classes = labels + (targets.unlabelled ? 1 : 0);
  const at::Tensor given = scores.to(at::kDouble);
  const at::Tensor z = at::where(given == 0, kTiny, given);  // a score of zero is not positive
  const at::Tensor asked = targets.labels.unsqueeze(1);
  const at::Tensor others = at::cat({at::where(targets.label_sets, kLowest, z),
                                     at::full({samples, classes - labels}, 0, z.options())},
                                    1)
                                .scatter(1, asked, -kInfinity);
  const at::Tensor rival = others.argmax(1, true);
  // The answer is a question of the label's score alone, or without a label of the largest score.
  const at::Tensor unlabelled = asked.ge(labels);
  const at::Tensor own = at::where(unlabelled, 0, z.gather(1, asked.clamp_max(labels - 1)));
  const at::Tensor against = at::where(unlabelled, z.amax(1, true), 0);
  return at::full({samples, classes}, -kInfinity, z.options())
      .scatter(1, rival, against)
      .scatter(1, asked, own);
}

at::Tensor row_shares(const Targets& targets) {
  return targets.label_sets.sum(1).clamp_min(1).to(at::kDouble).reciprocal();
}

}  // namespace ncprune
