#pragma once

// The library, in the order in which data flow through it. ncprune/README.md is the map.

// base: errors, the one seeded source of randomness, files, progress
#include "ncprune/base/error.h"
#include "ncprune/base/file.h"
#include "ncprune/base/json.h"
#include "ncprune/base/log.h"
#include "ncprune/base/lookup.h"
#include "ncprune/base/progress.h"
#include "ncprune/base/random.h"
#include "ncprune/base/runtime.h"
#include "ncprune/base/spec.h"
// data: labelled samples, where they come from, how they are thinned and split
#include "ncprune/data/dataset.h"
#include "ncprune/data/imbalance.h"
#include "ncprune/data/noise.h"
#include "ncprune/data/source.h"
#include "ncprune/data/split.h"
// model: the graph, its operators, the interpreter, built-in architectures
#include "ncprune/model/architectures.h"
#include "ncprune/model/cost.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/layers.h"
#include "ncprune/model/network.h"
#include "ncprune/model/network_builder.h"
#include "ncprune/model/operators.h"
#include "ncprune/model/rows.h"
#include "ncprune/model/units.h"
// onnx: the only model file
#include "ncprune/onnx/onnx.h"
// runtime: ONNX Runtime, where it is installed
#include "ncprune/runtime/onnx_runtime.h"
// train: losses, samplers, augmentation, optimizers, schedules
#include "ncprune/train/augment.h"
#include "ncprune/train/distillation.h"
#include "ncprune/train/image_changes.h"
#include "ncprune/train/loss.h"
#include "ncprune/train/optimizer.h"
#include "ncprune/train/sampler.h"
#include "ncprune/train/schedule.h"
#include "ncprune/train/train.h"
// stats: class means and scatters of every layer
#include "ncprune/stats/collapse.h"
#include "ncprune/stats/collapse_geometry.h"
#include "ncprune/stats/moments.h"
#include "ncprune/stats/statistics.h"
// criteria: scores
#include "ncprune/criteria/criterion.h"
// prune: how much from where, in which pattern, with what repair
#include "ncprune/prune/allocation.h"
#include "ncprune/prune/batch_norm.h"
#include "ncprune/prune/head.h"
#include "ncprune/prune/method.h"
#include "ncprune/prune/options.h"
#include "ncprune/prune/pattern.h"
#include "ncprune/prune/plan.h"
#include "ncprune/prune/prune.h"
#include "ncprune/prune/reconstruction.h"
#include "ncprune/prune/scoring.h"
#include "ncprune/prune/solver.h"
#include "ncprune/prune/sparsity.h"
#include "ncprune/prune/structured.h"
// evaluate: what happened to each class
#include "ncprune/evaluate/comparison.h"
#include "ncprune/evaluate/inference.h"
#include "ncprune/evaluate/latency.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/evaluate/promise.h"
#include "ncprune/evaluate/runner.h"
// report: numbers as tables, JSON and pages
#include "ncprune/report/class_report.h"
#include "ncprune/report/collapse_report.h"
#include "ncprune/report/comparison_report.h"
#include "ncprune/report/promise_report.h"
#include "ncprune/report/table.h"
// experiment: the stages in their order
#include "ncprune/experiment/demo.h"
#include "ncprune/experiment/gradual.h"
#include "ncprune/experiment/prepare.h"
#include "ncprune/experiment/promise_search.h"
#include "ncprune/experiment/study.h"
