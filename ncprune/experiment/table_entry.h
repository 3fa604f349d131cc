#pragma once

#include <string>

#include "ncprune/experiment/prepare.h"
#include "ncprune/model/network.h"

namespace ncprune {

// The metadata entry of a network that was trained or pruned on a table: its TableEncoding as
// table_encoding_text(). Whoever uses the network later gives the same columns the same inputs.
inline constexpr const char* kTableEntry = "ncprune.table";

// `request`, with the encoding that `network` remembers, if any, for the data. `where` names the
// network in messages. Call it for every network that is to read the same data. Throws InputError
// when the entry is damaged, or when `request` already has another encoding.
DataRequest with_table_of(const Network& network, DataRequest request, const std::string& where);

// Stores the encoding of `data` in the network; does nothing if the data are not from a table.
void remember_table(Network& network, const PreparedData& data);

}  // namespace ncprune
