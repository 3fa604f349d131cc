#include "ncprune/study/packed.h"

#include <nlohmann/json.hpp>

namespace ncprune {

std::string packed_json(const Json& json) {
  const std::vector<uint8_t> bytes = Json::to_cbor(json);
  return {bytes.begin(), bytes.end()};
}

Json bytes_json(const std::string& bytes) {
  return Json::binary({bytes.begin(), bytes.end()});
}

std::string json_bytes(const Json& json) {
  const auto& binary = json.get_binary();
  return {binary.begin(), binary.end()};
}

}  // namespace ncprune
