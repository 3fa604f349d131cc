#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "ncprune/study/grid.h"
#include "ncprune/study/packed.h"

namespace ncprune {

// The leader of a crew and its workers exchange messages through a store. The store's keys are
// "study" (set once), "workers" (the number that joined), and for worker w "task/w", "alive/w" (a
// growing number) and the worker's messages "said/w/0", "said/w/1", ... in order. Values are CBOR.
inline constexpr std::chrono::milliseconds kCrewPoll{10};

// The key of one kind of message of a worker, such as "task/3".
std::string crew_key(const char* what, int64_t worker);

// Cells as part of a message.
Json pack_group(const CellGroup& group);
CellGroup unpack_group(const Json& json);

}  // namespace ncprune
