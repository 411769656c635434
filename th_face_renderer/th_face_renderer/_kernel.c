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

#if defined(__SSE2__) && !defined(TH_PLAIN_C)
#include <emmintrin.h>
#define TH_SSE2 1
#endif

#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) && !defined(TH_PLAIN_C)
#define TH_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define TH_CLONES
#endif

#define TH_INLINE static inline __attribute__((always_inline)) /* else it would be compiled for the oldest processor only */
#define TH_EXPORT __attribute__((visibility("default")))

/* Goes up whenever a structure or the meaning of an argument changes; kernel.py refuses another one. */
TH_EXPORT int64_t th_interface(void) { return 1; }

/* --- the texture of a code ---------------------------------------------------------------------------------------- */

#define MEAN_BITS 7
#define WEIGHT_BITS 14
#define RUN 1024 /* bytes at most in a run, so that the sums stay in the fastest cache */

typedef struct {
    uint8_t *texture;       /* bytes of the whole texture */
    const int16_t *means;   /* mean of the runs, one after the other, in 1/2^MEAN_BITS of a level */
    const int8_t *steps;    /* for each run: its bytes of the first mode, of the second, ... */
    const int32_t *weights; /* levels per step of each mode, times 2^WEIGHT_BITS; at most 2^16 each way */
    const int64_t *runs;    /* pairs: first byte in the texture, length in bytes */
    int64_t modes, n_runs;  /* at most 64 * 2 modes: the sums fit into 32 bits */
} Texture;

/* texture = mean + sum of weight * mode, cut off at 0 and 255, in the runs of bytes where a mode is not zero. */
TH_CLONES TH_EXPORT void th_texture(const Texture *t) {
    const int16_t *means = t->means;
    const int8_t *steps = t->steps;
    int32_t sum[RUN];
    for (int64_t r = 0; r < t->n_runs; r++) {
        uint8_t *restrict out = t->texture + t->runs[2 * r];
        const int64_t length = t->runs[2 * r + 1];
        for (int64_t i = 0; i < length; i++)
            sum[i] = means[i] * (1 << (WEIGHT_BITS - MEAN_BITS)) + (1 << (WEIGHT_BITS - 1));
        for (int64_t k = 0; k < t->modes; k++, steps += length) {
            const int32_t weight = t->weights[k];
            for (int64_t i = 0; i < length; i++) sum[i] += weight * steps[i];
        }
        for (int64_t i = 0; i < length; i++) {
            int32_t level = sum[i] >> WEIGHT_BITS;
            level = level < 0 ? 0 : level;
            out[i] = (uint8_t)(level > 255 ? 255 : level);
        }
        means += length;
    }
}

/* --- triangles to pixels ------------------------------------------------------------------------------------------ */

#define SUB 256            /* corners lie on a grid of 1/SUB px */
#define FAR (1 << 20)      /* px; corners beyond are moved here, so that products fit into 64 bits */
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

#ifdef TH_SSE2
/* The same number for one of four pixels: top and bottom texels as pairs, times the weights (upper, lower) of the left
 * texels and of the right ones. Reads 8 bytes of each row. */
TH_INLINE __m128i sample_one(const uint8_t *p, int64_t stride, __m128i left, __m128i right) {
    const __m128i zero = _mm_setzero_si128();
    const __m128i top = _mm_loadl_epi64((const __m128i *)p), bottom = _mm_loadl_epi64((const __m128i *)(p + stride));
    const __m128i pairs = _mm_unpacklo_epi8(top, bottom);
    const __m128i sum = _mm_add_epi32(_mm_madd_epi16(_mm_unpacklo_epi8(pairs, zero), left),
                                      _mm_madd_epi16(_mm_unpacklo_epi8(_mm_srli_si128(pairs, 6), zero), right));
    return _mm_srli_epi32(_mm_add_epi32(sum, _mm_set1_epi32(WEIGHT * WEIGHT / 2)), 14);
}

/* Four pixels side by side. */
TH_INLINE void sample_four(uint8_t *out, const uint8_t *texture, int64_t stride, __m128i U, __m128i V) {
    const __m128i low = _mm_set1_epi32(WEIGHT - 1);
    const __m128i x = _mm_and_si128(_mm_srli_epi32(U, PLACE_BITS - 7), low);
    const __m128i y = _mm_and_si128(_mm_srli_epi32(V, PLACE_BITS - 7), low);
    const __m128i yy = _mm_sub_epi32(_mm_add_epi32(_mm_slli_epi32(y, 16), _mm_set1_epi32(WEIGHT)), y); /* 128-y, y */
    const __m128i right = _mm_mullo_epi16(yy, _mm_or_si128(_mm_slli_epi32(x, 16), x));
    const __m128i left = _mm_sub_epi16(_mm_slli_epi16(yy, 7), right);
    /* Whole texels: y * stride + x * 3 at once; both factors fit into 16 bits. */
    const __m128i whole = _mm_or_si128(_mm_srli_epi32(V, 16), _mm_andnot_si128(_mm_set1_epi32(0xffff), U));
    int32_t at[4];
    _mm_storeu_si128((__m128i *)at, _mm_madd_epi16(whole, _mm_set1_epi32((int)stride | 3 << 16)));
    const __m128i a = sample_one(texture + at[0], stride, _mm_shuffle_epi32(left, 0x00), _mm_shuffle_epi32(right, 0x00));
    const __m128i b = sample_one(texture + at[1], stride, _mm_shuffle_epi32(left, 0x55), _mm_shuffle_epi32(right, 0x55));
    const __m128i c = sample_one(texture + at[2], stride, _mm_shuffle_epi32(left, 0xaa), _mm_shuffle_epi32(right, 0xaa));
    const __m128i d = sample_one(texture + at[3], stride, _mm_shuffle_epi32(left, 0xff), _mm_shuffle_epi32(right, 0xff));
    const __m128i four = _mm_packus_epi16(_mm_packs_epi32(a, b), _mm_packs_epi32(c, d)); /* BGRxBGRxBGRxBGRx */
    /* Close up: 6 bytes in each half, then 12 in a row. */
    const __m128i six = _mm_or_si128(_mm_and_si128(four, _mm_set1_epi64x(0xffffff)),
                                     _mm_and_si128(_mm_srli_epi64(four, 8), _mm_set1_epi64x(0xffffff000000)));
    const __m128i all = _mm_or_si128(_mm_move_epi64(six), _mm_slli_si128(_mm_srli_si128(six, 8), 6));
    const int32_t last = _mm_cvtsi128_si32(_mm_srli_si128(all, 8));
    _mm_storel_epi64((__m128i *)out, all);
    memcpy(out + 8, &last, 4);
}
#endif

TH_INLINE void put(uint8_t *out, uint32_t colour) {
    out[0] = (uint8_t)colour;
    out[1] = (uint8_t)(colour >> 8);
    out[2] = (uint8_t)(colour >> 16);
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

TH_INLINE void span(const Mesh *m, const Map *map, int64_t row, int64_t from, int64_t to, int64_t dU, int64_t dV) {
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
    uint8_t *out = m->frame + 3 * (row * m->width + from);
    const int32_t du = (int32_t)dU, dv = (int32_t)dV;
    int32_t U_i = (int32_t)U, V_i = (int32_t)V, i = 0;
#ifdef TH_SSE2
    if (n >= 4) {
        const __m128i U_0 = _mm_setr_epi32(0, du, 2 * du, 3 * du), V_0 = _mm_setr_epi32(0, dv, 2 * dv, 3 * dv);
        for (; i + 4 <= n; i += 4)
            sample_four(out + 3 * i, m->texture, stride, _mm_add_epi32(_mm_set1_epi32(U_i + i * du), U_0),
                        _mm_add_epi32(_mm_set1_epi32(V_i + i * dv), V_0));
        if (i == n) return;
        i = (int32_t)n - 4; /* the last four, some of them again */
        sample_four(out + 3 * i, m->texture, stride, _mm_add_epi32(_mm_set1_epi32(U_i + i * du), U_0),
                    _mm_add_epi32(_mm_set1_epi32(V_i + i * dv), V_0));
        return;
    }
#endif
    for (; i < n; i++, U_i += du, V_i += dv) put(out + 3 * i, sample(m->texture, stride, U_i, V_i));
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

TH_INLINE void triangle(const Mesh *m, const int32_t *names) {
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
            if (from < to) span(m, &map, row, from, to, dU, dV);
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
TH_CLONES TH_EXPORT int64_t th_draw(const Mesh *m) {
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
    for (int64_t i = 0; i < front; i++) triangle(m, m->triangles + 3 * m->order[2 * i + 1]);
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
