#include "ncprune/experiment/evidence.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ncprune/data/samples.h"
#include "ncprune/experiment/prepare.h"
#include "tests/data/input_error.h"
#include "tests/small_network.h"

namespace ncprune {
namespace {

PreparedData prepared() {
  DataRequest request;
  request.data = "synthetic:3,6,120?spread=3";
  request.imbalance = "classes:2@0.2";
  request.validation = 0;
  return prepare_data(request);
}

TEST(Evidence, ComparesEveryNetworkWithTheFirst) {
  const PreparedData data = prepared();
  Network broken = network_for(data.test, "mlp:8,6", 1);
  const Network dense = clone(broken);
  for (auto& [name, tensor] : broken.initializers) tensor.mul_(-1);
  const Evidence evidence =
      gather_evidence({{"dense", dense}, {"same", dense}, {"broken", broken}}, data);
  ASSERT_EQ(evidence.comparisons.size(), 2);
  EXPECT_EQ(evidence.comparisons[0].exemplars.size(), 0);
  EXPECT_GT(evidence.comparisons[1].exemplars.size(), 0);
  EXPECT_EQ(evidence.classes.minority, (std::vector<int64_t>{2}));
  EXPECT_EQ(evidence.sizes[0].layers.size(), 3);
  EXPECT_EQ(evidence.sizes[0].layers[0].weights, 6 * 8);
  EXPECT_EQ(evidence.file_bytes.size(), 3);
  EXPECT_EQ(evidence.latencies.size(), 3);
  EXPECT_EQ(evidence.compiled.size(), 3);
  EXPECT_EQ(evidence.collapse.size(), 3);
  EXPECT_TRUE(evidence.robustness.has_value());
  EXPECT_TRUE(evidence.exemplars.empty());  // a table has no pictures
}

TEST(Evidence, RefusesANetworkOfMoreClassesThanTheData) {
  const PreparedData data = prepared();
  Network network = build_network("mlp:8", data.test.sample_shape(), 12, Random(1));
  network.metadata.class_names = numbered_classes(12);
  EXPECT_NE(input_error([&] {
              gather_evidence({{"dense", network}}, data);
            }).find("dense: computes scores of shape [1, 12]"),
            std::string::npos);
}

TEST(Evidence, LeavesOutWhatWasNotMeasured) {
  const PreparedData data = prepared();
  const Network network = network_for(data.test, "mlp:8", 1);
  EvidenceOptions options;
  options.measure_latency = false;
  options.robustness.corruptions = options.robustness.sensitivity = false;
  options.robustness.attacks = false;
  const Evidence evidence = gather_evidence({{"dense", network}}, data, options);
  EXPECT_FALSE(evidence.robustness.has_value());
  EXPECT_TRUE(evidence.latencies.empty());
  EXPECT_TRUE(evidence.compiled.empty());
}

TEST(Evidence, CompilesNoLargerNetworksThanItShould) {
  const PreparedData data = prepared();
  EvidenceOptions options;
  options.most_compiled = 10;
  const Evidence evidence =
      gather_evidence({{"dense", network_for(data.test, "mlp:8", 1)}}, data, options);
  EXPECT_TRUE(evidence.compiled.empty());
  EXPECT_EQ(evidence.latencies.size(), 1);
}

TEST(Evidence, GoesWithoutDerivativesWhereThereAreNone) {
  const PreparedData data = prepared();
  Network network = network_for(data.test, "mlp:8", 1);
  network.nodes.push_back({"Cast", "cut", {network.output.name}, {"whole"}, {{"to", int64_t{7}}}});
  network.nodes.push_back({"Cast", "back", {"whole"}, {"scores"}, {{"to", int64_t{1}}}});
  network.output.name = "scores";
  const Evidence evidence = gather_evidence({{"dense", network}, {"same", network}}, data);
  ASSERT_TRUE(evidence.robustness.has_value());
  EXPECT_FALSE(evidence.robustness->corruptions.corrupted.empty());
  EXPECT_TRUE(evidence.robustness->attacks.empty());
  EXPECT_TRUE(evidence.collapse.empty());
  EXPECT_FALSE(evidence.results[0].noisy.has_value());  // a table has no range to clip noise to
}

TEST(Evidence, ShowsThePicturesThatAreJudgedDifferently) {
  PreparedData data = prepared();
  for (Dataset* part : {&data.train, &data.test}) {
    part->inputs = part->inputs.sigmoid().view({-1, 1, 2, 3});
    part->range = {0, 1};
  }
  EvidenceOptions options;
  options.exemplars = 5;
  const Evidence evidence = gather_evidence({{"a", network_for(data.test, "mlp:8", 1)},
                                             {"b", network_for(data.test, "mlp:8", 2)},
                                             {"c", network_for(data.test, "mlp:8", 3)}},
                                            data, options);
  const size_t differ =
      evidence.comparisons[0].exemplars.size() + evidence.comparisons[1].exemplars.size();
  EXPECT_EQ(evidence.exemplars.size(), std::min<size_t>(5, differ));
  ASSERT_FALSE(evidence.exemplars.empty());
  const PicturedExemplar& first = evidence.exemplars.front();
  EXPECT_EQ(first.image.pixels.size(), 6);
  EXPECT_EQ(first.exemplar.sample,
            evidence.comparisons[first.network - 1].exemplars.front().sample);
}

}  // namespace
}  // namespace ncprune
