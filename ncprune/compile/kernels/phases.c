/* The phases of a strided convolution, plane by plane, while a plane is in the cache. */
struct nc_phases {
  int planes, in_rows, in_columns, in_plane, in_row; /* of the input, and distances */
  int stride;                                        /* from row to row */
  int count;
  const int32_t* phases;        /* the first row and column of each */
  int rows, out_row, out_plane; /* of the output */
};

/* COLUMNS floats, STRIDE apart; the last eight of a row may overlap those before. */
#if NC_WIDTH == 1
#define NC_STRIDED_ROW(STRIDE, COLUMNS) \
  for (int x = 0; x < COLUMNS; ++x) to[x] = row[x * STRIDE];
#else
NC_ALWAYS_INLINE nc_short nc_every_second(const float* from) {
  nc_short low, high;
  memcpy(&low, from, sizeof low);
  memcpy(&high, from + 7, sizeof high); /* not further than the last */
#if defined(__clang__)
  return __builtin_shufflevector(low, high, 0, 2, 4, 6, 9, 11, 13, 15);
#else
  return __builtin_shuffle(low, high, (nc_short_bits){0, 2, 4, 6, 9, 11, 13, 15});
#endif
}
#define NC_STRIDED_ROW(STRIDE, COLUMNS)                         \
  if (STRIDE == 2 && COLUMNS >= 8) {                            \
    NC_UNROLL for (int v = 0; v < (COLUMNS + 7) / 8; ++v) {     \
      const int x = 8 * v + 8 <= COLUMNS ? 8 * v : COLUMNS - 8; \
      const nc_short eight = nc_every_second(row + 2 * x);      \
      memcpy(to + x, &eight, sizeof eight);                     \
    }                                                           \
  } else {                                                      \
    for (int x = 0; x < COLUMNS; ++x) to[x] = row[x * STRIDE];  \
  }
#endif

/* STRIDE: along a row; COLUMNS: of the output; GAP: how many floats behind a row are zeroed. */
#define NC_SPLIT_PHASES(NAME, STRIDE, COLUMNS, GAP)                                              \
  static NC_NOINLINE void NAME(const struct nc_phases* p, const float* in, float* out) {         \
    for (int c = 0; c < p->planes; ++c) {                                                        \
      const float* plane = in + (ptrdiff_t)c * p->in_plane;                                      \
      for (int k = 0; k < p->count; ++k) {                                                       \
        const int first = p->phases[2 * k], column = p->phases[2 * k + 1];                       \
        const int inside =                                                                       \
            column < p->in_columns ? (p->in_columns - column - 1) / STRIDE + 1 : 0;              \
        float* restrict to = out + ((ptrdiff_t)k * p->planes + c) * p->out_plane;                \
        for (int y = 0; y < p->rows; ++y, to += p->out_row) {                                    \
          const int place = first + y * p->stride;                                               \
          const float* restrict row = plane + place * p->in_row + column;                        \
          if (place < p->in_rows && inside >= COLUMNS) {                                         \
            NC_STRIDED_ROW(STRIDE, COLUMNS)                                                      \
            memset(to + COLUMNS, 0, sizeof(float) * GAP);                                        \
          } else {                                                                               \
            for (int x = 0; x < COLUMNS + GAP; ++x) {                                            \
              to[x] = place < p->in_rows && x < inside ? row[x * STRIDE] : 0.0f;                 \
            }                                                                                    \
          }                                                                                      \
        }                                                                                        \
      }                                                                                          \
    }                                                                                            \
  }
