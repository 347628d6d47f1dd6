// CRC-32 (ISO-HDLC, reflected polynomial 0xEDB88320) by carry-less multiplication: V. Gopal et al., "Fast CRC Computation
// for Generic Polynomials Using PCLMULQDQ Instruction", Intel, 2009. Its constants for the reflected polynomial are in the
// paper's table. Where there is AVX-512's VPCLMULQDQ, four of its folds are done by each instruction.
#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define CRC_TARGET __attribute__((target("pclmul,sse4.1")))
#define WIDE_TARGET __attribute__((target("pclmul,sse4.1,avx512f,vpclmulqdq")))

// x^T mod P for the distance that a fold bridges, in reflected order: {low half's, high half's}.
static const uint64_t fold_2048[2] __attribute__((aligned(16))) = {0x011542778a, 0x01322d1430};
static const uint64_t fold_512[2] __attribute__((aligned(16))) = {0x0154442bd4, 0x01c6e41596};
static const uint64_t fold_128[2] __attribute__((aligned(16))) = {0x01751997d0, 0x00ccaa009e};
static const uint64_t fold_64[2] __attribute__((aligned(16))) = {0x0163cd6124, 0};
// Barrett reduction: {P, floor(x^64 / P)}, reflected.
static const uint64_t barrett[2] __attribute__((aligned(16))) = {0x01db710641, 0x01f7011641};

CRC_TARGET static inline __attribute__((always_inline)) __m128i fold(__m128i x, __m128i k, __m128i next) {
  return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00), _mm_clmulepi64_si128(x, k, 0x11)), next);
}

// What the first `bytes` of a message come to: four times 128 bits, one after the other, of which the last are newest.
typedef struct {
  __m128i part[4];
  size_t bytes;
} folded;

// Of at least 64 bytes.
CRC_TARGET static folded fold_narrow(uint32_t crc, const uint8_t *bytes, size_t length) {
  const __m128i *at = (const __m128i *)bytes;
  const __m128i k = _mm_load_si128((const __m128i *)fold_512);
  __m128i a = _mm_xor_si128(_mm_loadu_si128(at), _mm_cvtsi32_si128((int)~crc));
  __m128i b = _mm_loadu_si128(at + 1), c = _mm_loadu_si128(at + 2), d = _mm_loadu_si128(at + 3);
  size_t done = 64;
  for (at += 4; done + 64 <= length; done += 64, at += 4) {
    a = fold(a, k, _mm_loadu_si128(at));
    b = fold(b, k, _mm_loadu_si128(at + 1));
    c = fold(c, k, _mm_loadu_si128(at + 2));
    d = fold(d, k, _mm_loadu_si128(at + 3));
  }
  return (folded){{a, b, c, d}, done};
}

WIDE_TARGET static inline __attribute__((always_inline)) __m512i fold_four(__m512i x, __m512i k, __m512i next) {
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(x, k, 0x00), _mm512_clmulepi64_epi128(x, k, 0x11), next,
                                   0x96);  // the XOR of all three
}

// Of at least 256 bytes.
WIDE_TARGET static folded fold_wide(uint32_t crc, const uint8_t *bytes, size_t length) {
  __m512i k = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)fold_2048));
  __m512i a = _mm512_xor_si512(_mm512_loadu_si512(bytes), _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)~crc)));
  __m512i b = _mm512_loadu_si512(bytes + 64), c = _mm512_loadu_si512(bytes + 128), d = _mm512_loadu_si512(bytes + 192);
  size_t done = 256;
  for (; done + 256 <= length; done += 256) {
    a = fold_four(a, k, _mm512_loadu_si512(bytes + done));
    b = fold_four(b, k, _mm512_loadu_si512(bytes + done + 64));
    c = fold_four(c, k, _mm512_loadu_si512(bytes + done + 128));
    d = fold_four(d, k, _mm512_loadu_si512(bytes + done + 192));
  }
  k = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)fold_512));
  a = fold_four(fold_four(fold_four(a, k, b), k, c), k, d);
  for (; done + 64 <= length; done += 64) a = fold_four(a, k, _mm512_loadu_si512(bytes + done));
  return (folded){{_mm512_castsi512_si128(a), _mm512_extracti32x4_epi32(a, 1), _mm512_extracti32x4_epi32(a, 2),
                   _mm512_extracti32x4_epi32(a, 3)},
                  done};
}

CRC_TARGET static size_t crc32_pclmul(uint32_t *crc, const uint8_t *bytes, size_t length, folded start) {
  __m128i a = start.part[0], k;
  size_t done = start.bytes;
  k = _mm_load_si128((const __m128i *)fold_128);
  for (int i = 1; i < 4; i++) a = fold(a, k, start.part[i]);
  for (; done + 16 <= length; done += 16) a = fold(a, k, _mm_loadu_si128((const __m128i *)(bytes + done)));

  // 128 bits to 96, to 64, and by Barrett's reduction to 32.
  const __m128i low = _mm_setr_epi32(~0, 0, ~0, 0);
  a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, k, 0x10));
  k = _mm_load_si128((const __m128i *)fold_64);
  a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low), k, 0x00));
  k = _mm_load_si128((const __m128i *)barrett);
  __m128i q = _mm_clmulepi64_si128(_mm_and_si128(a, low), k, 0x10);
  q = _mm_clmulepi64_si128(_mm_and_si128(q, low), k, 0x00);
  *crc = ~(uint32_t)_mm_extract_epi32(_mm_xor_si128(a, q), 1);
  return done;
}

static bool has_wide_folds(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("vpclmulqdq");
}

size_t ckernels_crc32(uint32_t *crc, const uint8_t *bytes, size_t length) {
  if (length < 64 || !__builtin_cpu_supports("pclmul") || !__builtin_cpu_supports("sse4.1")) return 0;
  bool wide = length >= 256 && has_wide_folds();
  return crc32_pclmul(crc, bytes, length,
                      wide ? fold_wide(*crc, bytes, length) : fold_narrow(*crc, bytes, length));
}

#else

size_t ckernels_crc32(uint32_t *crc, const uint8_t *bytes, size_t length) {
  (void)crc, (void)bytes, (void)length;
  return 0;
}

#endif
