#include "ncprune/study/significance.h"

#include <ATen/ops/zeros.h>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <tuple>

#include "ncprune/base/error.h"
#include "ncprune/evaluate/bootstrap.h"
#include "ncprune/report/figures.h"

namespace ncprune {
namespace {

constexpr double kConfidence = 0.95;

using Problem = std::tuple<std::string, std::string, int64_t>;
using ByMethod = std::map<std::string, const StudyRow*>;

// The rows of one treatment and sparsity.
struct Slice {
  std::vector<std::string> methods;  // in the rows' order
  std::map<Problem, ByMethod> problems;
};

// What methods are judged by, on a part of the data.
struct Score {
  std::string name;
  std::function<double(const ClassMetrics&, const StudyRow&)> of;
  // The classes it is the mean recall of.
  std::function<std::vector<int64_t>(const StudyRow&)> classes;
};

std::vector<int64_t> all_classes(const StudyRow& row) {
  std::vector<int64_t> classes(row.result.clean.recall.size());
  for (size_t c = 0; c < classes.size(); ++c) classes[c] = static_cast<int64_t>(c);
  return classes;
}

const std::vector<Score>& scores() {
  static const std::vector<Score> table{
      {"balanced accuracy",
       [](const ClassMetrics& m, const StudyRow& /*row*/) { return m.balanced_accuracy; },
       all_classes},
      {"minority recall",
       [](const ClassMetrics& m, const StudyRow& row) {
         return mean_recall(m, row.classes.minority);
       },
       [](const StudyRow& row) { return row.classes.minority; }}};
  return table;
}

using SliceKey = std::tuple<std::string, std::string, double>;

std::vector<std::pair<SliceKey, Slice>> slices_of(const std::vector<StudyRow>& rows) {
  std::vector<std::pair<SliceKey, Slice>> slices;
  for (const StudyRow& row : rows) {
    if (row.method == "dense") continue;
    const SliceKey key{row.settings, row.treatment, row.sparsity};
    auto slice = std::find_if(slices.begin(), slices.end(),
                              [&](const auto& entry) { return entry.first == key; });
    if (slice == slices.end()) slice = slices.insert(slices.end(), {key, {}});
    std::vector<std::string>& methods = slice->second.methods;
    if (std::find(methods.begin(), methods.end(), row.method) == methods.end()) {
      methods.push_back(row.method);
    }
    slice->second.problems[{row.data, row.imbalance, row.seed}][row.method] = &row;
  }
  // Only problems that every method has come to: others would favour somebody.
  for (auto& [key, slice] : slices) {
    const size_t count = slice.methods.size();
    std::erase_if(slice.problems, [&](const auto& entry) { return entry.second.size() < count; });
  }
  return slices;
}

// The method with the best mean score on validation data; empty without them.
std::string best_on_validation(const Slice& slice, const Score& score) {
  std::string best;
  double highest = -1;
  for (const std::string& method : slice.methods) {
    double sum = 0;
    for (const auto& [problem, by_method] : slice.problems) {
      const StudyRow& row = *by_method.at(method);
      if (!row.validation) return "";
      sum += score.of(*row.validation, row);
    }
    if (sum > highest) {
      highest = sum;
      best = method;
    }
  }
  return best;
}

int64_t bit(const std::string& bits, int64_t i) {
  return static_cast<unsigned char>(bits[static_cast<size_t>(i / 8)]) >> (i % 8) & 1;
}

// Whether the row says which of its test samples are recognised.
bool knows_samples(const StudyRow& row) {
  const int64_t samples = std::accumulate(row.tested.begin(), row.tested.end(), int64_t{0});
  return samples > 0 && row.right.size() == static_cast<size_t>((samples + 7) / 8);
}

// The problems of one data set are judged on the same test samples: what a sample says of two
// methods is its difference summed over them. `pairs`: rows of the reference and the other, which
// know their samples and have as many of every class.
std::vector<std::vector<ValueCount>> sample_differences(
    const std::vector<std::pair<const StudyRow*, const StudyRow*>>& pairs,
    const std::vector<int64_t>& classes) {
  const std::vector<int64_t>& tested = pairs.front().first->tested;
  std::vector<int64_t> begin(tested.size(), 0);
  std::partial_sum(tested.begin(), tested.end() - 1, begin.begin() + 1);
  std::vector<std::vector<ValueCount>> by_class;
  for (const int64_t c : classes) {
    const auto k = static_cast<size_t>(c);
    const int64_t most = std::ssize(pairs);
    std::vector<int64_t> counts(static_cast<size_t>(2 * most + 1), 0);  // of -most, ..., most
    for (int64_t i = begin[k]; i < begin[k] + tested[k]; ++i) {
      int64_t sum = 0;
      for (const auto& [own, other] : pairs) sum += bit(own->right, i) - bit(other->right, i);
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

// Fills in the interval and p-value of the mean difference over problems. Test samples are drawn
// anew, those that several problems share once for all of them.
void bootstrap(const Slice& slice, const Score& score, const std::string& reference, Random& random,
               MethodDifference& difference) {
  constexpr int64_t kResamples = 10'000;
  using Shared = std::tuple<std::string, std::vector<int64_t>, std::vector<int64_t>>;
  std::map<Shared, std::vector<std::pair<const StudyRow*, const StudyRow*>>> groups;
  for (const auto& [problem, by_method] : slice.problems) {
    const StudyRow& own = *by_method.at(reference);
    const StudyRow& other = *by_method.at(difference.method);
    if (!knows_samples(own) || !knows_samples(other) || own.tested != other.tested) return;
    groups[{own.data, own.tested, score.classes(own)}].emplace_back(&own, &other);
  }
  at::Tensor sum = at::zeros({kResamples}, at::TensorOptions(at::kDouble));
  for (const auto& [shared, pairs] : groups) {
    sum += resampled_means(sample_differences(pairs, std::get<2>(shared)), kResamples, random);
  }
  const at::Tensor means = sum / static_cast<double>(slice.problems.size());
  const double side = (1 - kConfidence) / 2;
  difference.interval = {means.quantile(side).item<double>(),
                         means.quantile(1 - side).item<double>()};
  const auto below = means.le(0).sum().item<double>();
  const auto above = means.ge(0).sum().item<double>();
  // One resample more, that is what was seen: no p-value from draws is 0.
  difference.bootstrap_p = std::min(1.0, 2 * (1 + std::min(below, above)) / (1 + kResamples));
}

MethodDifference difference_of(const Slice& slice, const Score& score, const std::string& reference,
                               const std::string& method) {
  MethodDifference result;
  result.method = method;
  std::vector<double> all;
  for (const auto& [problem, by_method] : slice.problems) {
    const StudyRow& own = *by_method.at(reference);
    const StudyRow& other = *by_method.at(method);
    const double d = score.of(own.result.clean, own) - score.of(other.result.clean, other);
    all.push_back(d);
    result.difference += d / static_cast<double>(slice.problems.size());
    result.wins += d > 0 ? 1 : 0;
    result.losses += d < 0 ? 1 : 0;
  }
  result.wilcoxon_p = wilcoxon(all);
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
      const StudyRow& row = *by_method.at(method);
      line.push_back(score.of(row.result.clean, row));
    }
  }
  return compare_ranks(table, kConfidence);
}

std::string p_text(double p) {
  return p < 0.001 ? "<0.001" : fmt::format("{:.3f}", p);
}

}  // namespace

std::vector<Ranking> rankings(const std::vector<StudyRow>& rows, const std::string& reference,
                              uint64_t seed) {
  const bool known = reference.empty() ||
                     std::any_of(rows.begin(), rows.end(),
                                 [&](const StudyRow& row) { return row.method == reference; });
  if (!known) throw InputError(fmt::format("no row of the study is of method '{}'", reference));
  std::vector<Ranking> all;
  Random random = Random(seed).stream("significance");
  for (const auto& [key, whole] : slices_of(rows)) {
    for (const Score& score : scores()) {
      Slice slice = whole;
      // A problem without rare classes has no minority recall.
      std::erase_if(slice.problems, [&](const auto& entry) {
        return score.classes(*entry.second.begin()->second).empty();
      });
      Ranking ranking;
      std::tie(ranking.settings, ranking.treatment, ranking.sparsity) = key;
      ranking.score = score.name;
      ranking.problems = static_cast<int64_t>(slice.problems.size());
      ranking.chosen = reference.empty();
      ranking.methods = slice.methods;
      ranking.reference = reference.empty() ? best_on_validation(slice, score) : reference;
      const bool has_reference = std::find(slice.methods.begin(), slice.methods.end(),
                                           ranking.reference) != slice.methods.end();
      if (slice.problems.empty() || !has_reference) continue;
      for (const std::string& method : slice.methods) {
        if (method == ranking.reference) continue;
        MethodDifference difference = difference_of(slice, score, ranking.reference, method);
        bootstrap(slice, score, ranking.reference, random, difference);
        ranking.differences.push_back(std::move(difference));
      }
      adjust(ranking.differences);
      ranking.ranks = ranks_of(slice, score);
      all.push_back(std::move(ranking));
    }
  }
  return all;
}

Table ranking_table(const Ranking& ranking) {
  std::string score = ranking.score;
  score[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(score[0])));
  Table table{fmt::format("{} of {}{}, {}, {}, {} problem{} (points)", score, ranking.reference,
                          ranking.chosen ? " (best on validation data)" : "", ranking.treatment,
                          removal_text(ranking.settings, ranking.sparsity), ranking.problems,
                          ranking.problems == 1 ? "" : "s"),
              {"against", "ahead by", "95 %", "p\nbootstrap", "wins\nlosses", "p\nWilcoxon"},
              {}};
  const bool ranked = ranking.ranks.has_value();
  if (ranked) table.header.emplace_back("mean\nrank");
  const auto rank = [&](const std::string& method) {
    const auto i = std::find(ranking.methods.begin(), ranking.methods.end(), method);
    return fmt::format("{:.2f}",
                       ranking.ranks->mean_ranks[static_cast<size_t>(i - ranking.methods.begin())]);
  };
  for (const MethodDifference& d : ranking.differences) {
    std::vector<std::string> line{
        d.method,
        fmt::format("{:+.1f}", 100 * d.difference),
        d.interval
            ? fmt::format("{:+.1f} .. {:+.1f}", 100 * d.interval->low, 100 * d.interval->high)
            : "-",
        d.bootstrap_p ? p_text(*d.bootstrap_p) : "-",
        fmt::format("{} / {}", d.wins, d.losses),
        p_text(d.wilcoxon_p)};
    if (ranked) line.push_back(rank(d.method));
    table.rows.push_back(std::move(line));
  }
  if (ranked) {
    table.rows.emplace_back();
    table.rows.push_back(
        {ranking.reference + " itself", "", "", "", "", "", rank(ranking.reference)});
  }
  return table;
}

std::string ranking_caveat(const Ranking& ranking) {
  const double least = std::min(1.0, std::pow(2.0, 1 - static_cast<double>(ranking.problems)));
  if (least < 1 - kConfidence) return "";
  return fmt::format(
      "Over {} problem{} Wilcoxon's test gives no p-value below {:.2f}, whatever "
      "the numbers.",
      ranking.problems, ranking.problems == 1 ? "" : "s", least);
}

std::optional<Figure> ranking_figure(const Ranking& ranking) {
  if (!ranking.ranks) return std::nullopt;
  return rank_diagram(fmt::format("Mean rank by {}, {}, {}", ranking.score, ranking.treatment,
                                  removal_text(ranking.settings, ranking.sparsity)),
                      fmt::format("Over {} problems (Friedman: p {}).", ranking.problems,
                                  p_text(ranking.ranks->p_value)),
                      ranking.methods, ranking.ranks->mean_ranks,
                      ranking.ranks->critical_difference);
}

}  // namespace ncprune
