#include "ncprune/model/sparse_convolution.h"

#include <ATen/Parallel.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/threshold_backward.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <vector>

#include "ncprune/model/sample_order.h"
#include "ncprune/model/sparse_convolution_kernels.h"
#include "ncprune/model/sparse_windows.h"

namespace ncprune {
namespace {

SparseSizes sizes_of(const SparseConvolution& convolution) {
  const at::Tensor& x = convolution.x;
  return {x.size(0),          x.size(1), x.size(2), x.size(3), convolution.weight.size(0),
          convolution.windows};
}

// Everything that both directions need, made once.
struct Plan : torch::CustomClassHolder {
  RemainingWeights weights;
  SparseSweep forward;
  SparseSweep backward;  // if the gradient by the picture is wanted
  int64_t batch = 0;
  bool rectified = false;
  // For gradients of gradients.
  std::vector<int64_t> strides;
  std::vector<int64_t> pads;
  std::vector<int64_t> dilations;
  int64_t groups = 1;
};

c10::intrusive_ptr<Plan> plan_of(const SparseConvolution& convolution) {
  auto plan = c10::make_intrusive<Plan>();
  const Windows& windows = convolution.windows;
  const at::Tensor& x = convolution.x;
  plan->strides = windows.strides;
  plan->pads = windows.pads_begin;
  plan->dilations = windows.dilations;
  plan->groups = convolution.groups;
  plan->batch = x.size(0);
  plan->rectified = convolution.rectified;
  plan->weights = remaining_weights(convolution.weight, convolution.groups);
  plan->forward = forward_sweep(sizes_of(convolution), plan->weights);
  if (at::GradMode::is_enabled() && x.requires_grad()) {
    plan->backward = backward_sweep(sizes_of(convolution), plan->weights);
  }
  return plan;
}

// Calls use(chunk, part) for every chunk of `lanes` samples and, within, every block of channels.
template <typename Use>
void for_each_part(const SparseSweep& sweep, int64_t batch, int64_t lanes, const Use& use) {
  at::parallel_for(0, (batch + lanes - 1) / lanes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t left = std::min(lanes, batch - i * lanes);
      int64_t done = 0;
      while (done < left) {
        // The kernels take one, two or four groups of samples.
        int64_t now = kMostLanes;
        while (now > left - done) now /= 2;
        for (const auto& [first, last] : sweep.blocks) {
          use(i, SparsePart{i * lanes + done, now, first, last});
        }
        done += now;
      }
    }
  });
}

// Samples of a chunk that one thread works on: as many as lie side by side, unless what the windows
// read would leave the fastest cache or threads would be idle. The numbers do not depend on it.
int64_t lanes_of_chunk(const SparseSweep& sweep, int64_t batch) {
  constexpr int64_t kInputs = 256;
  const bool fits = sweep.inputs <= kInputs && batch >= kMostLanes * at::get_num_threads();
  return fits ? kMostLanes : kMostLanes / 2;
}

// Room for a value [N, C, H, W] whose samples lie side by side.
at::Tensor room_for(at::IntArrayRef shape, const at::TensorOptions& options) {
  return from_planes(at::empty({shape[2] * shape[3], shape[1], shape[0]}, options), shape);
}

// `x` times the weights of one direction.
void convolve(const Plan& plan, const SparseSweep& sweep, const at::Tensor& x,
              const SparseOutput& output) {
  const SparseInputs inputs{plan.weights.values.data(), x.data_ptr<float>(), plan.batch};
  for_each_part(sweep, plan.batch, lanes_of_chunk(sweep, plan.batch),
                [&](int64_t, const SparsePart& part) {
                  convolve_sparse(sweep.windows, part, inputs, output);
                });
}

const float* numbers_or_null(const at::Tensor& tensor) {
  return tensor.defined() && tensor.numel() > 0 ? tensor.data_ptr<float>() : nullptr;
}

struct ParameterGradients {
  at::Tensor by_weight;  // [M, C / groups, kH, kW]
  at::Tensor by_bias;    // [M]
};

ParameterGradients parameter_gradients(const Plan& plan, const at::Tensor& x,
                                       const SparseGradient& gradient) {
  // Chunks are as large whatever the number of threads: their sums are added up in order.
  constexpr int64_t kLanes = kMostLanes / 2;
  const int64_t chunks = (plan.batch + kLanes - 1) / kLanes;
  const auto count = static_cast<int64_t>(plan.weights.places.size());
  const at::Tensor weights = at::zeros({chunks, count, kLaneGroup}, x.options());
  const int64_t results = plan.weights.shape.front();
  const at::Tensor biases = at::zeros({chunks, results, kLaneGroup}, x.options());
  const SparseInputs inputs{plan.weights.values.data(), x.data_ptr<float>(), plan.batch};
  for_each_part(plan.forward, plan.batch, kLanes, [&](int64_t chunk, const SparsePart& part) {
    const SparseSums sums{weights.data_ptr<float>() + chunk * weights.stride(0),
                          biases.data_ptr<float>() + chunk * biases.stride(0)};
    add_sparse_gradients(plan.forward.windows, part, inputs, gradient, sums);
  });
  const at::Tensor by_weight = at::zeros(plan.weights.shape, x.options());
  const at::Tensor of_chunks = weights.sum(2).sum(0);
  const auto from = elements<float>(of_chunks);
  const auto to = elements<float>(by_weight);
  for (size_t i = 0; i < plan.weights.places.size(); ++i) {
    to[plan.weights.places[i].place] = from[i];
  }
  return {by_weight.permute({0, 3, 1, 2}), biases.sum(2).sum(0)};
}

struct SparseConvolutionFunction : torch::autograd::Function<SparseConvolutionFunction> {
  // `x` and `summand`, which may be empty, have their samples side by side. Gives the result and
  // `x`.
  static std::vector<at::Tensor> forward(torch::autograd::AutogradContext* context,
                                         const at::Tensor& x, const at::Tensor& weight,
                                         const at::Tensor& bias, const at::Tensor& summand,
                                         const c10::intrusive_ptr<Plan>& plan,
                                         const std::vector<int64_t>& positions) {
    const at::Tensor result =
        room_for({x.size(0), weight.size(0), positions[0], positions[1]}, x.options());
    const at::Tensor biases = bias.contiguous();
    convolve(*plan, plan->forward, x,
             {biases.data_ptr<float>(), numbers_or_null(summand), plan->rectified,
              result.data_ptr<float>()});
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    context->save_for_backward({x, weight, plan->rectified ? result : at::Tensor()});
    context->set_materialize_grads(false);
    return {result, x};
  }

  static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context,
                                          const std::vector<at::Tensor>& gradients) {
    const at::Tensor& by_out = gradients[0];
    const at::Tensor& by_other_readers = gradients[1];
    if (!by_out.defined()) return {by_other_readers, {}, {}, {}, {}, {}};
    const std::vector<at::Tensor> saved = context->get_saved_variables();
    const auto held = context->saved_data["plan"].toCapsule();
    const auto& plan = static_cast<const Plan&>(*held);
    const at::Tensor& x = saved[0];
    const at::Tensor& weight = saved[1];
    const at::Tensor& result = saved[2];  // undefined without ReLU
    const std::array<bool, 3> wanted{context->needs_input_grad(0), context->needs_input_grad(1),
                                     context->needs_input_grad(2)};
    if (at::GradMode::is_enabled()) {  // gradients of gradients follow
      const std::vector<int64_t> none(2, 0);
      const at::Tensor by_sum = plan.rectified ? at::threshold_backward(by_out, result, 0) : by_out;
      auto [by_x, by_weight, by_bias] = at::convolution_backward(
          by_sum, x, weight, at::OptionalIntArrayRef({weight.size(0)}), plan.strides, plan.pads,
          plan.dilations, /*transposed=*/false, none, plan.groups, wanted);
      if (by_x.defined() && by_other_readers.defined()) by_x = by_x + by_other_readers;
      return {by_x, by_weight, by_bias, by_sum, {}, {}};
    }
    at::Tensor by_sum = with_samples_together(by_out);
    ParameterGradients parameters;
    if (wanted[1] || wanted[2]) {
      const at::Tensor rectified = plan.rectified ? at::empty_like(by_sum) : by_sum;
      parameters = parameter_gradients(
          plan, x,
          {by_sum.data_ptr<float>(), numbers_or_null(result), rectified.data_ptr<float>()});
      by_sum = rectified;
    } else if (plan.rectified) {
      by_sum = at::threshold_backward(by_sum, result, 0);
    }
    at::Tensor by_x;
    if (wanted[0]) {
      by_x = room_for(x.sizes(), x.options());
      const at::Tensor others =
          by_other_readers.defined() ? with_samples_together(by_other_readers) : at::Tensor();
      const at::Tensor no_bias = at::zeros({x.size(1)}, x.options());
      convolve(plan, plan.backward, by_sum,
               {no_bias.data_ptr<float>(), numbers_or_null(others), /*rectified=*/false,
                by_x.data_ptr<float>()});
    }
    return {by_x, parameters.by_weight, parameters.by_bias, by_sum, {}, {}};
  }
};

}  // namespace

bool is_sparse(const SparseConvolution& convolution) {
  constexpr int64_t kNarrow = 64;
  constexpr double kSparse = 0.25;
  constexpr double kSparseOfWide = 0.12;  // more channels than the fastest cache holds
  constexpr int64_t kFewInputs = 32;
  const at::Tensor& x = convolution.x;
  const at::Tensor& weight = convolution.weight;
  const auto is_float = [](const at::Tensor& tensor) {
    return tensor.scalar_type() == at::kFloat && tensor.device().is_cpu();
  };
  if (x.dim() != 4 || x.size(0) < kLaneGroup || !is_float(x) || !is_float(weight)) return false;
  if (convolution.bias.defined() && !is_float(convolution.bias)) return false;
  if (x.numel() == 0 || weight.numel() == 0) return false;
  const int64_t remaining = weight.count_nonzero().item<int64_t>();
  if (!is_affordable(sizes_of(convolution), remaining)) return false;
  // Where an output has few inputs, reading and writing take the time, and dense layers between
  // sparse ones would have to change the order of the samples.
  if (weight.numel() / weight.size(0) <= kFewInputs) return remaining < weight.numel();
  const double most = x.size(1) <= kNarrow ? kSparse : kSparseOfWide;
  return static_cast<double>(remaining) < most * static_cast<double>(weight.numel());
}

SparseResult sparse_convolution(const SparseConvolution& convolution) {
  const int64_t samples = convolution.x.size(0);
  const int64_t missing = (kLaneGroup - samples % kLaneGroup) % kLaneGroup;
  const auto whole_groups = [&](const at::Tensor& value) {
    at::Tensor together = with_samples_together(value);
    if (missing == 0) return together;
    return with_samples_together(at::constant_pad_nd(together, {0, 0, 0, 0, 0, 0, 0, missing}));
  };
  SparseConvolution whole = convolution;
  whole.x = whole_groups(convolution.x);
  // LibTorch's functions take no undefined tensors.
  whole.summand = convolution.summand.defined() ? whole_groups(convolution.summand)
                                                : at::empty({0}, whole.x.options());
  if (!whole.bias.defined()) whole.bias = at::zeros({whole.weight.size(0)}, whole.x.options());
  const auto results = SparseConvolutionFunction::apply(
      whole.x, whole.weight, whole.bias, whole.summand, plan_of(whole), whole.windows.positions);
  if (missing == 0) return {results[0], results[1]};
  return {results[0].slice(0, 0, samples), results[1].slice(0, 0, samples)};
}

}  // namespace ncprune
