/* Lids and gaze; eyes.py says what is done and why. */
#include <math.h>

#include "kernel.h"

enum { X, Y, EX, EY, WIDTH, UPPER0, UPPER1, LOWER0, LOWER1, SKIN, LID, SIDE, DOWN, CHEEK, MEET, IRIS, HEM, LASH, LINE, FINE, NEAR, NUMBERS };

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

#define CHUNK 64

/* Of the pixels of a part of a row: where their colours come from, and how much of each. */
typedef struct {
    float over[CHUNK], under[CHUNK], mark[CHUNK]; /* share of the upper lid, of the lower, of its line; over < 0: nothing moves */
    float edge_x[CHUNK], edge_y[CHUNK];           /* the upper lid's edge, where the line's colour is */
    float ball_x[CHUNK], ball_y[CHUNK], lid_x[CHUNK], lid_y[CHUNK], cheek_x[CHUNK], cheek_y[CHUNK];
} Places;

/* Without branches, so that it is done for several pixels at once. x, y: of the first pixel, from the eye's corner. */
TH_CLONES static void places(Places *restrict p, const float *n, float first, float y, int count) {
    const float left = 0.5f + n[SIDE] - n[IRIS], right = 0.5f + n[SIDE] + n[IRIS], rest = 0.5f - n[IRIS];
    const float width = n[WIDTH], open = 1 - n[LID], reach = n[CHEEK] * width, fine = n[FINE] * width;
    const float per_width = 1 / width, per_left = 1 / left, per_right = 1 / (1 - right), per_fine = 1 / fine;
    const float up = open * larger(-n[DOWN], 0), down = open * larger(n[DOWN], 0), most = 1 - n[MEET], skin = n[SKIN];
    const float ex = n[EX], ey = n[EY], lid = n[LID], side = n[SIDE], meet = n[MEET], shift = n[DOWN];
    const float shut = lid * (2 - lid), lash = shut * smaller(n[LASH] * width, 0.4f * skin), per_hem = 1 / n[HEM];
    const float u0 = n[UPPER0], u1 = n[UPPER1], l0 = n[LOWER0], l1 = n[LOWER1];
    for (int i = 0; i < count; i++) {
        const float x = first + (float)i, along = x * ex + y * ey, s = along * per_width, t = y * ex - x * ey;
        const float hill = s * (1 - s), upper = hill * (u0 + u1 * s), lower = hill * (l0 + l1 * s);
        const float opening = larger(lower - upper, 0), share = smaller(smaller(s * per_left, (1 - s) * per_right), 1);
        const float rise = smaller(meet * lid * opening + up * share, opening);
        const float fall = smaller(most * lid * opening + down * share, opening);
        const float low = lower - rise, above = upper + fall - t, far = skin + fall;
        const float over = clip(0.5f + above, 0, 1), highest = fall > 0 ? far : 0.5f;
        const float lowest = rise > 0 ? lower + reach : low + 0.5f;
        const int still = !(s > 0) | !(s < 1) | (above > highest) | (t > lowest);
        p->over[i] = still ? -1 : over;
        p->under[i] = clip(0.5f + t - low, 0, 1);

        const float beside = s < left ? share * rest : 1 - share * rest, moved = (s < left) | (s > right) ? beside : s - side;
        const float there = moved * (1 - moved), top = there * (u0 + u1 * moved), bottom = there * (l0 + l1 * moved);
        const float part = clip((t - upper) / larger(opening, 1e-3f), 0, 1);
        const float free = clip(smaller(part, 1 - part) * per_hem, 0, 1), least = smaller(top, bottom);
        const float drift = top - upper + part * part * (3 - 2 * part) * (bottom - lower - top + upper);
        const float straight = clip(t - shift * share, least, bottom), lids_t = clip(t + drift, least, bottom);
        const float moved_t = lids_t + share * free * free * (3 - 2 * free) * (straight - lids_t);
        const int inside = (t > upper) & (t < lower);
        const float ball = inside ? moved * width : along, ball_t = inside ? moved_t : t;
        p->ball_x[i] = ball * ex - ball_t * ey;
        p->ball_y[i] = ball * ey + ball_t * ex;

        const float cheek_t = t + rise * clip((reach + rise - (t - low)) / (reach + rise), 0, 1);
        p->cheek_x[i] = along * ex - cheek_t * ey;
        p->cheek_y[i] = along * ey + cheek_t * ex;

        const float bend = (u0 * (1 - 2 * s) + u1 * s * (2 - 3 * s)) * per_width;
        const float other = (l0 * (1 - 2 * s) + l1 * s * (2 - 3 * s)) * per_width, bent = bend + most * lid * (other - bend);
        const float thin = clip(sqrtf((1 + bend * bend) / (1 + bent * bent)), 1, 2), q = clip(above / far, 0, 1);
        const float fades = smaller(12 * hill, 1), gone = lash * fades;
        const float drawn = upper - gone * (1 - q) * (1 - q) * (1 + 2 * q) - far * thin * q * (1 - q) * (1 - q) +
                            far * q * q * (1 - q) - skin * q * q * (3 - 2 * q);
        const float lid_t = above < 0 ? upper - gone - above * thin : drawn;
        p->lid_x[i] = along * ex - lid_t * ey;
        p->lid_y[i] = along * ey + lid_t * ex;

        const float z = 0.25f - above * per_fine, mark = larger(1 - z * z, 0);
        p->mark[i] = shut * mark * mark * fades;
        p->edge_x[i] = along * ex - upper * ey;
        p->edge_y[i] = along * ey + upper * ex;
    }
}

/* Towards the darkest that there is at the lid's edge, above it and below it; n[NEAR] times (nx, ny) px. */
static Colour lined(const Eye *e, Colour colour, float x, float y, float nx, float ny, float light, float mark) {
    Colour dark = {colour.b, colour.g, colour.r};
    for (int way = -1; way <= 1; way++) {
        const Colour c = at(e, x + (float)way * nx, y + (float)way * ny);
        dark.b = smaller(dark.b, light * c.b);
        dark.g = smaller(dark.g, light * c.g);
        dark.r = smaller(dark.r, light * c.r);
    }
    return mix(colour, dark, mark);
}

/* The frame inside the rectangle, with the eye as it is to be. */
TH_EXPORT void th_eye(const Eye *e) {
    float n[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) n[i] = (float)e->eye[i];
    const float cx = (float)(e->eye[X] - (double)e->x0), cy = (float)(e->eye[Y] - (double)e->y0);
    const float near = n[NEAR] * n[WIDTH];
    Places p;
    for (int64_t row = 0; row < e->y1 - e->y0; row++) {
        for (int64_t from = 0; from < e->x1 - e->x0; from += CHUNK) {
            const int count = (int)(e->x1 - e->x0 - from < CHUNK ? e->x1 - e->x0 - from : CHUNK);
            uint8_t *out = e->frame + 3 * ((e->y0 + row) * e->width + e->x0 + from);
            places(&p, n, (float)from - cx, (float)row - cy, count);
            for (int i = 0; i < count; i++, out += 3) {
                const float over = p.over[i];
                if (!(over >= 0)) continue;
                Colour colour;
                if (over < 1) {
                    const float under = p.under[i];
                    colour = at(e, cx + p.ball_x[i], cy + p.ball_y[i]);
                    if (under > 0) colour = mix(colour, at(e, cx + p.cheek_x[i], cy + p.cheek_y[i]), under);
                }
                if (over > 0) {
                    const Colour skin = at(e, cx + p.lid_x[i], cy + p.lid_y[i]);
                    colour = over < 1 ? mix(colour, skin, over) : skin;
                }
                if (p.mark[i] > 0)
                    colour = lined(e, colour, cx + p.edge_x[i], cy + p.edge_y[i], -near * n[EY], near * n[EX], 1 - n[LINE], p.mark[i]);
                out[0] = (uint8_t)(clip(colour.b, 0, 255) + 0.5f);
                out[1] = (uint8_t)(clip(colour.g, 0, 255) + 0.5f);
                out[2] = (uint8_t)(clip(colour.r, 0, 255) + 0.5f);
            }
        }
    }
}
