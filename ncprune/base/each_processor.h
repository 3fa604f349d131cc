#pragma once

// Before a function: compiles it for several processors, and the fastest version that the machine
// can run is chosen when the program starts. What it calls is only part of that if it is inlined.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NCPRUNE_EACH_PROCESSOR __attribute__((target_clones("avx512f", "arch=haswell", "default")))
#else
#define NCPRUNE_EACH_PROCESSOR
#endif
