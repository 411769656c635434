/* The soft outline. */
#include <math.h>
#include <string.h>

#include "kernel.h"

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
