/* The texture of a code. */
#include "kernel.h"

/* Goes up whenever a structure or the meaning of an argument changes; kernel.py refuses another one. */
TH_EXPORT int64_t th_interface(void) { return 5; }

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
