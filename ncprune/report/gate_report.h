#pragma once

#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/data/class_info.h"
#include "ncprune/evaluate/promise.h"

namespace ncprune {

// What a gate was asked and what it found: whether a network is good enough, class by class, to
// replace another one.

// One of the two networks, and where its recalls come from.
struct GateSide {
  std::string network;    // its file
  std::string data;       // as load_data takes it
  std::string runtime;    // that ran it; empty if its counts were read from `stored_in`
  std::string stored_in;  // the JSON file of its counts; empty if it was run
};

struct Gate {
  GateSide before;
  GateSide after;
  Promise promise;
  ClassInfo classes;
  Verdict verdict;  // by judge(), or by judge_counts() if `before` was stored
};

// The verdict in one line: "PASSED: ..." or "FAILED: ...". It names the classes that break the
// promise, those that may break it, and those with too few samples, apart and at most 20 of each.
std::string gate_verdict(const Gate& gate);

// For a terminal of 80 columns: the verdict, what was compared, a table, and the method. Beyond 20
// classes the table holds those that fail, the worst first, and the five that keep the promise most
// closely; the others are counted. Long names are cut in the middle.
std::string gate_text(const Gate& gate);

// All numbers, shares in [0, 1]; docs/gate.md describes the format, whose version is
// "ncprune_gate". parse_stored_counts() reads it.
Json gate_json(const Gate& gate);

// JUnit XML with one test case per class. A class that fails has a <failure> whose type is its
// outcome_name().
std::string gate_junit(const Gate& gate);

// For a pull request: the verdict, a table of the classes that fail, and all classes in <details>.
std::string gate_markdown(const Gate& gate);

// Why a class, whose index is `label`, fails: its numbers and the promised ones, in one line.
std::string failure_message(const Promise& promise, const ClassVerdict& verdict, int64_t label);

}  // namespace ncprune
