#ifndef GRINDVAKT_CZLIB_H
#define GRINDVAKT_CZLIB_H

#include <zlib.h>

#endif
