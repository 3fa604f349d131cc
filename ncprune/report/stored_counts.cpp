#include "ncprune/report/stored_counts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "ncprune/base/error.h"
#include "ncprune/base/json.h"
#include "ncprune/data/excerpt.h"

namespace ncprune {
namespace {

constexpr int64_t kGateVersion = 1;
constexpr int64_t kMaxStoredClasses = 1'000'000;
constexpr int64_t kMaxStoredSamples = int64_t{1} << 50;  // a double holds every count exactly

const Json& entry(const Json& json, const std::string& key) {
  if (!json.is_object() || !json.contains(key)) {
    throw InputError(fmt::format("has no entry '{}'", key));
  }
  return json.at(key);
}

std::string text_at(const Json& json, const std::string& key) {
  const Json& value = entry(json, key);
  if (!value.is_string() || !is_plain_text(value.get_ref<const std::string&>())) {
    throw InputError(fmt::format("'{}' is not plain text", key));
  }
  return value.get<std::string>();
}

const Json& array_at(const Json& json, const std::string& key) {
  const Json& value = entry(json, key);
  if (!value.is_array()) throw InputError(fmt::format("'{}' is not an array", key));
  if (std::ssize(value) > kMaxStoredClasses) {
    throw InputError(fmt::format("'{}' has more than {} entries", key, kMaxStoredClasses));
  }
  return value;
}

int64_t count_in(const Json& value, const std::string& key) {
  const bool whole =
      value.is_number_unsigned() || (value.is_number_integer() && value.get<int64_t>() >= 0);
  if (!whole || value.get<uint64_t>() > static_cast<uint64_t>(kMaxStoredSamples)) {
    throw InputError(fmt::format("'{}' is not a number of samples", key));
  }
  return value.get<int64_t>();
}

int64_t count_at(const Json& json, const std::string& key) {
  return count_in(entry(json, key), key);
}

void add_class(StoredCounts& stored, std::string name, const RecallCount& count) {
  if (count.right > count.samples) {
    throw InputError(fmt::format("class '{}': {} of {} samples are right", excerpt(name),
                                 count.right, count.samples));
  }
  stored.names.push_back(std::move(name));
  stored.counts.push_back(count);
}

StoredCounts from_gate(const Json& json) {
  const int64_t version = count_at(json, "ncprune_gate");
  if (version != kGateVersion) {
    throw InputError(fmt::format("a gate's file of version {}; wanted {}", version, kGateVersion));
  }
  const Json& before = entry(json, "before");
  StoredCounts stored{text_at(before, "network"), text_at(before, "data"), {}, {}};
  for (const Json& own : array_at(json, "classes")) {
    std::string name = text_at(own, "name");
    add_class(stored, std::move(name),
              {count_at(own, "samples_before"), count_at(own, "right_before")});
  }
  return stored;
}

StoredCounts from_compare(const Json& json) {
  StoredCounts stored{text_at(json, "before"), text_at(json, "data"), {}, {}};
  for (const Json& own : array_at(json, "classes")) {
    std::string name = text_at(own, "name");
    add_class(stored, std::move(name), {count_at(own, "samples"), count_at(own, "right_before")});
  }
  return stored;
}

StoredCounts from_evaluate(const Json& json) {
  const Json& networks = array_at(json, "networks");
  if (networks.empty()) throw InputError("'networks' is empty");
  const Json& first = networks.front();
  StoredCounts stored{text_at(first, "network"), text_at(json, "data"), {}, {}};
  const Json& names = array_at(json, "classes");
  const Json& samples = array_at(json, "samples");
  const Json& right = array_at(first, "right");
  if (samples.size() != names.size() || right.size() != names.size()) {
    throw InputError(fmt::format("'classes', 'samples' and 'right' have {}, {} and {} entries",
                                 names.size(), samples.size(), right.size()));
  }
  for (size_t c = 0; c < names.size(); ++c) {
    if (!names[c].is_string() || !is_plain_text(names[c].get_ref<const std::string&>())) {
      throw InputError("'classes' holds something else than plain text");
    }
    add_class(stored, names[c].get<std::string>(),
              {count_in(samples[c], "samples"), count_in(right[c], "right")});
  }
  return stored;
}

StoredCounts from_any(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) throw InputError("is not JSON");
  if (!json.is_object())
    throw InputError("holds no recalls of 'ncprune gate', evaluate or compare");
  if (json.contains("ncprune_gate")) return from_gate(json);
  if (json.contains("networks")) return from_evaluate(json);
  if (json.contains("before")) return from_compare(json);
  throw InputError("holds no recalls of 'ncprune gate', evaluate or compare");
}

// The place of each name. Throws InputError when one occurs twice.
std::map<std::string, size_t> places(const std::vector<std::string>& names,
                                     const std::string& where) {
  std::map<std::string, size_t> all;
  for (size_t c = 0; c < names.size(); ++c) {
    if (!all.emplace(names[c], c).second) {
      throw InputError(fmt::format("{}: class '{}' occurs twice", where, excerpt(names[c])));
    }
  }
  return all;
}

}  // namespace

StoredCounts parse_stored_counts(const std::string& text, const std::string& where) {
  StoredCounts stored;
  try {
    stored = from_any(text);
    if (stored.names.empty()) throw InputError("holds no classes");
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: {}", where, error.what()));
  }
  places(stored.names, where);
  return stored;
}

std::vector<RecallCount> counts_for(const StoredCounts& stored,
                                    const std::vector<std::string>& names,
                                    const std::string& where) {
  const std::map<std::string, size_t> stored_places = places(stored.names, where);
  const std::map<std::string, size_t> asked = places(names, "the data");
  std::vector<RecallCount> counts;
  counts.reserve(names.size());
  for (const std::string& name : names) {
    const auto found = stored_places.find(name);
    if (found == stored_places.end()) {
      throw InputError(
          fmt::format("{}: has no class '{}', which the data have", where, excerpt(name)));
    }
    counts.push_back(stored.counts[found->second]);
  }
  for (const std::string& name : stored.names) {
    if (asked.contains(name)) continue;
    throw InputError(
        fmt::format("{}: has class '{}', which the data do not have", where, excerpt(name)));
  }
  return counts;
}

}  // namespace ncprune
