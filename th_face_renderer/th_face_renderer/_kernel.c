/* The inner loops of the face decoder: the texture of a code, triangles to pixels, a soft outline.
 *
 * A plain shared library without Python in it; kernel.py calls it through ctypes, which lets other threads run meanwhile.
 * Nothing is allocated and nothing kept here: every buffer comes from kernel.py, which checks types and sizes once per
 * face and picture size. The functions trust those, and only those: corners may lie anywhere, fold over, or be NaN.
 *
 * Arithmetic is in integers where it decides a pixel, so that every processor draws the same picture.
 */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* SSE2 is on every x86-64; AVX2 is asked for at run time. Elsewhere the compiler vectorises what it can. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(TH_PLAIN_C)
#include <immintrin.h>
#define TH_X86 1
#endif

#ifndef TH_CLONES
#if defined(TH_X86) && defined(__GLIBC__) && !defined(__clang__)
#define TH_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define TH_CLONES
#endif
#endif

#define TH_INLINE static inline __attribute__((always_inline)) /* into code for newer processors, too */
#define TH_EXPORT __attribute__((visibility("default")))

/* Goes up whenever a structure or the meaning of an argument changes; kernel.py refuses another one. */
TH_EXPORT int64_t th_interface(void) { return 3; }

/* --- the texture of a code ---------------------------------------------------------------------------------------- */

#define MEAN_BITS 7
#define RUN 1024 /* bytes at most in a run, so that the sums stay in the fastest cache */

typedef struct {
    uint8_t *texture;       /* bytes of the whole texture */
    const int16_t *means;   /* mean of the runs, one after the other, in 1/2^MEAN_BITS of a level */
    const int8_t *steps;    /* for each run: its bytes of the first two modes, in turns, of the next two, ... */
    const int16_t *weights; /* levels per step of each mode, times 2^bits */
    const int64_t *runs;    /* pairs: first byte in the texture, length in bytes */
    int64_t pairs, n_runs;  /* at most 64 pairs of modes: the sums fit into 32 bits */
    int64_t bits;           /* MEAN_BITS .. 13 */
} Texture;

/* sum += weight * step of two modes */
typedef void Add(int32_t *restrict sum, const int8_t *restrict steps, const int16_t *weights, int64_t length);

static void add_pair(int32_t *restrict sum, const int8_t *restrict steps, const int16_t *weights, int64_t length) {
    const int32_t one = weights[0], two = weights[1];
    for (int64_t i = 0; i < length; i++) sum[i] += one * steps[2 * i] + two * steps[2 * i + 1];
}

#ifdef TH_X86
#define TH_AVX2 __attribute__((target("avx2")))

TH_AVX2 static void add_pair_avx2(int32_t *restrict sum, const int8_t *restrict steps, const int16_t *weights,
                                  int64_t length) {
    const __m256i both = _mm256_set1_epi32((uint16_t)weights[0] | (int32_t)weights[1] * 65536);
    int64_t i = 0;
    for (; i + 8 <= length; i += 8) {
        const __m256i pairs = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(steps + 2 * i)));
        __m256i *const eight = (__m256i *)(sum + i);
        _mm256_storeu_si256(eight, _mm256_add_epi32(_mm256_loadu_si256(eight), _mm256_madd_epi16(pairs, both)));
    }
    add_pair(sum + i, steps + 2 * i, weights, length - i);
}
#endif

/* texture = mean + sum of weight * mode, cut off at 0 and 255, in the runs of bytes where a mode is not zero. */
TH_CLONES TH_EXPORT void th_texture(const Texture *t) {
    const int16_t *means = t->means;
    const int8_t *steps = t->steps;
    Add *add = add_pair;
#ifdef TH_X86
    if (__builtin_cpu_supports("avx2")) add = add_pair_avx2;
#endif
    int32_t sum[RUN];
    for (int64_t r = 0; r < t->n_runs; r++) {
        uint8_t *restrict out = t->texture + t->runs[2 * r];
        const int64_t length = t->runs[2 * r + 1];
        for (int64_t i = 0; i < length; i++)
            sum[i] = means[i] * (1 << (t->bits - MEAN_BITS)) + (1 << (t->bits - 1));
        for (int64_t k = 0; k < t->pairs; k++, steps += 2 * length) add(sum, steps, t->weights + 2 * k, length);
        for (int64_t i = 0; i < length; i++) {
            int32_t level = sum[i] >> t->bits;
            level = level < 0 ? 0 : level;
            out[i] = (uint8_t)(level > 255 ? 255 : level);
        }
        means += length;
    }
}

/* --- triangles to pixels ------------------------------------------------------------------------------------------ */

#define SUB 4096           /* corners lie on a grid of 1/SUB px */
#define FAR (1 << 16)      /* px; corners beyond are moved here, so that products fit into 64 bits */
#define PLACE_BITS 16      /* places in the texture are in 1/2^16 texel */
#define WEIGHT 128         /* and are rounded to 1/WEIGHT texel for the weights of the four texels around */
#define HALF_WEIGHT (1 << (PLACE_BITS - 8))

typedef struct {
    uint8_t *frame;           /* (height, width, 3) */
    const uint8_t *keep;      /* (height, width), pixels that are not 0 stay as they are; may be NULL */
    const uint8_t *texture;   /* (texture_height, texture_width, 3), then a row and 8 bytes of slack */
    const double *points;     /* (n_points, 2): x, y in the frame, pixel centres at integers */
    const double *targets;    /* (n_points, 2): the same points in the texture */
    const int8_t *nudge;      /* (n_points, 2): what is added to points for coverage, in 1/SUB px */
    const int32_t *triangles; /* (n_triangles, 3) of points; seen from their front they have an area > 0 */
    int64_t *order;           /* (n_triangles, 2): room to work in */
    int64_t width, height, texture_width, texture_height, n_points, n_triangles;
    int64_t y0, x0, y1, x1;   /* only pixels in here are drawn; inside the frame */
} Mesh;

typedef struct {
    int64_t x, y;
} Corner;

/* u = a x + b y + c, v = d x + e y + f: from the frame to the texture. */
typedef struct {
    double a, b, c, d, e, f;
} Map;

static int64_t grid(double place) {
    if (!(place > -FAR)) return -(int64_t)FAR * SUB; /* NaN too */
    if (place > FAR) return (int64_t)FAR * SUB;
    const double fine = place * SUB;
    return (int64_t)(fine < 0 ? fine - 0.5 : fine + 0.5);
}

static Corner corner(const Mesh *m, int64_t point) {
    const Corner c = {grid(m->points[2 * point]), grid(m->points[2 * point + 1])};
    return c;
}

static int64_t area(Corner p, Corner q, Corner r) { return (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x); }

static int64_t floor_ratio(int64_t a, int64_t b) { return a / b - (a % b < 0); }                /* b > 0 */
static int64_t ceil_ratio(int64_t a, int64_t b) { return -floor_ratio(-a, b); }

/* First pixel at or right of an edge, row by row, exactly: two triangles with this edge neither both take a pixel nor
 * both leave it. */
typedef struct {
    int64_t column, lack, step, rest, whole;
} Edge;

static Edge edge(Corner top, Corner bottom, int64_t row) {
    const int64_t high = bottom.y - top.y, wide = bottom.x - top.x;
    Edge e;
    e.whole = SUB * high;
    const int64_t place = top.x * high + (row * SUB - top.y) * wide;
    e.column = ceil_ratio(place, e.whole);
    e.lack = e.column * e.whole - place;
    e.step = floor_ratio(wide, high);
    e.rest = SUB * (wide - e.step * high);
    return e;
}

TH_INLINE void next_row(Edge *e) {
    e->column += e->step;
    e->lack -= e->rest;
    if (e->lack < 0) {
        e->column++;
        e->lack += e->whole;
    }
}

/* Bilinear value at (U, V) / 2^16, both inside the texture; B, G, R in the lowest three bytes. */
TH_INLINE uint32_t sample(const uint8_t *texture, int64_t stride, int32_t U, int32_t V) {
    const uint8_t *p = texture + (V >> PLACE_BITS) * stride + 3 * (int64_t)(U >> PLACE_BITS), *q = p + stride;
    const uint32_t x = U >> (PLACE_BITS - 7) & (WEIGHT - 1), y = V >> (PLACE_BITS - 7) & (WEIGHT - 1);
    const uint32_t w11 = x * y, w01 = x * WEIGHT - w11, w10 = y * WEIGHT - w11, w00 = (WEIGHT - x) * WEIGHT - w10;
    uint32_t colour = 0;
    for (int i = 0; i < 3; i++)
        colour |= (p[i] * w00 + p[i + 3] * w01 + q[i] * w10 + q[i + 3] * w11 + WEIGHT * WEIGHT / 2) / (WEIGHT * WEIGHT)
                  << 8 * i;
    return colour;
}

TH_INLINE void put(uint8_t *out, uint32_t colour) {
    out[0] = (uint8_t)colour;
    out[1] = (uint8_t)(colour >> 8);
    out[2] = (uint8_t)(colour >> 16);
}

/* Pixels in a row: places U + i dU, V + i dV for i = 0 .. n - 1, all inside the texture. */
typedef void Run(uint8_t *out, const uint8_t *texture, int64_t stride, int32_t U, int32_t V, int32_t dU, int32_t dV, int64_t n);

static void run_one_by_one(uint8_t *out, const uint8_t *texture, int64_t stride, int32_t U, int32_t V, int32_t dU,
                           int32_t dV, int64_t n) {
    for (int64_t i = 0; i < n; i++, U += dU, V += dV) put(out + 3 * i, sample(texture, stride, U, V));
}

#ifdef TH_X86
/* Of four pixels: where their texels begin, and weights (upper, lower) of the two texels on the left and on the right. */
typedef struct {
    int32_t at[4];
    __m128i left, right;
} Four;

TH_INLINE Four four_places(int64_t stride, __m128i U, __m128i V) {
    const __m128i low = _mm_set1_epi32(WEIGHT - 1);
    const __m128i x = _mm_and_si128(_mm_srli_epi32(U, PLACE_BITS - 7), low);
    const __m128i y = _mm_and_si128(_mm_srli_epi32(V, PLACE_BITS - 7), low);
    const __m128i yy = _mm_sub_epi32(_mm_add_epi32(_mm_slli_epi32(y, 16), _mm_set1_epi32(WEIGHT)), y); /* 128 - y, y */
    Four four;
    four.right = _mm_mullo_epi16(yy, _mm_or_si128(_mm_slli_epi32(x, 16), x));
    four.left = _mm_sub_epi16(_mm_slli_epi16(yy, 7), four.right);
    /* Whole texels: y * stride + x * 3 at once; both factors fit into 16 bits. */
    const __m128i whole = _mm_or_si128(_mm_srli_epi32(V, 16), _mm_andnot_si128(_mm_set1_epi32(0xffff), U));
    _mm_storeu_si128((__m128i *)four.at, _mm_madd_epi16(whole, _mm_set1_epi32((int)stride | 3 << 16)));
    return four;
}

TH_INLINE void put_twelve(uint8_t *out, __m128i bytes) {
    const int32_t last = _mm_cvtsi128_si32(_mm_srli_si128(bytes, 8));
    _mm_storel_epi64((__m128i *)out, bytes);
    memcpy(out + 8, &last, 4);
}

/* sample() of one of them: top and bottom texels as pairs, times the weights. Reads 8 bytes of each row. */
TH_INLINE __m128i one_of_four(const uint8_t *p, int64_t stride, __m128i left, __m128i right) {
    const __m128i zero = _mm_setzero_si128();
    const __m128i top = _mm_loadl_epi64((const __m128i *)p), bottom = _mm_loadl_epi64((const __m128i *)(p + stride));
    const __m128i pairs = _mm_unpacklo_epi8(top, bottom);
    const __m128i sum = _mm_add_epi32(_mm_madd_epi16(_mm_unpacklo_epi8(pairs, zero), left),
                                      _mm_madd_epi16(_mm_unpacklo_epi8(_mm_srli_si128(pairs, 6), zero), right));
    return _mm_srli_epi32(_mm_add_epi32(sum, _mm_set1_epi32(WEIGHT * WEIGHT / 2)), 14);
}

TH_INLINE void four_sse2(uint8_t *out, const uint8_t *texture, int64_t stride, __m128i U, __m128i V) {
    const Four four = four_places(stride, U, V);
    const __m128i l = four.left, r = four.right;
    const __m128i a = one_of_four(texture + four.at[0], stride, _mm_shuffle_epi32(l, 0x00), _mm_shuffle_epi32(r, 0x00));
    const __m128i b = one_of_four(texture + four.at[1], stride, _mm_shuffle_epi32(l, 0x55), _mm_shuffle_epi32(r, 0x55));
    const __m128i c = one_of_four(texture + four.at[2], stride, _mm_shuffle_epi32(l, 0xaa), _mm_shuffle_epi32(r, 0xaa));
    const __m128i d = one_of_four(texture + four.at[3], stride, _mm_shuffle_epi32(l, 0xff), _mm_shuffle_epi32(r, 0xff));
    const __m128i bgrx = _mm_packus_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d));
    /* Close up: 6 bytes in each half, then 12 in a row. */
    const __m128i six = _mm_or_si128(_mm_and_si128(bgrx, _mm_set1_epi64x(0xffffff)),
                                     _mm_and_si128(_mm_srli_epi64(bgrx, 8), _mm_set1_epi64x(0xffffff000000)));
    put_twelve(out, _mm_or_si128(_mm_move_epi64(six), _mm_slli_si128(_mm_srli_si128(six, 8), 6)));
}

TH_AVX2 TH_INLINE __m256i two_of_four(const uint8_t *p, const uint8_t *q, int64_t stride, __m256i left, __m256i right) {
    const __m256i zero = _mm256_setzero_si256();
    const __m128i top = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)p), _mm_loadl_epi64((const __m128i *)q));
    const __m128i bottom = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(p + stride)),
                                              _mm_loadl_epi64((const __m128i *)(q + stride)));
    const __m256i pairs = _mm256_set_m128i(_mm_unpackhi_epi8(top, bottom), _mm_unpacklo_epi8(top, bottom));
    const __m256i sum = _mm256_add_epi32(
        _mm256_madd_epi16(_mm256_unpacklo_epi8(pairs, zero), left),
        _mm256_madd_epi16(_mm256_unpacklo_epi8(_mm256_srli_si256(pairs, 6), zero), right));
    return _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(WEIGHT * WEIGHT / 2)), 14);
}

TH_AVX2 TH_INLINE void four_avx2(uint8_t *out, const uint8_t *texture, int64_t stride, __m128i U, __m128i V) {
    const Four four = four_places(stride, U, V);
    const __m256i first = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1), last = _mm256_setr_epi32(2, 2, 2, 2, 3, 3, 3, 3);
    const __m256i l = _mm256_castsi128_si256(four.left), r = _mm256_castsi128_si256(four.right);
    const __m256i a = two_of_four(texture + four.at[0], texture + four.at[1], stride,
                                  _mm256_permutevar8x32_epi32(l, first), _mm256_permutevar8x32_epi32(r, first));
    const __m256i b = two_of_four(texture + four.at[2], texture + four.at[3], stride,
                                  _mm256_permutevar8x32_epi32(l, last), _mm256_permutevar8x32_epi32(r, last));
    const __m256i words = _mm256_packs_epi32(a, b); /* pixels 0, 2 in the lower half, 1, 3 in the upper */
    const __m128i bgrx = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
    /* 0, 2, 1, 3 without the fourth bytes */
    put_twelve(out, _mm_shuffle_epi8(bgrx, _mm_setr_epi8(0, 1, 2, 8, 9, 10, 4, 5, 6, 12, 13, 14, -1, -1, -1, -1)));
}

/* Four at a time; at the end the last four, some of them again. */
#define TH_RUN(NAME, FOUR)                                                                                             \
    static void NAME(uint8_t *out, const uint8_t *texture, int64_t stride, int32_t U, int32_t V, int32_t dU,           \
                     int32_t dV, int64_t n) {                                                                          \
        if (n < 4) {                                                                                                   \
            run_one_by_one(out, texture, stride, U, V, dU, dV, n);                                                     \
            return;                                                                                                    \
        }                                                                                                              \
        const __m128i dU_4 = _mm_set1_epi32(4 * dU), dV_4 = _mm_set1_epi32(4 * dV);                                    \
        __m128i U_4 = _mm_setr_epi32(U, U + dU, U + 2 * dU, U + 3 * dU);                                               \
        __m128i V_4 = _mm_setr_epi32(V, V + dV, V + 2 * dV, V + 3 * dV);                                               \
        for (; n >= 4; n -= 4, out += 12) {                                                                            \
            FOUR(out, texture, stride, U_4, V_4);                                                                      \
            U_4 = _mm_add_epi32(U_4, dU_4);                                                                            \
            V_4 = _mm_add_epi32(V_4, dV_4);                                                                            \
        }                                                                                                              \
        if (n)                                                                                                         \
            FOUR(out + 3 * (n - 4), texture, stride, _mm_sub_epi32(U_4, _mm_set1_epi32((int32_t)(4 - n) * dU)),        \
                 _mm_sub_epi32(V_4, _mm_set1_epi32((int32_t)(4 - n) * dV)));                                           \
    }
TH_RUN(run_sse2, four_sse2)
TH_AVX2 TH_RUN(run_avx2, four_avx2)
#endif

static Run *best_run(void) {
#ifdef TH_X86
    return __builtin_cpu_supports("avx2") ? run_avx2 : run_sse2;
#else
    return run_one_by_one;
#endif
}

/* A place in texels as a fixed-point number, rounded, held inside [0, side - 1]. */
static int32_t place(double texels, int64_t side) {
    const double most = (double)(side - 1);
    if (!(texels > 0)) texels = 0;
    if (texels > most) texels = most;
    return (int32_t)(texels * (1 << PLACE_BITS) + 0.5) + HALF_WEIGHT;
}

/* Slow but for any place and pixel: what lies outside the texture gets its edge, pixels to keep are kept. */
static void careful_span(const Mesh *m, const Map *map, int64_t row, int64_t from, int64_t to) {
    for (int64_t x = from; x < to; x++) {
        const int64_t pixel = row * m->width + x;
        if (m->keep && m->keep[pixel]) continue;
        const int32_t U = place(map->a * (double)x + map->b * (double)row + map->c, m->texture_width);
        const int32_t V = place(map->d * (double)x + map->e * (double)row + map->f, m->texture_height);
        put(m->frame + 3 * pixel, sample(m->texture, 3 * m->texture_width, U, V));
    }
}

TH_INLINE int inside(int64_t first, int64_t last, int64_t side) {
    const int64_t end = (side - 1) * (1 << PLACE_BITS) + 2 * HALF_WEIGHT;
    return first >= 0 && last >= 0 && first < end && last < end;
}

TH_INLINE void span(const Mesh *m, Run *run, const Map *map, int64_t row, int64_t from, int64_t to, int64_t dU, int64_t dV) {
    const int64_t n = to - from, stride = 3 * m->texture_width;
    const double u = map->a * (double)from + map->b * (double)row + map->c;
    const double v = map->d * (double)from + map->e * (double)row + map->f;
    const int near = u > -1 && v > -1 && u < 16384 && v < 16384; /* else the numbers below may not fit */
    const int64_t U = near ? (int64_t)(u * (1 << PLACE_BITS) + (HALF_WEIGHT + 0.5)) : -1;
    const int64_t V = near ? (int64_t)(v * (1 << PLACE_BITS) + (HALF_WEIGHT + 0.5)) : -1;
    if (!inside(U, U + (n - 1) * dU, m->texture_width) || !inside(V, V + (n - 1) * dV, m->texture_height) ||
        (m->keep && memchr(m->keep + row * m->width + from, 1, (size_t)n))) {
        careful_span(m, map, row, from, to);
        return;
    }
    /* Linear between two places inside the texture: all of them are. */
    run(m->frame + 3 * (row * m->width + from), m->texture, stride, (int32_t)U, (int32_t)V, (int32_t)dU, (int32_t)dV, n);
}

static int64_t fixed_step(double texels) {
    return texels > -8192 && texels < 8192 ? (int64_t)(texels * (1 << PLACE_BITS)) : (int64_t)1 << 40; /* never inside */
}

/* The map that takes corners to targets; all to the first target where the corners have no area. */
static Map affine(const Corner p[3], const double *t0, const double *t1, const double *t2) {
    Map map = {0, 0, t0[0], 0, 0, t0[1]};
    const double det = (double)area(p[0], p[1], p[2]);
    if (det > 0) {
        const double x0 = (double)p[0].x, y0 = (double)p[0].y, k = SUB / det;
        const double x1 = (double)p[1].x - x0, y1 = (double)p[1].y - y0, x2 = (double)p[2].x - x0, y2 = (double)p[2].y - y0;
        const double u1 = t1[0] - t0[0], u2 = t2[0] - t0[0], v1 = t1[1] - t0[1], v2 = t2[1] - t0[1];
        map.a = (u1 * y2 - u2 * y1) * k;
        map.b = (u2 * x1 - u1 * x2) * k;
        map.d = (v1 * y2 - v2 * y1) * k;
        map.e = (v2 * x1 - v1 * x2) * k;
        map.c -= (map.a * x0 + map.b * y0) / SUB;
        map.f -= (map.d * x0 + map.e * y0) / SUB;
    }
    return map;
}

static void triangle(const Mesh *m, Run *run, const int32_t *names) {
    Corner true_[3], p[3];
    for (int i = 0; i < 3; i++) {
        true_[i] = p[i] = corner(m, names[i]);
        p[i].x += m->nudge[2 * names[i]];
        p[i].y += m->nudge[2 * names[i] + 1];
    }
    if (area(p[0], p[1], p[2]) <= 0) return;
    const double *t = m->targets;
    const Map map = affine(true_, t + 2 * names[0], t + 2 * names[1], t + 2 * names[2]);
    const int64_t dU = fixed_step(map.a), dV = fixed_step(map.d);
    if (p[1].y < p[0].y) { const Corner c = p[0]; p[0] = p[1]; p[1] = c; }
    if (p[2].y < p[1].y) { const Corner c = p[1]; p[1] = p[2]; p[2] = c; }
    if (p[1].y < p[0].y) { const Corner c = p[0]; p[0] = p[1]; p[1] = c; }
    const int bend_left = area(p[0], p[1], p[2]) < 0; /* the middle corner lies left of the long edge */
    for (int half = 0; half < 2; half++) {
        const Corner top = p[half], bottom = p[half + 1];
        int64_t row = ceil_ratio(top.y, SUB), end = ceil_ratio(bottom.y, SUB);
        if (row < m->y0) row = m->y0;
        if (end > m->y1) end = m->y1;
        if (row >= end) continue;
        Edge one = edge(top, bottom, row), other = edge(p[0], p[2], row);
        for (; row < end; row++, next_row(&one), next_row(&other)) {
            int64_t from = bend_left ? one.column : other.column, to = bend_left ? other.column : one.column;
            if (from < m->x0) from = m->x0;
            if (to > m->x1) to = m->x1;
            if (from < to) span(m, run, &map, row, from, to, dU, dV);
        }
    }
}

static int by_area(const void *one, const void *other) {
    const int64_t *a = one, *b = other;
    if (a[0] != b[0]) return a[0] < b[0] ? -1 : 1;
    return a[1] < b[1] ? -1 : a[1] > b[1];
}

/* Draw the triangles that show their front. Where the mesh folds over, the larger triangle is on top: slivers between
 * closed lips vanish below the lips. Returns how many show their back. */
TH_EXPORT int64_t th_draw(const Mesh *m) {
    Run *const run = best_run();
    int64_t front = 0, back = 0;
    for (int64_t i = 0; i < m->n_triangles; i++) {
        const int32_t *t = m->triangles + 3 * i;
        const int64_t size = area(corner(m, t[0]), corner(m, t[1]), corner(m, t[2]));
        back += size < 0;
        m->order[2 * front] = size;
        m->order[2 * front + 1] = i;
        front++;
    }
    if (back) qsort(m->order, (size_t)front, 2 * sizeof(int64_t), by_area);
    for (int64_t i = 0; i < front; i++) triangle(m, run, m->triangles + 3 * m->order[2 * i + 1]);
    return back;
}

/* --- the soft outline --------------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *frame;            /* (height, width, 3) */
    const uint8_t *background; /* (height, width, 3) */
    const uint8_t *keep;       /* (height, width), pixels that are not 0 stay as they are; may be NULL */
    uint8_t *opacity;          /* (height, width): 0 background, 255 frame */
    const double *points;      /* (n_points, 2) in the frame */
    const int32_t *edges;      /* (n_edges, 2) of points, the inside on their right */
    int64_t width, height, n_points, n_edges;
    int64_t y0, x0, y1, x1;    /* only pixels in here are blended; inside the frame */
    double feather;            /* px from the outline to where the frame is seen alone */
} Rim;

static int64_t within(double place, int64_t low, int64_t high) {
    if (!(place > (double)low)) return low;
    return place < (double)high ? (int64_t)place : high;
}

/* The distance to an edge, where it is less than to those before, as opacity. */
static void fade(const Rim *r, const double *one, const double *two) {
    const double ax = two[0] - one[0], ay = two[1] - one[1], square = ax * ax + ay * ay + 1e-12, wide = r->feather;
    const int64_t left = within((ax < 0 ? two[0] : one[0]) - wide, r->x0, r->x1);
    const int64_t right = within((ax < 0 ? one[0] : two[0]) + wide + 2, r->x0, r->x1);
    const int64_t top = within((ay < 0 ? two[1] : one[1]) - wide, r->y0, r->y1);
    const int64_t bottom = within((ay < 0 ? one[1] : two[1]) + wide + 2, r->y0, r->y1);
    for (int64_t row = top; row < bottom; row++) {
        for (int64_t column = left; column < right; column++) {
            const double x = (double)column - one[0], y = (double)row - one[1], along = (x * ax + y * ay) / square;
            const double share = along < 0 ? 0 : along > 1 ? 1 : along;
            const double dx = x - share * ax, dy = y - share * ay, distance2 = dx * dx + dy * dy;
            if (!(distance2 < wide * wide)) continue;
            const int outside = along > 0 && along < 1 && ax * y - ay * x < 0;
            const uint8_t level = outside ? 0 : (uint8_t)(sqrt(distance2) / wide * 255 + 0.5);
            uint8_t *const opacity = r->opacity + row * r->width + column;
            if (level < *opacity) *opacity = level;
        }
    }
}

/* frame = background + opacity * (frame - background). With edges the opacity is made of them, else taken as it is. */
TH_EXPORT void th_soften(const Rim *r) {
    const size_t wide = (size_t)(r->x1 - r->x0);
    if (r->n_edges)
        for (int64_t row = r->y0; row < r->y1; row++) memset(r->opacity + row * r->width + r->x0, 255, wide);
    for (int64_t i = 0; i < r->n_edges; i++)
        fade(r, r->points + 2 * (int64_t)r->edges[2 * i], r->points + 2 * (int64_t)r->edges[2 * i + 1]);
    for (int64_t row = r->y0; row < r->y1; row++) {
        for (int64_t pixel = row * r->width + r->x0; pixel < row * r->width + r->x1; pixel++) {
            uint64_t eight = 0;
            if (pixel + 8 <= row * r->width + r->x1) memcpy(&eight, r->opacity + pixel, 8);
            if (eight == UINT64_MAX) { /* most of them are opaque */
                pixel += 7;
                continue;
            }
            const int32_t level = r->opacity[pixel];
            if (level == 255 || (r->keep && r->keep[pixel])) continue;
            for (int64_t i = 3 * pixel; i < 3 * pixel + 3; i++) {
                const int32_t back = r->background[i];
                /* + 510 * 255: so that the division rounds down, below zero too */
                r->frame[i] = (uint8_t)(back + (2 * (r->frame[i] - back) * level + 255 + 510 * 255) / 510 - 255);
            }
        }
    }
}

/* --- several rows per pixel ---------------------------------------------------------------------------------------- */

typedef struct {
    uint8_t *frame; /* (height, width, 3) */
    uint8_t *tall;  /* (tall_height, tall_width, 3) */
    int64_t width, height, tall_width, tall_height, rows;
    int64_t y0, x0, y1, x1; /* inside the frame; (y1 - y0) * rows and x1 - x0 fit into tall */
} Tall;

/* Every row of the rectangle `rows` times, from the upper left corner of tall. */
TH_EXPORT void th_spread(const Tall *t) {
    uint8_t *out = t->tall;
    for (int64_t y = t->y0; y < t->y1; y++)
        for (int64_t i = 0; i < t->rows; i++, out += 3 * t->tall_width)
            memcpy(out, t->frame + 3 * (y * t->width + t->x0), (size_t)(3 * (t->x1 - t->x0)));
}

/* And back: each pixel is the mean of its `rows`, at most 64. */
TH_CLONES TH_EXPORT void th_average(const Tall *t) {
    const uint8_t *tall = t->tall;
    for (int64_t y = t->y0; y < t->y1; y++, tall += 3 * t->tall_width * t->rows) {
        uint8_t *restrict out = t->frame + 3 * (y * t->width + t->x0);
        for (int64_t i = 0; i < 3 * (t->x1 - t->x0); i++) {
            uint32_t sum = (uint32_t)t->rows / 2;
            for (int64_t k = 0; k < t->rows; k++) sum += tall[3 * t->tall_width * k + i];
            out[i] = (uint8_t)(sum / (uint32_t)t->rows);
        }
    }
}
