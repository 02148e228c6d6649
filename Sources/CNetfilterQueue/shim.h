/*
 * libnetfilter_queue, libmnl and the kernel's headers of netfilter, and the little of them that Swift cannot import.
 * NetfilterQueue alone imports this: nobody else speaks to the kernel's queues and to connection tracking.
 */
#ifndef GRINDVAKT_CNETFILTERQUEUE_H
#define GRINDVAKT_CNETFILTERQUEUE_H

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>

/*
 * What Swift cannot import: functions and structures that glibc declares for
 * _GNU_SOURCE only. The layout of gv_mmsghdr is the kernel's struct mmsghdr.
 */
struct gv_mmsghdr {
    struct msghdr header;
    unsigned int length;
};

/* MSG_WAITFORONE: return what is there once there is one message. */
#define GV_WAIT_FOR_ONE 0x10000

/* recvmmsg(2) without a time limit. Returns -errno instead of -1. */
static inline int gv_recvmmsg(int descriptor, struct gv_mmsghdr *messages, unsigned int count, int flags) {
    long received = syscall(SYS_recvmmsg, descriptor, messages, (unsigned long)count, (long)flags, NULL);
    return received < 0 ? -errno : (int)received;
}

/* Pins the calling thread to one processor. Returns 0 or -errno. */
static inline int gv_pin_thread(unsigned int processor) {
    unsigned long mask[16] = {0};
    const unsigned int bits = 8 * sizeof(unsigned long);
    if (processor >= 16 * bits) {
        return -EINVAL;
    }
    mask[processor / bits] = 1UL << (processor % bits);
    return syscall(SYS_sched_setaffinity, 0L, sizeof(mask), mask) < 0 ? -errno : 0;
}

/*
 * Gives the calling thread the nice value of the process. libdispatch gives its threads one by their quality of service, and a thread that
 * one of them starts inherits it; a process started with `nice` or systemd's Nice= would have workers at 0. Returns 0 or -errno.
 */
static inline int gv_take_process_priority(void) {
    errno = 0;
    int value = getpriority(PRIO_PROCESS, (id_t)getpid());
    if (value == -1 && errno != 0) {
        return -errno;
    }
    return setpriority(PRIO_PROCESS, 0, value) < 0 ? -errno : 0;
}

/* Puts the calling thread before all ordinary ones (SCHED_FIFO, lowest priority), or back among them. Returns 0 or -errno. */
static inline int gv_go_first(int first) {
    struct sched_param parameters = {.sched_priority = first ? 1 : 0};
    return sched_setscheduler(0, first ? SCHED_FIFO : SCHED_OTHER, &parameters) < 0 ? -errno : 0;
}

/* Processor time of the calling thread in nanoseconds. */
static inline uint64_t gv_thread_cpu_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* Fixes the size from which malloc(3) takes memory from the system for one block alone, and gives it back with it. */
static inline void gv_return_large_blocks(int size) {
    mallopt(M_MMAP_THRESHOLD, size);
}

/* Gives back every whole page that malloc(3) has free, in the heaps of all threads. */
static inline void gv_return_free_pages(void) {
    malloc_trim(0);
}

/* Names the calling thread for top(1) and ps(1); at most 15 octets are kept. */
static inline void gv_name_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}

/* The processors that the calling process may run on; fills `processors` and returns how many, or -errno. */
static inline int gv_allowed_processors(unsigned int *processors, unsigned int capacity) {
    unsigned long mask[16] = {0};
    const unsigned int bits = 8 * sizeof(unsigned long);
    long size = syscall(SYS_sched_getaffinity, 0L, sizeof(mask), mask);
    if (size < 0) {
        return -errno;
    }
    unsigned int count = 0;
    for (unsigned int processor = 0; processor < 16 * bits && count < capacity; processor++) {
        if (mask[processor / bits] & (1UL << (processor % bits))) {
            processors[count++] = processor;
        }
    }
    return (int)count;
}

/* CLOCK_MONOTONIC in nanoseconds. */
static inline uint64_t gv_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

#endif
