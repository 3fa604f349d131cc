struct nc_pool {
  int planes, rows, columns, in_rows, in_columns;
  int in_plane, in_row, out_plane, out_row; /* distances */
  int kernel[2], stride[2], dilation[2], pad[2];
  const float* divisor; /* of averages, by position; null: the largest */
};

/* A row of results at a time, tap after tap: the loops over columns become vectors. */
static inline void nc_pool_row(const struct nc_pool* p, const float* row, float* out) {
  for (int j = 0; j < p->kernel[1]; ++j) {
    const int shift = j * p->dilation[1] - p->pad[1], s = p->stride[1];
    int begin = shift < 0 ? (-shift + s - 1) / s : 0;
    int end = p->in_columns - shift <= 0 ? 0 : (p->in_columns - shift + s - 1) / s;
    if (end > p->columns) end = p->columns;
    const float* from = row + shift;
    if (p->divisor) {
      if (s == 1) {
        for (int x = begin; x < end; ++x) out[x] += from[x];
      } else {
        for (int x = begin; x < end; ++x) out[x] += from[x * s];
      }
    } else if (s == 1) {
      for (int x = begin; x < end; ++x) out[x] = from[x] > out[x] || from[x] != from[x] ? from[x] : out[x];
    } else if (s == 2) {
      for (int x = begin; x < end; ++x) {
        const float value = from[2 * x];
        out[x] = value > out[x] || value != value ? value : out[x];
      }
    } else {
      for (int x = begin; x < end; ++x) {
        const float value = from[x * s];
        out[x] = value > out[x] || value != value ? value : out[x];
      }
    }
  }
}

static NC_NOINLINE void nc_pool_planes(const struct nc_pool* p, const float* in, float* out) {
  for (int c = 0; c < p->planes; ++c) {
    for (int y = 0; y < p->rows; ++y) {
      float* to = out + (ptrdiff_t)c * p->out_plane + y * p->out_row;
      for (int x = 0; x < p->columns; ++x) to[x] = p->divisor ? 0.0f : -INFINITY;
      for (int i = 0; i < p->kernel[0]; ++i) {
        const int row = y * p->stride[0] + i * p->dilation[0] - p->pad[0];
        if (row < 0 || row >= p->in_rows) continue;
        nc_pool_row(p, in + (ptrdiff_t)c * p->in_plane + row * p->in_row, to);
      }
      if (!p->divisor) continue;
      for (int x = 0; x < p->columns; ++x) to[x] /= p->divisor[y * p->columns + x];
    }
  }
}

/* out[m, n] = sum of left[m, k] right[k, n]; rows of `right` and `out` lie side by side. */
struct nc_matrices {
  int rows, inner, columns;
  int left_row, left_column, right_row, out_row;
};

#define NC_MATRIX_TILE(ROWS, VECTORS)                                                          \
  {                                                                                            \
    nc_vector sum[ROWS][VECTORS];                                                              \
    NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                                 \
      NC_UNROLL for (int v = 0; v < VECTORS; ++v) sum[r][v] = nc_all(0.0f);                    \
    }                                                                                          \
    for (int k = 0; k < p->inner; ++k) {                                                       \
      nc_vector x[VECTORS];                                                                    \
      NC_UNROLL for (int v = 0; v < VECTORS; ++v) {                                            \
        x[v] = nc_load(right + (ptrdiff_t)k * p->right_row + n + v * NC_WIDTH);                \
      }                                                                                        \
      NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                               \
        const float w = left[(ptrdiff_t)(m + r) * p->left_row + (ptrdiff_t)k * p->left_column]; \
        NC_UNROLL for (int v = 0; v < VECTORS; ++v) sum[r][v] += w * x[v];                     \
      }                                                                                        \
    }                                                                                          \
    NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                                 \
      NC_UNROLL for (int v = 0; v < VECTORS; ++v) {                                            \
        nc_store(out + (ptrdiff_t)(m + r) * p->out_row + n + v * NC_WIDTH, sum[r][v]);         \
      }                                                                                        \
    }                                                                                          \
  }

static NC_NOINLINE void nc_multiply(const struct nc_matrices* p, const float* left,
                                    const float* right, float* out) {
  int n = 0;
  for (; n + 2 * NC_WIDTH <= p->columns; n += 2 * NC_WIDTH) {
    int m = 0;
    for (; m + 4 <= p->rows; m += 4) NC_MATRIX_TILE(4, 2)
    for (; m < p->rows; ++m) NC_MATRIX_TILE(1, 2)
  }
  for (; n + NC_WIDTH <= p->columns; n += NC_WIDTH) {
    int m = 0;
    for (; m + 4 <= p->rows; m += 4) NC_MATRIX_TILE(4, 1)
    for (; m < p->rows; ++m) NC_MATRIX_TILE(1, 1)
  }
  for (; n < p->columns; ++n) {
    for (int m = 0; m < p->rows; ++m) {
      float sum = 0.0f;
      for (int k = 0; k < p->inner; ++k) {
        sum += left[(ptrdiff_t)m * p->left_row + (ptrdiff_t)k * p->left_column] *
               right[(ptrdiff_t)k * p->right_row + n];
      }
      out[(ptrdiff_t)m * p->out_row + n] = sum;
    }
  }
}

/* Weighted sums of a few elements along one axis. */
struct nc_resample {
  int outer, in_size, out_size, inner, taps;
  const int32_t* index;
  const float* weight;
};

static NC_NOINLINE void nc_resample_axis(const struct nc_resample* p, const float* in, float* out) {
  for (int o = 0; o < p->outer; ++o) {
    const float* from = in + (ptrdiff_t)o * p->in_size * p->inner;
    for (int i = 0; i < p->out_size; ++i) {
      float* to = out + ((ptrdiff_t)o * p->out_size + i) * p->inner;
      for (int r = 0; r < p->inner; ++r) to[r] = 0.0f;
      for (int t = 0; t < p->taps; ++t) {
        const float* row = from + (ptrdiff_t)p->index[i * p->taps + t] * p->inner;
        const float w = p->weight[i * p->taps + t];
        for (int r = 0; r < p->inner; ++r) to[r] += w * row[r];
      }
    }
  }
}
