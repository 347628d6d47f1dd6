// What both ways of hashing with SHA-256 (FIPS 180-4) share.
#pragma once
#include "CKernels.h"

/// A message that is being hashed.
typedef struct {
  const ckernels_sha256_message *message;
  /// The hash value so far: a to h.
  uint32_t state[8];
  /// Where its next block begins, and how many whole ones are left.
  const uint8_t *at;
  size_t blocks;
} sha256_stream;

/// The messages that are still to be hashed: those that are begun already, then the others.
typedef struct {
  sha256_stream *begun, *begun_end;
  const ckernels_sha256_message *next, *end;
} sha256_queue;

/// Takes the next one. Returns false where there is none.
bool ckernels_sha256_take(sha256_queue *queue, sha256_stream *stream);

/// Hashes what follows the last whole block, and the padding.
void ckernels_sha256_finish(const sha256_stream *stream);

/// How many messages the function below hashes at once.
#define SHA256_LANES 16

/// Whether this processor has AVX-512, which it needs.
bool ckernels_sha256_has_lanes(void);

/// Hashes messages 16 at a time for as long as that is faster than two at a time, and leaves the others in the queue, begun
/// in `unfinished`.
void ckernels_sha256_lanes_run(sha256_queue *queue, sha256_stream unfinished[SHA256_LANES]);

static const uint32_t sha256_round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
