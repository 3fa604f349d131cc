/* Windows of planes: their largest elements or their averages. */
struct nc_pool {
  int planes, rows, in_rows;
  int in_plane, in_row, out_plane, out_row; /* distances */
  int kernel, stride, dilation, pad;        /* from row to row */
  const float* divisor;                     /* of averages, by position; null: the largest */
};

NC_ALWAYS_INLINE float nc_larger(float a, float b) {
  const float larger = b > a ? b : a;
  return b != b ? b : larger;
}
NC_ALWAYS_INLINE float nc_sum(float a, float b) { return a + b; }

/* The rows of the windows side by side are first combined into one line of LINE floats, which is
   padded with START: COLUMNS of the input lie in it from PAD on. Then the KERNEL columns of each of
   WINDOWS windows are combined, DILATION apart; the windows begin STRIDE apart. */
#define NC_POOL(NAME, COMBINED, START, LINE, PAD, COLUMNS, WINDOWS, KERNEL, STRIDE, DILATION)      \
  static NC_NOINLINE void NAME(const struct nc_pool* p, const float* in, float* out,              \
                               float* restrict line) {                                            \
    for (int x = 0; x < LINE; ++x) line[x] = START;                                               \
    for (int c = 0; c < p->planes; ++c) {                                                         \
      for (int y = 0; y < p->rows; ++y) {                                                         \
        for (int x = PAD; x < PAD + COLUMNS; ++x) line[x] = START;                                \
        for (int i = 0; i < p->kernel; ++i) {                                                     \
          const int place = y * p->stride + i * p->dilation - p->pad;                             \
          if (place < 0 || place >= p->in_rows) continue;                                         \
          const float* restrict row = in + (ptrdiff_t)c * p->in_plane + place * p->in_row;        \
          for (int x = 0; x < COLUMNS; ++x) line[PAD + x] = COMBINED(line[PAD + x], row[x]);      \
        }                                                                                         \
        float* restrict to = out + (ptrdiff_t)c * p->out_plane + y * p->out_row;                  \
        for (int x = 0; x < WINDOWS; ++x) {                                                       \
          float value = line[x * STRIDE];                                                         \
          for (int j = 1; j < KERNEL; ++j) {                                                      \
            value = COMBINED(value, line[x * STRIDE + j * DILATION]);                             \
          }                                                                                       \
          to[x] = p->divisor ? value / p->divisor[y * WINDOWS + x] : value;                       \
        }                                                                                         \
      }                                                                                           \
    }                                                                                             \
  }
