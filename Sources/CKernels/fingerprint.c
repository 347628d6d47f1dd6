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

// The sum, modulo 2^128, of the products of neighbouring words, each with a word of the key added. `words` is even.
static wide nh(const uint8_t *message, const uint64_t *key, size_t words) {
  wide a = 0, b = 0;
  size_t i = 0;
  for (; i + 4 <= words; i += 4) {
    a += (wide)(load(message + 8 * i) + key[i]) * (load(message + 8 * i + 8) + key[i + 1]);
    b += (wide)(load(message + 8 * i + 16) + key[i + 2]) * (load(message + 8 * i + 24) + key[i + 3]);
  }
  for (; i < words; i += 2) a += (wide)(load(message + 8 * i) + key[i]) * (load(message + 8 * i + 8) + key[i + 1]);
  return a + b;
}

void ckernels_fingerprint(const uint8_t *message, size_t length, const uint64_t *key, uint64_t fingerprint[2],
                          uint64_t *blocks) {
  const uint64_t *upper = key + BLOCK_WORDS;
  wide sum = 0;
  for (size_t block = 0; block * CKERNELS_FINGERPRINT_BLOCK < length; block++) {
    const uint8_t *start = message + block * CKERNELS_FINGERPRINT_BLOCK;
    size_t count = length - block * CKERNELS_FINGERPRINT_BLOCK;
    wide part;
    if (count >= CKERNELS_FINGERPRINT_BLOCK) {
      part = nh(start, key, BLOCK_WORDS);
    } else {
      uint8_t padded[CKERNELS_FINGERPRINT_BLOCK] = {0};
      memcpy(padded, start, count);
      part = nh(padded, key, BLOCK_WORDS);
    }
    if (blocks) {
      blocks[2 * block] = (uint64_t)part;
      blocks[2 * block + 1] = (uint64_t)(part >> 64);
    }
    sum += (wide)((uint64_t)part + upper[2 * block]) * ((uint64_t)(part >> 64) + upper[2 * block + 1]);
  }
  fingerprint[0] = (uint64_t)sum;
  fingerprint[1] = (uint64_t)(sum >> 64);
}
