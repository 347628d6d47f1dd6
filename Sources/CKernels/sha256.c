// SHA-256 (FIPS 180-4) with the x86 SHA extensions (Intel, "Intel SHA Extensions", 2013), one or two messages at a time.
#include "sha256.h"
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define SHA_TARGET __attribute__((target("sha,sse4.1,ssse3")))

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

// The hash value in the order that the instructions want: {a, b, e, f} and {c, d, g, h}.
typedef struct {
  __m128i abef, cdgh;
} lane_state;

SHA_TARGET static inline lane_state load_state(const uint32_t s[8]) {
  lane_state state = {_mm_set_epi32((int)s[0], (int)s[1], (int)s[4], (int)s[5]),
                      _mm_set_epi32((int)s[2], (int)s[3], (int)s[6], (int)s[7])};
  return state;
}

SHA_TARGET static inline void store_state(lane_state state, uint32_t s[8]) {
  uint32_t words[8];
  _mm_storeu_si128((__m128i *)words, state.abef);        // f e b a
  _mm_storeu_si128((__m128i *)(words + 4), state.cdgh);  // h g d c
  const int order[8] = {3, 2, 7, 6, 1, 0, 5, 4};
  for (int i = 0; i < 8; i++) s[i] = words[order[i]];
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
    __m128i k = _mm_load_si128((const __m128i *)(sha256_round_constants + 4 * i));
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

// The next `blocks` blocks of one stream.
SHA_TARGET static void advance(sha256_stream *stream, size_t blocks) {
  lane_state state = load_state(stream->state);
  for (size_t i = 0; i < blocks; i++) {
    const uint8_t *block = stream->at + 64 * i;
    compress(1, &state, &block);
  }
  store_state(state, stream->state);
  stream->at += 64 * blocks;
  stream->blocks -= blocks;
}

// The next `blocks` blocks of two streams, interleaved.
SHA_TARGET static void advance_pair(sha256_stream streams[2], size_t blocks) {
  lane_state state[2] = {load_state(streams[0].state), load_state(streams[1].state)};
  for (size_t i = 0; i < blocks; i++) {
    const uint8_t *block[2] = {streams[0].at + 64 * i, streams[1].at + 64 * i};
    compress(2, state, block);
  }
  for (int l = 0; l < 2; l++) {
    store_state(state[l], streams[l].state);
    streams[l].at += 64 * blocks;
    streams[l].blocks -= blocks;
  }
}

void ckernels_sha256_finish(const sha256_stream *stream) {
  const ckernels_sha256_message *message = stream->message;
  size_t tail = message->length % 64, padded = tail < 56 ? 64 : 128;
  uint8_t last[128] = {0};
  if (tail) memcpy(last, stream->at, tail);
  last[tail] = 0x80;
  uint64_t bits = __builtin_bswap64((uint64_t)message->length * 8);
  memcpy(last + padded - 8, &bits, 8);
  sha256_stream end = {message, {0}, last, padded / 64};
  memcpy(end.state, stream->state, sizeof end.state);
  advance(&end, end.blocks);
  for (int i = 0; i < 8; i++) {
    uint32_t word = __builtin_bswap32(end.state[i]);
    memcpy(message->digest + 4 * i, &word, 4);
  }
}

bool ckernels_sha256_take(sha256_queue *queue, sha256_stream *stream) {
  if (queue->begun < queue->begun_end) {
    *stream = *queue->begun++;
    return true;
  }
  if (queue->next == queue->end) return false;
  const ckernels_sha256_message *message = queue->next++;
  *stream = (sha256_stream){message,
                            {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
                             0x5be0cd19},
                            message->bytes, message->length / 64};
  return true;
}

size_t ckernels_sha256_lanes(void) {
  return !ckernels_sha256_available() ? 1 : ckernels_sha256_has_lanes() ? SHA256_LANES : 2;
}

size_t ckernels_sha256_best_lanes(void) {
  size_t lanes = ckernels_sha256_lanes();
  return lanes > 2 && __builtin_cpu_is("amd") ? 2 : lanes;
}

void ckernels_sha256_many(const ckernels_sha256_message *messages, size_t count, size_t lanes) {
  sha256_queue queue = {NULL, NULL, messages, messages + count};
  sha256_stream unfinished[SHA256_LANES];
  if (lanes == SHA256_LANES) ckernels_sha256_lanes_run(&queue, unfinished);
  sha256_stream pair[2];
  size_t waiting = 0;
  for (;;) {
    while (waiting < 2 && ckernels_sha256_take(&queue, &pair[waiting])) waiting++;
    if (waiting < 2) break;
    advance_pair(pair, pair[0].blocks < pair[1].blocks ? pair[0].blocks : pair[1].blocks);
    if (pair[1].blocks == 0) ckernels_sha256_finish(&pair[--waiting]);
    if (pair[0].blocks == 0) {
      ckernels_sha256_finish(&pair[0]);
      if (--waiting) pair[0] = pair[1];
    }
  }
  if (waiting == 0) return;
  advance(&pair[0], pair[0].blocks);
  ckernels_sha256_finish(&pair[0]);
}

#else

bool ckernels_sha256_available(void) { return false; }
size_t ckernels_sha256_lanes(void) { return 1; }
size_t ckernels_sha256_best_lanes(void) { return 1; }
void ckernels_sha256_many(const ckernels_sha256_message *messages, size_t count, size_t lanes) {
  (void)messages, (void)count, (void)lanes;
  __builtin_trap();
}

#endif
