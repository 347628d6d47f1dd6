// The table of one form: of the sources of CKernels, compiled anew with functions of other names. NAME(f) is the form's
// name for f.
#define ckernels_crc32 NAME(crc32)
#define ckernels_fingerprint NAME(fingerprint)
#define ckernels_fingerprint_pair NAME(fingerprint_pair)
#define ckernels_block_hashes NAME(block_hashes)
#define ckernels_split_planes NAME(split_planes)
#define ckernels_join_planes NAME(join_planes)
#define ckernels_take_exponents NAME(take_exponents)
#define ckernels_take_rest NAME(take_rest)
#define ckernels_join_exponents NAME(join_exponents)

#include "../../Sources/CKernels/crc32.c"
#undef WIDE_TARGET
#include "../../Sources/CKernels/fingerprint.c"
#include "../../Sources/CKernels/planes.c"

#include "table.h"
