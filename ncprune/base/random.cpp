#include "ncprune/base/random.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/ops/randperm.h>

namespace ncprune {
namespace {

// SplitMix64's finalizer (Steele, Lea, Flood 2014): neighbouring seeds give unrelated streams.
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

Random::Random(uint64_t seed)
    : seed_(seed), generator_(at::detail::createCPUGenerator(mix(seed))) {}

Random Random::stream(std::string_view name) const {
  uint64_t hash = mix(seed_);
  for (const char c : name) hash = mix(hash ^ static_cast<unsigned char>(c));
  return Random(hash);
}

at::Tensor Random::permutation(int64_t n) {
  return at::randperm(n, generator_, at::TensorOptions(at::kLong));
}

}  // namespace ncprune
