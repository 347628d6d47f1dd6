#include "KernelForms.h"

#define TABLE(form)                                                                                             \
  const kernel_forms kernel_forms_##form = {                                                                    \
      #form, ckernels_crc32, ckernels_fingerprint, ckernels_fingerprint_pair, ckernels_block_hashes,            \
      ckernels_split_planes, ckernels_join_planes, ckernels_take_exponents, ckernels_take_rest,                 \
      ckernels_join_exponents};
