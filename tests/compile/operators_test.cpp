#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include "ncprune/base/error.h"
#include "ncprune/model/architectures.h"
#include "tests/compile/branches.h"
#include "tests/compile/c_program.h"

namespace ncprune {
namespace {

TEST(Compile, ElementwiseOperatorsAgree) {
  Branches branches({3, 5, 7});
  const std::string positive = branches.node(
      "Add", {branches.node("Abs", {branches.input}), branches.constant(at::tensor(1.5F))});
  const std::string share = branches.node("Sigmoid", {branches.input});
  for (const char* name :
       {"Abs",         "Atan",      "Asinh",     "Ceil",    "Celu",  "Cos",
        "Cosh",        "Elu",       "Erf",       "Exp",     "Floor", "Gelu",
        "HardSigmoid", "HardSwish", "LeakyRelu", "Mish",    "Neg",   "Relu",
        "Round",       "Selu",      "Shrink",    "Sigmoid", "Sign",  "Sin",
        "Sinh",        "Softplus",  "Softsign",  "Tan",     "Tanh",  "ThresholdedRelu"}) {
    branches.end(branches.node(name, {branches.input}));
  }
  for (const char* name : {"Log", "Sqrt", "Reciprocal", "Acosh"}) {
    branches.end(branches.node(name, {positive}));
  }
  for (const char* name : {"Acos", "Asin", "Atanh"}) branches.end(branches.node(name, {share}));
  const std::string channels = branches.weight({3, 1, 1});
  for (const char* name : {"Add", "Div", "Max", "Mean", "Min", "Mul", "PRelu", "Sub", "Sum"}) {
    branches.end(branches.node(name, {branches.input, channels}));
    branches.end(branches.node(name, {positive, share}));
  }
  for (const char* name : {"Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"}) {
    const std::string holds = branches.node(name, {branches.input, channels});
    branches.end(branches.node("Where", {holds, branches.input, channels}));
  }
  for (const float power : {2.0F, 3.0F, 0.5F, 1.7F}) {
    branches.end(branches.node("Pow", {positive, branches.constant(at::tensor(power))}));
  }
  branches.end(branches.node("Clip", {branches.input, "", branches.constant(at::tensor(0.3F))}));
  branches.end(branches.node("Gelu", {branches.input}, {{"approximate", std::string("tanh")}}));
  expect_agreement(branches.finish(), {}, 1e-4);
}

TEST(Compile, OperatorsThatMoveElementsAgree) {
  Branches branches({4, 6, 5});
  const std::string& x = branches.input;
  const auto moved = [&](const std::string& value) {
    branches.end(branches.node("Relu", {value}));
  };
  moved(branches.node("Transpose", {x}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}}));
  moved(branches.node("Slice", {x, branches.integers({1, 4}), branches.integers({6, 0}),
                                branches.integers({2, 3}), branches.integers({2, -1})}));
  for (const std::string& part : branches.outputs("Split", 2, {x}, {{"axis", int64_t{1}}})) {
    moved(part);
  }
  moved(branches.node("Gather", {x, branches.integers({3, 0, 0})}, {{"axis", int64_t{1}}}));
  moved(branches.node("Tile", {x, branches.integers({1, 1, 2, 1})}));
  moved(branches.node("DepthToSpace", {x}, {{"blocksize", int64_t{2}}}));
  moved(branches.node("SpaceToDepth",
                      {branches.node("Slice", {x, branches.integers({0}), branches.integers({4}),
                                               branches.integers({3})})},
                      {{"blocksize", int64_t{2}}}));
  moved(branches.node("Pad", {x, branches.integers({0, 0, 1, 2, 0, 0, 0, 1}),
                              branches.constant(at::tensor(0.25F))}));
  moved(branches.node("Pad", {x, branches.integers({0, 0, 1, 2, 0, 0, 0, 1})},
                      {{"mode", std::string("reflect")}}));
  // Channels shuffled, as in ShuffleNet, before a convolution.
  const std::string groups = branches.node(
      "Transpose", {branches.node("Reshape", {x, branches.integers({-1, 2, 2, 6, 5})})},
      {{"perm", std::vector<int64_t>{0, 2, 1, 3, 4}}});
  const std::string shuffled = branches.node("Reshape", {groups, branches.integers({-1, 4, 6, 5})});
  branches.end(branches.node("Conv", {shuffled, branches.weight({3, 4, 3, 3})},
                             {{"pads", std::vector<int64_t>{1, 1, 1, 1}}}));
  branches.end(
      branches.node("Concat", {x, shuffled, branches.node("Relu", {x})}, {{"axis", int64_t{1}}}));
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    moved(branches.node("Resize", {x, "", branches.constant(at::tensor({1.0F, 1.0F, 1.5F, 2.0F}))},
                        {{"mode", std::string(mode)}}));
  }
  expect_agreement(branches.finish(), {}, 1e-5);
}

TEST(Compile, ReductionsNormalisationsAndPoolsAgree) {
  Branches branches({6, 7, 9});
  const std::string& x = branches.input;
  for (const char* name : {"ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
                           "ReduceSumSquare", "ReduceProd", "ReduceLogSumExp"}) {
    for (const auto& axes : {std::vector<int64_t>{1}, {2, 3}, {3}, {1, 2}}) {
      branches.end(branches.node(name, {x}, {{"axes", axes}}));
    }
  }
  for (const int64_t axis : {1, 2, 3}) {
    branches.end(branches.node("Softmax", {x}, {{"axis", axis}}));
    branches.end(branches.node("LogSoftmax", {x}, {{"axis", axis}}));
  }
  branches.end(branches.node("GlobalAveragePool", {x}));
  branches.end(branches.node("GlobalMaxPool", {x}));
  branches.end(
      branches.node("LayerNormalization", {x, branches.weight({9}), branches.weight({9})}));
  branches.end(branches.node("GroupNormalization", {x, branches.weight({6}), branches.weight({6})},
                             {{"num_groups", int64_t{2}}}));
  branches.end(
      branches.node("InstanceNormalization", {x, branches.weight({6}), branches.weight({6})}));
  branches.end(branches.node("LRN", {x}, {{"size", int64_t{3}}, {"alpha", 0.5F}}));
  for (const char* name : {"MaxPool", "AveragePool"}) {
    for (const int64_t stride : {1, 2, 3}) {
      for (const int64_t ceil : {0, 1}) {
        branches.end(branches.node(name, {x},
                                   {{"kernel_shape", std::vector<int64_t>{3, 2}},
                                    {"strides", std::vector<int64_t>{stride, stride}},
                                    {"pads", std::vector<int64_t>{1, 0, 1, 1}},
                                    {"count_include_pad", stride % 2},
                                    {"ceil_mode", ceil}}));
      }
    }
  }
  expect_agreement(branches.finish(), {}, 1e-4);
}

// Pools that read and write values with gaps, and dilated ones.
TEST(Compile, PoolsBetweenConvolutionsAgree) {
  for (const int64_t columns : {13, 24, 33}) {
    Branches branches({3, 11, columns});
    const auto convolved = [&](const std::string& value) {
      return branches.node("Conv", {value, branches.weight({3, 3, 3, 3}, 0.5)},
                           {{"pads", std::vector<int64_t>(4, 1)}});
    };
    for (const char* name : {"MaxPool", "AveragePool"}) {
      for (const int64_t stride : {1, 2}) {
        const std::string pool = branches.node(name, {convolved(branches.input)},
                                               {{"kernel_shape", std::vector<int64_t>{3, 3}},
                                                {"strides", std::vector<int64_t>{stride, stride}},
                                                {"pads", std::vector<int64_t>(4, 1)}});
        branches.end(convolved(pool));
      }
    }
    branches.end(branches.node("MaxPool", {convolved(branches.input)},
                               {{"kernel_shape", std::vector<int64_t>{2, 3}},
                                {"strides", std::vector<int64_t>{1, 3}},
                                {"dilations", std::vector<int64_t>{3, 2}},
                                {"pads", std::vector<int64_t>{0, 1, 2, 0}}}));
    expect_agreement(branches.finish(), {}, 1e-5);
  }
}

// The layer reads and writes values whose columns are planes.
TEST(Compile, PoolsBeforeALayerAtEveryPositionAgree) {
  Branches branches({4, 9, 12});
  for (const char* name : {"MaxPool", "AveragePool"}) {
    const auto pool = [&](const std::string& value, int64_t stride) {
      return branches.node(name, {value},
                           {{"kernel_shape", std::vector<int64_t>{2, 3}},
                            {"strides", std::vector<int64_t>{1, stride}},
                            {"pads", std::vector<int64_t>{1, 1, 0, 1}}});
    };
    const std::string convolved =
        branches.node("Conv", {branches.input, branches.weight({4, 4, 3, 3}, 0.5)},
                      {{"pads", std::vector<int64_t>(4, 1)}});
    branches.end(branches.node("MatMul", {pool(convolved, 2), branches.weight({6, 5}, 0.5)}));
    branches.end(branches.node(
        "Add", {pool(branches.input, 1),
                branches.node("MatMul", {branches.input, branches.weight({12, 12}, 0.5)})}));
  }
  expect_agreement(branches.finish(), {}, 1e-4);
}

TEST(Compile, LayersAndAttentionAgree) {
  Branches branches({5, 12});  // five tokens
  const auto linear = [&](const std::string& value, int64_t inputs, int64_t outputs, double zeros) {
    return branches.node(
        "Add", {branches.node("MatMul", {value, branches.weight({inputs, outputs}, zeros)}),
                branches.weight({outputs})});
  };
  const auto heads = [&](const std::string& value, const std::vector<int64_t>& order) {
    return branches.node("Transpose",
                         {branches.node("Reshape", {value, branches.integers({-1, 5, 3, 4})})},
                         {{"perm", order}});
  };
  for (const double zeros : {0.0, 0.9}) {
    const std::string x = branches.node(
        "LayerNormalization", {branches.input, branches.weight({12}), branches.weight({12})});
    const std::string queries = heads(linear(x, 12, 12, zeros), {0, 2, 1, 3});
    const std::string keys = heads(linear(x, 12, 12, zeros), {0, 2, 3, 1});
    const std::string values = heads(linear(x, 12, 12, zeros), {0, 2, 1, 3});
    const std::string shares = branches.node("Softmax", {branches.node("MatMul", {queries, keys})});
    const std::string mixed =
        branches.node("Transpose", {branches.node("MatMul", {shares, values})},
                      {{"perm", std::vector<int64_t>{0, 2, 1, 3}}});
    const std::string back = branches.node("Reshape", {mixed, branches.integers({-1, 5, 12})});
    const std::string sum = branches.node("Add", {branches.input, linear(back, 12, 12, zeros)});
    const std::string wide = branches.node("Gelu", {linear(sum, 12, 37, zeros)});
    branches.end(branches.node("Add", {sum, linear(wide, 37, 12, zeros)}));
  }
  const std::string flat = branches.node("Flatten", {branches.input});
  for (const int64_t outputs : {1, 17, 64, 130}) {
    for (const double zeros : {0.0, 0.5, 0.95}) {
      const std::string hidden = branches.node(
          "Gemm", {flat, branches.weight({60, outputs}, zeros), branches.weight({outputs})});
      branches.end(branches.node(
          "Gemm", {branches.node("Relu", {hidden}), branches.weight({9, outputs}, zeros)},
          {{"transB", int64_t{1}}, {"alpha", 0.5F}}));
    }
  }
  expect_agreement(branches.finish(), {}, 1e-4);
}

// With larger weights than at the start of training, so that the scores differ from zero in spite
// of the pruning; rounding errors then grow from layer to layer.
TEST(Compile, EveryArchitectureAgrees) {
  for (const char* spec : {"mlp:20,10?batchnorm=true&activation=tanh@8", "cnn:6,8,12@12",
                           "resnet:20@10", "wide-resnet:10-1@12", "densenet:10-4@12", "vgg:11@32",
                           "vit:4,24,1,3@8", "mobilenet:3-small@33"}) {
    const std::string text = spec;
    const int64_t pixels = std::stol(text.substr(text.find('@') + 1));
    Network network =
        build_network(text.substr(0, text.find('@')), {3, pixels, pixels}, 4, Random(2));
    for (auto& [name, tensor] : network.initializers) {
      if (tensor.dim() < 2 || tensor.numel() < 16) continue;
      const at::Tensor limit = tensor.abs().flatten().median();
      tensor = 3 * tensor * tensor.abs().gt(limit);
    }
    const CompiledNetwork compiled(network, {}, {"-O0", "-march=native"});
    const at::Tensor inputs = inputs_for(network, 2);
    const at::NoGradGuard no_grad;
    const at::Tensor wanted = run(network, inputs, {network.output.name}).front();
    const double scale = wanted.abs().max().item<double>();
    EXPECT_LT((compiled.run(inputs) - wanted).abs().max().item<double>(), 1e-3 * scale) << spec;
  }
}

TEST(Compile, UnknownOperatorIsRefusedByName) {
  try {
    Branches known({2, 3, 3});
    const std::string value =
        known.node("ConvTranspose", {known.input, known.weight({2, 2, 2, 2})});
    known.end(value);
    compile(known.finish(), {});
    FAIL() << "no error";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("ConvTranspose"), std::string::npos) << error.what();
  }
}

TEST(Compile, NamesOfClassesCannotEndTheirString) {
  Network network = build_network("mlp:3", {4}, 2, Random(1));
  network.metadata.class_names = {"\"; int x = 1; //", "a\\\n\xff?\?/"};
  const CompiledSource compiled = compile(network, {.name = "9 lives; int"});
  EXPECT_NE(compiled.header.find("network_9_lives__int_run"), std::string::npos);
  EXPECT_EQ(compiled.source.find("int x = 1;"), std::string::npos);
  build_library(compiled.source, {"-O0"});
}

TEST(Compile, InputsAreNormalisedByTheCompiledNetwork) {
  Network network = build_network("cnn:4", {3, 6, 6}, 2, Random(1));
  network.metadata.input_mean = at::full({3, 1, 1}, 0.5);
  network.metadata.input_scale = at::full({3, 1, 1}, 0.25);
  const CompiledNetwork compiled(network, {}, {"-O0"});
  const at::Tensor raw = inputs_for(network, 3);
  const at::NoGradGuard no_grad;
  const at::Tensor wanted =
      run(network, prepare_inputs(network, raw), {network.output.name}).front();
  EXPECT_LT((compiled.run(raw) - wanted).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace ncprune
