#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the constants of this file are in little-endian order"
#endif

/* Vectors of NC_WIDTH floats, as wide as the processor that this file is compiled for has them. Other
   compilers, and this one with -DNC_PLAIN, get plain loops. */
#if !defined(__GNUC__) || defined(NC_PLAIN)
#define NC_WIDTH 1
#elif defined(__AVX512F__)
#define NC_WIDTH 16
#elif defined(__AVX__)
#define NC_WIDTH 8
#else
#define NC_WIDTH 4
#endif

#if NC_WIDTH == 1
typedef float nc_vector;
typedef int32_t nc_bits;
#define NC_UNROLL
#define NC_NOINLINE
#define NC_ALWAYS_INLINE static
#define NC_CACHE_LINE
#else
typedef float nc_vector __attribute__((vector_size(4 * NC_WIDTH)));
typedef int32_t nc_bits __attribute__((vector_size(4 * NC_WIDTH)));
#define NC_UNROLL _Pragma("GCC unroll 16")
#define NC_NOINLINE __attribute__((noinline))
#define NC_ALWAYS_INLINE static inline __attribute__((always_inline, unused))
#define NC_CACHE_LINE __attribute__((aligned(64)))
#endif
#if defined(__clang__) && NC_WIDTH > 1
#undef NC_UNROLL
#define NC_UNROLL _Pragma("clang loop unroll(full)")
#endif

/* Whether sixteen floats take no more time than eight: a Zen 4 core, which older compilers take for
   Zen 3, does them in halves. */
#if NC_WIDTH == 16 && !defined(__znver3__) && !defined(__znver4__)
#define NC_SIXTEEN_AT_ONCE 1
#else
#define NC_SIXTEEN_AT_ONCE 0
#endif

/* Eight floats, for rows that are lines of the cache. */
#if NC_WIDTH > 1
#define NC_SHORT 8
typedef float nc_short __attribute__((vector_size(32)));
typedef int32_t nc_short_bits __attribute__((vector_size(32)));
#endif

NC_ALWAYS_INLINE nc_vector nc_load(const float* from) {
  nc_vector value;
  memcpy(&value, from, sizeof value);
  return value;
}

NC_ALWAYS_INLINE void nc_store(float* to, nc_vector value) { memcpy(to, &value, sizeof value); }

NC_ALWAYS_INLINE nc_vector nc_all(float number) {
#if NC_WIDTH == 1
  return number;
#else
  return number - (nc_vector){0};
#endif
}

#define NC_FLOAT(x) (x)

/* A number of half precision. */
NC_ALWAYS_INLINE float nc_half(uint16_t bits) {
  union {
    uint32_t bits;
    float value;
  } number, sign;
  number.bits = (uint32_t)(bits & 0x7fff) << 13;
  number.value *= 5.192296858534828e33f; /* 2^112: also right for subnormal numbers */
  sign.bits = number.bits | (uint32_t)(bits & 0x8000) << 16;
  return sign.value;
}

NC_ALWAYS_INLINE nc_vector nc_load_half(const uint16_t* from) {
  float numbers[NC_WIDTH];
  for (int i = 0; i < NC_WIDTH; ++i) numbers[i] = nc_half(from[i]);
  return nc_load(numbers);
}

NC_ALWAYS_INLINE float nc_relu(float x) { return x < 0.0f ? 0.0f : x; }
NC_ALWAYS_INLINE float nc_at_least(float x, float low) { return x < low ? low : x; }
NC_ALWAYS_INLINE float nc_at_most(float x, float high) { return x > high ? high : x; }
NC_ALWAYS_INLINE float nc_max(float a, float b) { return a > b || a != a ? a : b; }
NC_ALWAYS_INLINE float nc_min(float a, float b) { return a < b || a != a ? a : b; }
NC_ALWAYS_INLINE float nc_square(float x) { return x * x; }
NC_ALWAYS_INLINE float nc_cube(float x) { return x * x * x; }
NC_ALWAYS_INLINE float nc_leaky_relu(float x, float slope) { return x < 0.0f ? x * slope : x; }
NC_ALWAYS_INLINE float nc_thresholded(float x, float least) { return x > least ? x : 0.0f; }
NC_ALWAYS_INLINE float nc_sign(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : 0.0f; }
NC_ALWAYS_INLINE float nc_softsign(float x) { return x / (1.0f + fabsf(x)); }
NC_ALWAYS_INLINE float nc_hard_sigmoid(float x, float slope, float shift) {
  return nc_at_most(nc_at_least(x * slope + shift, 0.0f), 1.0f);
}
NC_ALWAYS_INLINE float nc_hard_swish(float x) {
  return x * nc_at_most(nc_at_least(x + 3.0f, 0.0f), 6.0f) * (1.0f / 6.0f);
}
NC_ALWAYS_INLINE float nc_shrink(float x, float threshold, float bias) {
  return x < -threshold ? x + bias : x > threshold ? x - bias : 0.0f;
}

/* e^x without branches or calls, so that loops over it become vectors: 2^n e^r with |r| <= ln(2)/2,
   the polynomial of Cephes (Moshier 1992). */
NC_ALWAYS_INLINE float nc_exp(float x) {
  union {
    int32_t bits;
    float value;
  } scale;
  const float clamped = nc_at_most(nc_at_least(x, -87.3f), 88.7f);
  const float n = (clamped * 1.44269504f + 12582912.0f) - 12582912.0f; /* rounded */
  const float r = clamped - n * 0.693359375f + n * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.0f;
  /* In two steps, since 2^128 is no float. */
  const int32_t power = (int32_t)(n == n ? n : 0.0f);
  scale.bits = (power - (power >> 1) + 127) << 23;
  p *= scale.value;
  scale.bits = ((power >> 1) + 127) << 23;
  p *= scale.value;
  return x > 88.8f ? INFINITY : x < -87.4f ? 0.0f : p;
}

NC_ALWAYS_INLINE float nc_sigmoid(float x) { return 1.0f / (1.0f + nc_exp(-x)); }
NC_ALWAYS_INLINE float nc_tanh(float x) {
  const float small = x * (1.0f - x * x * (1.0f / 3.0f - x * x * (2.0f / 15.0f)));
  const float large = 1.0f - 2.0f / (nc_exp(2.0f * x) + 1.0f);
  return fabsf(x) < 0.05f ? small : large;
}
NC_ALWAYS_INLINE float nc_elu(float x, float alpha, float gamma) {
  return gamma * (x < 0.0f ? alpha * (nc_exp(x) - 1.0f) : x);
}
NC_ALWAYS_INLINE float nc_celu(float x, float alpha) {
  return x < 0.0f ? alpha * (nc_exp(x / alpha) - 1.0f) : x;
}

/* The error function: Abramowitz and Stegun 7.1.26, to 1.5e-7. */
NC_ALWAYS_INLINE float nc_erf(float x) {
  const float size = fabsf(x);
  const float t = 1.0f / (1.0f + 0.3275911f * size);
  float p = 1.061405429f;
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const float y = 1.0f - p * t * nc_exp(-size * size);
  return x < 0.0f ? -y : y;
}
NC_ALWAYS_INLINE float nc_gelu(float x) {
  return 0.5f * x * (1.0f + nc_erf(x * 0.70710678f));
}
NC_ALWAYS_INLINE float nc_gelu_tanh(float x) {
  return 0.5f * x * (1.0f + nc_tanh(0.79788456f * (x + 0.044715f * x * x * x)));
}
NC_ALWAYS_INLINE float nc_softplus(float x) { return x > 20.0f ? x : log1pf(expf(x)); }
NC_ALWAYS_INLINE float nc_mish(float x) { return x * nc_tanh(nc_softplus(x)); }

/* Which positions of a plane are elements, and not gaps; the first one lies at `lead`. */
NC_ALWAYS_INLINE void nc_fill_mask(float* memory, int lead, int rows, int columns, int stride,
                                   int size) {
  int32_t* mask = (int32_t*)(void*)memory;
  for (int i = 0; i < size; ++i) mask[i] = 0;
  for (int y = 0; y < rows; ++y) {
    for (int x = 0; x < columns; ++x) mask[lead + y * stride + x] = -1;
  }
}

/* Zeroes what lies between the rows of a value. */
NC_ALWAYS_INLINE void nc_clear_row_gaps(float* memory, int origin, int planes, int stride, int rows,
                                        int columns, int row_stride) {
  for (int c = 0; c < planes; ++c) {
    float* gap = memory + origin + c * stride + columns;
    for (int y = 0; y < rows; ++y, gap += row_stride) {
      int i = 0;
#if NC_WIDTH > 1
      const nc_short zero = {0};
      for (; i + 8 <= row_stride - columns; i += 8) memcpy(gap + i, &zero, sizeof zero);
#endif
      for (; i < row_stride - columns; ++i) gap[i] = 0.0f;
    }
  }
}

/* Zeroes the gaps of a value: before its planes, after each of them, and at the end. */
NC_ALWAYS_INLINE void nc_clear_gaps(float* memory, int origin, int planes, int stride, int used,
                                    int size) {
  memset(memory, 0, sizeof(float) * (size_t)origin);
  for (int c = 0; c + 1 < planes; ++c) {
    memset(memory + origin + c * stride + used, 0, sizeof(float) * (size_t)(stride - used));
  }
  const int end = origin + (planes - 1) * stride + used;
  memset(memory + end, 0, sizeof(float) * (size_t)(size - end));
}
