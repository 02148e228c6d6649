#ifndef GRINDVAKT_CIDN2_H
#define GRINDVAKT_CIDN2_H

#include <idn2.h>

#endif
