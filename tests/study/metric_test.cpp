// The metric of a study is that of the networks it prunes, where the grid leaves kappa open.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "ncprune/base/lookup.h"
#include "ncprune/model/architectures.h"
#include "ncprune/prune/prune.h"
#include "tests/small_network.h"
#include "tests/study/small_study.h"

namespace ncprune {
namespace {

TEST(UsualKappa, OfAnArchitectureIsThatOfItsNetworks) {
  for (const std::string spec : {"mlp:6", "cnn:4,6", "vgg:11", "resnet:20", "mobilenet:1",
                                 "vit:8,32,2,4", "densenet:10-4", "wide-resnet:10-1"}) {
    Study study = small_study();
    study.architecture = spec;
    const Network network = build_network(spec, {3, 32, 32}, 3, Random(1));
    EXPECT_EQ(metric_of(study).kappa, usual_kappa(network)) << spec;
  }
}

TEST(UsualKappa, IsUsedWhereNoneIsGivenAndNowhereElse) {
  const Study open = parse_study("architecture = \"cnn:4\"", "grid.toml");
  const Study given = parse_study("architecture = \"cnn:4\"\n[metric]\nkappa = 3", "grid.toml");
  EXPECT_EQ(metric_of(open).kappa, 1);
  EXPECT_EQ(metric_of(given).kappa, 3);
  const Study same = parse_study("architecture = \"cnn:4\"\n[metric]\nkappa = 1", "grid.toml");
  EXPECT_EQ(study_settings(open), study_settings(same)) << "rows made with the flag stay valid";
}

TEST(UsualKappa, PrunesAsIfItWereGiven) {
  Dataset data = gaussian_data({30, 10, 4}, 72);
  data.inputs = data.inputs.view({-1, 2, 6, 6});
  const Network dense = build_network("cnn:6", {2, 6, 6}, 3, Random(1));
  Recipe recipe{.method = find_named(methods(), "surgeon", "method"), .share = 0.5};
  const Network open = prune(dense, data, recipe).network;
  const auto same = [&](double kappa) {
    recipe.metric.kappa = kappa;
    const Network given = prune(dense, data, recipe).network;
    bool equal = true;
    for (const auto& [name, tensor] : open.initializers) {
      equal = equal && tensor.equal(given.initializers.at(name));
    }
    return equal;
  };
  EXPECT_TRUE(same(1));
  EXPECT_FALSE(same(3));
}

}  // namespace
}  // namespace ncprune
