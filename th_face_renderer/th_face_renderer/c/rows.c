/* Several rows per pixel, for the gap between the lips. */
#include <string.h>

#include "kernel.h"

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
