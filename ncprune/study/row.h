#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/report/class_report.h"

namespace ncprune {

// One cell of a study and what came of it. The dense network is method "dense", repair "none",
// sparsity 0.
struct StudyRow {
  std::string data;
  std::string imbalance;
  int64_t seed = 0;
  std::string method;
  std::string treatment;  // as the study has it
  std::string repair;
  std::string head;
  std::string batch_norm = "keep";
  bool finetuned = false;
  double sparsity = 0;          // asked for
  std::string settings = "{}";  // what else it depends on: see study_settings()

  double reached = 0;                           // the share that was removed
  double seconds = 0;                           // of the pruning
  int64_t parameters = 0;                       // of the network that was made
  int64_t nonzero = 0;                          // of those
  int64_t macs = 0;                             // its multiply-adds a sample
  std::string network;                          // SHA-256 of its weights
  ModelResult result = {};                      // on the test set
  std::optional<ClassMetrics> validation = {};  // on the validation part: for choices
  // Which test samples are recognised, clean and noisy: a bit each, lowest first, class after
  // class, in the test set's order. Empty when it is not known.
  std::string right = {};
  std::string noisy_right = {};
  std::vector<int64_t> tested = {};  // test samples of every class
  ClassInfo classes = {};
};

// The text that stands in a row's settings under `key`; else `otherwise`.
std::string setting(const std::string& settings, const std::string& key,
                    const std::string& otherwise);

// What sparsities are a share of: "weights", "units", "parameters" or "multiply-adds".
std::string removed_parts(const std::string& settings);

// "90 % removed" of the weights; else "50 % of the multiply-adds removed".
std::string removal_text(const std::string& settings, double sparsity);

// What a row says to a user, shares in [0, 1]; see docs/results.md.
Json row_json(const StudyRow& row);

// {"rows": [...]}.
Json rows_json(const std::vector<StudyRow>& rows);

// Everything in a row, as bytes from one process to another.
std::string pack_row(const StudyRow& row);
// Throws InputError when `bytes` are not a packed row, and as require_consistent().
StudyRow unpack_row(const std::string& bytes);

// Throws InputError, naming `where`, unless the row's classes, counts and recalls fit together: a
// row may come from anybody's file or process.
void require_consistent(const StudyRow& row, const std::string& where);

}  // namespace ncprune
