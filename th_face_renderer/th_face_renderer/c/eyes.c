/* Lids and gaze; eyes.py says what is done and why. */
#include <math.h>

#include "kernel.h"

enum { X, Y, EX, EY, WIDTH, UPPER0, UPPER1, LOWER0, LOWER1, SKIN, LID, SIDE, DOWN, CHEEK, MEET, IRIS, LINE, FINE, NUMBERS };

typedef struct {
    uint8_t *frame;        /* (height, width, 3) */
    const uint8_t *before; /* (y1 - y0, x1 - x0, 3): what is in the rectangle now */
    int64_t width, height;
    int64_t y0, x0, y1, x1; /* inside the frame, at least 2 x 2 */
    double eye[NUMBERS];    /* eyes.Eye.numbers */
} Eye;

typedef struct {
    float b, g, r;
} Colour;

/* fminf and fmaxf would be calls. */
TH_INLINE float smaller(float one, float two) { return one < two ? one : two; }
TH_INLINE float larger(float one, float two) { return one > two ? one : two; }
TH_INLINE float clip(float value, float low, float high) { return value > low ? value < high ? value : high : low; }

TH_INLINE Colour mix(Colour one, Colour two, float part) {
    return (Colour){one.b + part * (two.b - one.b), one.g + part * (two.g - one.g), one.r + part * (two.r - one.r)};
}

/* Bilinear at (x, y) of the rectangle, beyond its edge the edge; NaN is the edge, too. */
TH_INLINE Colour at(const Eye *e, float x, float y) {
    const int64_t wide = e->x1 - e->x0, high = e->y1 - e->y0;
    x = clip(x, 0, (float)(wide - 1));
    y = clip(y, 0, (float)(high - 1));
    int64_t column = (int64_t)x, row = (int64_t)y;
    if (column > wide - 2) column = wide - 2;
    if (row > high - 2) row = high - 2;
    const float u = x - (float)column, v = y - (float)row;
    const uint8_t *p = e->before + 3 * (row * wide + column), *q = p + 3 * wide;
    Colour c;
    c.b = (1 - v) * ((1 - u) * p[0] + u * p[3]) + v * ((1 - u) * q[0] + u * q[3]);
    c.g = (1 - v) * ((1 - u) * p[1] + u * p[4]) + v * ((1 - u) * q[1] + u * q[4]);
    c.r = (1 - v) * ((1 - u) * p[2] + u * p[5]) + v * ((1 - u) * q[2] + u * q[5]);
    return c;
}

/* The frame inside the rectangle, with the eye as it is to be. */
TH_CLONES TH_EXPORT void th_eye(const Eye *e) {
    float n[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) n[i] = (float)e->eye[i];
    const float left = 0.5f + n[SIDE] - n[IRIS], right = 0.5f + n[SIDE] + n[IRIS], rest = 0.5f - n[IRIS];
    const float width = n[WIDTH], open = 1 - n[LID], reach = n[CHEEK] * width, fine = n[FINE] * width;
    const float per_width = 1 / width, per_left = 1 / left, per_right = 1 / (1 - right);
    const float up = open * larger(-n[DOWN], 0), down = open * larger(n[DOWN], 0);
    const float cx = (float)(e->eye[X] - (double)e->x0), cy = (float)(e->eye[Y] - (double)e->y0);
    for (int64_t row = 0; row < e->y1 - e->y0; row++) {
        uint8_t *out = e->frame + 3 * ((e->y0 + row) * e->width + e->x0);
        for (int64_t column = 0; column < e->x1 - e->x0; column++, out += 3) {
            const float x = (float)column - cx, y = (float)row - cy;
            const float s = (x * n[EX] + y * n[EY]) * per_width, t = y * n[EX] - x * n[EY];
            if (!(s > 0 && s < 1)) continue;
            const float hill = s * (1 - s);
            const float upper = hill * (n[UPPER0] + n[UPPER1] * s), lower = hill * (n[LOWER0] + n[LOWER1] * s);
            const float opening = larger(lower - upper, 0), share = smaller(smaller(s * per_left, (1 - s) * per_right), 1);
            const float rise = smaller(n[MEET] * n[LID] * opening + up * share, opening);
            const float fall = smaller((1 - n[MEET]) * n[LID] * opening + down * share, opening);
            const float low = lower - rise, above = upper + fall - t, far = n[SKIN] + fall;
            const float over = clip(0.5f + above, 0, 1), under = clip(0.5f + t - low, 0, 1);
            if (above > (fall > 0 ? far : 0.5f) || t > (rise > 0 ? lower + reach : low + 0.5f)) continue; /* nothing moves */
            float s2 = s, t2 = t;
            Colour colour;
            if (over < 1) {
                if (t > upper && t < lower) {
                    s2 = s < left ? share * rest : s > right ? 1 - share * rest : s - n[SIDE];
                    t2 = clip(t - n[DOWN] * share, upper, lower);
                }
                colour = at(e, cx + s2 * width * n[EX] - t2 * n[EY], cy + s2 * width * n[EY] + t2 * n[EX]);
                if (under > 0) {
                    t2 = t + rise * clip((reach + rise - (t - low)) / (reach + rise), 0, 1);
                    const float along = s * width;
                    colour = mix(colour, at(e, cx + along * n[EX] - t2 * n[EY], cy + along * n[EY] + t2 * n[EX]), under);
                }
            }
            if (over > 0) {
                const float bend = (n[UPPER0] * (1 - 2 * s) + n[UPPER1] * s * (2 - 3 * s)) * per_width;
                const float other = (n[LOWER0] * (1 - 2 * s) + n[LOWER1] * s * (2 - 3 * s)) * per_width;
                const float bent = bend + (1 - n[MEET]) * n[LID] * (other - bend);
                const float thin = clip(sqrtf((1 + bend * bend) / (1 + bent * bent)), 1, 2), q = clip(above / far, 0, 1);
                t2 = upper - above * thin;
                if (above >= 0)
                    t2 = upper - far * thin * q * (1 - q) * (1 - q) - n[SKIN] * q * q * (3 - 2 * q) + far * q * q * (1 - q);
                const float along = s * width;
                const Colour skin = at(e, cx + along * n[EX] - t2 * n[EY], cy + along * n[EY] + t2 * n[EX]);
                colour = over < 1 ? mix(colour, skin, over) : skin;
            }
            const float z = (0.25f * fine - above) / fine, mark = larger(1 - z * z, 0);
            const float light = 1 - n[LINE] * n[LID] * mark * mark * smaller(12 * hill, 1);
            out[0] = (uint8_t)(clip(light * colour.b, 0, 255) + 0.5f);
            out[1] = (uint8_t)(clip(light * colour.g, 0, 255) + 0.5f);
            out[2] = (uint8_t)(clip(light * colour.r, 0, 255) + 0.5f);
        }
    }
}
