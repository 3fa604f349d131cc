/* A convolution of stride 1 over padded planes: one row of positions is the sum of rows of the
   input, each at a fixed distance, times weights; the sums stay in registers (Elsen, Dukhan, Gale,
   Simonyan 2020, "Fast Sparse ConvNets"). Blocks of one or several outputs share what they read. */
struct nc_convolution {
  const void* weights;      /* by block and column: one for each output of the block */
  const void* distances;    /* by block and column, in floats */
  const uint16_t* columns;  /* by block: how many */
  const float* bias;        /* by output, filled up to whole blocks */
  const uint16_t* outputs;  /* by row of a block: the plane that it writes */
  int blocks, planes;       /* planes: of the output */
  int positions;            /* of a plane, whole vectors */
  int tile;                 /* positions at a time */
  int in_stride, out_stride, added_stride; /* between planes */
  int activation;           /* 0: none; 1: Relu; 2: between the bounds */
  float low, high;
  void (*finish)(float* row, int plane, int position, int count, const float* workspace);
};

struct nc_rows {
  const float* in;
  float* out;
  const float* added;   /* or null */
  const int32_t* mask;  /* or null */
  const float* workspace;
  int position;
};

#if NC_WIDTH == 16 || (NC_WIDTH == 4 && !defined(__SSE__))
#define NC_MOST_8 3 /* vectors at a time of blocks of 8: three and 24 sums fit in 32 registers */
#else
#define NC_MOST_8 1
#endif
#define NC_MOST_4 3
#define NC_MOST_2 6
#define NC_MOST_1 8

#define NC_CONVOLUTION(NAME, ROWS, VECTORS, DISTANCE, WEIGHT, NUMBER)                              \
  static NC_NOINLINE void NAME(const struct nc_convolution* c, struct nc_rows at) {                \
    const WEIGHT* weight = c->weights;                                                             \
    const DISTANCE* distance = c->distances;                                                       \
    for (int block = 0; block < c->blocks; ++block) {                                              \
      nc_vector sum[ROWS][VECTORS];                                                                \
      NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                                   \
        NC_UNROLL for (int v = 0; v < VECTORS; ++v) sum[r][v] = nc_all(c->bias[block * ROWS + r]); \
      }                                                                                            \
      const int columns = c->columns[block];                                                       \
      for (int k = 0; k < columns; ++k) {                                                          \
        const float* from = at.in + distance[k];                                                   \
        nc_vector x[VECTORS];                                                                      \
        NC_UNROLL for (int v = 0; v < VECTORS; ++v) x[v] = nc_load(from + v * NC_WIDTH);           \
        NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                                 \
          const float w = NUMBER(weight[r]);                                                       \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) sum[r][v] += w * x[v];                       \
        }                                                                                          \
        weight += ROWS;                                                                            \
      }                                                                                            \
      distance += columns;                                                                         \
      NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                                   \
        if (ROWS > 1 && block * ROWS + r >= c->planes) break;                                      \
        const int plane = c->outputs[block * ROWS + r];                                            \
        float* to = at.out + (ptrdiff_t)plane * c->out_stride + at.position;                       \
        if (at.added) {                                                                            \
          const float* added = at.added + (ptrdiff_t)plane * c->added_stride + at.position;        \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) sum[r][v] += nc_load(added + v * NC_WIDTH);  \
        }                                                                                          \
        if (c->activation == 1) {                                                                  \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) sum[r][v] = nc_rectified(sum[r][v]);         \
        } else if (c->activation == 2) {                                                           \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) {                                            \
            sum[r][v] = nc_bounded(sum[r][v], c->low, c->high);                                    \
          }                                                                                        \
        }                                                                                          \
        if (at.mask) {                                                                             \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) {                                            \
            sum[r][v] = nc_masked(sum[r][v], at.mask + at.position + v * NC_WIDTH);                \
          }                                                                                        \
        }                                                                                          \
        NC_UNROLL for (int v = 0; v < VECTORS; ++v) nc_store(to + v * NC_WIDTH, sum[r][v]);        \
        if (c->finish) c->finish(to, plane, at.position, VECTORS * NC_WIDTH, at.workspace);        \
      }                                                                                            \
    }                                                                                              \
  }

#define NC_CASE(NAME, VECTORS) \
  case VECTORS:                \
    NAME##_##VECTORS(c, at);   \
    break;

/* Tile after tile of about equal widths. */
#define NC_TILES(NAME, MOST, CASES)                                                     \
  static void NAME(const struct nc_convolution* c, struct nc_rows at) {                 \
    const int vectors = c->positions / NC_WIDTH;                                        \
    int most = c->tile / NC_WIDTH;                                                      \
    if (most > MOST) most = MOST;                                                       \
    if (most < 1) most = 1;                                                             \
    const int tiles = (vectors + most - 1) / most;                                      \
    const float* in = at.in;                                                            \
    for (int tile = 0; tile < tiles; ++tile) {                                          \
      const int begin = vectors * tile / tiles, end = vectors * (tile + 1) / tiles;     \
      at.position = begin * NC_WIDTH;                                                   \
      at.in = in + at.position;                                                         \
      switch (end - begin) { CASES }                                                    \
    }                                                                                   \
  }

#define NC_SPARSE(NAME, DISTANCE, WEIGHT, NUMBER)                                                \
  NC_CONVOLUTION(NAME##_1, 1, 1, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_2, 1, 2, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_3, 1, 3, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_4, 1, 4, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_5, 1, 5, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_6, 1, 6, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_7, 1, 7, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_8, 1, 8, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_TILES(NAME, NC_MOST_1,                                                                      \
           NC_CASE(NAME, 1) NC_CASE(NAME, 2) NC_CASE(NAME, 3) NC_CASE(NAME, 4) NC_CASE(NAME, 5)  \
               NC_CASE(NAME, 6) NC_CASE(NAME, 7) NC_CASE(NAME, 8))

#define NC_PAIRS(NAME, DISTANCE, WEIGHT, NUMBER)                                                 \
  NC_CONVOLUTION(NAME##_1, 2, 1, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_2, 2, 2, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_3, 2, 3, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_4, 2, 4, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_5, 2, 5, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_CONVOLUTION(NAME##_6, 2, 6, DISTANCE, WEIGHT, NUMBER)                                       \
  NC_TILES(NAME, NC_MOST_2,                                                                      \
           NC_CASE(NAME, 1) NC_CASE(NAME, 2) NC_CASE(NAME, 3) NC_CASE(NAME, 4) NC_CASE(NAME, 5)  \
               NC_CASE(NAME, 6))

#define NC_BLOCKS(NAME, ROWS, DISTANCE, WEIGHT, NUMBER)        \
  NC_CONVOLUTION(NAME##_1, ROWS, 1, DISTANCE, WEIGHT, NUMBER)  \
  NC_CONVOLUTION(NAME##_2, ROWS, 2, DISTANCE, WEIGHT, NUMBER)  \
  NC_CONVOLUTION(NAME##_3, ROWS, 3, DISTANCE, WEIGHT, NUMBER)  \
  NC_TILES(NAME, NC_MOST_##ROWS, NC_CASE(NAME, 1) NC_CASE(NAME, 2) NC_CASE(NAME, 3))
