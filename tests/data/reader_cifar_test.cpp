#include <gtest/gtest.h>

#include "ncprune/data/cifar.h"
#include "tests/data/input_error.h"

namespace ncprune {
namespace {

std::string sample(const std::string& labels, char value) {
  return labels + std::string(3071, value) + "!";
}

TEST(CifarReader, TakesTheLastLabelAndThePixelsInTheirOrder) {
  const CifarRecords ten = parse_cifar(sample("\x09", 'a') + sample("\x02", 'b'), kCifar10, "f");
  EXPECT_EQ(ten.labels, (std::vector<uint8_t>{9, 2}));
  ASSERT_EQ(ten.pixels.size(), 2 * 3072);
  EXPECT_EQ(ten.pixels[3071], '!');
  EXPECT_EQ(ten.pixels[3072], 'b');
  const CifarRecords hundred = parse_cifar(sample("\x13\x63", '\xff'), kCifar100, "f");
  EXPECT_EQ(hundred.labels, std::vector<uint8_t>{99});
  EXPECT_EQ(hundred.pixels[0], 255);
}

TEST(CifarReader, RefusesWhatAreNotWholeSamplesOfItsClasses) {
  const auto error_of = [](const std::string& bytes) {
    return input_error([&] { parse_cifar(bytes, kCifar10, "f"); });
  };
  EXPECT_EQ(error_of(""), "f: 0 bytes; wanted a multiple of 3073, the size of a sample");
  EXPECT_EQ(error_of(sample("\x01", 'a') + "x"),
            "f: 3074 bytes; wanted a multiple of 3073, the size of a sample");
  EXPECT_EQ(error_of(sample("\x01", 'a') + sample("\x0a", 'a')),
            "f: sample 1 has label 10; wanted 0 to 9");
}

}  // namespace
}  // namespace ncprune
