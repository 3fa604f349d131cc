#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/base/tensor.h"

namespace ncprune {

// A rule for which weights of a layer may be removed together.
struct Pattern {
  std::string name;
  std::string summary;
  // The mask, bool [m, d], true where a weight stays: about `keep` of them, the largest scores;
  // ties go to the lower index, row by row. On the device of the scores. REQUIRES: 0 <= keep <= m
  // d.
  std::function<at::Tensor(const at::Tensor& scores, int64_t keep)> mask;
  bool alone = false;    // each weight counts alone: mask() chooses from any list of scores, [n]
  bool whole = false;    // weights are removed or kept in sets of several
  bool neurons = false;  // each set holds all weights into a neuron
  // N and M of N:M: N of every M neighbouring inputs of a row stay; `keep` has no effect.
  std::optional<std::pair<int64_t, int64_t>> group = {};
};

// A family of patterns. An entry is a file of patterns/.
struct PatternKind {
  std::string name = {};  // the file's
  std::string usage;      // how names are written: "layer", "block:RxC"
  std::string example;    // one of the family
  // The pattern called `name`; none if the name is not of this family. Throws InputError on a name
  // of this family with invalid numbers.
  std::optional<Pattern> (*find)(const std::string& name);
};

const std::vector<PatternKind>& pattern_kinds();

// One pattern of each kind.
const std::vector<Pattern>& patterns();

// The pattern called `name`: layer, neuron, row, N:M (as 2:4; the last group of a row may be
// shorter and keeps at most N) or block:RxC (as block:4x4: whole blocks of R neurons by C inputs,
// the best by their mean score; blocks at the edges may be smaller). Throws InputError.
Pattern find_pattern(const std::string& name);

// `pattern` for a layer with `weight` [m, d] that removes weights that are already zero first, so
// that pruning again restores none of them. REQUIRES: scores of 0 or more, [m, d].
Pattern zeros_last(Pattern pattern, const at::Tensor& weight);

// `pattern` if it is called `name`, else none.
std::optional<Pattern> if_named(const Pattern& pattern, const std::string& name);

// The numbers a and b of `text`, "a<separator>b", each in [1, 65536]. Throws InputError, naming the
// pattern `name`.
std::pair<int64_t, int64_t> two_numbers(const std::string& text, char separator,
                                        const std::string& name);

}  // namespace ncprune
