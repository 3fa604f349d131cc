#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "ncprune/study/grid.h"
#include "ncprune/study/packed.h"

namespace ncprune {

// What the leader of a crew and its workers say to each other through a store. The store's keys:
// "study" (once), "workers" (how many came), and for worker w "task/w", "alive/w" (a number that
// grows) and "said/w/0", "said/w/1", ... in order. Values are CBOR.
inline constexpr std::chrono::milliseconds kCrewPoll{10};

// "task/3": the key of a worker's messages of one kind.
std::string crew_key(const char* what, int64_t worker);

// Cells within a message.
Json pack_group(const CellGroup& group);
CellGroup unpack_group(const Json& json);

}  // namespace ncprune
