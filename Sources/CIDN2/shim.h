/*
 * libidn2, which turns names outside ASCII into the A-labels that are on the wire.
 * ListFiles alone imports this: packets hold no other names than those, so nobody below needs it.
 */
#ifndef GRINDVAKT_CIDN2_H
#define GRINDVAKT_CIDN2_H

#include <idn2.h>

#endif
