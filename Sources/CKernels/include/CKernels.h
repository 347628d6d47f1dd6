// Loops over bytes that need instructions chosen at run time. Each has a portable path, or says that it has none.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Whether this processor has the SHA-256 instructions that `ckernels_sha256_many` needs.
bool ckernels_sha256_available(void);

/// How many messages at a time this processor hashes at most: 16 with AVX-512, 2 with the SHA-256 instructions alone, else 1.
size_t ckernels_sha256_lanes(void);

/// How many at a time are hashed best. AMD's SHA-256 instructions are twice as fast as Intel's: two messages at a time take
/// no longer there than 16, and leave more of the cache to others.
size_t ckernels_sha256_best_lanes(void);

/// A message, and where the 32 bytes of its digest go.
typedef struct {
  const uint8_t *bytes;
  size_t length;
  uint8_t *digest;
} ckernels_sha256_message;

/// SHA-256 (FIPS 180-4) of independent messages, several at a time: one stream is bound by the latency of the round
/// instruction, two fill its pipeline (1.3 to 1.9 times the throughput of one), and AVX-512 takes 16 (1.8 to 2.2 times that
/// of one). Needs `ckernels_sha256_available`. `lanes` is 2, or what `ckernels_sha256_lanes` says.
void ckernels_sha256_many(const ckernels_sha256_message *messages, size_t count, size_t lanes);

/// Splits `count` little-endian 32-bit words into four planes of `count` bytes each, least significant first.
void ckernels_split_planes(const uint8_t *words, size_t count, uint8_t *planes);

/// The inverse of `ckernels_split_planes`.
void ckernels_join_planes(const uint8_t *planes, size_t count, uint8_t *words);

/// Rotates each of `count` words left by one bit, so that an IEEE 754 exponent fills the top byte, and writes the top
/// bytes (`count` bytes).
void ckernels_take_exponents(const uint8_t *words, size_t count, uint8_t *exponents);

/// Rotates likewise, and writes the three other bytes of each word, in order (3 * `count` bytes).
void ckernels_take_rest(const uint8_t *words, size_t count, uint8_t *rest);

/// The inverse of these two.
void ckernels_join_exponents(const uint8_t *exponents, const uint8_t *rest, size_t count, uint8_t *words);

/// Continues a CRC-32 (ISO-HDLC) in `crc` over bytes from the start on; returns how many, which is all but fewer than 16,
/// or none where there are fewer than 64 or the processor lacks carry-less multiplication.
size_t ckernels_crc32(uint32_t *crc, const uint8_t *bytes, size_t length);

/// Bytes that `ckernels_fingerprint` takes at a time.
#define CKERNELS_FINGERPRINT_BLOCK 4096

/// A fingerprint under a secret key, at the speed of memory: two different messages of one length that were chosen without
/// knowing the key have equal ones with a probability of at most 2^-63. `key` holds a random word per word of a block, one
/// more, and two per block of the longest message. Where `blocks` is given, it gets two words for each block begun: its own
/// fingerprint, as good as that of the whole.
void ckernels_fingerprint(const uint8_t *message, size_t length, const uint64_t *key, uint64_t fingerprint[2],
                          uint64_t *blocks);

/// The fingerprints under two keys at once, which reads the message once. `blocks` gets those under the first.
void ckernels_fingerprint_pair(const uint8_t *message, size_t length, const uint64_t *first_key,
                               const uint64_t *second_key, uint64_t first[2], uint64_t second[2], uint64_t *blocks);

/// Bytes that `ckernels_block_hashes` hashes at a time: the blocks that patches are made of.
#define CKERNELS_HASHED_BLOCK 512

/// Words of the key of `ckernels_block_hashes`: one per word of a block, and seven.
#define CKERNELS_BLOCK_HASH_KEY_WORDS 71

/// A hash of each block begun under a secret key, at the speed of memory: two different blocks that were chosen without
/// knowing the key have equal ones with a probability of at most 2^-63. The last block is filled up with zeros.
void ckernels_block_hashes(const uint8_t *message, size_t length, const uint64_t *key, uint64_t *hashes);

/// Continues a gear hash (W. Xia et al., FastCDC, USENIX ATC 2016) over bytes from `start` to `end`. Returns the offset
/// behind the first byte after which its bits under `mask` are all zero, or 0 where there is none; `hash` is that at
/// `end` then. Bit 63 of `mask` is clear. `gear_shifted` is `gear`, each entry shifted left by one.
size_t ckernels_gear_scan(const uint8_t *bytes, size_t start, size_t end, uint64_t mask, uint64_t *hash,
                          const uint64_t gear[256], const uint64_t gear_shifted[256]);
