#ifndef GRINDVAKT_CXXHASH_H
#define GRINDVAKT_CXXHASH_H

#include <xxhash.h>

#endif
