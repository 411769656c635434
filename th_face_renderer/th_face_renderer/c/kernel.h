/* The inner loops of the face decoder: the texture of a code, triangles to pixels, a soft outline, pixels averaged
 * over several rows.
 *
 * texture.c, triangles.c, rim.c (outline), rows.c (gap between the lips) and eyes.c (lids and gaze) make one library; this is
 * what they share.
 *
 * A plain shared library without Python in it; kernel_calls.py calls it through ctypes, which lets other threads run
 * meanwhile. Nothing is allocated and nothing kept here: every buffer comes from there, types and sizes checked once per
 * face and picture size. The functions trust those, and only those: corners may lie anywhere, fold over, or be NaN.
 *
 * Arithmetic is in integers where it decides a pixel, so that every processor draws the same picture.
 */
#ifndef TH_KERNEL_H
#define TH_KERNEL_H

#include <stdint.h>

/* SSE2 is on every x86-64; AVX2 is asked for at run time. Elsewhere the compiler vectorises what it can. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(TH_PLAIN_C)
#include <immintrin.h>
#define TH_X86 1
#define TH_AVX2 __attribute__((target("avx2")))
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

#endif
