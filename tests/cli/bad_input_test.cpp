// The user's mistakes, from the outside: exit code 1, one line that says what was wrong, nothing
// written, nothing lost.
#include <gtest/gtest.h>

#include <algorithm>

#include "ncprune/model/architectures.h"
#include "ncprune/onnx/onnx.h"
#include "tests/cli/program.h"

namespace ncprune {
namespace {

using testing::content;
using testing::Outcome;
using testing::run_program;

class BadInput : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_.write("out.onnx", "the user's older file");
    std::string table = "a,b,label\n";
    for (int i = 0; i < 30; ++i) {
      table += std::to_string(i % 3) + "," + std::to_string(i % 7) + (i % 3 == 0 ? ",x\n" : ",y\n");
    }
    folder_.write("good.csv", table);
    Network network = build_network("mlp:4", {2}, 2, Random(1));
    write_onnx(folder_.path() + "/" + "good.onnx", network);
  }

  // Runs `arguments` and expects a refusal whose line holds every one of `words`.
  void expect_refused(const std::string& arguments, const std::vector<std::string>& words) {
    SCOPED_TRACE(arguments);
    const Outcome outcome = run_program(folder_, arguments + " --quiet");
    EXPECT_EQ(outcome.code, 1) << outcome.error;
    EXPECT_EQ(std::count(outcome.error.begin(), outcome.error.end(), '\n'), 1) << outcome.error;
    for (const std::string& word : words) {
      EXPECT_NE(outcome.error.find(word), std::string::npos) << word << " in: " << outcome.error;
    }
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(content(folder_, "out.onnx"), "the user's older file");
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      EXPECT_NE(entry.path().extension(), ".tmp");
    }
  }

  std::string train(const std::string& options) const {
    return "train --epochs 1 --arch mlp:4 -o out.onnx " + options;
  }
  std::string prune(const std::string& options) const {
    return "prune good.onnx -o out.onnx " + options;
  }

  Folder folder_;
};

const std::string kGood = "--data 'csv:good.csv?label=label' ";

TEST_F(BadInput, DataFilesAreRefusedWithTheirPlace) {
  folder_.write("bad-number.csv", "a,b,label\n1,2,x\n1,zwei,y\n");
  expect_refused(train("--data 'csv:bad-number.csv?label=label'"), {"bad-number.csv", "3", "zwei"});
  folder_.write("inf.csv", "a,b,label\n1,2,x\n1,inf,y\n");
  expect_refused(train("--data 'csv:inf.csv?label=label'"), {"inf.csv", "3", "'inf'"});
  folder_.write("table.parquet", "PAR1");
  expect_refused(train("--data 'csv:table.parquet?label=label'"), {"Parquet", "convert"});
  expect_refused(train("--data 'csv:good.csv?label=klass'"), {"klass", "label"});
  expect_refused(train("--data 'csv:missing.csv?label=label'"), {"missing.csv"});
  folder_.write("idx/train-images-idx3-ubyte", std::string("\0\0\x08\x03\0\0\0\x09", 8));
  folder_.write("idx/train-labels-idx1-ubyte", std::string("\0\0\x08\x01\0\0\0\x01\0", 9));
  expect_refused(train("--data idx:idx"), {"train-images-idx3-ubyte"});
}

TEST_F(BadInput, DamagedImagesAndAClassWithoutSamplesAreRefused) {
  using namespace std::string_literals;
  const std::string images = "\0\0\x08\x03\0\0\0\x0a\0\0\0\x01\0\0\0\x02"s + std::string(20, '\1');
  folder_.write("idx/train-images-idx3-ubyte", images);
  folder_.write("idx/train-labels-idx1-ubyte", "\0\0\x08\x01\0\0\0\x0a"s + "\0\2\0\2\0\2\0\2\0\2"s);
  expect_refused(train("--data idx:idx"), {"class '1' has no sample"});
  // A file that begins as gzip and is not.
  folder_.write("idx/train-images-idx3-ubyte", "\x1f\x8b\x08\0\0\0\0\0\0\x03"s + images);
  expect_refused(train("--data idx:idx"), {"train-images-idx3-ubyte", "gzip"});
}

TEST_F(BadInput, LabelsThatTrainingNeverSawAreRefused) {
  folder_.write("test.csv", "a,b,label\n1,2,x\n3,4,z\n");
  expect_refused(train("--data 'csv:good.csv?label=label&test=test.csv'"), {"test.csv", "z"});
}

TEST_F(BadInput, NetworksAreRefusedWithTheirFault) {
  folder_.write("text.onnx", "this is not a network");
  expect_refused("prune text.onnx -o out.onnx " + kGood, {"text.onnx"});
  const std::string whole = content(folder_, "good.onnx");
  folder_.write("cut.onnx", whole.substr(0, whole.size() / 2));
  expect_refused("prune cut.onnx -o out.onnx " + kGood, {"cut.onnx"});

  // An operator type of the same length in the file's bytes is an unknown one.
  std::string unknown = whole;
  unknown.replace(unknown.find("Relu"), 4, "Rexu");
  folder_.write("unknown.onnx", unknown);
  expect_refused("prune unknown.onnx -o out.onnx " + kGood, {"unknown.onnx", "Rexu", "act1"});

  Network broken = read_onnx(folder_.path() + "/" + "good.onnx");
  broken.initializers.at("fc1.weight").fill_(std::numeric_limits<float>::quiet_NaN());
  write_onnx(folder_.path() + "/" + "nan.onnx", broken);
  expect_refused("prune nan.onnx -o out.onnx " + kGood, {"nan.onnx", "fc1.weight"});

  const Network wide = build_network("mlp:4", {3}, 2, Random(1));
  write_onnx(folder_.path() + "/" + "wide.onnx", wide);
  expect_refused("prune wide.onnx -o out.onnx " + kGood, {"wide.onnx", "[3]", "[2]"});
}

TEST_F(BadInput, AMissingOnnxRuntimeIsNamedWithWhatToDo) {
  setenv("NCPRUNE_ONNXRUNTIME", "/nowhere/libonnxruntime.so.1", 1);
  const std::vector<std::string> words{"ONNX Runtime was not found", "/nowhere", "set NCPRUNE"};
  expect_refused("latency good.onnx --runtime onnxruntime", words);
  expect_refused("evaluate good.onnx --runtime onnxruntime " + kGood, words);
  std::string foreign = content(folder_, "good.onnx");
  foreign.replace(foreign.find("Relu"), 4, "Rexu");
  folder_.write("foreign.onnx", foreign);
  expect_refused("latency foreign.onnx", {"foreign.onnx", "'act1' (Rexu)", "ncprune operators"});
  unsetenv("NCPRUNE_ONNXRUNTIME");
}

TEST_F(BadInput, ValuesOutOfRangeAreRefused) {
  expect_refused(prune(kGood + "--max-class-drop 0"), {"largest drop 0", "(0, 1)"});
  expect_refused(prune(kGood + "--max-class-drop 5 --validation 0"), {"validation"});
  expect_refused(prune(kGood + "--min-recall z=0.9"), {"'z=0.9'", "one of x, y"});
  expect_refused(prune(kGood + "--max-class-drop 5 --pattern 2:4 --method sparsegpt"), {"2:4"});
  expect_refused("compare good.onnx good.onnx --confidence 1 " + kGood, {"confidence 1", "(0, 1)"});
  expect_refused("compare good.onnx missing.onnx " + kGood, {"missing.onnx"});
  expect_refused("robustness good.onnx --severities 6 " + kGood, {"severity 6", "1 to 5"});
  expect_refused("robustness good.onnx --epsilon 0 " + kGood, {"epsilon 0", "(0, 1e6]"});
  expect_refused("robustness good.onnx --corruptions fog,smoke " + kGood, {"fog", "images", "[2]"});
  expect_refused("report good.onnx --noise=-1 " + kGood, {"noise -1", "[0, 1e6]"});
  expect_refused("report good.onnx -o report.pdf " + kGood, {"report.pdf", ".html, .md"});
  folder_.write("grid.toml", "data = 'synthetic:2,4,60'\nmethods = ['wanda']\n");
  expect_refused("study grid.toml --rank magic", {"--rank magic", "'validation' or one of wanda"});
  expect_refused("study grid.toml --rank wanda", {"--rank wanda", "one method"});
  expect_refused("study grid.toml --track wandb:x", {"wandb:x", "mlflow:DIR"});
  expect_refused("study status good.csv", {"good.csv", "database of study results"});
  expect_refused("study merge out.db good.csv", {"good.csv", "database of study results"});
  expect_refused("study merge out.db missing.db", {"missing.db", "no such file"});
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/out.db"));
  expect_refused("fetch mnist --data-root out.onnx", {"out.onnx/mnist"});
  expect_refused("doctor --min-recall z=0.9 " + kGood, {"'z=0.9'", "one of x, y"});
  expect_refused("robustness good.onnx --measure speed " + kGood, {"--measure", "speed"});
  expect_refused("latency good.onnx --batch 0", {"batch 0", "[1, 1048576]"});
  expect_refused("latency good.onnx --runtime tensorrt", {"tensorrt", "ncprune, onnxruntime"});
  expect_refused(prune(kGood + "--structured 0.5 --round-to 0"), {"multiples of 0"});
  expect_refused(prune(kGood + "--sparsity 1"), {"sparsity 1", "[0, 1)"});
  expect_refused(prune(kGood + "--sparsity=-0.1"), {"-0.1"});
  expect_refused(prune(kGood + "--structured=-0.5"), {"-0.5", "[0, 1)"});
  expect_refused(prune(kGood + "--seed=-1"), {"-1"});
  expect_refused("evaluate good.onnx --noise=nan " + kGood, {"noise nan"});
  expect_refused("collapse good.onnx --on both " + kGood, {"--on", "both", "test"});
  expect_refused("collapse good.onnx --data synthetic:3,2,20", {"good.onnx", "2", "3 classes"});
  expect_refused(train(kGood + "--imbalance classes:7@0.5"), {"7"});
}

TEST_F(BadInput, UnknownNamesListTheKnownOnes) {
  expect_refused(prune(kGood + "--method magic"), {"magic", "surgeon", "wanda"});
  expect_refused(prune(kGood + "--criterion magic"), {"magic", "nc-obs", "lamp"});
  expect_refused(prune(kGood + "--allocation magic"), {"magic", "erk"});
  expect_refused(prune(kGood + "--head magic"), {"magic", "realign"});
  expect_refused(train("--data magic"), {"magic", "fashion-mnist"});
  expect_refused("train --arch magic:3 -o out.onnx " + kGood, {"magic", "mlp"});
  expect_refused(train(kGood + "--loss magic"), {"magic", "focal"});
  expect_refused(prune(kGood + "--colour red"), {"--colour"});
}

TEST_F(BadInput, RecoveryIsRefusedWithItsFault) {
  const std::string finetune = "finetune good.onnx -o out.onnx " + kGood;
  expect_refused(finetune + "--loss magic", {"magic", "focal"});
  expect_refused(finetune + "--epochs 0", {"epochs is 0"});
  expect_refused(finetune + "--teacher missing.onnx", {"missing.onnx"});
  expect_refused(finetune + "--distill-logits 2", {"--distill-logits", "--teacher"});
  expect_refused(finetune + "--teacher good.onnx --distill-logits 0", {"weight"});
  expect_refused(finetune + "--teacher good.onnx --temperature=-1", {"temperature", "-1"});
  write_onnx(folder_.path() + "/" + "other.onnx", build_network("mlp:5", {2}, 2, Random(1)));
  expect_refused(finetune + "--teacher other.onnx --distill-features 1", {"4", "5", "features"});

  const std::string gradual = "gradual good.onnx -o out.onnx " + kGood;
  expect_refused(gradual + "--sparsity-schedule magic", {"magic", "cubic"});
  expect_refused(gradual + "--sparsity-schedule rewind", {"rewind", "early"});
  expect_refused(gradual + "--sparsity-schedule rewind --rewind-to other.onnx", {"fc1."});
  expect_refused(gradual + "--steps 0", {"0 steps"});
  expect_refused(gradual + "--method magic", {"magic", "surgeon"});
  expect_refused(gradual + "--pattern 2:4", {"2:4"});

  expect_refused(prune(kGood + "--finish magic"), {"magic", "recalibrate"});
  expect_refused(train(kGood + "--save-epoch 1"), {"EPOCH=FILE"});
  expect_refused(train(kGood + "--save-epoch x=early.onnx"), {"x=early.onnx"});
  expect_refused(train(kGood + "--save-epoch 7=early.onnx"), {"7"});
}

TEST_F(BadInput, APlanThatIsNoneIsRefused) {
  folder_.write("text.json", "not a plan");
  expect_refused("apply text.json good.onnx -o out.onnx " + kGood, {"text.json", "not a plan"});
  expect_refused("apply missing.json good.onnx -o out.onnx " + kGood, {"missing.json"});
}

TEST_F(BadInput, AnUnknownCommandIsNamed) {
  expect_refused("prunes good.onnx", {"unknown command 'prunes'"});
}

TEST_F(BadInput, RecipesAreRefusedWithTheirFile) {
  folder_.write("text.json", "not a recipe");
  folder_.write("empty.json", "{}");
  folder_.write("later.json", R"({"ncprune_recipe": 9, "method": {}})");
  folder_.write("odd.json", R"({"ncprune_recipe": 1, "remove": "rows", "share": 0.5})");
  folder_.write("deep.json", std::string(1 << 20, '['));
  for (const std::string file :
       {"text.json", "empty.json", "later.json", "odd.json", "deep.json"}) {
    expect_refused(prune(kGood + "--recipe " + file), {file});
  }
  expect_refused(prune(kGood + "--recipe missing.json"), {"missing.json"});
  expect_refused(prune(kGood + "--recipe good.onnx"), {"good.onnx", "recipe"});
}

TEST_F(BadInput, AnOutputThatCannotBeWrittenIsRefusedBeforeTheWork) {
  expect_refused("prune good.onnx -o no/such/folder/out.onnx " + kGood, {"no/such/folder"});
}

}  // namespace
}  // namespace ncprune
