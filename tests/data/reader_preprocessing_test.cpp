#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "ncprune/data/preprocessing.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

Preprocessing given(const std::string& options) {
  return preprocessing_of(parse_spec("images:d?" + options));
}

std::string error_of(const std::string& options) {
  return input_error([&] { given(options); });
}

std::vector<double> rounded(std::vector<double> values) {
  for (double& value : values) value = std::round(value * 1e6) / 1e6;
  return values;
}

TEST(Preprocessing, ReadsEveryOption) {
  const Preprocessing p = given(
      "resize=256&crop=224x192&interpolation=bicubic&exif=ignore&channels=bgr&layout=nhwc&range=255"
      "&mean=103.5,116.3,123.7&std=1");
  EXPECT_EQ(p.resize, std::vector<int64_t>{256});
  EXPECT_EQ(p.crop, (std::vector<int64_t>{224, 192}));
  EXPECT_EQ(p.interpolation, "bicubic");
  EXPECT_EQ(p.exif, "ignore");
  EXPECT_EQ(p.channels, "bgr");
  EXPECT_EQ(p.layout, "nhwc");
  EXPECT_EQ(p.range, 255);
  EXPECT_EQ(p.mean, (std::vector<double>{103.5, 116.3, 123.7}));
  EXPECT_EQ(p.deviation, std::vector<double>{1});
  EXPECT_EQ(given("resize=20x30").resize, (std::vector<int64_t>{20, 30}));
  EXPECT_EQ(given("size=8").size, 8);
  EXPECT_EQ(preprocessing_of(parse_spec("images:d")), Preprocessing{});
}

TEST(Preprocessing, PresetsLieBelowTheOtherOptions) {
  const Preprocessing imagenet = given("preset=imagenet");
  EXPECT_EQ(imagenet.resize, std::vector<int64_t>{256});
  EXPECT_EQ(imagenet.crop, (std::vector<int64_t>{224, 224}));
  EXPECT_EQ(imagenet.interpolation, "bilinear");
  EXPECT_EQ(imagenet.mean, (std::vector<double>{0.485, 0.456, 0.406}));
  EXPECT_EQ(imagenet.deviation, (std::vector<double>{0.229, 0.224, 0.225}));
  EXPECT_EQ(given("preset=imagenet&resize=232").resize, std::vector<int64_t>{232});
  EXPECT_EQ(given("preset=imagenet&resize=232").crop, imagenet.crop);
  EXPECT_EQ(given("preset=timm-vit").resize, std::vector<int64_t>{248});
  EXPECT_EQ(given("mean=imagenet").deviation, imagenet.deviation);
  EXPECT_EQ(given("mean=imagenet&std=0.5").deviation, std::vector<double>{0.5});
}

TEST(Preprocessing, NormalisesPixelsInZeroToOneAsRedGreenBlue) {
  EXPECT_FALSE(normalisation_of(given("size=8&channels=bgr")).has_value());
  const auto range = normalisation_of(given("range=255"));
  EXPECT_EQ(range->mean, std::vector<double>{0});
  EXPECT_EQ(range->scale, std::vector<double>{1.0 / 255});
  const auto caffe = normalisation_of(given("range=255&channels=bgr&mean=51,102,153"));
  EXPECT_EQ(rounded(caffe->mean), (std::vector<double>{0.6, 0.4, 0.2}));
  EXPECT_EQ(caffe->scale, std::vector<double>{1.0 / 255});
  // The values of ImageNet are the same pixels in every range and order.
  for (const char* options :
       {"mean=imagenet", "range=255&mean=imagenet", "channels=bgr&mean=imagenet",
        "range=255&channels=bgr&preset=imagenet"}) {
    const auto found = normalisation_of(given(options));
    EXPECT_EQ(rounded(found->mean), (std::vector<double>{0.485, 0.456, 0.406})) << options;
    EXPECT_EQ(rounded(found->scale), (std::vector<double>{0.229, 0.224, 0.225})) << options;
  }
}

TEST(Preprocessing, TheJsonFormGivesTheSameValue) {
  for (const char* options : {"size=9", "preset=imagenet&range=255&layout=nhwc&channels=bgr",
                              "resize=31x7&interpolation=nearest&exif=apply",
                              "channels=grey&mean=0.1&std=0.30000000001"}) {
    const Preprocessing p = given(options);
    EXPECT_EQ(preprocessing_from(Json::parse(preprocessing_json(p).dump()), "x"), p) << options;
  }
  EXPECT_EQ(preprocessing_json(given("size=9")).dump(), R"({"version":1,"size":9})");
}

TEST(Preprocessing, RefusesEveryOtherJson) {
  for (const char* json : {"1",
                           "[]",
                           "{}",
                           R"({"version":2})",
                           R"({"version":1,"tilt":3})",
                           R"({"version":1,"size":0})",
                           R"({"version":1,"size":"8"})",
                           R"({"version":1,"size":1.5})",
                           R"({"version":1,"resize":[1,2,3]})",
                           R"({"version":1,"resize":[99999]})",
                           R"({"version":1,"crop":[-1]})",
                           R"({"version":1,"crop":[18446744073709551615,1]})",
                           R"({"version":1,"range":7})",
                           R"({"version":1,"std":[0]})",
                           R"({"version":1,"mean":[1,2]})",
                           R"({"version":1,"mean":["a"]})",
                           R"({"version":1,"layout":"hwc"})",
                           R"({"version":1,"exif":true})",
                           R"({"version":1,"size":8,"crop":[4,4]})",
                           R"({"version":1,"interpolation":"bicubic"})"}) {
    const std::string message =
        input_error([&] { preprocessing_from(Json::parse(json), "x.onnx"); });
    EXPECT_EQ(message.find("x.onnx"), 0U) << message;
  }
}

TEST(Preprocessing, NamesWhatIsWrongWithAnOption) {
  EXPECT_EQ(error_of("interpolation=lanczos&resize=9"),
            "'images:d?interpolation=lanczos&resize=9': interpolation is 'lanczos'; wanted one of "
            "nearest, bilinear, bicubic");
  EXPECT_EQ(error_of("size=8&crop=4"),
            "'images:d?size=8&crop=4': size crops and resizes; wanted it without crop");
  EXPECT_EQ(error_of("crop=4&interpolation=bicubic"),
            "'images:d?crop=4&interpolation=bicubic': interpolation without resize");
  EXPECT_EQ(error_of("preset=x"),
            "'images:d?preset=x': preset is 'x'; wanted one of imagenet, timm-vit");
  EXPECT_EQ(error_of("mean=1,2"),
            "'images:d?mean=1,2': mean is '1,2'; wanted 1 number or 3, one a channel");
  EXPECT_EQ(error_of("channels=grey&mean=imagenet"),
            "'images:d?channels=grey&mean=imagenet': mean is '0.485,0.456,0.406'; wanted 1 number "
            "for grey");
  EXPECT_EQ(error_of("std=0"), "'images:d?std=0': std is '0'; wanted numbers above 0");
  EXPECT_EQ(error_of("resize=20x30x4"),
            "'images:d?resize=20x30x4': resize is '20x30x4'; wanted sides from 1 to 16384");
  EXPECT_NE(error_of("resize=0").find("whole number"), std::string::npos);
  EXPECT_NE(error_of("mean=a").find("not a number"), std::string::npos);
  EXPECT_NE(error_of("range=2").find("wanted 1 or 255"), std::string::npos);
}

TEST(Preprocessing, MergesWhatIsOpenAndNamesContradictions) {
  const StatedPreprocessing file{given("resize=8&mean=0.5"), "a.onnx"};
  const Preprocessing both = merged(file, {given("crop=6&mean=0.5"), "--data"});
  EXPECT_EQ(both, given("resize=8&crop=6&mean=0.5"));
  EXPECT_EQ(input_error([&] {
              merged(file, {given("mean=0.25"), "--data"});
            }),
            "a.onnx says mean=0.5, --data says mean=0.25; wanted one of them");
  EXPECT_EQ(input_error([&] {
              merged(file, {given("resize=8x9"), "--data"});
            }),
            "a.onnx says resize=8, --data says resize=8x9; wanted one of them");
  EXPECT_EQ(input_error([&] {
              merged(file, {given("size=8"), "--data"});
            }),
            "a.onnx and --data: size crops and resizes; wanted it without resize");
}

}  // namespace
}  // namespace ncprune
