/*
 * zlib: what is packed with gzip.
 * ListFiles, which reads packed lists, and ControlSocket, which packs answers, alone import this.
 */
#ifndef GRINDVAKT_CZLIB_H
#define GRINDVAKT_CZLIB_H

#include <zlib.h>

#endif
