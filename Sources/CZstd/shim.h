// The experimental parameters are needed for one thing: forcing literal compression on (the exponent plane).
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>
