#include "ncprune/data/cifar.h"

#include <fmt/format.h>

#include "ncprune/base/error.h"

namespace ncprune {

CifarRecords parse_cifar(std::string_view bytes, const CifarForm& form, const std::string& where) {
  constexpr size_t kPixels = 3 * 32 * 32;
  const auto labels = static_cast<size_t>(form.label_bytes);
  const size_t record = labels + kPixels;
  if (bytes.empty() || bytes.size() % record != 0) {
    throw InputError(fmt::format("{}: {} bytes; wanted a multiple of {}, the size of a sample",
                                 where, bytes.size(), record));
  }
  const size_t count = bytes.size() / record;
  CifarRecords records;
  records.labels.reserve(count);
  records.pixels.reserve(count * kPixels);
  for (size_t i = 0; i < count; ++i) {
    const std::string_view sample = bytes.substr(i * record, record);
    const auto label = static_cast<uint8_t>(sample[labels - 1]);
    if (label >= form.classes) {
      throw InputError(fmt::format("{}: sample {} has label {}; wanted 0 to {}", where, i, label,
                                   form.classes - 1));
    }
    records.labels.push_back(label);
    records.pixels.insert(records.pixels.end(), sample.begin() + form.label_bytes, sample.end());
  }
  return records;
}

}  // namespace ncprune
