#include "CKernels.h"
#include "table.h"

TABLE(chosen)
