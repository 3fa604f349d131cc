#pragma once

#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ncprune/base/random.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/model/network.h"

namespace ncprune {

// One network that computes many things of one input: every branch is flattened, and the scores are
// all of them side by side. One call of the C compiler then tests them all.
class Branches {
 public:
  explicit Branches(const std::vector<int64_t>& sample_shape, uint64_t seed = 5) : random_(seed) {
    network_.input = {"input", {-1}};
    network_.input.shape.insert(network_.input.shape.end(), sample_shape.begin(),
                                sample_shape.end());
  }

  // N(0, 1), with a share of zeros.
  std::string weight(const std::vector<int64_t>& shape, double zeros = 0) {
    at::Tensor drawn = at::zeros(shape).normal_(0, 1, random_.generator());
    const at::Tensor kept = at::zeros(shape).uniform_(0, 1, random_.generator()).ge(zeros);
    return constant(drawn * kept);
  }
  std::string constant(const at::Tensor& tensor) {
    network_.initializers[fresh()] = tensor;
    return last_;
  }
  std::string integers(const std::vector<int64_t>& numbers) {
    return constant(at::tensor(numbers, at::TensorOptions(at::kLong)));
  }
  // A node with one output, which it returns.
  std::string node(const std::string& op_type, const std::vector<std::string>& inputs,
                   const std::map<std::string, Attribute>& attributes = {}) {
    const std::string name = fresh();
    network_.nodes.push_back({op_type, "", inputs, {name}, attributes});
    return name;
  }
  std::vector<std::string> outputs(const std::string& op_type, size_t count,
                                   const std::vector<std::string>& inputs,
                                   const std::map<std::string, Attribute>& attributes = {}) {
    std::vector<std::string> names;
    for (size_t i = 0; i < count; ++i) names.push_back(fresh());
    network_.nodes.push_back({op_type, "", inputs, names, attributes});
    return names;
  }
  // The value is part of the scores.
  void end(const std::string& value) { ends_.push_back(node("Flatten", {value})); }

  const std::string input = "input";

  Network finish() {
    network_.nodes.push_back({"Concat", "", ends_, {"scores"}, {{"axis", int64_t{1}}}});
    network_.output = {"scores", {-1, 1}};
    std::vector<int64_t> shape = network_.input.shape;
    shape.front() = 1;
    const at::NoGradGuard no_grad;
    network_.output.shape.back() = run(network_, at::zeros(shape), {"scores"}).front().size(1);
    return network_;
  }

 private:
  std::string fresh() { return last_ = "v" + std::to_string(names_++); }

  Network network_;
  Random random_;
  std::vector<std::string> ends_;
  std::string last_;
  int64_t names_ = 0;
};

// Convolutions of many kinds over one value of `channels` channels: all that fit.
inline Network many_convolutions(int64_t channels, int64_t rows, int64_t columns) {
  Branches branches({channels, rows, columns});
  for (const double zeros : {0.0, 0.9}) {
    for (const int64_t kernel : {1, 2, 3, 5}) {
      for (const int64_t stride : {1, 2, 3}) {
        for (const int64_t dilation : {1, 2}) {
          for (const int64_t pad : {int64_t{0}, kernel / 2, kernel}) {
            const int64_t extent = (kernel - 1) * dilation + 1;
            if (rows + 2 * pad < extent || columns + 2 * pad < extent) continue;
            const int64_t groups = (kernel + stride + pad) % 3 == 0 ? channels : 1;
            const int64_t outputs = groups * (1 + (kernel * stride + pad) % 9);
            std::string value =
                branches.node("Conv",
                              {branches.input,
                               branches.weight({outputs, channels / groups, kernel, kernel}, zeros),
                               branches.weight({outputs})},
                              {{"strides", std::vector<int64_t>{stride, stride}},
                               {"dilations", std::vector<int64_t>{dilation, dilation}},
                               {"pads", std::vector<int64_t>{pad, pad, pad, pad}},
                               {"group", groups}});
            if (stride == 2) value = branches.node("Relu", {value});
            branches.end(value);
          }
        }
      }
    }
  }
  return branches.finish();
}

}  // namespace ncprune
