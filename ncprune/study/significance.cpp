#include "ncprune/study/significance.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <tuple>

#include "ncprune/base/error.h"
#include "ncprune/evaluate/bootstrap.h"
#include "ncprune/study/grouping.h"

namespace ncprune {
namespace {

using Problem = std::tuple<std::string, std::string, uint64_t>;
using ByMethod = std::map<std::string, const StudyRow*>;

// The rows of one treatment and sparsity; the caller owns the rows.
struct Slice {
  std::vector<std::string> methods;  // in the rows' order
  std::map<Problem, ByMethod> problems;
};

// A score by which methods are compared: a mean over classes.
struct Score {
  std::string name;
  std::function<double(const ClassMetrics&, const StudyRow&)> of;
  std::function<std::vector<int64_t>(const StudyRow&)> classes;
  std::function<const ClassMetrics*(const ModelResult&)> tested;  // nullptr: not measured
  // Which samples are recognised, if the score is a mean recall of the samples as they are;
  // otherwise the score in resampled sets.
  std::string StudyOutcome::*right;
  std::vector<double> ResampledScores::*resampled = nullptr;
};

std::vector<int64_t> all_classes(const StudyRow& row) {
  std::vector<int64_t> classes(row.outcome.result.clean.recall.size());
  for (size_t c = 0; c < classes.size(); ++c) classes[c] = static_cast<int64_t>(c);
  return classes;
}

std::vector<int64_t> rare_classes(const StudyRow& row) {
  return row.outcome.classes.minority;
}

const std::vector<Score>& scores() {
  const auto balanced = [](const ClassMetrics& m, const StudyRow& /*row*/) {
    return m.balanced_accuracy;
  };
  const auto minority = [](const ClassMetrics& m, const StudyRow& row) {
    return mean_recall(m, rare_classes(row));
  };
  const auto auroc = [](const ClassMetrics& m, const StudyRow& row) {
    return mean_auroc(m, rare_classes(row));
  };
  const auto clean = [](const ModelResult& result) { return &result.clean; };
  const auto common = [](const ModelResult& result) {
    return result.common ? &*result.common : nullptr;
  };
  static const std::vector<Score> table{
      {"balanced accuracy", balanced, all_classes, clean, &StudyOutcome::right},
      {"minority recall", minority, rare_classes, clean, &StudyOutcome::right},
      {"common balanced accuracy", balanced, all_classes, common, nullptr,
       &ResampledScores::common_balanced},
      {"common minority recall", minority, rare_classes, common, nullptr,
       &ResampledScores::common_minority},
      {"minority AUROC", auroc, rare_classes, clean, nullptr, &ResampledScores::minority_auroc}};
  return table;
}

// NaN when not measured.
double score_of_test(const Score& score, const StudyRow& row) {
  const ClassMetrics* tested = score.tested(row.outcome.result);
  return tested == nullptr ? kNoValue : score.of(*tested, row);
}

// The pruned rows by settings, treatment and sparsity.
std::vector<StudyRows> slice_rows(const StudyRows& rows) {
  return grouped(pruned_rows(rows), [](const StudyRow& row) {
    return std::tuple(row.cell.settings, row.cell.treatment, row.cell.sparsity);
  });
}

Slice slice_of(const StudyRows& rows) {
  Slice slice{distinct(rows, &StudyCell::method), {}};
  for (const StudyRow& row : rows) {
    const StudyCell& cell = row.cell;
    slice.problems[{cell.data, cell.imbalance, cell.seed}][cell.method] = &row;
  }
  // Only problems with a row of every method: the others would favour some methods.
  const size_t count = slice.methods.size();
  std::erase_if(slice.problems, [&](const auto& entry) { return entry.second.size() < count; });
  return slice;
}

// The method with the best mean score on validation data; empty without such data.
std::string best_on_validation(const Slice& slice, const Score& score) {
  std::string best;
  double highest = -1;
  for (const std::string& method : slice.methods) {
    std::vector<double> values;
    for (const auto& [problem, by_method] : slice.problems) {
      const StudyRow& row = *by_method.at(method);
      if (!row.outcome.validation) return "";
      values.push_back(score.of(*row.outcome.validation, row));
    }
    if (const double average = mean(values); average > highest) {
      highest = average;
      best = method;
    }
  }
  return best;
}

int64_t bit(const std::string& bits, int64_t i) {
  return static_cast<unsigned char>(bits[static_cast<size_t>(i / 8)]) >> (i % 8) & 1;
}

// Whether the row says which of its test samples are recognised.
bool knows_samples(const StudyRow& row, const Score& score) {
  const std::vector<int64_t>& tested = row.outcome.tested;
  const int64_t samples = std::accumulate(tested.begin(), tested.end(), int64_t{0});
  return samples > 0 && (row.outcome.*score.right).size() == static_cast<size_t>((samples + 7) / 8);
}

// The problems of one data set share their test samples, so the difference of two methods on a
// sample is summed over the problems. `pairs`: rows of the reference and of the other method, which
// know their samples and have the same number per class.
std::vector<std::vector<ValueCount>> sample_differences(
    const std::vector<std::pair<const StudyRow*, const StudyRow*>>& pairs, const Score& score) {
  const std::vector<int64_t> classes = score.classes(*pairs.front().first);
  const std::vector<int64_t>& tested = pairs.front().first->outcome.tested;
  std::vector<int64_t> begin(tested.size(), 0);
  std::partial_sum(tested.begin(), tested.end() - 1, begin.begin() + 1);
  std::vector<std::vector<ValueCount>> by_class;
  for (const int64_t c : classes) {
    const auto k = static_cast<size_t>(c);
    const int64_t most = std::ssize(pairs);
    std::vector<int64_t> counts(static_cast<size_t>(2 * most + 1), 0);  // by sum: -most, ..., most
    for (int64_t i = begin[k]; i < begin[k] + tested[k]; ++i) {
      int64_t sum = 0;
      for (const auto& [own, other] : pairs) {
        sum += bit(own->outcome.*score.right, i) - bit(other->outcome.*score.right, i);
      }
      ++counts[static_cast<size_t>(sum + most)];
    }
    std::vector<ValueCount>& values = by_class.emplace_back();
    for (int64_t sum = -most; sum <= most; ++sum) {
      const int64_t count = counts[static_cast<size_t>(sum + most)];
      if (count > 0) values.push_back({static_cast<double>(sum), count});
    }
  }
  return by_class;
}

// A comparison of a reference with the other methods by one score on the rows of one slice.
struct Contest {
  const Score& score;
  Slice slice;
  std::string reference;
};

struct ResampledDifference {
  Interval interval;
  double p;
};

// The interval and p-value of the mean difference over problems under resampling of the test
// samples. Problems that share test samples also share the draws. None when a row does not say
// which samples are recognised.
std::optional<ResampledDifference> resampled_difference(const Contest& contest,
                                                        const std::string& method, Random& random) {
  constexpr int64_t kResamples = 10'000;
  const auto& [score, slice, reference] = contest;
  using Shared = std::tuple<std::string, std::vector<int64_t>, std::vector<int64_t>>;
  std::map<Shared, std::vector<std::pair<const StudyRow*, const StudyRow*>>> groups;
  for (const auto& [problem, by_method] : slice.problems) {
    const StudyRow& own = *by_method.at(reference);
    const StudyRow& other = *by_method.at(method);
    const std::vector<int64_t>& tested = own.outcome.tested;
    const bool known = knows_samples(own, score) && knows_samples(other, score);
    if (!known || tested != other.outcome.tested) return {};
    groups[{own.cell.data, tested, score.classes(own)}].emplace_back(&own, &other);
  }
  at::Tensor sum = at::zeros({kResamples}, at::TensorOptions(at::kDouble));
  for (const auto& [shared, pairs] : groups) {
    sum += resampled_means(sample_differences(pairs, score), kResamples, random);
  }
  const at::Tensor means = sum / static_cast<double>(slice.problems.size());
  const double side = (1 - kRankingConfidence) / 2;
  const auto below = means.le(0).sum().item<double>();
  const auto above = means.ge(0).sum().item<double>();
  // The observed sample counts as one more resample, so that no p-value is 0.
  return ResampledDifference{
      {means.quantile(side).item<double>(), means.quantile(1 - side).item<double>()},
      std::min(1.0, 2 * (1 + std::min(below, above)) / (1 + kResamples))};
}

// The interval and p-value of the mean difference, from its spread in the sets that the rows hold.
// None when a row holds none.
std::optional<ResampledDifference> spread_difference(const Contest& contest,
                                                     const std::string& method, double difference) {
  const auto& [score, slice, reference] = contest;
  std::vector<double> sums;
  for (const auto& [problem, by_method] : slice.problems) {
    const std::vector<double>& own =
        by_method.at(reference)->outcome.result.resampled.*score.resampled;
    const std::vector<double>& other =
        by_method.at(method)->outcome.result.resampled.*score.resampled;
    if (sums.empty()) sums.resize(own.size());
    if (own.size() < 2 || own.size() != sums.size() || other.size() != sums.size()) return {};
    for (size_t i = 0; i < sums.size(); ++i) sums[i] += own[i] - other[i];
  }
  const double error =
      *mean_and_deviation(sums).spread / static_cast<double>(slice.problems.size());
  if (error == 0) return ResampledDifference{{difference, difference}, difference == 0 ? 1.0 : 0.0};
  const boost::math::normal_distribution<double> normal;
  const double half = error * quantile(complement(normal, (1 - kRankingConfidence) / 2));
  return ResampledDifference{{difference - half, difference + half},
                             2 * cdf(complement(normal, std::abs(difference) / error))};
}

MethodDifference difference_of(const Contest& contest, const std::string& method, Random& random) {
  const auto& [score, slice, reference] = contest;
  MethodDifference result;
  result.method = method;
  std::vector<double> differences;
  for (const auto& [problem, by_method] : slice.problems) {
    const double difference = score_of_test(score, *by_method.at(reference)) -
                              score_of_test(score, *by_method.at(method));
    differences.push_back(difference);
    result.wins += difference > 0 ? 1 : 0;
    result.losses += difference < 0 ? 1 : 0;
  }
  result.difference = mean(differences);
  result.wilcoxon_p = wilcoxon(differences);
  const auto resampled = score.right != nullptr
                             ? resampled_difference(contest, method, random)
                             : spread_difference(contest, method, result.difference);
  if (resampled) {
    result.interval = resampled->interval;
    result.bootstrap_p = resampled->p;
  }
  return result;
}

void adjust(std::vector<MethodDifference>& differences) {
  std::vector<double> wilcoxons;
  std::vector<double> bootstraps;
  for (const MethodDifference& d : differences) {
    wilcoxons.push_back(d.wilcoxon_p);
    bootstraps.push_back(d.bootstrap_p.value_or(std::nan("")));
  }
  wilcoxons = holm(wilcoxons);
  bootstraps = holm(bootstraps);
  for (size_t i = 0; i < differences.size(); ++i) {
    differences[i].wilcoxon_p = wilcoxons[i];
    if (differences[i].bootstrap_p) differences[i].bootstrap_p = bootstraps[i];
  }
}

std::optional<RankComparison> ranks_of(const Slice& slice, const Score& score) {
  if (slice.problems.size() < 2 || slice.methods.size() < 2) return std::nullopt;
  std::vector<std::vector<double>> table;
  for (const auto& [problem, by_method] : slice.problems) {
    std::vector<double>& line = table.emplace_back();
    for (const std::string& method : slice.methods) {
      line.push_back(score_of_test(score, *by_method.at(method)));
    }
  }
  return compare_ranks(table, kRankingConfidence);
}

// The ranking of the rows of one slice against `reference` or, if that is empty, the best method on
// validation data. None without such a method, without another one, or without problems.
std::optional<Ranking> ranking_of(const StudyRows& rows, const Score& score,
                                  const std::string& reference, Random& random) {
  Contest contest{score, slice_of(rows), reference};
  const auto& methods = contest.slice.methods;
  auto& problems = contest.slice.problems;
  // A problem without rare classes has no minority recall, and older rows have fewer scores.
  std::erase_if(problems, [&](const auto& entry) {
    return std::any_of(entry.second.begin(), entry.second.end(), [&](const auto& by_method) {
      return std::isnan(score_of_test(score, *by_method.second));
    });
  });
  if (reference.empty()) contest.reference = best_on_validation(contest.slice, score);
  const bool known = std::find(methods.begin(), methods.end(), contest.reference) != methods.end();
  if (problems.empty() || !known || methods.size() < 2) return std::nullopt;
  const StudyCell& first = rows.front().cell;
  Ranking ranking{.settings = first.settings,
                  .treatment = first.treatment,
                  .sparsity = first.sparsity,
                  .score = score.name,
                  .problems = std::ssize(problems),
                  .reference = contest.reference,
                  .chosen = reference.empty(),
                  .methods = methods,
                  .differences = {}};
  for (const std::string& method : methods) {
    if (method == contest.reference) continue;
    ranking.differences.push_back(difference_of(contest, method, random));
  }
  adjust(ranking.differences);
  ranking.ranks = ranks_of(contest.slice, score);
  return ranking;
}

}  // namespace

std::vector<Ranking> rankings(const std::vector<StudyRow>& rows, const std::string& reference,
                              uint64_t seed) {
  if (!reference.empty() && rows_of_method(rows, reference).empty()) {
    throw InputError(fmt::format("the study has no row of method '{}'", reference));
  }
  std::vector<Ranking> all;
  Random random = Random(seed).stream("significance");
  for (const StudyRows& own : slice_rows(rows)) {
    for (const Score& score : scores()) {
      if (auto ranking = ranking_of(own, score, reference, random)) {
        all.push_back(std::move(*ranking));
      }
    }
  }
  return all;
}

}  // namespace ncprune
