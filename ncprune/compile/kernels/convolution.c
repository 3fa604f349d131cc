/* A convolution of stride 1 over padded planes: one row of positions is the sum of rows of the
   input, each at a fixed distance, times weights; the sums stay in registers (Elsen, Dukhan, Gale,
   Simonyan 2020, "Fast Sparse ConvNets"). Blocks of one or several outputs share what they read. */
struct nc_convolution {
  const void* weights;     /* by block and column: one for each output of the block */
  const void* distances;   /* by block and column, in floats */
  const uint16_t* columns; /* by block: how many */
  const float* bias;       /* by row of a block */
  const uint16_t* outputs; /* by row of a block: the plane that it writes */
  int blocks, planes;      /* planes: of the output */
  int units, rows;         /* of a plane: pieces of 16 floats; rows */
  int tile;                /* positions at a time */
  int second;              /* where the second vector of a line begins */
  int line, parts;         /* of rows of whole vectors: their distance and vectors */
  int lead, lines;         /* floats of the first row's line before it; lines of a plane */
  int gaps;                /* whether the gaps behind such rows, of eight floats, are zeroed */
  int out_stride, added_stride; /* between planes */
  int activation;               /* 0: none; 1: Relu; 2: between the bounds */
  float low, high;
  void (*finish)(float* row, int plane, int position, int count, const float* workspace);
};

struct nc_rows {
  const float* in;
  float* out;
  const float* added;  /* or null */
  const int32_t* mask; /* or null */
  const float* workspace;
  int position;
};

/* Where vector `v` of a tile begins: side by side; one in each line; two in each line; as many as a
   row has. */
#define NC_ALONG(v) ((v) * NC_WIDTH)
#define NC_LINES(v) ((v) * 16)
#define NC_HALVES(v) ((v) / 2 * 16 + (v) % 2 * second)
#define NC_BESIDE(v) ((v) * 8)
#define NC_ONE_EACH(v) ((v) * line)
#define NC_PAIR_EACH(v) ((v) / 2 * line + (v) % 2 * 16)
#define NC_TWO_EACH(v) ((v) / 2 * line + (v) % 2 * 8)
#define NC_THREE_EACH(v) ((v) / 3 * line + (v) % 3 * 8)
#define NC_FOUR_EACH(v) ((v) / 4 * line + (v) % 4 * 8)
#define NC_SEVEN_EACH(v) ((v) / 7 * line + (v) % 7 * 8)
/* Whether the gap of a row begins behind vector `v`. */
#define NC_ALONG_ENDS(v) 0
#define NC_LINES_ENDS(v) 1
#define NC_HALVES_ENDS(v) 0
#define NC_BESIDE_ENDS(v) 0
#define NC_ONE_EACH_ENDS(v) 1
#define NC_PAIR_EACH_ENDS(v) ((v) % 2 == 1)
#define NC_TWO_EACH_ENDS(v) ((v) % 2 == 1)
#define NC_THREE_EACH_ENDS(v) ((v) % 3 == 2)
#define NC_FOUR_EACH_ENDS(v) ((v) % 4 == 3)
#define NC_SEVEN_EACH_ENDS(v) ((v) % 7 == 6)

/* Bounds as in the framework: what is not a number stays. */
#if NC_WIDTH == 1
#define NC_ZERO 0
#define NC_RECTIFY(x, TYPE, BITS) x = x < 0.0f ? 0.0f : x
#define NC_BOUND(x, low, high, TYPE, BITS) x = x < low ? low : x > high ? high : x
#define NC_MASK(x, from, TYPE, BITS) x = *(from) ? x : 0.0f
#else
#define NC_ZERO {0}
#define NC_RECTIFY(x, TYPE, BITS) x = (TYPE)((BITS)x & ~(BITS)(x < (TYPE){0}))
#define NC_BOUND(x, low, high, TYPE, BITS)                 \
  {                                                        \
    const BITS below = (BITS)(x < low);                    \
    x = (TYPE)((below & (BITS)low) | (~below & (BITS)x));  \
    const BITS above = (BITS)(x > high);                   \
    x = (TYPE)((above & (BITS)high) | (~above & (BITS)x)); \
  }
#define NC_MASK(x, from, TYPE, BITS)  \
  {                                   \
    BITS bits;                        \
    memcpy(&bits, from, sizeof bits); \
    x = (TYPE)((BITS)x & bits);       \
  }
#endif

/* Begins to load what the next block adds to its first output, since planes follow one another in any
   order. */
#if NC_WIDTH == 1
#define NC_FETCH_ADDED(ROWS, VECTORS, PLACE)
#else
#define NC_FETCH_ADDED(ROWS, VECTORS, PLACE)                                                       \
  if (at.added && block + 1 < c->blocks) {                                                        \
    const int plane = c->outputs[(block + 1) * ROWS];                                             \
    const float* next = at.added + (ptrdiff_t)plane * c->added_stride + at.position;              \
    NC_UNROLL for (int v = 0; v < VECTORS; ++v) __builtin_prefetch(next + PLACE(v));              \
  }
#endif

/* ROWS of a block, VECTORS of a tile, the vector's TYPE and WIDTH, and its PLACE as above. */
#define NC_CONVOLUTION(NAME, ROWS, VECTORS, TYPE, BITS, WIDTH, PLACE, DISTANCE, WEIGHT, NUMBER)   \
  static NC_NOINLINE void NAME(const struct nc_convolution* c, struct nc_rows at) {               \
    const WEIGHT* weight = c->weights;                                                            \
    const DISTANCE* distance = c->distances;                                                      \
    const int second = c->second, line = c->line;                                                 \
    const TYPE zero = NC_ZERO;                                                                    \
    static const float gap[8];                                                                    \
    (void)second;                                                                                 \
    (void)line;                                                                                   \
    for (int block = 0; block < c->blocks; ++block) {                                             \
      TYPE sum[ROWS][VECTORS];                                                                    \
      NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                                  \
        const float bias = c->bias[block * ROWS + r];                                             \
        NC_UNROLL for (int v = 0; v < VECTORS; ++v) sum[r][v] = bias - zero;                      \
      }                                                                                           \
      NC_FETCH_ADDED(ROWS, VECTORS, PLACE)                                                        \
      const int columns = c->columns[block];                                                      \
      for (int k = 0; k < columns; ++k) {                                                         \
        const float* from = at.in + distance[k];                                                  \
        TYPE x[VECTORS];                                                                          \
        NC_UNROLL for (int v = 0; v < VECTORS; ++v) memcpy(x + v, from + PLACE(v), sizeof x[v]);  \
        NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                                \
          const float w = NUMBER(weight[r]);                                                      \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) sum[r][v] += w * x[v];                      \
        }                                                                                         \
        weight += ROWS;                                                                           \
      }                                                                                           \
      distance += columns;                                                                        \
      NC_UNROLL for (int r = 0; r < ROWS; ++r) {                                                  \
        if (ROWS > 1 && block * ROWS + r >= c->planes) break;                                     \
        const int plane = c->outputs[block * ROWS + r];                                           \
        float* to = at.out + (ptrdiff_t)plane * c->out_stride + at.position;                      \
        if (at.added) {                                                                           \
          const float* added = at.added + (ptrdiff_t)plane * c->added_stride + at.position;       \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) {                                           \
            TYPE other;                                                                           \
            memcpy(&other, added + PLACE(v), sizeof other);                                       \
            sum[r][v] += other;                                                                   \
          }                                                                                       \
        }                                                                                         \
        if (c->activation == 1) {                                                                 \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) NC_RECTIFY(sum[r][v], TYPE, BITS);          \
        } else if (c->activation == 2) {                                                          \
          const TYPE low = c->low - zero, high = c->high - zero;                                  \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) NC_BOUND(sum[r][v], low, high, TYPE, BITS); \
        }                                                                                         \
        if (at.mask) {                                                                            \
          NC_UNROLL for (int v = 0; v < VECTORS; ++v) {                                           \
            NC_MASK(sum[r][v], at.mask + at.position + PLACE(v), TYPE, BITS);                     \
          }                                                                                       \
        }                                                                                         \
        NC_UNROLL for (int v = 0; v < VECTORS; ++v) {                                             \
          memcpy(to + PLACE(v), &sum[r][v], sizeof(TYPE));                                        \
          if (PLACE##_ENDS(v) && c->gaps) memcpy(to + PLACE(v) + WIDTH, gap, sizeof gap);         \
        }                                                                                         \
        /* Where halves of a line overlap, both must be written before either is finished. */     \
        if (c->finish) {                                                                          \
          c->finish(to, plane, at.position, PLACE(VECTORS - 1) + WIDTH, at.workspace);            \
        }                                                                                         \
      }                                                                                           \
    }                                                                                             \
  }

/* How many vectors a tile has at most: sums and what they read should fit in the registers. */
#if NC_WIDTH == 16 || (NC_WIDTH == 4 && !defined(__SSE__))
#define NC_MOST_8 3
#else
#define NC_MOST_8 1
#endif
#define NC_MOST_4 3
#define NC_MOST_2 6
#define NC_MOST_1 8

/* Tile after tile of about equal widths, from LEAD floats before the first position. UNITS of STEP
   floats, each with GRAIN vectors of WIDTH; a tile has at most MOST units. WHOLE: whether vectors
   lie in rows, so that no gap is written. */
#define NC_TILES(NAME, UNITS, LEAD, GRAIN, WIDTH, STEP, MOST, WHOLE, CASES)     \
  static void NAME(const struct nc_convolution* c, struct nc_rows at) {         \
    const int units = UNITS;                                                    \
    int most = c->tile / ((GRAIN) * (WIDTH));                                   \
    if (most > (MOST)) most = MOST;                                             \
    if (most < 1) most = 1;                                                     \
    const int tiles = (units + most - 1) / most;                                \
    const float* in = at.in;                                                    \
    if (WHOLE) at.mask = 0;                                                     \
    for (int tile = 0; tile < tiles; ++tile) {                                  \
      const int begin = units * tile / tiles, end = units * (tile + 1) / tiles; \
      at.position = begin * (STEP) - (LEAD);                                    \
      at.in = in + at.position;                                                 \
      switch ((end - begin) * (GRAIN)) { CASES }                                \
    }                                                                           \
  }

#define NC_CASE(NAME, VECTORS) \
  case VECTORS:                \
    NAME##_##VECTORS(c, at);   \
    break;
#define NC_CASES_3(NAME) NC_CASE(NAME, 1) NC_CASE(NAME, 2) NC_CASE(NAME, 3)
#define NC_CASES_6(NAME) NC_CASES_3(NAME) NC_CASE(NAME, 4) NC_CASE(NAME, 5) NC_CASE(NAME, 6)
#define NC_CASES_8(NAME) NC_CASES_6(NAME) NC_CASE(NAME, 7) NC_CASE(NAME, 8)

#define NC_KERNELS_3(NAME, ROWS, ...)            \
  NC_CONVOLUTION(NAME##_1, ROWS, 1, __VA_ARGS__) \
  NC_CONVOLUTION(NAME##_2, ROWS, 2, __VA_ARGS__) \
  NC_CONVOLUTION(NAME##_3, ROWS, 3, __VA_ARGS__)
#define NC_KERNELS_6(NAME, ROWS, ...)            \
  NC_KERNELS_3(NAME, ROWS, __VA_ARGS__)          \
  NC_CONVOLUTION(NAME##_4, ROWS, 4, __VA_ARGS__) \
  NC_CONVOLUTION(NAME##_5, ROWS, 5, __VA_ARGS__) \
  NC_CONVOLUTION(NAME##_6, ROWS, 6, __VA_ARGS__)
#define NC_KERNELS_8(NAME, ROWS, ...)            \
  NC_KERNELS_6(NAME, ROWS, __VA_ARGS__)          \
  NC_CONVOLUTION(NAME##_7, ROWS, 7, __VA_ARGS__) \
  NC_CONVOLUTION(NAME##_8, ROWS, 8, __VA_ARGS__)

/* The kernels of one layout for blocks of ROWS outputs; NUMBERED: how many tile widths there are. */
#define NC_ALONG_ROWS(NAME, ROWS, NUMBERED, ...)                                         \
  NC_KERNELS_##NUMBERED(NAME, ROWS, nc_vector, nc_bits, NC_WIDTH, NC_ALONG, __VA_ARGS__) \
  NC_TILES(NAME, c->units * (16 / NC_WIDTH), 0, 1, NC_WIDTH, NC_WIDTH, NC_MOST_##ROWS, 0, NC_CASES_##NUMBERED(NAME))
#if NC_WIDTH == 1
#define NC_IN_LINES NC_ALONG_ROWS
#define NC_IN_HALVES NC_ALONG_ROWS
#define NC_BY_ROWS NC_ALONG_ROWS
#define NC_SHORT_ROWS NC_ALONG_ROWS
#define NC_ROWS_OF(PARTS, NAME, ROWS, NUMBERED, ...) NC_ALONG_ROWS(NAME, ROWS, NUMBERED, __VA_ARGS__)
#else
/* Rows of seven floats and one between them, side by side. */
#define NC_SHORT_ROWS(NAME, ROWS, NUMBERED, ...)                                               \
  NC_KERNELS_##NUMBERED(NAME, ROWS, nc_short, nc_short_bits, NC_SHORT, NC_BESIDE, __VA_ARGS__) \
  NC_TILES(NAME, c->rows, 0, 1, 8, 8, NC_MOST_##ROWS, 0, NC_CASES_##NUMBERED(NAME))
/* Row by row, in pieces of about equal widths. */
#define NC_BY_ROWS(NAME, ROWS, NUMBERED, ...)                                                  \
  NC_KERNELS_##NUMBERED(NAME, ROWS, nc_short, nc_short_bits, NC_SHORT, NC_BESIDE, __VA_ARGS__) \
  static void NAME(const struct nc_convolution* c, struct nc_rows at) {                        \
    const float* in = at.in;                                                                   \
    const int most = NC_MOST_##ROWS;                                                           \
    const int pieces = (c->parts + most - 1) / most;                                           \
    at.mask = 0;                                                                               \
    for (int row = 0; row < c->rows; ++row) {                                                  \
      for (int piece = 0; piece < pieces; ++piece) {                                           \
        const int begin = c->parts * piece / pieces, end = c->parts * (piece + 1) / pieces;    \
        at.position = row * c->line + begin * 8;                                               \
        at.in = in + at.position;                                                              \
        switch (end - begin) { NC_CASES_##NUMBERED(NAME) }                                     \
      }                                                                                        \
    }                                                                                          \
  }
/* Several whole rows of PARTS vectors at a time. */
#define NC_ROWS_OF(PARTS, NAME, ROWS, NUMBERED, ...) NC_ROWS_OF_##PARTS(NAME, ROWS, __VA_ARGS__)
#define NC_ROWS_KERNEL(NAME, ROWS, VECTORS, PLACE, ...) \
  NC_CONVOLUTION(NAME##_##VECTORS, ROWS, VECTORS, nc_short, nc_short_bits, NC_SHORT, PLACE, __VA_ARGS__)
/* Sixteen sums and more than one input fit in 32 registers, not in 16. */
#if NC_WIDTH == 16 || (NC_WIDTH == 4 && !defined(__SSE__))
#define NC_VECTORS_OF_ROWS 16
#else
#define NC_VECTORS_OF_ROWS 8
#endif
/* Rows of 16 and 32 floats are one and two vectors of 16. */
#if NC_SIXTEEN_AT_ONCE
#define NC_ROWS_OF_2(NAME, ROWS, ...)                                              \
  NC_KERNELS_8(NAME, ROWS, nc_vector, nc_bits, NC_WIDTH, NC_ONE_EACH, __VA_ARGS__) \
  NC_TILES(NAME, c->rows, 0, 1, 16, c->line, 8, 1, NC_CASES_8(NAME))
#define NC_PAIRS_KERNEL(NAME, ROWS, VECTORS, ...)                                             \
  NC_CONVOLUTION(NAME##_##VECTORS, ROWS, VECTORS, nc_vector, nc_bits, NC_WIDTH, NC_PAIR_EACH, \
                 __VA_ARGS__)
#define NC_ROWS_OF_4(NAME, ROWS, ...)               \
  NC_PAIRS_KERNEL(NAME, ROWS, 2, __VA_ARGS__)       \
  NC_PAIRS_KERNEL(NAME, ROWS, 4, __VA_ARGS__)       \
  NC_PAIRS_KERNEL(NAME, ROWS, 6, __VA_ARGS__)       \
  NC_PAIRS_KERNEL(NAME, ROWS, 8, __VA_ARGS__)       \
  NC_TILES(NAME, c->rows, 0, 2, 16, c->line, 4, 1,  \
           NC_CASE(NAME, 2) NC_CASE(NAME, 4) NC_CASE(NAME, 6) NC_CASE(NAME, 8))
#else
#define NC_ROWS_OF_2(NAME, ROWS, ...)                     \
  NC_ROWS_KERNEL(NAME, ROWS, 2, NC_TWO_EACH, __VA_ARGS__) \
  NC_ROWS_KERNEL(NAME, ROWS, 4, NC_TWO_EACH, __VA_ARGS__) \
  NC_ROWS_KERNEL(NAME, ROWS, 6, NC_TWO_EACH, __VA_ARGS__) \
  NC_ROWS_KERNEL(NAME, ROWS, 8, NC_TWO_EACH, __VA_ARGS__) \
  NC_TILES(NAME, c->rows, 0, 2, 8, c->line, 4, 1,         \
           NC_CASE(NAME, 2) NC_CASE(NAME, 4) NC_CASE(NAME, 6) NC_CASE(NAME, 8))
#define NC_ROWS_OF_4(NAME, ROWS, ...)                                  \
  NC_ROWS_KERNEL(NAME, ROWS, 4, NC_FOUR_EACH, __VA_ARGS__)             \
  NC_ROWS_KERNEL(NAME, ROWS, 8, NC_FOUR_EACH, __VA_ARGS__)             \
  NC_ROWS_KERNEL(NAME, ROWS, 12, NC_FOUR_EACH, __VA_ARGS__)            \
  NC_ROWS_KERNEL(NAME, ROWS, 16, NC_FOUR_EACH, __VA_ARGS__)            \
  NC_TILES(NAME, c->rows, 0, 4, 8, c->line, NC_VECTORS_OF_ROWS / 4, 1, \
           NC_CASE(NAME, 4) NC_CASE(NAME, 8) NC_CASE(NAME, 12) NC_CASE(NAME, 16))
#endif
#define NC_ROWS_OF_3(NAME, ROWS, ...)                                  \
  NC_ROWS_KERNEL(NAME, ROWS, 3, NC_THREE_EACH, __VA_ARGS__)            \
  NC_ROWS_KERNEL(NAME, ROWS, 6, NC_THREE_EACH, __VA_ARGS__)            \
  NC_ROWS_KERNEL(NAME, ROWS, 9, NC_THREE_EACH, __VA_ARGS__)            \
  NC_ROWS_KERNEL(NAME, ROWS, 12, NC_THREE_EACH, __VA_ARGS__)           \
  NC_TILES(NAME, c->rows, 0, 3, 8, c->line, NC_VECTORS_OF_ROWS / 4, 1, \
           NC_CASE(NAME, 3) NC_CASE(NAME, 6) NC_CASE(NAME, 9) NC_CASE(NAME, 12))
#define NC_ROWS_OF_7(NAME, ROWS, ...)                                  \
  NC_ROWS_KERNEL(NAME, ROWS, 7, NC_SEVEN_EACH, __VA_ARGS__)            \
  NC_ROWS_KERNEL(NAME, ROWS, 14, NC_SEVEN_EACH, __VA_ARGS__)           \
  NC_TILES(NAME, c->rows, 0, 7, 8, c->line, NC_VECTORS_OF_ROWS / 8, 1, \
           NC_CASE(NAME, 7) NC_CASE(NAME, 14))
#define NC_IN_LINES(NAME, ROWS, NUMBERED, ...)                                                \
  NC_KERNELS_##NUMBERED(NAME, ROWS, nc_short, nc_short_bits, NC_SHORT, NC_LINES, __VA_ARGS__) \
  NC_TILES(NAME, c->rows, 0, 1, 8, 16, NC_MOST_##ROWS, c->parts, NC_CASES_##NUMBERED(NAME))
#define NC_IN_HALVES(NAME, ROWS, NUMBERED, ...)                                                \
  NC_KERNELS_##NUMBERED(NAME, ROWS, nc_short, nc_short_bits, NC_SHORT, NC_HALVES, __VA_ARGS__) \
  NC_TILES(NAME, c->rows, 0, 2, 8, 16, NC_MOST_##ROWS < 4 ? 1 : NC_MOST_##ROWS / 2, 1,         \
           NC_CASES_##NUMBERED(NAME))
#endif

/* The same layouts where whole lines of the cache, gaps and all, are read as fast as their rows. */
#if NC_SIXTEEN_AT_ONCE
#define NC_WHOLE_LINES(NAME, ROWS, NUMBERED, ...)                                        \
  NC_KERNELS_##NUMBERED(NAME, ROWS, nc_vector, nc_bits, NC_WIDTH, NC_ALONG, __VA_ARGS__) \
  NC_TILES(NAME, c->lines, c->lead, 1, 16, 16, NC_MOST_##ROWS, 0, NC_CASES_##NUMBERED(NAME))
#define NC_WIDE_IN_HALVES NC_WHOLE_LINES
#define NC_WIDE_BY_ROWS NC_WHOLE_LINES
#define NC_WIDE_SHORT_ROWS NC_WHOLE_LINES
#define NC_WIDE_ROWS_OF(PARTS, NAME, ROWS, NUMBERED, ...) NC_WHOLE_LINES(NAME, ROWS, NUMBERED, __VA_ARGS__)
#else
#define NC_WIDE_IN_HALVES NC_IN_HALVES
#define NC_WIDE_BY_ROWS NC_BY_ROWS
#define NC_WIDE_SHORT_ROWS NC_SHORT_ROWS
#define NC_WIDE_ROWS_OF NC_ROWS_OF
#endif
