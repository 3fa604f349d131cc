#pragma once

#include <string>

#include "ncprune/study/study.h"

namespace ncprune {

// The main task on the built-in example: Fashion-MNIST with classes 1, 2, 3 thinned to 1 %, a
// multilayer perceptron, and the main methods at 90, 98 and 99 % with the head kept and realigned.
Study demo_study();

struct Demo {
  std::vector<StudyRow> rows;
  Table classes;     // the result for every class at 98 %
  std::string note;  // common_note() of its networks
  Table summary;     // every method, head and sparsity
};

// Runs demo_study() (or a variant of it) and writes dense.onnx, surgeon-98.onnx (head kept),
// results.json and report.html into `folder`, which is made if missing. The report quotes
// `command`.
Demo run_demo(const Study& study, const std::string& folder, const std::string& command);

}  // namespace ncprune
