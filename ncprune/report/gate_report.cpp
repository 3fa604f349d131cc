#include "ncprune/report/gate_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "ncprune/base/printable_text.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/report/promise_report.h"

namespace ncprune {
namespace {

constexpr size_t kFewClasses = 20;  // all of which a terminal shows
constexpr size_t kClosest = 5;      // classes shown of those that keep the promise
constexpr size_t kMaxColumns = 80;  // of a terminal
constexpr size_t kMaxNamed = 20;    // classes in a sentence

constexpr std::array kFailures{ClassOutcome::kBroken, ClassOutcome::kUnsure, ClassOutcome::kTooFew};

std::vector<size_t> with_outcome(const Verdict& verdict, ClassOutcome outcome) {
  std::vector<size_t> classes;
  for (size_t c = 0; c < verdict.classes.size(); ++c) {
    if (verdict.classes[c].outcome == outcome) classes.push_back(c);
  }
  return classes;
}

// The first names, and the number of the others.
std::string named(const std::vector<size_t>& classes, const ClassInfo& info) {
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(kMaxNamed, classes.size()); ++i) {
    names.push_back(excerpt(info.names.at(classes[i])));
  }
  const size_t more = classes.size() - names.size();
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

std::string predicate(ClassOutcome outcome, size_t count) {
  switch (outcome) {
    case ClassOutcome::kBroken:
      return count == 1 ? "breaks the promise" : "break the promise";
    case ClassOutcome::kUnsure:
      return "may break the promise, which more samples could settle";
    default:
      return count == 1 ? "has too few samples to tell" : "have too few samples to tell";
  }
}

// How far the bounds of a class are from what is promised; negative when it is not shown.
double slack(const Promise& promise, const ClassVerdict& own, int64_t label) {
  double least = std::numeric_limits<double>::infinity();
  const auto take = [&](double distance) {
    least =
        std::min(least, std::isnan(distance) ? -std::numeric_limits<double>::infinity() : distance);
  };
  if (promise.max_drop) take(*promise.max_drop - own.most_drop);
  const auto recall = promise.min_recall.find(label);
  if (recall != promise.min_recall.end()) take(own.least_recall - recall->second);
  return least;
}

// The classes that fail, the worst first, and then those that keep the promise, the closest first.
std::vector<size_t> worst_first(const Gate& gate) {
  std::vector<size_t> order;
  for (const ClassOutcome outcome :
       {ClassOutcome::kBroken, ClassOutcome::kUnsure, ClassOutcome::kTooFew, ClassOutcome::kKept}) {
    std::vector<std::pair<double, size_t>> own;
    for (const size_t c : with_outcome(gate.verdict, outcome)) {
      own.emplace_back(slack(gate.promise, gate.verdict.classes[c], static_cast<int64_t>(c)), c);
    }
    std::sort(own.begin(), own.end());
    for (const auto& [distance, c] : own) order.push_back(c);
  }
  return order;
}

// The classes that a terminal shows, and the sentence that counts the others.
struct Shown {
  std::vector<size_t> classes;
  std::string others;
};

Shown shown_classes(const Gate& gate) {
  const size_t all = gate.verdict.classes.size();
  Shown shown;
  if (all <= kFewClasses) {
    for (size_t c = 0; c < all; ++c) shown.classes.push_back(c);
    return shown;
  }
  const size_t kept = with_outcome(gate.verdict, ClassOutcome::kKept).size();
  const size_t closest = std::min(kClosest, kept);
  shown.classes = worst_first(gate);
  shown.classes.resize(all - kept + closest);
  if (kept > closest) {
    shown.others = fmt::format("{} more classes keep the promise.\n", kept - closest);
  }
  return shown;
}

// `text` with at most `most` characters, the middle replaced by an ellipsis.
std::string cut_in_the_middle(const std::string& text, size_t most) {
  std::vector<size_t> begins;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) begins.push_back(i);
  }
  if (begins.size() <= most) return text;
  const size_t head = most / 2;
  return text.substr(0, begins[head]) + "…" +
         text.substr(begins[begins.size() - (most - head - 1)]);
}

size_t columns_of(const std::string& text) {
  size_t widest = 0;
  size_t line = 0;
  for (const char c : text) {
    if (c == '\n')
      line = 0;
    else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U)
      widest = std::max(widest, ++line);
  }
  return widest;
}

std::string table_for_terminal(const Gate& gate, const std::vector<size_t>& shown) {
  constexpr size_t kLongestName = 40;
  constexpr size_t kShortestName = 9;
  std::string text;
  for (size_t most = kLongestName; most >= kShortestName; --most) {
    ClassInfo classes = gate.classes;
    for (std::string& name : classes.names) name = cut_in_the_middle(name, most);
    Table table = promise_table(gate.verdict, classes);
    std::vector<std::vector<std::string>> rows;
    rows.reserve(shown.size());
    for (const size_t c : shown) rows.push_back(std::move(table.rows[c]));
    table.rows = std::move(rows);
    text = to_text(table);
    if (columns_of(text) <= kMaxColumns) break;
  }
  return text;
}

std::string promise_sentence(const Gate& gate) {
  std::vector<std::string> parts;
  if (gate.promise.max_drop) {
    parts.push_back(fmt::format("no class's recall falls by more than {:g} points",
                                100 * *gate.promise.max_drop));
  }
  const auto& least = gate.promise.min_recall;
  for (const auto& [label, recall] : least) {
    if (least.size() > kMaxNamed) break;
    parts.push_back(fmt::format("{} keeps at least {:g} %",
                                excerpt(gate.classes.names.at(static_cast<size_t>(label))),
                                100 * recall));
  }
  if (least.size() > kMaxNamed) {
    parts.push_back(fmt::format("{} classes keep their least recall", least.size()));
  }
  return fmt::format("{}; confidence {:g} %", fmt::join(parts, ", "),
                     100 * gate.promise.confidence);
}

std::string side_sentence(const GateSide& side) {
  const std::string measured = fmt::format("{} on {}", side.network, side.data);
  return printable_text(side.stored_in.empty()
                            ? fmt::format("{}, run by {}", measured, side.runtime)
                            : fmt::format("{}, stored in {}", measured, side.stored_in));
}

std::string method_sentence(const Gate& gate) {
  return gate.before.stored_in.empty()
             ? "Exact bounds (Clopper, Pearson) on the shares of samples lost and gained."
             : "Exact bounds (Clopper, Pearson) on both recalls: only counts are stored, so\n"
               "they are wider than those from the network before.";
}

Json side_json(const GateSide& side) {
  Json json{{"network", side.network}, {"data", side.data}};
  json[side.stored_in.empty() ? "runtime" : "stored_in"] =
      side.stored_in.empty() ? side.runtime : side.stored_in;
  return json;
}

std::vector<std::string> failing_names(const Gate& gate, ClassOutcome outcome) {
  std::vector<std::string> names;
  for (const size_t c : with_outcome(gate.verdict, outcome)) {
    names.push_back(gate.classes.names.at(c));
  }
  return names;
}

}  // namespace

std::string gate_verdict(const Gate& gate) {
  const size_t all = gate.verdict.classes.size();
  if (gate.verdict.kept) {
    return fmt::format("PASSED: each of {} classes keeps the promise", all);
  }
  std::vector<std::string> parts;
  for (const ClassOutcome outcome : kFailures) {
    const std::vector<size_t> classes = with_outcome(gate.verdict, outcome);
    if (classes.empty()) continue;
    parts.push_back(fmt::format("{} of {} classes {}: {}", classes.size(), all,
                                predicate(outcome, classes.size()), named(classes, gate.classes)));
  }
  return fmt::format("FAILED: {}", fmt::join(parts, "; "));
}

std::string gate_text(const Gate& gate) {
  const Shown shown = shown_classes(gate);
  return fmt::format("{}\n\nbefore:  {}\nafter:   {}\npromise: {}\n\n{}{}{}{}\n",
                     gate_verdict(gate), side_sentence(gate.before), side_sentence(gate.after),
                     promise_sentence(gate), table_for_terminal(gate, shown.classes),
                     gate.classes.minority.empty() ? "" : "* rare in the training data\n",
                     shown.others, method_sentence(gate));
}

Json gate_json(const Gate& gate) {
  Json least = Json::object();
  for (const auto& [label, recall] : gate.promise.min_recall) {
    least[gate.classes.names.at(static_cast<size_t>(label))] = recall;
  }
  Json classes = Json::array();
  const Json judged = verdict_json(gate.verdict);
  for (size_t c = 0; c < gate.verdict.classes.size(); ++c) {
    classes.push_back({{"name", gate.classes.names.at(c)}});
    classes.back().update(judged.at("classes")[c]);
  }
  Json json{{"ncprune_gate", 1},
            {"kept", gate.verdict.kept},
            {"verdict", gate_verdict(gate)},
            {"before", side_json(gate.before)},
            {"after", side_json(gate.after)},
            {"max_drop", gate.promise.max_drop ? Json(*gate.promise.max_drop) : Json()},
            {"min_recall", least},
            {"confidence", gate.promise.confidence},
            {"bounds", gate.before.stored_in.empty() ? "lost-and-gained" : "both-recalls"}};
  for (const ClassOutcome outcome : kFailures) {
    json["failing"][outcome_name(outcome)] = failing_names(gate, outcome);
  }
  json["classes"] = std::move(classes);
  return json;
}

std::string gate_markdown(const Gate& gate) {
  std::string text = fmt::format("**{}**\n\n", escape_markdown(gate_verdict(gate)));
  Table failing = promise_table(gate.verdict, gate.classes);
  const Table all = failing;
  failing.rows.clear();
  for (const size_t c : worst_first(gate)) {
    if (!gate.verdict.classes[c].kept()) failing.rows.push_back(all.rows[c]);
  }
  if (!failing.rows.empty()) text += to_markdown(failing) + "\n";
  text += fmt::format(
      "- before: {}\n- after: {}\n- promise: {}\n\n", escape_markdown(side_sentence(gate.before)),
      escape_markdown(side_sentence(gate.after)), escape_markdown(promise_sentence(gate)));
  return text +
         fmt::format("<details>\n<summary>All {} classes</summary>\n\n{}\n{}\n\n</details>\n",
                     all.rows.size(), to_markdown(all), escape_markdown(method_sentence(gate)));
}

}  // namespace ncprune
