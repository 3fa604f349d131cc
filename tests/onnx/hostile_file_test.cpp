// Every bad file is one line that names the file and what is wrong with it; nothing else happens.
// Here: bytes, weights, metadata, data beside the file.
#include <gtest/gtest.h>

#include <filesystem>
#include <limits>

#include "ncprune/base/file.h"
#include "tests/onnx/refusal.h"

namespace ncprune {
namespace {

void set_external(onnx::TensorProto& weight, const std::string& location,
                  const std::string& offset = "0") {
  weight.clear_float_data();
  weight.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : {std::pair{"location", location}, std::pair{"offset", offset}}) {
    auto& entry = *weight.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
}

TEST(HostileFile, NoModelAtAll) {
  const std::string png("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16);
  for (const std::string& bytes :
       {std::string(), std::string("hello, world\n"), std::string(1000, '\0'), png,
        std::string("{\"a\": 1}"), std::string(1, '\x08'), std::string(5000, '\xff')}) {
    expect_parts(refusal(bytes), {"not an ONNX model"});
  }
}

TEST(HostileFile, EveryTruncationIsRefusedOrWhole) {
  const std::string bytes = small_model().bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    try {
      parse_onnx(bytes.substr(0, size), "cut");
    } catch (const InputError&) {
    }
  }
}

TEST(HostileFile, EveryChangedByteIsRefusedOrRuns) {
  const std::string bytes = small_model().bytes();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const char value : {'\x00', '\x01', '\x7f', '\xff'}) {
      std::string changed = bytes;
      changed[at] = value;
      try {
        onnx_bytes(parse_onnx(changed, "changed"));
      } catch (const InputError&) {
      }
    }
  }
}

TEST(HostileFile, MissingFile) {
  EXPECT_THROW(read_onnx("/no/such/file.onnx"), InputError);
  EXPECT_THROW(read_onnx(testing::TempDir()), InputError);
}

TEST(HostileFile, NotANumber) {
  for (const float value :
       {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()}) {
    ModelBuilder model = small_model();
    model.graph().mutable_initializer(0)->set_float_data(5, value);
    expect_refused(model, {"'w'", "finite"});
  }
}

TEST(HostileFile, DimensionsThatAreNotThose) {
  const int64_t huge = std::numeric_limits<int64_t>::max();
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{-4, 3},
                                           {-4, -3},
                                           {4, 4},
                                           {4, 0},
                                           {0, huge, huge},
                                           {huge, huge},
                                           {int64_t{1} << 33, int64_t{1} << 33},
                                           {int64_t{1} << 38},
                                           {huge, 0},
                                           {4},
                                           {},
                                           std::vector<int64_t>(64, 1)}) {
    ModelBuilder model = small_model();
    onnx::TensorProto& weight = *model.graph().mutable_initializer(0);
    weight.clear_dims();
    for (const int64_t dim : dims) weight.add_dims(dim);
    expect_refused(model, {"'w'"});
    weight.set_raw_data(std::string(47, '\0'));
    weight.clear_float_data();
    expect_refused(model, {"'w'"});
  }
}

TEST(HostileFile, ElementTypesThatAreNotRun) {
  ModelBuilder model = small_model();
  for (const int type : {0, 8, 14, 16384, -3}) {
    model.graph().mutable_initializer(0)->set_data_type(type);
    expect_refused(model, {"'w'", "element type"});
  }
  model = small_model();
  model.graph().mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(
      onnx::TensorProto::UINT8);
  expect_refused(model, {"'x'", "UINT8", "floating"});
}

TEST(HostileFile, WeightTwice) {
  ModelBuilder model = small_model();
  model.weight("w", {4, 3}, 0);
  expect_refused(model, {"'w'", "twice"});
}

TEST(HostileFile, CopiesWithoutEnd) {
  ModelBuilder model = small_model();
  std::string last = "big";
  model.weight("big", {1 << 18}, 0);
  for (int i = 0; i < 2000; ++i) {
    const std::string name = "copy" + std::to_string(i);
    model.node("Identity", {"big"}, {name});
    model.node("Add", {"x", name}, {"sum" + std::to_string(i)});
  }
  std::vector<std::string> sums{"scores0"};
  model.graph().mutable_node(0)->set_output(0, "scores0");
  for (int i = 0; i < 2000; ++i) {
    const std::string next = i == 1999 ? "scores" : "scores" + std::to_string(i + 1);
    model.node("Add", {"scores" + std::to_string(i), "sum" + std::to_string(i)}, {next});
  }
  expect_refused(model, {"copies"});
}

TEST(HostileFile, Metadata) {
  const auto refused = [](const std::string& key, const std::string& value) {
    ModelBuilder model = small_model();
    auto& entry = *model.model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
    expect_refused(model, {key});
  };
  for (const char* value : {"", "[", "1", "{}", "[1]", "[\"a\"]", "[\"a\",\"b\",3]", "\xff"}) {
    refused("ncprune.class_names", value);
  }
  for (const char* value : {"null", "[1,2]", "[1,2,-3]", "[1,2,3.5]", "[1,2,1e99]",
                            "[1,2,18446744073709551615]", "[1,2,99999999999999999999]"}) {
    refused("ncprune.class_counts", value);
  }
  for (const char* value : {"[3]", "[-1]", "[1,0]", "[1,1]"}) refused("ncprune.minority", value);
  for (const char* value : {"[]", "[[1,2],[3]]", "[1,[2]]", "[1e99]", "[null]", "\"a\"", "{}",
                            "[1,2,3,4,5]", "[[[[[[[[[1]]]]]]]]]"}) {
    refused("ncprune.input_mean", value);
  }
  for (const char* value : {"0", "[1,0,1,1]", "1e-99"}) refused("ncprune.input_scale", value);
  for (const char* value : {"", "1", "\"hwc\"", "[\"nhwc\"]"})
    refused("ncprune.input_layout", value);
  for (const char* value : {"null", "\"red\"", "\"RGB\""}) refused("ncprune.input_channels", value);
  refused("ncprune.input_mean", std::string(1000000, '['));
}

TEST(HostileFile, ExternalDataStayInTheFolder) {
  const std::string folder = testing::TempDir() + "ncprune_hostile/";
  std::filesystem::create_directories(folder + "inner");
  write_file(folder + "secret", std::string(48, '\0'));
  write_file(folder + "inner/short", std::string(47, '\0'));
  std::filesystem::remove(folder + "inner/link");
  std::filesystem::create_symlink(folder + "secret", folder + "inner/link");
  const std::string absolute = folder + "secret";
  for (const std::string& location :
       {std::string("../secret"), absolute, std::string("link"), std::string("short"),
        std::string("missing"), std::string("."), std::string(), std::string("/dev/zero"),
        std::string("x\0y", 3), std::string(100000, 'a')}) {
    ModelBuilder model = small_model();
    set_external(*model.graph().mutable_initializer(0), location);
    expect_parts(refusal(model.bytes(), folder + "inner"), {"'w'", "external data"});
    expect_parts(refusal(model.bytes()), {"'w'", "external data"});
  }
  for (const char* offset : {"-1", "1e3", "9223372036854775807", "99999999999999999999", "", "1"}) {
    ModelBuilder model = small_model();
    set_external(*model.graph().mutable_initializer(0), "secret", offset);
    expect_parts(refusal(model.bytes(), folder), {"'w'", "external data"});
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace ncprune
