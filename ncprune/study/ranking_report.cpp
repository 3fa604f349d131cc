#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "ncprune/report/figures.h"
#include "ncprune/study/significance.h"

namespace ncprune {
namespace {

std::string p_text(double p) {
  return p < 0.001 ? "<0.001" : fmt::format("{:.3f}", p);
}

}  // namespace

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
  if (least < 1 - kRankingConfidence) return "";
  return fmt::format(
      "Over {} problem{} Wilcoxon's test gives no p-value below {:.2f}, whatever "
      "the numbers.",
      ranking.problems, ranking.problems == 1 ? "" : "s", least);
}

std::optional<Figure> ranking_figure(const Ranking& ranking) {
  if (!ranking.ranks) return std::nullopt;
  return rank_diagram(
      fmt::format("Mean rank by {}, {}, {}", ranking.score, ranking.treatment,
                  removal_text(ranking.settings, ranking.sparsity)),
      fmt::format("Over {} problems (Friedman: p {}).", ranking.problems,
                  p_text(ranking.ranks->p_value)),
      {ranking.methods, ranking.ranks->mean_ranks, ranking.ranks->critical_difference});
}

}  // namespace ncprune
