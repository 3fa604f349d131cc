#include "ncprune/evaluate/classifier.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/log.h"
#include "ncprune/base/lookup.h"
#include "ncprune/base/naming.h"
#include "ncprune/base/runtime.h"
#include "ncprune/data/excerpt.h"
#include "ncprune/data/read_ahead.h"
#include "ncprune/evaluate/external_data.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/metadata.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/runtime/onnx_runtime.h"

namespace ncprune {
namespace {

constexpr int64_t kMaxSampleSize = int64_t{1} << 26;  // values

bool is_floating(const SessionValue& value) {
  return value.type && at::isFloatingType(*value.type);
}

// "scores, Long [-1, 10]", for messages.
std::string described(const std::vector<SessionValue>& values) {
  std::vector<std::string> all;
  all.reserve(values.size());
  for (const SessionValue& value : values) {
    all.push_back(fmt::format("'{}', {} [{}]", excerpt(value.name),
                              value.type ? at::toString(*value.type) : "another type",
                              fmt::join(value.shape, ", ")));
  }
  constexpr size_t kMaxDescribed = 5;
  const bool cut = all.size() > kMaxDescribed;
  if (cut) all.resize(kMaxDescribed);
  return fmt::format("{}{}", fmt::join(all, "; "), cut ? "; ..." : "");
}

const SessionValue& only_input(const OnnxRuntimeSession& session) {
  const std::vector<SessionValue>& inputs = session.inputs();
  if (inputs.size() == 1 && is_floating(inputs.front()) && !inputs.front().shape.empty()) {
    int64_t values = 1;
    for (size_t axis = 1; axis < inputs.front().shape.size(); ++axis) {
      const int64_t size = std::max<int64_t>(inputs.front().shape[axis], 1);
      if (__builtin_mul_overflow(values, size, &values) || values > kMaxSampleSize) {
        throw InputError(fmt::format("a sample has more than {} values", kMaxSampleSize));
      }
    }
    return inputs.front();
  }
  throw InputError(fmt::format("has the inputs {}; wanted one of floating-point numbers [N, ...]",
                               described(inputs)));
}

// Of class scores: an output whose rank is unknown has no axes here.
size_t scores_output(const OnnxRuntimeSession& session) {
  const std::vector<SessionValue>& outputs = session.outputs();
  for (const size_t rank : {size_t{2}, size_t{0}}) {
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::vector<int64_t>& shape = outputs[i].shape;
      const bool one_score = shape.size() == 2 && shape.back() == 1;
      if (is_floating(outputs[i]) && shape.size() == rank && !one_score) return i;
    }
  }
  throw InputError(fmt::format("has the outputs {}; wanted class scores, floating-point [N, K]",
                               described(outputs)));
}

std::string folder_of(const std::string& path) {
  return std::filesystem::absolute(path).parent_path().string();
}

onnx::ModelProto model_of(const std::string& bytes) {
  onnx::ModelProto model;
  if (!model.ParseFromString(bytes) || !model.has_graph()) {
    throw InputError("not an ONNX model, or truncated");
  }
  return model;
}

// Runs a session on any number of samples, `batch` at once if the file fixes their number.
struct SessionRunner {
  std::shared_ptr<const OnnxRuntimeSession> session;
  size_t output;
  at::ScalarType type;
  int64_t batch;  // -1: any

  at::Tensor operator()(const at::Tensor& inputs) const {
    const at::Tensor own = inputs.cpu().to(type);
    if (batch < 0) return scores(own);
    std::vector<at::Tensor> parts;
    for (const at::Tensor& part : own.split(batch)) {
      // The last samples are filled up with zeros, whose scores are dropped.
      std::vector<int64_t> rest = part.sizes().vec();
      rest.front() = batch - part.size(0);
      const at::Tensor whole = at::cat({part, at::zeros(rest, part.options())});
      parts.push_back(scores(whole).slice(0, 0, part.size(0)));
    }
    return at::cat(parts);
  }

 private:
  at::Tensor scores(const at::Tensor& inputs) const {
    at::Tensor all = session->run({inputs}, output).to(at::kFloat);
    if (all.dim() == 2 && all.size(0) == inputs.size(0)) return all;
    throw InputError(fmt::format("output '{}' has shape [{}] for {} samples; wanted [N, K]",
                                 excerpt(session->outputs()[output].name),
                                 fmt::join(all.sizes(), ", "), inputs.size(0)));
  }
};

// The number of samples that the file takes at once; -1: any.
int64_t batch_of(const SessionValue& input) {
  constexpr int64_t kMaxBatch = 1 << 16;
  const int64_t batch = input.shape.front();
  if (batch <= kMaxBatch) return batch > 0 ? batch : -1;
  throw InputError(
      fmt::format("takes {} samples at once; ncprune gives up to {}", batch, kMaxBatch));
}

Classifier session_classifier(const std::string& bytes, const std::string& path) {
  const onnx::ModelProto model = model_of(bytes);
  const auto session = std::make_shared<const OnnxRuntimeSession>(
      has_external_data(model, folder_of(path))
          ? OnnxRuntimeSession::from_file(path, thread_count())
          : OnnxRuntimeSession(bytes, thread_count()));
  const SessionValue& input = only_input(*session);
  const size_t output = scores_output(*session);
  const int64_t batch = batch_of(input);
  SessionRunner run{session, output, *input.type, batch};
  Network network;
  network.name = path;
  network.input = {input.name, input.shape};
  network.input.shape.front() = -1;
  const std::vector<int64_t>& shape = session->outputs()[output].shape;
  network.output = {session->outputs()[output].name, {-1, shape.size() == 2 ? shape.back() : -1}};
  network.metadata = metadata_from(model);
  require_consistent(network);
  return {std::make_shared<const Network>(std::move(network)), "onnxruntime", std::move(run)};
}

// A network that ncprune reads, run by the interpreter or compiled.
Classifier read_and_run(const std::string& bytes, const std::string& path,
                        const std::string& runtime) {
  const auto network = std::make_shared<const Network>(parse_onnx(bytes, path, folder_of(path)));
  return {network, runtime,
          [network, run = make_runner(*network, runtime)](const at::Tensor& inputs) {
            return run(inputs);
          }};
}

// A file whose inputs and outputs have another form is run as the graph of its scores alone, if
// ncprune can read it.
Classifier run_elsewhere(const std::string& bytes, const std::string& path) {
  std::string refusal;
  try {
    return session_classifier(bytes, path);
  } catch (const InputError& error) {
    refusal = error.what();
  }
  try {
    const std::shared_ptr<const Network> network = read_and_run(bytes, path, "ncprune").network;
    return {network, "onnxruntime", make_runner(*network, "onnxruntime")};
  } catch (const InputError&) {
    throw InputError(refusal);
  }
}

// Scores of a file that ends in Softmax, whatever comes between: rows of shares that sum to one, up
// to half precision or eight bits.
bool are_shares(const at::Tensor& scores) {
  constexpr double kTolerance = 0.01;
  return scores.size(1) > 1 && scores.ge(0).all().item<bool>() &&
         scores.sum(1).sub(1).abs().le(kTolerance).all().item<bool>();
}

int64_t samples_at_once(const Network& network) {
  constexpr int64_t kValues = int64_t{1} << 22;
  int64_t sample = 1;
  for (const int64_t size : network.input.shape) sample *= std::max<int64_t>(size, 1);
  return std::clamp<int64_t>(kValues / sample / 16, 1, network.input.shape.size() > 2 ? 64 : 2048);
}

}  // namespace

Classifier read_classifier(const std::string& path, const std::string& runtime) {
  if (!runtime.empty()) {
    const std::string problem = find_named(runtimes(), runtime, "runtime").problem();
    if (!problem.empty()) throw InputError(problem);
  }
  const std::string bytes = read_file(path);
  if (runtime == "ncprune") return read_and_run(bytes, path, "ncprune");
  if (runtime == "compiled") {
    return naming(path, [&] { return read_and_run(bytes, path, "compiled"); });
  }
  if (runtime == "onnxruntime") return naming(path, [&] { return run_elsewhere(bytes, path); });
  std::string refusal;
  try {
    return read_and_run(bytes, path, "ncprune");
  } catch (const InputError& error) {
    if (!onnx_runtime_problem().empty()) throw;
    refusal = error.what();
  }
  std::optional<Classifier> classifier;
  try {
    classifier = session_classifier(bytes, path);
  } catch (const InputError& error) {
    // Both often say the same of a damaged file.
    const bool same = refusal.ends_with(error.what());
    throw InputError(same ? refusal : fmt::format("{}; {}", refusal, error.what()));
  }
  log_info(fmt::format("ONNX Runtime runs this file: {}", refusal));
  return *classifier;
}

void require_fits(const Classifier& classifier, const Dataset& data, const std::string& where) {
  if (classifier.runtime == "ncprune") return require_fits(*classifier.network, data, where);
  const at::Tensor scores = naming(where, [&] {
    return classifier.run(prepare_inputs(*classifier.network, data.inputs_at(0, 1)));
  });
  require_scores_fit(scores, data, where);
}

at::Tensor class_scores(const Classifier& classifier, const Dataset& data) {
  const Network& network = *classifier.network;
  if (classifier.runtime == "ncprune") return class_scores(network, data);
  require_fits(classifier, data, network.name);
  std::vector<at::Tensor> parts;
  const int64_t batch = samples_at_once(network);
  ReadAhead inputs(data, batch);
  for (int64_t begin = 0; begin < data.size(); begin += batch) {
    parts.push_back(classifier.run(prepare_inputs(network, inputs.next())));
  }
  const at::Tensor scores = at::cat(parts);
  if (scores.isnan().any().item<bool>()) {
    throw InputError(fmt::format("{}: computes scores that are not numbers", network.name));
  }
  if (data.label_sets.defined()) return as_logits(scores);
  return are_shares(scores) ? scores.log() : scores;
}

}  // namespace ncprune
