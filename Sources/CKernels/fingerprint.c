// NH, the universal hash of UMAC (J. Black et al., "UMAC: Fast and Secure Message Authentication", CRYPTO 1999), in two
// levels: over a block with words of 32 bits, twice with the key shifted by two words (its "Toeplitz extension"), then over
// the sums of all blocks with words of 64 bits.
#include "CKernels.h"
#include <string.h>

#define BLOCK_WORDS (CKERNELS_FINGERPRINT_BLOCK / 8)
#define LANES 8

typedef unsigned __int128 wide;
typedef uint64_t vector __attribute__((vector_size(8 * LANES)));
typedef uint32_t halves __attribute__((vector_size(8 * LANES)));

// The sums, modulo 2^64, of the products of neighbouring words of 32 bits, each with a word of the key added: two for each
// of `keys` keys. `words` (of 64 bits) is a multiple of eight. `keys` is a constant at every call, so the loops unroll.
static inline __attribute__((always_inline)) void add_products(const uint8_t *message, size_t words, size_t keys,
                                                               const uint64_t *const *key, uint64_t (*sums)[2]) {
  vector lanes[2][2] = {{{0}}};
  for (size_t i = 0; i < words; i += LANES) {
    halves m;
    memcpy(&m, message + 8 * i, sizeof m);
#pragma clang loop unroll(full)
    for (size_t k = 0; k < keys; k++)
#pragma clang loop unroll(full)
      for (size_t shift = 0; shift < 2; shift++) {
        halves secret;
        memcpy(&secret, key[k] + i + shift, sizeof secret);
        vector x = (vector)(m + secret);
        lanes[k][shift] += (x & 0xFFFFFFFF) * (x >> 32);
      }
  }
  for (size_t k = 0; k < keys; k++)
    for (size_t shift = 0; shift < 2; shift++) {
      sums[k][shift] = 0;
      for (size_t lane = 0; lane < LANES; lane++) sums[k][shift] += lanes[k][shift][lane];
    }
}

// The same for one or two keys. Compiled for the vectors of each kind of processor.
static inline __attribute__((always_inline)) void nh_vectors(const uint8_t *message, size_t words, size_t keys,
                                                             const uint64_t *const *key, uint64_t (*sums)[2]) {
  keys == 1 ? add_products(message, words, 1, key, sums) : add_products(message, words, 2, key, sums);
}

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static void nh_avx512(const uint8_t *message, size_t words, size_t keys,
                                                         const uint64_t *const *key, uint64_t (*sums)[2]) {
  nh_vectors(message, words, keys, key, sums);
}

__attribute__((target("avx2"))) static void nh_avx2(const uint8_t *message, size_t words, size_t keys,
                                                    const uint64_t *const *key, uint64_t (*sums)[2]) {
  nh_vectors(message, words, keys, key, sums);
}
#endif

// What a block of `words` words comes to under one or two keys.
static void nh(const uint8_t *message, size_t words, size_t keys, const uint64_t *const *key, uint64_t (*sums)[2]) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return nh_avx512(message, words, keys, key, sums);
  if (__builtin_cpu_supports("avx2")) return nh_avx2(message, words, keys, key, sums);
#endif
  nh_vectors(message, words, keys, key, sums);
}

// The upper level: a block's part of the sum.
static inline wide upper(const uint64_t part[2], const uint64_t *key, size_t block) {
  const uint64_t *at = key + BLOCK_WORDS + 1 + 2 * block;
  return (wide)(part[0] + at[0]) * (part[1] + at[1]);
}

static inline void put(uint64_t *words, wide value) {
  words[0] = (uint64_t)value;
  words[1] = (uint64_t)(value >> 64);
}

// A block of the message, filled up with zeros in `padded` where it is the last.
static inline const uint8_t *block_at(const uint8_t *message, size_t length, size_t block, size_t bytes,
                                      uint8_t *padded) {
  size_t start = block * bytes;
  if (length - start >= bytes) return message + start;
  memset(padded, 0, bytes);
  memcpy(padded, message + start, length - start);
  return padded;
}

// The fingerprints under `keys` keys, and those of blocks under the first.
static void fingerprints(const uint8_t *message, size_t length, size_t keys, const uint64_t *const *key,
                         uint64_t *const *out, uint64_t *blocks) {
  uint8_t padded[CKERNELS_FINGERPRINT_BLOCK];
  wide sums[2] = {0, 0};
  for (size_t block = 0; block * CKERNELS_FINGERPRINT_BLOCK < length; block++) {
    uint64_t parts[2][2];
    nh(block_at(message, length, block, CKERNELS_FINGERPRINT_BLOCK, padded), BLOCK_WORDS, keys, key, parts);
    if (blocks) memcpy(blocks + 2 * block, parts[0], sizeof parts[0]);
    for (size_t k = 0; k < keys; k++) sums[k] += upper(parts[k], key[k], block);
  }
  for (size_t k = 0; k < keys; k++) put(out[k], sums[k]);
}

void ckernels_fingerprint(const uint8_t *message, size_t length, const uint64_t *key, uint64_t fingerprint[2],
                          uint64_t *blocks) {
  fingerprints(message, length, 1, &key, &fingerprint, blocks);
}

void ckernels_fingerprint_pair(const uint8_t *message, size_t length, const uint64_t *first_key,
                               const uint64_t *second_key, uint64_t first[2], uint64_t second[2], uint64_t *blocks) {
  const uint64_t *const keys[2] = {first_key, second_key};
  uint64_t *const out[2] = {first, second};
  fingerprints(message, length, 2, keys, out, blocks);
}

static inline wide join(const uint64_t *words) { return (wide)words[1] << 64 | words[0]; }

// NH of a block, brought down to one word by pair-multiply-shift (M. Thorup, "High Speed Hashing for Integers and
// Strings", section 3.5).
void ckernels_block_hashes(const uint8_t *message, size_t length, const uint64_t *key, uint64_t *hashes) {
  const size_t words = CKERNELS_HASHED_BLOCK / 8;
  _Static_assert(CKERNELS_BLOCK_HASH_KEY_WORDS == CKERNELS_HASHED_BLOCK / 8 + 7, "the key's length");
  const uint64_t *rest = key + words + 1;
  const wide first = join(rest), second = join(rest + 2), third = join(rest + 4);
  uint8_t padded[CKERNELS_HASHED_BLOCK];
  for (size_t block = 0; block * CKERNELS_HASHED_BLOCK < length; block++) {
    uint64_t sum[1][2];
    nh(block_at(message, length, block, CKERNELS_HASHED_BLOCK, padded), words, 1, &key, sum);
    hashes[block] = (uint64_t)(((first + sum[0][1]) * (second + sum[0][0]) + third) >> 64);
  }
}
