// A gear hash is a chain of additions, one after the other. It depends on the last 64 bytes alone, so that four stretches
// can be scanned at once, each of which begins 64 bytes early.
#include "CKernels.h"

#define LANES 4
#define LANE_BYTES 4096
#define WINDOW_BYTES 64

size_t ckernels_gear_scan(const uint8_t *bytes, size_t start, size_t end, uint64_t mask, uint64_t *hash,
                          const uint64_t gear[256], const uint64_t gear_shifted[256]) {
  const uint64_t mask_shifted = mask << 1;
  uint64_t h = *hash;
  size_t i = start;
  for (; end - i >= LANES * LANE_BYTES; i += LANES * LANE_BYTES) {
    uint64_t lane[LANES] = {h, 0, 0, 0};
    const uint8_t *at = bytes + i;
    for (size_t k = 1; k < LANES; k++)
      for (size_t j = 0; j < WINDOW_BYTES; j++)
        lane[k] = (lane[k] << 1) + gear[at[k * LANE_BYTES - WINDOW_BYTES + j]];
    uint64_t a = lane[0], b = lane[1], c = lane[2], d = lane[3];
    size_t j = 0;
#define STEP(x, k)                                          \
  x = (x << 2) + gear_shifted[at[j + (k) * LANE_BYTES]];    \
  if (__builtin_expect((x & mask_shifted) == 0, 0)) break;  \
  x += gear[at[j + (k) * LANE_BYTES + 1]];                  \
  if (__builtin_expect((x & mask) == 0, 0)) break;
    for (; j < LANE_BYTES; j += 2) {
      STEP(a, 0)
      STEP(b, 1)
      STEP(c, 2)
      STEP(d, 3)
    }
#undef STEP
    // There is a cut in these stretches: the search below finds the first one.
    if (j < LANE_BYTES) break;
    h = d;
  }
  for (; i + 1 < end; i += 2) {
    h = (h << 2) + gear_shifted[bytes[i]];
    if ((h & mask_shifted) == 0) return i + 1;
    h += gear[bytes[i + 1]];
    if ((h & mask) == 0) return i + 2;
  }
  if (i < end) {
    h = (h << 1) + gear[bytes[i]];
    if ((h & mask) == 0) return i + 1;
  }
  *hash = h;
  return 0;
}
