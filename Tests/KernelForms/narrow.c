#include <string.h>

#define __builtin_cpu_supports(feature) \
  (!strstr(feature, "avx512") && !strstr(feature, "vpclmul") && __builtin_cpu_supports(feature))
#define NAME(f) narrow_##f
#include "forms.h"

TABLE(narrow)
