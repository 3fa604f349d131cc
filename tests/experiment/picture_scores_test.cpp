// From the files of pictures to the class scores, as reference/picture_scores.py has them from
// Pillow, torchvision and PyTorch.
#include <ATen/ops/allclose.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "ncprune/base/spec.h"
#include "ncprune/data/samples.h"
#include "ncprune/data/source.h"
#include "ncprune/evaluate/classifier.h"
#include "ncprune/experiment/input_preparation.h"
#include "ncprune/model/interpreter.h"
#include "ncprune/runtime/onnx_runtime.h"
#include "tests/data/folder.h"
#include "tests/golden.h"

namespace ncprune {
namespace {

TEST(PictureScores, AreThoseOfPillowTorchvisionAndPyTorch) {
  const std::string tests = NCPRUNE_SOURCE_DIR "/tests/";
  for (const Json& wanted : golden("picture_scores")) {
    const Folder folder;
    std::string list = "path,label\n";
    for (const Json& json : wanted["files"]) {
      const auto file = json.get<std::string>();
      std::filesystem::copy_file(tests + "data/images/" + file, folder.path() + "/" + file);
      list += fmt::format("{},class {}\n", file, list.size());
    }
    const std::string source = fmt::format("images:{}?{}", folder.write("list.csv", list),
                                           wanted["options"].get<std::string>());
    const Dataset data = read_image_samples(parse_spec(source), {}).train;
    const std::string path =
        fmt::format("{}golden/picture_scores_{}.onnx", tests, wanted["network"].get<std::string>());
    const at::Tensor scores = golden_tensor(wanted["scores"]).to(at::kFloat);
    for (const std::string runtime : {"ncprune", "onnxruntime"}) {
      if (runtime == "onnxruntime" && !onnx_runtime_problem().empty()) continue;
      const Classifier classifier = read_classifier(path, runtime);
      Network network = *classifier.network;
      network.metadata =
          with_preprocessing(network.metadata, {stated_preprocessing(source), {}}, path);
      const at::Tensor found =
          classifier.run(prepare_inputs(network, data.inputs_at(0, data.size())));
      EXPECT_TRUE(at::allclose(found, scores, 0, 2e-5)) << source << "\n" << found;
    }
  }
}

}  // namespace
}  // namespace ncprune
