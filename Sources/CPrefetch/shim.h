/*
 * No library: the one instruction that Swift cannot say, by which lookups wait for memory side by side.
 * Blocklists and Inspection alone import this, each in the one file that keeps its flat memory.
 */
#ifndef GRINDVAKT_CPREFETCH_H
#define GRINDVAKT_CPREFETCH_H

/// Asks the processor to bring in the cache line of `address`, to be read; no address is wrong, and nothing waits.
static inline void gv_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

#endif
