#include "ncprune/experiment/evidence.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "ncprune/base/error.h"
#include "ncprune/base/log.h"
#include "ncprune/compile/shared_library.h"
#include "ncprune/data/noise.h"
#include "ncprune/experiment/judge.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/onnx/onnx.h"

namespace ncprune {
namespace {

// Not every network allows every measurement: a refused one is left out, with a warning.
void unless_refused(const std::string& what, const std::function<void()>& measure) {
  try {
    measure();
  } catch (const InputError& error) {
    log_warning(fmt::format("the report goes without {}: {}", what, error.what()));
  }
}

bool is_picture(const Dataset& data) {
  const std::vector<int64_t> shape = data.sample_shape();
  return data.range && shape.size() == 3 && (shape[0] == 1 || shape[0] == 3);
}

Image image_of(const at::Tensor& sample, const std::pair<double, double>& range) {
  const at::Tensor bytes = ((sample - range.first) / (range.second - range.first) * 255)
                               .round()
                               .clamp(0, 255)
                               .permute({1, 2, 0})
                               .to(at::kByte)
                               .contiguous();
  const std::span<const uint8_t> pixels = elements<uint8_t>(bytes);
  return {sample.size(0), sample.size(1), sample.size(2), {pixels.begin(), pixels.end()}};
}

// Networks take turns, each with its most confident disagreements first.
std::vector<PicturedExemplar> exemplars_of(const std::vector<Comparison>& comparisons,
                                           const Dataset& test, int64_t most) {
  std::vector<PicturedExemplar> pictures;
  if (!is_picture(test)) return pictures;
  for (size_t rank = 0; std::ssize(pictures) < most; ++rank) {
    bool found = false;
    for (size_t i = 0; i < comparisons.size() && std::ssize(pictures) < most; ++i) {
      const std::vector<Exemplar>& exemplars = comparisons[i].exemplars;
      if (rank >= exemplars.size()) continue;
      found = true;
      const Exemplar& exemplar = exemplars[rank];
      pictures.push_back(
          {i + 1, exemplar,
           image_of(test.inputs_at(exemplar.sample, exemplar.sample + 1)[0], *test.range)});
    }
    if (!found) break;
  }
  return pictures;
}

// Measures each part separately, so that a network without derivatives still has corruptions.
void add_robustness(Evidence& evidence, const std::vector<Network>& networks, const Dataset& test,
                    const RobustnessOptions& options) {
  for (bool RobustnessOptions::*part :
       {&RobustnessOptions::corruptions, &RobustnessOptions::sensitivity,
        &RobustnessOptions::attacks}) {
    if (!(options.*part)) continue;
    RobustnessOptions alone = options;
    alone.corruptions = alone.sensitivity = alone.attacks = false;
    alone.*part = true;
    unless_refused("a part of robustness", [&] {
      Robustness measured = measure_robustness(networks, test, alone);
      if (!evidence.robustness) evidence.robustness.emplace();
      Robustness& all = *evidence.robustness;
      if (alone.corruptions) all.corruptions = std::move(measured.corruptions);
      if (alone.sensitivity) all.sensitivities = std::move(measured.sensitivities);
      if (alone.attacks) all.attacks = std::move(measured.attacks);
    });
  }
}

}  // namespace

Evidence gather_evidence(const std::vector<NamedNetwork>& networks, const PreparedData& data,
                         const EvidenceOptions& options) {
  const Dataset& test = data.test;
  if (!(options.noise >= 0 && options.noise <= 1e6)) {
    throw InputError(fmt::format("noise {} is outside [0, 1e6]", options.noise));
  }
  const Metadata& known = networks.front().network.metadata;
  Evidence evidence;
  evidence.classes = {shown_class_names(known, test), class_counts(data.train), data.minority};
  evidence.confidence = options.comparison.confidence;
  std::vector<Network> all;
  std::vector<at::Tensor> scores;
  std::optional<Judge> judge;    // against the first network
  std::optional<Dataset> noisy;  // not for tables, whose units differ by feature
  if (options.noise > 0 && test.range) {
    noisy = with_gaussian_noise(test, options.noise, options.comparison.seed);
  }
  for (const NamedNetwork& n : networks) {
    require_fits(n.network, test, n.name);
    all.push_back(n.network);
    scores.push_back(class_scores(n.network, test));
    const at::Tensor validated =
        data.validation.size() > 0 ? class_scores(n.network, data.validation) : at::Tensor();
    if (!judge) judge.emplace(data, data.minority, validated);
    ModelResult result = judge->result(n.name, scores.back(), validated);
    if (noisy) result.noisy = evaluate(n.network, *noisy);
    evidence.results.push_back(std::move(result));
    evidence.sizes.push_back(network_size(n.network));
    evidence.file_bytes.push_back(std::ssize(onnx_bytes(n.network)));
    if (scores.size() == 1) continue;
    evidence.comparisons.push_back(
        compare(scores.front(), scores.back(), test.targets(), options.comparison));
  }
  evidence.exemplars = exemplars_of(evidence.comparisons, test, options.exemplars);
  unless_refused("latency", [&] {
    if (options.measure_latency) evidence.latencies = measure_latency(all, {});
  });
  unless_refused("latency of compiled networks", [&] {
    if (!options.measure_latency || !compiler_problem().empty()) return;
    int64_t parameters = 0;
    for (const NetworkSize& size : evidence.sizes) parameters += size.parameters;
    if (parameters > options.most_compiled) return;
    evidence.compiled = measure_latency(all, {.runtime = "compiled"});
  });
  unless_refused("geometry", [&] {
    std::vector<Collapse> collapse;
    collapse.reserve(networks.size());
    for (const NamedNetwork& n : networks) {
      collapse.push_back(measure_collapse(n.network, data.train));
    }
    evidence.collapse = std::move(collapse);
  });
  add_robustness(evidence, all, test, options.robustness);
  return evidence;
}

}  // namespace ncprune
