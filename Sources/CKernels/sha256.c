// SHA-256 with the x86 SHA extensions (FIPS 180-4; Intel, "Intel SHA Extensions", 2013), one or two messages at a time.
#include "CKernels.h"
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))

static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

bool ckernels_sha256_available(void) {
  static int known;  // 0: not asked yet; races write the same value
  if (!known) {
    unsigned a, b, c, d;
    bool sha = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
    bool sse = __get_cpuid(1, &a, &b, &c, &d) && (c & (1u << 19)) && (c & (1u << 9));
    known = sha && sse ? 1 : -1;
  }
  return known > 0;
}

typedef struct {
  __m128i abef, cdgh;
} lane_state;

SHA_TARGET static inline __attribute__((always_inline)) lane_state initial_state(void) {
  // {a, b, e, f} and {c, d, g, h} of the initial hash value, in the order the instructions want.
  lane_state s = {_mm_set_epi32(0x6a09e667, (int)0xbb67ae85, 0x510e527f, (int)0x9b05688c),
                  _mm_set_epi32(0x3c6ef372, (int)0xa54ff53a, 0x1f83d9ab, 0x5be0cd19)};
  return s;
}

// One block in each of `lanes` independent messages. `lanes` is a constant at every call, so the loops unroll.
SHA_TARGET static inline __attribute__((always_inline)) void compress(int lanes, lane_state *state,
                                                                      const uint8_t *const *block) {
  const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bLL, 0x0405060700010203LL);
  __m128i w[2][4], abef[2], cdgh[2];
  for (int l = 0; l < lanes; l++) {
    abef[l] = state[l].abef;
    cdgh[l] = state[l].cdgh;
    for (int i = 0; i < 4; i++)
      w[l][i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(block[l] + 16 * i)), swap);
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) {
    __m128i k = _mm_load_si128((const __m128i *)(round_constants + 4 * i));
    for (int l = 0; l < lanes; l++) {
      __m128i sum = _mm_add_epi32(w[l][i & 3], k);
      cdgh[l] = _mm_sha256rnds2_epu32(cdgh[l], abef[l], sum);
      abef[l] = _mm_sha256rnds2_epu32(abef[l], cdgh[l], _mm_shuffle_epi32(sum, 0x0e));
    }
    if (i < 12)
      for (int l = 0; l < lanes; l++) {
        __m128i next = _mm_sha256msg1_epu32(w[l][i & 3], w[l][(i + 1) & 3]);
        next = _mm_add_epi32(next, _mm_alignr_epi8(w[l][(i + 3) & 3], w[l][(i + 2) & 3], 4));
        w[l][i & 3] = _mm_sha256msg2_epu32(next, w[l][(i + 3) & 3]);
      }
  }
  for (int l = 0; l < lanes; l++) {
    state[l].abef = _mm_add_epi32(state[l].abef, abef[l]);
    state[l].cdgh = _mm_add_epi32(state[l].cdgh, cdgh[l]);
  }
}

SHA_TARGET static void finish(lane_state state, const uint8_t *tail, size_t tail_length, uint64_t total,
                              uint8_t digest[32]) {
  uint8_t last[128] = {0};
  memcpy(last, tail, tail_length);
  last[tail_length] = 0x80;
  size_t padded = tail_length < 56 ? 64 : 128;
  uint64_t bits = __builtin_bswap64(total * 8);
  memcpy(last + padded - 8, &bits, 8);
  for (size_t at = 0; at < padded; at += 64) {
    const uint8_t *block = last + at;
    compress(1, &state, &block);
  }
  uint32_t words[8];
  _mm_storeu_si128((__m128i *)words, state.abef);        // f e b a
  _mm_storeu_si128((__m128i *)(words + 4), state.cdgh);  // h g d c
  const int order[8] = {3, 2, 7, 6, 1, 0, 5, 4};
  for (int i = 0; i < 8; i++) {
    uint32_t word = __builtin_bswap32(words[order[i]]);
    memcpy(digest + 4 * i, &word, 4);
  }
}

SHA_TARGET void ckernels_sha256(const uint8_t *message, size_t length, uint8_t digest[32]) {
  lane_state state = initial_state();
  size_t at = 0;
  for (; at + 64 <= length; at += 64) {
    const uint8_t *block = message + at;
    compress(1, &state, &block);
  }
  finish(state, message + at, length - at, length, digest);
}

SHA_TARGET void ckernels_sha256_pair(const uint8_t *a, size_t a_length, uint8_t a_digest[32], const uint8_t *b,
                                     size_t b_length, uint8_t b_digest[32]) {
  lane_state state[2] = {initial_state(), initial_state()};
  size_t common = (a_length < b_length ? a_length : b_length) / 64 * 64, at = 0;
  for (; at < common; at += 64) {
    const uint8_t *block[2] = {a + at, b + at};
    compress(2, state, block);
  }
  for (; at + 64 <= a_length; at += 64) {
    const uint8_t *block = a + at;
    compress(1, &state[0], &block);
  }
  finish(state[0], a + at, a_length - at, a_length, a_digest);
  for (at = common; at + 64 <= b_length; at += 64) {
    const uint8_t *block = b + at;
    compress(1, &state[1], &block);
  }
  finish(state[1], b + at, b_length - at, b_length, b_digest);
}

#else

bool ckernels_sha256_available(void) { return false; }
void ckernels_sha256(const uint8_t *message, size_t length, uint8_t digest[32]) {
  (void)message, (void)length, (void)digest;
  __builtin_trap();
}
void ckernels_sha256_pair(const uint8_t *a, size_t a_length, uint8_t a_digest[32], const uint8_t *b, size_t b_length,
                          uint8_t b_digest[32]) {
  (void)a, (void)a_length, (void)a_digest, (void)b, (void)b_length, (void)b_digest;
  __builtin_trap();
}

#endif
