#include "ncprune/experiment/input_preparation.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/flip.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "ncprune/data/class_order.h"
#include "ncprune/data/samples.h"
#include "ncprune/data/source.h"
#include "ncprune/evaluate/metrics.h"
#include "ncprune/experiment/prepare.h"
#include "ncprune/experiment/table_entry.h"
#include "ncprune/onnx/onnx.h"
#include "tests/data/folder.h"
#include "tests/data/image_bytes.h"
#include "tests/data/input_error.h"
#include "tests/golden.h"

namespace ncprune {
namespace {

DataPreprocessing stated(const std::string& options) {
  return {stated_preprocessing("images:d?" + options), {}};
}

Metadata with(const std::string& options, Metadata metadata = {}) {
  return with_preprocessing(std::move(metadata), stated(options), "a.onnx");
}

std::string error_of(const std::string& options, const Metadata& metadata) {
  return input_error([&] { with(options, metadata); });
}

// A network that flattens samples of this shape: its scores are the inputs that the graph takes.
Network inputs_of(const std::vector<int64_t>& sample, const Metadata& metadata) {
  Network network;
  int64_t values = 1;
  network.input = {"input", {-1}};
  for (const int64_t n : sample) {
    network.input.shape.push_back(n);
    values *= n;
  }
  network.output = {"scores", {-1, values}};
  network.nodes = {{"Flatten", "", {"input"}, {"scores"}, {}}};
  network.metadata = metadata;
  return network;
}

TEST(InputPreparation, RangeMeanAndDeviationAreWhatTorchvisionComputes) {
  const at::Tensor raw = at::rand({2, 3, 4, 5});
  const Network network = inputs_of({3, 4, 5}, with("mean=imagenet"));
  const at::Tensor mean = at::tensor({0.485, 0.456, 0.406}, at::kFloat).view({3, 1, 1});
  const at::Tensor deviation = at::tensor({0.229, 0.224, 0.225}, at::kFloat).view({3, 1, 1});
  EXPECT_TRUE(at::allclose(prepare_inputs(network, raw), (raw - mean) / deviation, 1e-5, 1e-6));
  const Network bytes = inputs_of({3, 4, 5}, with("range=255"));
  EXPECT_TRUE(at::allclose(prepare_inputs(bytes, raw), raw * 255, 1e-5, 1e-4));
}

TEST(InputPreparation, OrdersChannelsAndAxesAfterNormalising) {
  const at::Tensor raw = at::rand({2, 3, 4, 5});
  const Network network =
      inputs_of({4, 5, 3}, with("range=255&channels=bgr&layout=nhwc&mean=104,117,123"));
  const at::Tensor mean = at::tensor({104, 117, 123}, at::kFloat).view({3, 1, 1});
  const at::Tensor wanted = (at::flip(raw, {1}) * 255 - mean).permute({0, 2, 3, 1});
  EXPECT_TRUE(at::allclose(prepare_inputs(network, raw), wanted, 1e-4, 1e-3));
}

TEST(InputPreparation, OnnxRuntimeGetsTheSameInputs) {
  Dataset data{at::rand({4, 3, 2, 5}), at::arange(4), numbered_classes(30), std::pair{0.0, 1.0}};
  const Network network =
      inputs_of({2, 5, 3}, with("preset=imagenet&channels=bgr&layout=nhwc&range=255"));
  EXPECT_TRUE(at::allclose(class_scores(network, data, "onnxruntime"),
                           class_scores(network, data, "ncprune"), 1e-6, 1e-6));
}

TEST(InputPreparation, IsStoredInTheFileAndReadBack) {
  const Metadata metadata = with("preset=imagenet&range=255&channels=bgr&layout=nhwc");
  const Network network = inputs_of({2, 5, 3}, metadata);
  const Metadata back = parse_onnx(onnx_bytes(network), "a.onnx").metadata;
  EXPECT_TRUE(back.reversed_channels);
  EXPECT_TRUE(back.channels_last);
  EXPECT_TRUE(back.input_mean.equal(metadata.input_mean));
  EXPECT_EQ(back.other.at(kPreprocessingEntry), metadata.other.at(kPreprocessingEntry));
  EXPECT_EQ(stored_preprocessing(back, "a.onnx"),
            stated_preprocessing("images:d?preset=imagenet&range=255&channels=bgr&layout=nhwc"));
  // The same options again, part of them, or none change nothing.
  for (const char* options :
       {"preset=imagenet&range=255&channels=bgr&layout=nhwc", "crop=224", "range=255"}) {
    EXPECT_EQ(with(options, back).other, back.other) << options;
  }
}

TEST(InputPreparation, NamesWhatTheFileSaysOtherwise) {
  const Metadata metadata = with("resize=8&mean=0.5&channels=bgr&layout=nhwc");
  EXPECT_EQ(error_of("resize=9", metadata),
            "a.onnx says resize=8, --data says resize=9; wanted one of them");
  EXPECT_EQ(error_of("channels=rgb", metadata),
            "a.onnx says channels=bgr, --data says channels=rgb; wanted one of them");
  EXPECT_EQ(error_of("layout=nchw", metadata),
            "a.onnx says layout=nhwc, --data says layout=nchw; wanted one of them");
  EXPECT_EQ(error_of("range=255", metadata),
            "a.onnx: its metadata say mean 0.5 and scale 1 of pixels in [0, 1]; the options say "
            "0.001961 and 0.003922");
  Metadata trained;
  trained.input_mean = at::full({3, 1, 1}, 0.25F);
  trained.input_scale = at::full({3, 1, 1}, 0.5F);
  EXPECT_EQ(error_of("mean=imagenet", trained),
            "a.onnx: its metadata say mean 0.25,0.25,0.25 and scale 0.5,0.5,0.5 of pixels in "
            "[0, 1]; the options say 0.485,0.456,0.406 and 0.229,0.224,0.225");
  EXPECT_NO_THROW(with("mean=0.25&std=0.5", trained));
  Metadata hostile;
  hostile.other[kPreprocessingEntry] = "[1";
  EXPECT_EQ(error_of("resize=9", hostile),
            "a.onnx: metadata entry ncprune.preprocessing has invalid JSON");
  hostile.other[kPreprocessingEntry] = R"({"version":1,"channels":"rgb"})";
  hostile.reversed_channels = true;
  EXPECT_NE(error_of("resize=9", hostile).find("channels=bgr"), std::string::npos);
}

TEST(InputPreparation, SuggestsTheLayoutOfANetworkThatTakesChannelsLast) {
  const Network network = inputs_of({4, 5, 3}, {});
  EXPECT_EQ(input_error([&] {
              prepare_inputs(network, at::rand({1, 3, 4, 5}));
            }),
            "the network takes samples of shape [4, 5, 3]; the data have [3, 4, 5]; if it takes "
            "the channels of pictures last, say so, as in images:DIR?layout=nhwc");
}

DataRequest request_of(const std::string& data) {
  DataRequest request;
  request.data = data;
  return request;
}

// Pictures of two classes in a folder, more than one size.
std::string folder_of_pictures(const Folder& folder) {
  for (int i = 0; i < 10; ++i) {
    folder.write(fmt::format("d/train/cat/{}.png", i), png_bytes(pattern(3, 9 + i, 12, i)));
    folder.write(fmt::format("d/train/dog/{}.png", i), png_bytes(pattern(3, 12, 9 + i, 7 * i)));
  }
  folder.write("d/test/cat/1.png", png_bytes(pattern(3, 9, 9)));
  folder.write("d/test/dog/1.png", png_bytes(pattern(3, 9, 9, 4)));
  return "images:" + folder.path() + "/d";
}

TEST(PrepareData, ReadsPicturesAsTheNetworksFileSays) {
  const Folder folder;
  const std::string data = folder_of_pictures(folder);
  const std::string options = "?resize=8&crop=6&mean=0.5&std=0.25";
  const PreparedData prepared = prepare_data(request_of(data + options));
  const Network network = make_network("mlp:4", prepared, 1);
  EXPECT_FLOAT_EQ(network.metadata.input_mean.flatten()[0].item<float>(), 0.5F);
  const NetworksAndData again = prepare_data(request_of(data), {{"a.onnx", network}});
  EXPECT_TRUE(in_memory(again.data.train).inputs.equal(in_memory(prepared.train).inputs));
  EXPECT_EQ(again.networks[0].metadata.other, network.metadata.other);
  EXPECT_EQ(network.metadata.other.at(kPreprocessingEntry),
            R"({"version":1,"resize":[8],"crop":[6,6],"interpolation":"bilinear",)"
            R"("exif":"apply","channels":"rgb","mean":[0.5],"std":[0.25]})");
  EXPECT_EQ(input_error([&] {
              prepare_data(request_of(data + "?crop=5"), {{"a.onnx", network}});
            }),
            "a.onnx says crop=6x6, --data says crop=5x5; wanted one of them");
  // Another file of the same network without metadata is prepared alike.
  Network silent = network;
  silent.metadata = {};
  const NetworksAndData two =
      prepare_data(request_of(data + options), {{"a.onnx", silent}, {"b.onnx", network}});
  EXPECT_TRUE(logits(two.networks[0], two.data.test).equal(logits(two.networks[1], two.data.test)));
}

TEST(PrepareData, RefusesChannelsLastForABuiltInNetwork) {
  const Folder folder;
  const PreparedData prepared =
      prepare_data(request_of(folder_of_pictures(folder) + "?size=6&layout=nhwc"));
  EXPECT_EQ(input_error([&] { make_network("mlp:4", prepared, 1); }),
            "layout=nhwc: the built-in network 'mlp:4' takes the channels first");
}

TEST(PrepareData, TakesTheClassesInTheOrderOfTheNetwork) {
  const Folder folder;
  std::string table = "x,y\n";
  for (int i = 0; i < 30; ++i)
    table += fmt::format("{},{}\n", i, std::string("abc")[static_cast<size_t>(i % 3)]);
  const DataRequest request = request_of("csv:" + folder.write("t.csv", table) + "?label=y");
  const PreparedData plain = prepare_data(request);
  Network network = make_network("mlp:2", plain, 1);
  network.metadata.class_names = {"c", "a", "b"};
  const NetworksAndData ready = prepare_data(request, {{"a.onnx", network}});
  EXPECT_EQ(ready.data.train.class_names, network.metadata.class_names);
  for (const Dataset* part : {&ready.data.train, &ready.data.validation, &ready.data.test}) {
    for (int64_t i = 0; i < part->size(); ++i) {
      // The class is the remainder of the only feature.
      const auto x = static_cast<int64_t>(part->inputs[i][0].item<float>());
      EXPECT_EQ(part->labels[i].item<int64_t>(), (x + 1) % 3);
    }
  }
  network.metadata.class_names = {"c", "a", "z"};
  EXPECT_EQ(input_error([&] {
              prepare_data(request, {{"a.onnx", network}});
            }),
            fmt::format("{}: has no class 'z', which a.onnx has; the classes must be the same, or "
                        "--classes NAME,NAME,... names those of the data in the order of the "
                        "network's scores",
                        request.data));
  Network other = make_network("mlp:2", plain, 1);
  network.metadata.class_names = {"c", "a", "b"};
  EXPECT_EQ(
      input_error([&] {
        prepare_data(request, {{"a.onnx", network}, {"b.onnx", other}});
      }),
      "b.onnx: its classes have another order than those of the first network; wanted one order");
  network.metadata.class_names = {"0", "1", "2"};  // these say nothing
  EXPECT_EQ(prepare_data(request, {{"a.onnx", network}}).data.train.class_names,
            plain.train.class_names);
}

TEST(PrepareData, ClassesThatTheUserNamesReplaceThoseOfTheNetwork) {
  const Folder folder;
  std::string text = "x,y\n";
  for (int i = 0; i < 30; ++i)
    text += fmt::format("{},{}\n", i, std::string("abc")[static_cast<size_t>(i % 3)]);
  DataRequest request = request_of("csv:" + folder.write("t.csv", text) + "?label=y");
  const PreparedData plain = prepare_data(request);
  Network network = make_network("mlp:2", plain, 1);
  // The file knows them by other names, in the metadata and in the encoding of its table.
  network.metadata.class_names = {"C", "A", "B"};
  TableEncoding encoding = *plain.table;
  encoding.class_names = network.metadata.class_names;
  network.metadata.other[kTableEntry] = table_encoding_text(encoding);
  const auto prepare = [&] { return prepare_data(request, {{"a.onnx", network}}); };
  EXPECT_NE(input_error(prepare).find("line 2: label 'a' is not a class of the network, which has "
                                      "C, A, B; --classes NAME"),
            std::string::npos)
      << input_error(prepare);
  request.classes = {"c", "a", "b"};
  const NetworksAndData ready = prepare();
  EXPECT_EQ(ready.data.train.class_names, request.classes);
  EXPECT_EQ(ready.networks.front().metadata.class_names, request.classes);
  EXPECT_EQ(ready.data.table->class_names, request.classes);
  EXPECT_TRUE(ready.data.test.inputs.equal(plain.test.inputs));
  EXPECT_EQ(ready.data.test.labels[0].item<int64_t>(),
            (plain.test.labels[0].item<int64_t>() + 1) % 3);
  // Another order of the same names is the user's word against the file's.
  network.metadata.class_names = {"b", "a", "c"};
  EXPECT_EQ(prepare().networks.front().metadata.class_names, request.classes);
  request.classes = {"c", "a"};
  EXPECT_EQ(input_error(prepare), "--classes: 2 names; the network has 3 classes");
  network.metadata.other.erase(kTableEntry);
  EXPECT_EQ(input_error(prepare),
            "--classes: class 'b' is not named once in the order of the classes");
}

TEST(PrepareData, GivesTheNumbersOfTorchvisionAfterNormalising) {
  const Folder folder;
  const std::string pictures = NCPRUNE_SOURCE_DIR "/tests/data/images/";
  for (const char* part : {"train", "test"}) {
    folder.write(fmt::format("{}/a/1.png", part), "");
    std::filesystem::copy_file(pictures + "colour.png",
                               fmt::format("{}/{}/a/1.png", folder.path(), part),
                               std::filesystem::copy_options::overwrite_existing);
  }
  for (const Json& wanted : golden("images")["normalised"]) {
    DataRequest request =
        request_of(fmt::format("images:{}?resize=12&crop=8&mean=imagenet&interpolation={}",
                               folder.path(), wanted["interpolation"].get<std::string>()));
    request.validation = 0;
    const NetworksAndData ready = prepare_data(request, {{"a.onnx", inputs_of({3, 8, 8}, {})}});
    const at::Tensor found =
        prepare_inputs(ready.networks.front(), ready.data.train.inputs_at(0, 1)).flatten();
    const auto values = wanted["values"].get<std::vector<double>>();
    ASSERT_EQ(found.numel(), static_cast<int64_t>(values.size()));
    for (size_t i = 0; i < values.size(); ++i) {
      EXPECT_NEAR(found[static_cast<int64_t>(i)].item<double>(), values[i], 1e-5) << i;
    }
  }
}

}  // namespace
}  // namespace ncprune
