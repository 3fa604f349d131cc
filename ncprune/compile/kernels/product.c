/* Fully connected layers of one position. */

/* Rows of few weights, sorted by their number: `runs` of rows that have equally many. */
struct nc_sparse_product {
  const void* weights;
  const void* inputs;       /* by weight: the element it multiplies */
  const uint16_t* outputs;  /* by row */
  const uint16_t* runs;     /* rows, weights of each; ... */
  const float* bias;        /* by row */
  int run_count;
  int rectified;
};

#define NC_SPARSE_PRODUCT(NAME, INDEX, WEIGHT, NUMBER)                                       \
  static NC_NOINLINE void NAME(const struct nc_sparse_product* p, const float* x, float* y) { \
    const WEIGHT* w = p->weights;                                                            \
    const INDEX* i = p->inputs;                                                              \
    int row = 0;                                                                             \
    for (int run = 0; run < p->run_count; ++run) {                                           \
      const int end = row + p->runs[2 * run], count = p->runs[2 * run + 1];                  \
      for (; row < end; ++row) {                                                             \
        float a = p->bias[row], b = 0.0f, c = 0.0f, d = 0.0f;                                \
        int k = 0;                                                                           \
        for (; k + 4 <= count; k += 4) {                                                     \
          a += NUMBER(w[k]) * x[i[k]];                                                       \
          b += NUMBER(w[k + 1]) * x[i[k + 1]];                                               \
          c += NUMBER(w[k + 2]) * x[i[k + 2]];                                               \
          d += NUMBER(w[k + 3]) * x[i[k + 3]];                                               \
        }                                                                                    \
        for (; k < count; ++k) a += NUMBER(w[k]) * x[i[k]];                                  \
        w += count;                                                                          \
        i += count;                                                                          \
        const float sum = (a + b) + (c + d);                                                 \
        y[p->outputs[row]] = p->rectified ? nc_relu(sum) : sum;                              \
      }                                                                                      \
    }                                                                                        \
  }

/* All weights, in blocks of NC_BLOCK outputs: by block and input. */
#define NC_BLOCK 64
struct nc_dense_product {
  const void* weights;
  const float* bias; /* filled up to whole blocks */
  int inputs, outputs;
  int rectified;
};

#define NC_DENSE_PRODUCT(NAME, WEIGHT, NUMBER, LOAD)                                         \
  static NC_NOINLINE void NAME(const struct nc_dense_product* p, const float* x, float* y) { \
    const WEIGHT* w = p->weights;                                                            \
    for (int block = 0; block < p->outputs; block += NC_BLOCK) {                             \
      const int count = p->outputs - block < NC_BLOCK ? p->outputs - block : NC_BLOCK;       \
      float result[NC_BLOCK] NC_CACHE_LINE;                                                  \
      if (count == NC_BLOCK) {                                                               \
        nc_vector sum[NC_BLOCK / NC_WIDTH];                                                  \
        NC_UNROLL for (int v = 0; v < NC_BLOCK / NC_WIDTH; ++v) {                            \
          sum[v] = nc_load(p->bias + block + v * NC_WIDTH);                                  \
        }                                                                                    \
        for (int k = 0; k < p->inputs; ++k, w += NC_BLOCK) {                                 \
          NC_UNROLL for (int v = 0; v < NC_BLOCK / NC_WIDTH; ++v) {                          \
            sum[v] += x[k] * LOAD(w + v * NC_WIDTH);                                         \
          }                                                                                  \
        }                                                                                    \
        NC_UNROLL for (int v = 0; v < NC_BLOCK / NC_WIDTH; ++v) {                            \
          nc_store(result + v * NC_WIDTH, sum[v]);                                           \
        }                                                                                    \
      } else {                                                                               \
        for (int m = 0; m < count; ++m) result[m] = p->bias[block + m];                      \
        for (int k = 0; k < p->inputs; ++k, w += count) {                                    \
          for (int m = 0; m < count; ++m) result[m] += NUMBER(w[m]) * x[k];                  \
        }                                                                                    \
      }                                                                                      \
      for (int m = 0; m < count; ++m) {                                                      \
        y[block + m] = p->rectified ? nc_relu(result[m]) : result[m];                        \
      }                                                                                      \
    }                                                                                        \
  }
