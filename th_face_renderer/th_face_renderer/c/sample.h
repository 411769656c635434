/* Pixels of a row from places in the texture, one by one or four at a time with SSE2 or AVX2. */
#ifndef TH_SAMPLE_H
#define TH_SAMPLE_H

#include <string.h>

#include "kernel.h"

#define PLACE_BITS 16 /* places in the texture are in 1/2^16 texel */
#define WEIGHT 128    /* and are rounded to 1/WEIGHT texel for the weights of the four texels around */

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

#endif
