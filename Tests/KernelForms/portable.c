#define __builtin_cpu_supports(feature) 0
#define NAME(f) portable_##f
#include "forms.h"

TABLE(portable)
