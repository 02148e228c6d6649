/*
 * libxxhash: the checksum of snapshot files, against damage and not against intent.
 * ListFiles alone imports this; Blocklists is given the checksum as a function.
 */
#ifndef GRINDVAKT_CXXHASH_H
#define GRINDVAKT_CXXHASH_H

#include <xxhash.h>

#endif
