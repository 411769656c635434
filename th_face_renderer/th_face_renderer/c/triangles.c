/* Triangles to pixels. */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "sample.h"

#define SUB 4096           /* corners lie on a grid of 1/SUB px */
#define FAR (1 << 16)      /* px; corners beyond are moved here, so that products fit into 64 bits */
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
