#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "ncprune/base/error.h"
#include "ncprune/compile/lowering.h"
#include "ncprune/compile/passes.h"
#include "ncprune/compile/source_writer.h"

namespace ncprune {
namespace {

// Share of nonzero weights below which a product of one position goes through them alone.
constexpr double kSparseProduct = 0.25;

void write_sparse_product(SourceWriter& writer, const ProductStep& step,
                          const std::string& addresses) {
  const at::Tensor weight = step.weight.contiguous();
  const auto values = elements<float>(weight);
  const auto inputs = static_cast<size_t>(weight.size(1));
  std::vector<std::vector<int64_t>> rows(static_cast<size_t>(weight.size(0)));
  for (size_t m = 0; m < rows.size(); ++m) {
    for (size_t k = 0; k < inputs; ++k) {
      if (values[m * inputs + k] != 0) rows[m].push_back(static_cast<int64_t>(k));
    }
  }
  std::vector<size_t> order(rows.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return rows[a].size() < rows[b].size(); });
  std::vector<int64_t> outputs, indices, runs;
  std::vector<float> weights, bias;
  const at::Tensor all_biases = step.bias.to(at::kFloat).contiguous();
  for (const size_t m : order) {
    outputs.push_back(static_cast<int64_t>(m));
    bias.push_back(all_biases[static_cast<int64_t>(m)].item<float>());
    const auto count = static_cast<int64_t>(rows[m].size());
    if (runs.empty() || runs.back() != count) runs.insert(runs.end(), {0, count});
    ++runs[runs.size() - 2];
    for (const int64_t k : rows[m]) {
      indices.push_back(k);
      weights.push_back(values[m * inputs + static_cast<size_t>(k)]);
    }
  }
  const bool short_index = static_cast<int64_t>(inputs) <= kMaxShort + 1;
  const bool half = writer.weights() == WeightType::kHalf;
  const std::string kernel =
      fmt::format("nc_sparse_product_{}_{}", short_index ? 16 : 32, half ? "half" : "float");
  writer.use("product", fmt::format("NC_SPARSE_PRODUCT({}, {}, {})", kernel,
                                    short_index ? "uint16_t" : "int32_t",
                                    half ? "uint16_t, nc_half" : "float, NC_FLOAT"));
  const std::string name = writer.fresh("product");
  writer.add_function(fmt::format(
      "static const struct nc_sparse_product {} = {{{}, {}, {}, {}, {}, {}, {}}};\n\n", name,
      writer.weight_array(weights), writer.integers(indices, short_index ? "uint16_t" : "int32_t"),
      writer.integers(outputs, "uint16_t"), writer.integers(runs, "uint16_t"), writer.floats(bias),
      runs.size() / 2, step.rectified ? 1 : 0));
  writer.add_call(fmt::format("{}(&{}, {});", kernel, name, addresses));
}

void write_dense_product(SourceWriter& writer, const ProductStep& step,
                         const std::string& addresses) {
  constexpr int64_t kBlock = 64;  // as in kernels/product.c
  const bool half = writer.weights() == WeightType::kHalf;
  const std::string kernel = fmt::format("nc_dense_product_{}", half ? "half" : "float");
  writer.use("product",
             fmt::format("NC_DENSE_PRODUCT({}, {})", kernel,
                         half ? "uint16_t, nc_half, nc_load_half" : "float, NC_FLOAT, nc_load"));
  std::vector<at::Tensor> blocks;
  for (int64_t begin = 0; begin < step.weight.size(0); begin += kBlock) {
    blocks.push_back(step.weight.slice(0, begin, begin + kBlock).t().contiguous().flatten());
  }
  const int64_t whole = (step.weight.size(0) + kBlock - 1) / kBlock * kBlock;
  const at::Tensor bias = at::constant_pad_nd(step.bias, {0, whole - step.bias.numel()});
  const std::string name = writer.fresh("product");
  writer.add_function(
      fmt::format("static const struct nc_dense_product {} = {{{}, {}, {}, {}, {}}};\n\n", name,
                  writer.weight_array(at::cat(blocks)), writer.floats(bias), step.weight.size(1),
                  step.weight.size(0), step.rectified ? 1 : 0));
  writer.add_call(fmt::format("{}(&{}, {});", kernel, name, addresses));
}

}  // namespace

void write_product(SourceWriter& writer, const ProductStep& step) {
  const auto inputs = static_cast<double>(step.weight.numel());
  const auto used = static_cast<double>(step.weight.ne(0).sum().item<int64_t>());
  if (step.weight.size(0) > kMaxShort || step.weight.size(1) > (int64_t{1} << 28)) {
    throw InputError("a fully connected layer has more than 65535 outputs");
  }
  const int64_t first = memory_offsets(writer.program(), step.in).flatten()[0].item<int64_t>();
  const std::string addresses =
      fmt::format("{}, {}", writer.memory(step.in.source, first), writer.memory(step.out));
  if (used < kSparseProduct * inputs && step.weight.size(1) <= kMaxShort) {
    return write_sparse_product(writer, step, addresses);
  }
  write_dense_product(writer, step, addresses);
}

}  // namespace ncprune
