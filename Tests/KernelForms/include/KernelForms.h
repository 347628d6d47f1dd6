// The C functions of CKernels in the forms that lesser processors get, for tests on a processor that would choose better ones.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct {
  const char *name;
  size_t (*crc32)(uint32_t *crc, const uint8_t *bytes, size_t length);
  void (*fingerprint)(const uint8_t *message, size_t length, const uint64_t *key, uint64_t *fingerprint,
                      uint64_t *blocks);
  void (*fingerprint_pair)(const uint8_t *message, size_t length, const uint64_t *first_key,
                           const uint64_t *second_key, uint64_t *first, uint64_t *second, uint64_t *blocks);
  void (*block_hashes)(const uint8_t *message, size_t length, const uint64_t *key, uint64_t *hashes);
  void (*split_planes)(const uint8_t *words, size_t count, uint8_t *planes);
  void (*join_planes)(const uint8_t *planes, size_t count, uint8_t *words);
  void (*take_exponents)(const uint8_t *words, size_t count, uint8_t *exponents);
  void (*take_rest)(const uint8_t *words, size_t count, uint8_t *rest);
  void (*join_exponents)(const uint8_t *exponents, const uint8_t *rest, size_t count, uint8_t *words);
} kernel_forms;

/// What the processor that runs this chooses.
extern const kernel_forms kernel_forms_chosen;
/// What one without AVX-512 does.
extern const kernel_forms kernel_forms_narrow;
/// What one without any of the instructions that are chosen at run time does.
extern const kernel_forms kernel_forms_portable;
