#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ncprune/base/json.h"
#include "ncprune/data/class_info.h"
#include "ncprune/evaluate/class_results.h"

namespace ncprune {

// The method in the dense network's cells; their repair is kNoRepair and their sparsity is 0.
inline constexpr const char* kDenseMethod = "dense";
inline constexpr const char* kNoRepair = "none";
// The treatment that leaves the head as trained, and the finish that changes nothing.
inline constexpr const char* kKeepTreatment = "keep";

// The request that one cell of a study makes.
struct StudyCell {
  std::string data;
  std::string imbalance;
  uint64_t seed = 0;
  std::string method;
  std::string treatment;  // as the study writes it
  std::string repair;
  std::string head;
  std::string finish = kKeepTreatment;
  bool finetuned = false;
  double sparsity = 0;          // the share to remove, in [0, 1)
  std::string settings = "{}";  // all else the cell depends on: study_settings()

  bool is_dense() const { return method == kDenseMethod; }
  bool is_repaired() const { return repair != kNoRepair; }
  bool keeps_head() const { return head == kKeepTreatment; }
  bool keeps_finish() const { return finish == kKeepTreatment; }
};

// The measurements of the network that was made for a cell.
struct StudyOutcome {
  double reached = 0;                           // the share removed
  double seconds = 0;                           // spent on pruning
  int64_t parameters = 0;                       // in the network
  int64_t nonzero = 0;                          // parameters that are not zero
  int64_t macs = 0;                             // multiply-adds per sample
  std::string network;                          // SHA-256 of the weights
  ModelResult result = {};                      // on the test set
  std::optional<ClassMetrics> validation = {};  // on the validation part, for choices
  // Which test samples are recognised, clean and noisy: one bit per sample, lowest bit first, class
  // after class, in the test set's order within a class. Empty when not known.
  std::string right = {};
  std::string noisy_right = {};
  std::vector<int64_t> tested = {};  // test samples by class
  ClassInfo classes = {};
};

// A cell and its outcome. row_fields.h lists the fields of both.
struct StudyRow {
  StudyCell cell;
  StudyOutcome outcome;
};

// The text under `key` in a cell's settings, or `otherwise` when there is none.
std::string setting(const std::string& settings, const std::string& key,
                    const std::string& otherwise);

// The parts that a sparsity is a share of: "weights", "units", "parameters" or "multiply-adds".
std::string removed_parts(const std::string& settings);

// Whether sparsities are a share of the weights, which are set to zero.
bool removes_weights(const std::string& settings);

// "90 % removed" when weights are removed, else as in "50 % of the multiply-adds removed".
std::string removal_text(const std::string& settings, double sparsity);

// Mean recall of the clean test samples over all classes and over the rare ones, in [0, 1].
double balanced_accuracy(const StudyRow& row);
double minority_recall(const StudyRow& row);

// Balanced accuracy and minority recall at the common operating point (operating_point.h), in
// [0, 1]; NaN when not measured.
double common_balanced_accuracy(const StudyRow& row);
double common_minority_recall(const StudyRow& row);

// The mean AUROC of `classes`, one against the rest, in [0, 1]; NaN when not known.
double mean_auroc(const ClassMetrics& metrics, const std::vector<int64_t>& classes);

// A row as JSON for users, shares in [0, 1]; see docs/results.md.
Json row_json(const StudyRow& row);

// {"rows": [...]}.
Json rows_json(const std::vector<StudyRow>& rows);

// A complete cell or row as bytes, to be sent between processes.
std::string pack_cell(const StudyCell& cell);
std::string pack_row(const StudyRow& row);
// Both throw InputError when `bytes` are not a packed cell or row, and as require_consistent().
StudyCell unpack_cell(const std::string& bytes);
StudyRow unpack_row(const std::string& bytes);

// Throws InputError, naming `where`, unless the row's classes, counts and recalls agree: a row may
// come from any file or process.
void require_consistent(const StudyRow& row, const std::string& where);

}  // namespace ncprune
