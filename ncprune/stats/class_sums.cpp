#include "ncprune/stats/class_sums.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/zeros.h>

namespace ncprune {
namespace {

template <typename T>
void add_rows(const at::Tensor& values, const ClassRows& rows, const at::Tensor& sums) {
  constexpr int64_t kColumns = 256;  // the least share of a thread
  const auto d = static_cast<size_t>(values.size(1));
  const auto labels = elements<int64_t>(rows.labels);
  const auto in = elements<T>(values);
  const auto out = elements<double>(sums);
  const auto factors =
      rows.factors.defined() ? elements<double>(rows.factors) : std::span<double>();
  at::parallel_for(0, values.size(1), kColumns, [&](int64_t begin, int64_t end) {
    const auto width = static_cast<size_t>(end - begin);
    for (size_t i = 0; i < labels.size(); ++i) {
      const double factor = factors.empty() ? 1 : factors[i];
      const T* const from = &in[i * d + static_cast<size_t>(begin)];
      double* const to = &out[static_cast<size_t>(labels[i]) * d + static_cast<size_t>(begin)];
      for (size_t j = 0; j < width; ++j) to[j] += factor * static_cast<double>(from[j]);
    }
  });
}

}  // namespace

at::Tensor class_sums(const at::Tensor& values, const ClassRows& rows) {
  const at::TensorOptions options = values.options().dtype(at::kDouble);
  at::Tensor sums = at::zeros({rows.num_classes, values.size(1)}, options);
  if (!values.device().is_cpu()) {
    const at::Tensor doubles = values.to(at::kDouble);
    return sums.index_add_(0, rows.labels,
                           rows.factors.defined() ? doubles * rows.factors.unsqueeze(1) : doubles);
  }
  const at::Tensor whole = values.contiguous();
  const ClassRows whole_rows{rows.labels.contiguous(), rows.num_classes,
                             rows.factors.defined() ? rows.factors.contiguous() : at::Tensor()};
  AT_DISPATCH_FLOATING_TYPES(values.scalar_type(), "class_sums",
                             [&] { add_rows<scalar_t>(whole, whole_rows, sums); });
  return sums;
}

}  // namespace ncprune
