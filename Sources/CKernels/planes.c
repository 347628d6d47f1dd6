// Byte planes of 32-bit words, and the exponent plane of float32: see the repository format page for what they are for.
#include "CKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define PLANE_TARGET __attribute__((target("ssse3")))
#define HAS_SSSE3() __builtin_cpu_supports("ssse3")
#define WIDE_TARGET __attribute__((target("avx512f,avx512vbmi")))
#define HAS_WIDE() (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vbmi"))

// 16 words at a time: each register is shuffled so that its four words lie plane by plane, then the 4 x 4 matrix of
// 32-bit groups is transposed.
PLANE_TARGET static size_t split_planes_ssse3(const uint8_t *words, size_t count, uint8_t *planes) {
  const __m128i group = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i *from = (const __m128i *)(words + 4 * i);
    __m128i a = _mm_shuffle_epi8(_mm_loadu_si128(from), group), b = _mm_shuffle_epi8(_mm_loadu_si128(from + 1), group);
    __m128i c = _mm_shuffle_epi8(_mm_loadu_si128(from + 2), group),
            d = _mm_shuffle_epi8(_mm_loadu_si128(from + 3), group);
    __m128i ab = _mm_unpacklo_epi32(a, b), cd = _mm_unpacklo_epi32(c, d);
    __m128i AB = _mm_unpackhi_epi32(a, b), CD = _mm_unpackhi_epi32(c, d);
    _mm_storeu_si128((__m128i *)(planes + i), _mm_unpacklo_epi64(ab, cd));
    _mm_storeu_si128((__m128i *)(planes + count + i), _mm_unpackhi_epi64(ab, cd));
    _mm_storeu_si128((__m128i *)(planes + 2 * count + i), _mm_unpacklo_epi64(AB, CD));
    _mm_storeu_si128((__m128i *)(planes + 3 * count + i), _mm_unpackhi_epi64(AB, CD));
  }
  return i;
}

PLANE_TARGET static size_t join_planes_ssse3(const uint8_t *planes, size_t count, uint8_t *words) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m128i a = _mm_loadu_si128((const __m128i *)(planes + i));
    __m128i b = _mm_loadu_si128((const __m128i *)(planes + count + i));
    __m128i c = _mm_loadu_si128((const __m128i *)(planes + 2 * count + i));
    __m128i d = _mm_loadu_si128((const __m128i *)(planes + 3 * count + i));
    __m128i ab = _mm_unpacklo_epi8(a, b), cd = _mm_unpacklo_epi8(c, d);
    __m128i AB = _mm_unpackhi_epi8(a, b), CD = _mm_unpackhi_epi8(c, d);
    __m128i *to = (__m128i *)(words + 4 * i);
    _mm_storeu_si128(to, _mm_unpacklo_epi16(ab, cd));
    _mm_storeu_si128(to + 1, _mm_unpackhi_epi16(ab, cd));
    _mm_storeu_si128(to + 2, _mm_unpacklo_epi16(AB, CD));
    _mm_storeu_si128(to + 3, _mm_unpackhi_epi16(AB, CD));
  }
  return i;
}

// The sign, which is rotated away, is in a word's top bit, the exponent in the eight below.
PLANE_TARGET static size_t take_exponents_ssse3(const uint8_t *words, size_t count, uint8_t *exponents) {
  const __m128i low_byte = _mm_set1_epi32(255);
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const __m128i *from = (const __m128i *)(words + 4 * i);
    __m128i x[4];
    for (int k = 0; k < 4; k++) x[k] = _mm_and_si128(_mm_srli_epi32(_mm_loadu_si128(from + k), 23), low_byte);
    _mm_storeu_si128((__m128i *)(exponents + i),
                     _mm_packus_epi16(_mm_packs_epi32(x[0], x[1]), _mm_packs_epi32(x[2], x[3])));
  }
  return i;
}

// Four words at a time. Each store writes 16 bytes of which 12 count, so the last words are left to the portable loop.
PLANE_TARGET static size_t take_rest_ssse3(const uint8_t *words, size_t count, uint8_t *rest) {
  const __m128i low = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
  size_t i = 0;
  for (; i + 6 <= count; i += 4) {
    __m128i x = _mm_loadu_si128((const __m128i *)(words + 4 * i));
    x = _mm_or_si128(_mm_slli_epi32(x, 1), _mm_srli_epi32(x, 31));
    _mm_storeu_si128((__m128i *)(rest + 3 * i), _mm_shuffle_epi8(x, low));
  }
  return i;
}

WIDE_TARGET static size_t take_exponents_wide(const uint8_t *words, size_t count, uint8_t *exponents) {
  size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    __m512i x = _mm512_srli_epi32(_mm512_loadu_si512(words + 4 * i), 23);
    _mm_storeu_si128((__m128i *)(exponents + i), _mm512_cvtepi32_epi8(x));
  }
  return i;
}

// Sixteen words at a time: 48 of the 64 bytes that each store writes count.
WIDE_TARGET static size_t take_rest_wide(const uint8_t *words, size_t count, uint8_t *rest) {
  uint8_t order[64] = {0};
  for (int k = 0; k < 48; k++) order[k] = (uint8_t)(k / 3 * 4 + k % 3);
  const __m512i low = _mm512_loadu_si512(order);
  size_t i = 0;
  for (; i + 22 <= count; i += 16) {
    __m512i x = _mm512_rol_epi32(_mm512_loadu_si512(words + 4 * i), 1);
    _mm512_storeu_si512(rest + 3 * i, _mm512_permutexvar_epi8(low, x));
  }
  return i;
}

PLANE_TARGET static size_t join_exponents_ssse3(const uint8_t *exponents, const uint8_t *rest, size_t count,
                                                uint8_t *words) {
  const __m128i spread = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
  const __m128i top = _mm_setr_epi8(-1, -1, -1, 0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3);
  size_t i = 0;
  for (; i + 6 <= count; i += 4) {
    int e;
    memcpy(&e, exponents + i, 4);
    __m128i x = _mm_or_si128(_mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(rest + 3 * i)), spread),
                             _mm_shuffle_epi8(_mm_cvtsi32_si128(e), top));
    x = _mm_or_si128(_mm_srli_epi32(x, 1), _mm_slli_epi32(x, 31));
    _mm_storeu_si128((__m128i *)(words + 4 * i), x);
  }
  return i;
}
#else
#define HAS_SSSE3() 0
#define HAS_WIDE() 0
#define split_planes_ssse3(a, b, c) 0
#define join_planes_ssse3(a, b, c) 0
#define take_exponents_ssse3(a, b, c) 0
#define take_rest_ssse3(a, b, c) 0
#define take_exponents_wide(a, b, c) 0
#define take_rest_wide(a, b, c) 0
#define join_exponents_ssse3(a, b, c, d) 0
#endif

void ckernels_split_planes(const uint8_t *words, size_t count, uint8_t *planes) {
  for (size_t i = HAS_SSSE3() ? split_planes_ssse3(words, count, planes) : 0; i < count; i++)
    for (size_t p = 0; p < 4; p++) planes[p * count + i] = words[4 * i + p];
}

void ckernels_join_planes(const uint8_t *planes, size_t count, uint8_t *words) {
  for (size_t i = HAS_SSSE3() ? join_planes_ssse3(planes, count, words) : 0; i < count; i++)
    for (size_t p = 0; p < 4; p++) words[4 * i + p] = planes[p * count + i];
}

static uint32_t load_word(const uint8_t *p) {
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void ckernels_take_exponents(const uint8_t *words, size_t count, uint8_t *exponents) {
  size_t i = HAS_WIDE()     ? take_exponents_wide(words, count, exponents)
             : HAS_SSSE3() ? take_exponents_ssse3(words, count, exponents)
                            : 0;
  for (; i < count; i++)
    exponents[i] = (uint8_t)(load_word(words + 4 * i) >> 23);
}

void ckernels_take_rest(const uint8_t *words, size_t count, uint8_t *rest) {
  size_t i = HAS_WIDE() ? take_rest_wide(words, count, rest) : HAS_SSSE3() ? take_rest_ssse3(words, count, rest) : 0;
  for (; i < count; i++) {
    uint32_t x = load_word(words + 4 * i);
    x = x << 1 | x >> 31;
    for (int p = 0; p < 3; p++) rest[3 * i + p] = (uint8_t)(x >> (8 * p));
  }
}

void ckernels_join_exponents(const uint8_t *exponents, const uint8_t *rest, size_t count, uint8_t *words) {
  for (size_t i = HAS_SSSE3() ? join_exponents_ssse3(exponents, rest, count, words) : 0; i < count; i++) {
    uint32_t x = rest[3 * i] | (uint32_t)rest[3 * i + 1] << 8 | (uint32_t)rest[3 * i + 2] << 16 |
                 (uint32_t)exponents[i] << 24;
    x = x >> 1 | x << 31;
    for (int p = 0; p < 4; p++) words[4 * i + p] = (uint8_t)(x >> (8 * p));
  }
}
