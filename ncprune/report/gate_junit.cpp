#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "ncprune/base/printable_text.h"
#include "ncprune/report/gate_report.h"
#include "ncprune/report/promise_report.h"

namespace ncprune {
namespace {

// Two characters of UTF-8 that XML 1.0 does not allow, U+FFFE and U+FFFF, become U+FFFD.
std::string xml_attribute(const std::string& text) {
  std::string allowed = printable_text(text);
  for (const std::string forbidden : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (size_t at = allowed.find(forbidden); at != std::string::npos;
         at = allowed.find(forbidden, at)) {
      allowed.replace(at, forbidden.size(), "\xEF\xBF\xBD");
    }
  }
  return escape_html(allowed);
}

std::string property(const std::string& name, const std::string& value) {
  return fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, xml_attribute(value));
}

}  // namespace

std::string failure_message(const Promise& promise, const ClassVerdict& verdict, int64_t label) {
  const auto least = promise.min_recall.find(label);
  if (verdict.outcome == ClassOutcome::kTooFew) {
    return fmt::format("{} samples; a network that loses none of them needs {}", verdict.samples,
                       std::max<int64_t>(verdict.needed, 1));
  }
  std::string message = fmt::format("recall {} % before and {} % after",
                                    percent(verdict.recall_before), percent(verdict.recall_after));
  if (promise.max_drop) {
    message += fmt::format(
        "; it fell by at most {} points with confidence {:g} %, at most {:g} "
        "are promised",
        percent(verdict.most_drop), 100 * promise.confidence, 100 * *promise.max_drop);
  }
  if (least != promise.min_recall.end()) {
    message +=
        fmt::format("; it is at least {} % with confidence {:g} %, {:g} % are promised",
                    percent(verdict.least_recall), 100 * promise.confidence, 100 * least->second);
  }
  return message;
}

std::string gate_junit(const Gate& gate) {
  const std::vector<ClassVerdict>& classes = gate.verdict.classes;
  const auto failures = std::count_if(classes.begin(), classes.end(),
                                      [](const ClassVerdict& own) { return !own.kept(); });
  const std::string counts = fmt::format(
      "name=\"ncprune gate\" tests=\"{}\" failures=\"{}\" errors=\"0\"", classes.size(), failures);
  std::string xml = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n  <testsuite {0} "
      "skipped=\"0\" time=\"0\">\n    <properties>\n{1}{2}{3}    </properties>\n",
      counts, property("before", gate.before.network), property("after", gate.after.network),
      property("verdict", gate_verdict(gate)));
  for (size_t c = 0; c < classes.size(); ++c) {
    xml += fmt::format("    <testcase classname=\"ncprune.gate\" name=\"{}\" time=\"0\"",
                       xml_attribute(gate.classes.names.at(c)));
    if (classes[c].kept()) {
      xml += "/>\n";
      continue;
    }
    xml += fmt::format(
        ">\n      <failure type=\"{}\" message=\"{}\"/>\n    </testcase>\n",
        outcome_name(classes[c].outcome),
        xml_attribute(failure_message(gate.promise, classes[c], static_cast<int64_t>(c))));
  }
  return xml + "  </testsuite>\n</testsuites>\n";
}

}  // namespace ncprune
