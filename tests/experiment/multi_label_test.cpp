// A file with a matrix of labels, from reading to the written network.
#include <ATen/ops/one_hot.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ncprune/evaluate/comparison.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/evaluate/mismatch.h"
#include "ncprune/evaluate/runner.h"
#include "ncprune/experiment/prepare.h"
#include "ncprune/onnx/onnx.h"
#include "ncprune/stats/collapse.h"
#include "ncprune/train/train.h"
#include "tests/data/folder.h"
#include "tests/data/input_error.h"
#include "tests/data/zip_bytes.h"
#include "tests/multi_label_data.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

std::string raw_bytes(const at::Tensor& tensor) {
  const at::Tensor whole = tensor.contiguous();
  return {static_cast<const char*>(whole.data_ptr()), whole.nbytes()};
}

std::string npz_of(const at::Tensor& x, const at::Tensor& y) {
  const auto shape = [](const at::Tensor& t) {
    return fmt::format("({}, {})", t.size(0), t.size(1));
  };
  return zip_bytes({{.name = "x.npy", .content = npy_bytes("<f4", shape(x), raw_bytes(x))},
                    {.name = "y.npy", .content = npy_bytes("|u1", shape(y), raw_bytes(y))}});
}

class MultiLabel : public testing::Test {
 protected:
  DataRequest request(const at::Tensor& y) {
    folder_.write("data.npz", npz_of(all_.inputs, y.to(at::kByte)));
    DataRequest request;
    request.data = "npz:" + folder_.path() + "/data.npz";
    return request;
  }

  Dataset all_ = labelled_samples(500, 3);
  Folder folder_;
};

TEST_F(MultiLabel, PartsShareNoSampleAndHaveARowForEachLabel) {
  const PreparedData data = prepare_data(request(all_.label_sets));
  double samples = 0;
  for (const Dataset* part : {&data.train, &data.validation, &data.test}) {
    EXPECT_EQ(part->class_names, (std::vector<std::string>{"0", "1", "2", "no label"}));
    samples += row_shares(part->targets()).sum().item<double>();
  }
  EXPECT_NEAR(samples, 500, 1e-9) << "every sample is in one part";
  EXPECT_EQ(data.minority, (std::vector<int64_t>{2}));
}

TEST_F(MultiLabel, AMatrixWithASingleOneInEachRowIsOneClassPerSample) {
  const PreparedData data =
      prepare_data(request(at::one_hot(all_.inputs.select(1, 0).gt(0).to(at::kLong), 2)));
  EXPECT_FALSE(data.train.label_sets.defined());
  EXPECT_EQ(data.train.class_names, (std::vector<std::string>{"0", "1"}));
}

TEST_F(MultiLabel, BadRequestsAreRefusedInALine) {
  DataRequest thinned = request(all_.label_sets);
  thinned.imbalance = "exp:10";
  EXPECT_NE(input_error([&] { prepare_data(thinned); }).find("cannot be thinned"),
            std::string::npos);
  const at::Tensor twos = all_.label_sets.to(at::kByte) * 2;
  EXPECT_NE(input_error([&] { prepare_data(request(twos)); }).find("wanted 0 or 1"),
            std::string::npos);
  const PreparedData data = prepare_data(request(all_.label_sets));
  const Network network = make_network("mlp:4", data, 0);
  EXPECT_NE(input_error([&] { measure_collapse(network, data.train); }).find("several labels"),
            std::string::npos);
  EXPECT_TRUE(find_mismatch(head_alone(at::zeros({3, 8}), at::zeros({3})), data.train, {}));
}

TEST_F(MultiLabel, ANetworkOfSigmoidsAndItsLogitsAreOneNetwork) {
  const PreparedData data = prepare_data(request(all_.label_sets));
  const Network logits = train(make_network("mlp:16", data, 0), data.train, data.validation,
                               {.learning_rate = 1e-2, .epochs = 30, .batch = 32})
                             .network;
  EXPECT_EQ(logits.metadata.class_names.size(), 3U);
  EXPECT_FALSE(find_mismatch(logits, data.train, {}));
  Network sigmoids = logits;
  const std::string before = fresh_name(sigmoids, "logits");
  for (Node& node : sigmoids.nodes) {
    for (std::string& output : node.outputs) {
      if (output == sigmoids.output.name) output = before;
    }
  }
  sigmoids.nodes.push_back({"Sigmoid", "", {before}, {sigmoids.output.name}, {}});
  sigmoids = parse_onnx(onnx_bytes(sigmoids), "sigmoids");
  const ClassMetrics wanted = evaluate(logits, data.test);
  EXPECT_GT(mean_present(wanted.auroc), 0.9);
  for (const Runtime& runtime : runtimes()) {
    if (!std::string(runtime.problem()).empty()) continue;
    const ClassMetrics found = evaluate(sigmoids, data.test, runtime.name);
    EXPECT_EQ(found.confusion, wanted.confusion) << runtime.name;
    for (size_t c = 0; c < wanted.auroc.size(); ++c) {
      EXPECT_NEAR(found.auroc[c], wanted.auroc[c], 1e-3) << runtime.name;  // sigmoids are rounded
    }
  }
  const Comparison comparison = compare(class_scores(logits, data.test),
                                        class_scores(sigmoids, data.test), data.test.targets());
  EXPECT_TRUE(comparison.exemplars.empty());
}

}  // namespace
}  // namespace ncprune
