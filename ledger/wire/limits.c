/* The table of what each field may hold, made from the .proto files. */
#include "wire/wire.h"

#include <quipu/v1/limits.inc>
