// NH, the universal hash of UMAC (J. Black et al., "UMAC: Fast and Secure Message Authentication", CRYPTO 1999), with
// words of 64 bits, in two levels: blocks first, then the sums of all blocks.
#include "CKernels.h"
#include <string.h>

#define BLOCK_WORDS (CKERNELS_FINGERPRINT_BLOCK / 8)

typedef unsigned __int128 wide;

static inline uint64_t load(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, 8);
  return word;
}

// The sum, modulo 2^128, of the products of a block's neighbouring words, each with a word of the key added.
static inline wide nh(const uint8_t *message, const uint64_t *key, size_t words) {
  wide a = 0, b = 0;
  for (size_t i = 0; i < words; i += 4) {
    a += (wide)(load(message + 8 * i) + key[i]) * (load(message + 8 * i + 8) + key[i + 1]);
    b += (wide)(load(message + 8 * i + 16) + key[i + 2]) * (load(message + 8 * i + 24) + key[i + 3]);
  }
  return a + b;
}

// The same under two keys.
static inline void nh_pair(const uint8_t *message, const uint64_t *first_key, const uint64_t *second_key, wide *first,
                           wide *second) {
  wide a = 0, b = 0;
  for (size_t i = 0; i < BLOCK_WORDS; i += 2) {
    uint64_t x = load(message + 8 * i), y = load(message + 8 * i + 8);
    a += (wide)(x + first_key[i]) * (y + first_key[i + 1]);
    b += (wide)(x + second_key[i]) * (y + second_key[i + 1]);
  }
  *first = a;
  *second = b;
}

// The upper level: a block's part of the sum.
static inline wide upper(wide part, const uint64_t *key, size_t block) {
  const uint64_t *at = key + BLOCK_WORDS + 2 * block;
  return (wide)((uint64_t)part + at[0]) * ((uint64_t)(part >> 64) + at[1]);
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

void ckernels_fingerprint(const uint8_t *message, size_t length, const uint64_t *key, uint64_t fingerprint[2],
                          uint64_t *blocks) {
  uint8_t padded[CKERNELS_FINGERPRINT_BLOCK];
  wide sum = 0;
  for (size_t block = 0; block * CKERNELS_FINGERPRINT_BLOCK < length; block++) {
    wide part = nh(block_at(message, length, block, CKERNELS_FINGERPRINT_BLOCK, padded), key, BLOCK_WORDS);
    if (blocks) put(blocks + 2 * block, part);
    sum += upper(part, key, block);
  }
  put(fingerprint, sum);
}

void ckernels_fingerprint_pair(const uint8_t *message, size_t length, const uint64_t *first_key,
                               const uint64_t *second_key, uint64_t first[2], uint64_t second[2], uint64_t *blocks) {
  uint8_t padded[CKERNELS_FINGERPRINT_BLOCK];
  wide first_sum = 0, second_sum = 0;
  for (size_t block = 0; block * CKERNELS_FINGERPRINT_BLOCK < length; block++) {
    wide a, b;
    nh_pair(block_at(message, length, block, CKERNELS_FINGERPRINT_BLOCK, padded), first_key, second_key, &a, &b);
    if (blocks) put(blocks + 2 * block, a);
    first_sum += upper(a, first_key, block);
    second_sum += upper(b, second_key, block);
  }
  put(first, first_sum);
  put(second, second_sum);
}

static inline wide join(const uint64_t *words) { return (wide)words[1] << 64 | words[0]; }

// NH of a block, brought down to one word by pair-multiply-shift (M. Thorup, "High Speed Hashing for Integers and
// Strings", section 3.5), since half of what NH makes is no universal hash.
void ckernels_block_hashes(const uint8_t *message, size_t length, const uint64_t *key, uint64_t *hashes) {
  const size_t words = CKERNELS_HASHED_BLOCK / 8;
  _Static_assert(CKERNELS_BLOCK_HASH_KEY_WORDS == CKERNELS_HASHED_BLOCK / 8 + 6, "the key's length");
  const wide first = join(key + words), second = join(key + words + 2), third = join(key + words + 4);
  uint8_t padded[CKERNELS_HASHED_BLOCK];
  for (size_t block = 0; block * CKERNELS_HASHED_BLOCK < length; block++) {
    wide sum = nh(block_at(message, length, block, CKERNELS_HASHED_BLOCK, padded), key, words);
    hashes[block] = (uint64_t)(((first + (uint64_t)(sum >> 64)) * (second + (uint64_t)sum) + third) >> 64);
  }
}
