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
