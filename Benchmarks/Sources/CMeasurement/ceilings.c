#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "CMeasurement.h"

void add_dirty_blocks(const uint8_t *old_bytes, size_t old_length, const uint8_t *new_bytes, size_t new_length,
                      size_t region, size_t block, int level, struct dirty_blocks *result) {
  ZSTD_CCtx *context = ZSTD_createCCtx();
  uint8_t *before = malloc(region + 1), *after = malloc(region + 1);
  size_t room = ZSTD_compressBound(region);
  void *frame = malloc(room);
  for (size_t start = 0; start < new_length; start += region) {
    size_t length = new_length - start < region ? new_length - start : region;
    size_t old_count = 0, new_count = 0;
    for (size_t at = start; at < start + length; at += block) {
      size_t count = start + length - at < block ? start + length - at : block;
      int covered = at + count <= old_length;
      if (covered && memcmp(old_bytes + at, new_bytes + at, count) == 0) continue;
      memcpy(after + new_count, new_bytes + at, count);
      new_count += count;
      if (covered) {
        memcpy(before + old_count, old_bytes + at, count);
        old_count += count;
      }
    }
    if (new_count == 0) continue;
    ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 22);
    ZSTD_CCtx_refPrefix(context, before, old_count);
    size_t written = ZSTD_compress2(context, frame, room, after, new_count);
    result->dirty += new_count;
    result->compressed += ZSTD_isError(written) ? new_count : written;
  }
  free(frame);
  free(after);
  free(before);
  ZSTD_freeCCtx(context);
}

size_t zstd_compressed(void *output, size_t capacity, const void *input, size_t length, int level) {
  static _Thread_local ZSTD_CCtx *context;
  if (!context) context = ZSTD_createCCtx();
  size_t written = ZSTD_compressCCtx(context, output, capacity, input, length, level);
  return ZSTD_isError(written) ? 0 : written;
}

size_t zstd_decompressed(void *output, size_t capacity, const void *frame, size_t length) {
  static _Thread_local ZSTD_DCtx *context;
  if (!context) context = ZSTD_createDCtx();
  size_t written = ZSTD_decompressDCtx(context, output, capacity, frame, length);
  return ZSTD_isError(written) ? 0 : written;
}

size_t zlib_deflated(void *output, size_t capacity, const void *input, size_t length, int level) {
  z_stream stream = {0};
  if (deflateInit2(&stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) != Z_OK) return 0;
  stream.next_in = (Bytef *)input;
  stream.avail_in = length;
  stream.next_out = output;
  stream.avail_out = capacity;
  int code = deflate(&stream, Z_FINISH);
  size_t written = stream.total_out;
  deflateEnd(&stream);
  return code == Z_STREAM_END ? written : 0;
}

int memory_differs(const void *a, const void *b, size_t length) { return memcmp(a, b, length) != 0; }

void memory_copied(void *to, const void *from, size_t length) {
  memcpy(to, from, length);
  __asm__ volatile("" : : "r"(to) : "memory");
}
