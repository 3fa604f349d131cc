#pragma once

#include <memory>
#include <string>

#include "ncprune/data/dataset.h"
#include "ncprune/evaluate/runner.h"
#include "ncprune/model/network.h"

namespace ncprune {

// A classifier from an ONNX file as measurements need it: what it takes and gives, and a way to run
// it.
struct Classifier {
  // Run by "onnxruntime", it has an input, an output and metadata alone: the file runs as it is.
  std::shared_ptr<const Network> network;
  std::string runtime;  // a name in runtimes()
  Runner run;
};

// Reads the file `path` for `runtime` (runner.h).
//
// ncprune:     read_onnx() reads it and the interpreter runs it.
// compiled:    read_onnx() reads it and C of compile() runs it.
// onnxruntime: ONNX Runtime runs the file's bytes. It may hold whatever ONNX Runtime takes, if it
//              has one input of floating-point numbers [N, ...], to which inputs are cast, and an
//              output of floating-point numbers [N, K]; the first such output is taken. A file with
//              a fixed N is run on so many samples at once. Of other files (tokens, one logit)
//              that read_onnx() takes, scores_onnx_bytes() are run.
// "":          ncprune, and onnxruntime, with a line in the log, if read_onnx() refuses the file.
//
// Throws InputError, naming `path`, when the runtime refuses the file or cannot be used.
Classifier read_classifier(const std::string& path, const std::string& runtime = "");

// As for networks: see interpreter.h and metrics.h. Scores of ONNX Runtime that are class
// probabilities become their logarithms, or their logits for multi-label data. Throws InputError
// when a score is not a number.
void require_fits(const Classifier& classifier, const Dataset& data, const std::string& where);
at::Tensor class_scores(const Classifier& classifier, const Dataset& data);

}  // namespace ncprune
