/* A depthwise convolution with strides, row by row: every plane is read where it lies. */
struct nc_depthwise {
  const void* weights; /* by plane and place of the kernel */
  const float* bias;   /* by plane */
  int planes, each;    /* planes of the output; how many of them read one plane of the input */
  int rows, columns, in_rows, in_columns;
  int in_plane, in_row, out_plane, out_row; /* distances */
  int stride, dilation, pad[2];             /* from row to row; of both axes */
  int used;                                 /* positions of a plane of the output */
  int activation;                           /* 0: none; 1: Relu; 2: between the bounds */
  float low, high;
  void (*finish)(float* row, int plane, int position, int count, const float* workspace);
};

/* The places [first, last) of a window from `begin` on that lie in `size` elements. */
struct nc_inside {
  int first, last;
};
NC_ALWAYS_INLINE struct nc_inside nc_places_inside(int begin, int dilation, int places, int size) {
  struct nc_inside inside = {0, 0};
  if (begin < 0) inside.first = (-begin + dilation - 1) / dilation;
  if (begin < size) inside.last = (size - 1 - begin) / dilation + 1;
  if (inside.last > places) inside.last = places;
  return inside;
}

NC_ALWAYS_INLINE void nc_activate(const struct nc_depthwise* p, float* row) {
  if (p->activation == 1) {
    for (int x = 0; x < p->columns; ++x) row[x] = nc_relu(row[x]);
  } else if (p->activation == 2) {
    for (int x = 0; x < p->columns; ++x) row[x] = nc_at_most(nc_at_least(row[x], p->low), p->high);
  }
}

/* A kernel of ROWS x COLUMNS places, and the stride and dilation along a row. */
#define NC_DEPTHWISE(NAME, ROWS, COLUMNS, STRIDE, DILATION, WEIGHT, NUMBER)                        \
  static NC_NOINLINE void NAME(const struct nc_depthwise* p, const float* in, float* out,          \
                               const float* workspace) {                                           \
    const int pad = p->pad[1], reach = (COLUMNS - 1) * DILATION;                                   \
    /* Columns whose windows lie between the ends of the rows. */                                  \
    int begin = (pad + STRIDE - 1) / STRIDE;                                                       \
    int end = p->in_columns + pad > reach ? (p->in_columns + pad - reach - 1) / STRIDE + 1 : 0;    \
    if (end > p->columns) end = p->columns;                                                        \
    if (begin > end) begin = end;                                                                  \
    for (int plane = 0; plane < p->planes; ++plane) {                                              \
      const WEIGHT* weights = (const WEIGHT*)p->weights + (ptrdiff_t)plane * (ROWS * COLUMNS);     \
      float w[ROWS * COLUMNS];                                                                     \
      for (int k = 0; k < ROWS * COLUMNS; ++k) w[k] = NUMBER(weights[k]);                          \
      const float bias = p->bias[plane];                                                           \
      const float* from = in + (ptrdiff_t)(plane / p->each) * p->in_plane;                         \
      float* first = out + (ptrdiff_t)plane * p->out_plane;                                        \
      for (int y = 0; y < p->rows; ++y) {                                                          \
        float* restrict to = first + y * p->out_row;                                               \
        const int top = y * p->stride - p->pad[0];                                                 \
        const struct nc_inside down = nc_places_inside(top, p->dilation, ROWS, p->in_rows);        \
        const int whole = down.first == 0 && down.last == ROWS;                                    \
        if (whole) {                                                                               \
          const float* restrict row = from + top * p->in_row;                                      \
          const int next = p->dilation * p->in_row;                                                \
          for (int x = begin; x < end; ++x) {                                                      \
            float sum = bias;                                                                      \
            NC_UNROLL for (int i = 0; i < ROWS; ++i) {                                             \
              NC_UNROLL for (int j = 0; j < COLUMNS; ++j) {                                        \
                sum += w[i * COLUMNS + j] * row[i * next + x * STRIDE + j * DILATION - pad];       \
              }                                                                                    \
            }                                                                                      \
            to[x] = sum;                                                                           \
          }                                                                                        \
        }                                                                                          \
        for (int x = 0; x < p->columns; ++x) {                                                     \
          if (whole && x == begin) x = end;                                                        \
          if (x >= p->columns) break;                                                              \
          const int left = x * STRIDE - pad;                                                       \
          const struct nc_inside along = nc_places_inside(left, DILATION, COLUMNS, p->in_columns); \
          float sum = bias;                                                                        \
          for (int i = down.first; i < down.last; ++i) {                                           \
            const float* row = from + (top + i * p->dilation) * p->in_row;                         \
            for (int j = along.first; j < along.last; ++j) {                                       \
              sum += w[i * COLUMNS + j] * row[left + j * DILATION];                                \
            }                                                                                      \
          }                                                                                        \
          to[x] = sum;                                                                             \
        }                                                                                          \
        nc_activate(p, to);                                                                        \
      }                                                                                            \
      if (p->finish) p->finish(first, plane, 0, p->used, workspace);                               \
    }                                                                                              \
  }
