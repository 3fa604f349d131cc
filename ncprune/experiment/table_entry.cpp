#include "ncprune/experiment/table_entry.h"

#include <fmt/format.h>

#include <utility>

#include "ncprune/base/error.h"

namespace ncprune {

DataRequest with_table_of(const Network& network, DataRequest request, const std::string& where) {
  const auto found = network.metadata.other.find(kTableEntry);
  if (found == network.metadata.other.end()) return request;
  TableEncoding own =
      parse_table_encoding(found->second, fmt::format("{}: metadata entry {}", where, kTableEntry));
  if (request.table && *request.table != own) {
    throw InputError(fmt::format(
        "{}: reads the columns of a table in another way than the networks before it", where));
  }
  request.table = std::move(own);
  return request;
}

void remember_table(Network& network, const PreparedData& data) {
  if (!data.table) return;
  TableEncoding encoding = *data.table;
  encoding.class_names = data.train.class_names;
  network.metadata.other[kTableEntry] = table_encoding_text(encoding);
}

}  // namespace ncprune
