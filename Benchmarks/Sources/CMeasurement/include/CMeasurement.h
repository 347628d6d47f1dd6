// The ceilings: what libraries and memory can do by themselves.
#pragma once
#include <stddef.h>
#include <stdint.h>

struct dirty_blocks {
  /// Bytes of the blocks that differ.
  int64_t dirty;
  /// What zstd makes of them, with the old bytes of the same blocks as prefix.
  int64_t compressed;
};

/// Compares two versions of a file block by block, and adds what differs to `result`; zstd works region by region.
void add_dirty_blocks(const uint8_t *old_bytes, size_t old_length, const uint8_t *new_bytes, size_t new_length,
                      size_t region, size_t block, int level, struct dirty_blocks *result);

/// zstd's own rate: the length of one frame, or of its content; 0 on failure.
size_t zstd_compressed(void *output, size_t capacity, const void *input, size_t length, int level);
size_t zstd_decompressed(void *output, size_t capacity, const void *frame, size_t length);

/// zlib's own rate: the length of one raw deflate stream at a level; 0 on failure.
size_t zlib_deflated(void *output, size_t capacity, const void *input, size_t length, int level);

/// One pass over memory that is not optimised away.
int memory_differs(const void *a, const void *b, size_t length);
void memory_copied(void *to, const void *from, size_t length);

/// How many of `count` keys of `length` bytes each a statement with one parameter finds a row for; -1 on failure.
int sqlite_found(const char *file, const char *statement, const uint8_t *keys, int length, int count);
