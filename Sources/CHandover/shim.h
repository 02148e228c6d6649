/*
 * No library: control messages (cmsg(3)), by which descriptors go from process to process, and calls that Swift cannot import.
 * Handover alone imports this.
 */
#ifndef GRINDVAKT_CHANDOVER_H
#define GRINDVAKT_CHANDOVER_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * What Swift cannot import: the macros of control messages (cmsg(3)), and what glibc declares for _GNU_SOURCE only.
 */

/* Descriptors that one message may carry here. */
#define GV_DESCRIPTOR_LIMIT 4

/* Sends a message with at most GV_DESCRIPTOR_LIMIT descriptors, to an address where one is given. Returns 0 or -errno. */
static inline int gv_send_descriptors(int socket, const void *address, socklen_t address_length, const void *bytes,
                                      size_t count, const int *descriptors, unsigned int descriptor_count) {
    char control[CMSG_SPACE(GV_DESCRIPTOR_LIMIT * sizeof(int))] __attribute__((aligned(8)));
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_name = (void *)address, .msg_namelen = address_length, .msg_iov = &vector, .msg_iovlen = 1};
    if (descriptor_count > GV_DESCRIPTOR_LIMIT) {
        return -EINVAL;
    }
    if (descriptor_count > 0) {
        memset(control, 0, sizeof(control));
        message.msg_control = control;
        message.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
        memcpy(CMSG_DATA(header), descriptors, descriptor_count * sizeof(int));
    }
    for (;;) {
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent >= 0) {
            return (size_t)sent == count ? 0 : -EMSGSIZE;
        }
        if (errno != EINTR) {
            return -errno;
        }
    }
}

/*
 * Receives a message and the descriptors with it, which are closed on exec. Returns the octets of the message, 0 at the end of the
 * connection, or -errno; a message that was cut short, or whose descriptors were, is -EMSGSIZE and leaves none open.
 */
static inline int gv_receive_descriptors(int socket, void *bytes, size_t capacity, int *descriptors,
                                         unsigned int *descriptor_count) {
    char control[CMSG_SPACE(GV_DESCRIPTOR_LIMIT * sizeof(int))] __attribute__((aligned(8)));
    struct iovec vector = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t received;
    unsigned int found = 0;
    *descriptor_count = 0;
    do {
        received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (received < 0 && errno == EINTR);
    if (received < 0) {
        return -errno;
    }
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        unsigned int count = (unsigned int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (unsigned int index = 0; index < count; index++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
            if (found < GV_DESCRIPTOR_LIMIT) {
                descriptors[found++] = descriptor;
            } else {
                close(descriptor);
            }
        }
    }
    if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        for (unsigned int index = 0; index < found; index++) {
            close(descriptors[index]);
        }
        return -EMSGSIZE;
    }
    *descriptor_count = found;
    return (int)received;
}

/* A file that is memory alone and closed on exec (memfd_create(2)). Returns its descriptor or -errno. */
static inline int gv_memory_file(const char *name) {
    long descriptor = syscall(SYS_memfd_create, name, 1UL);
    return descriptor < 0 ? -errno : (int)descriptor;
}

/* Waits for a connection, whose descriptor is closed on exec. Returns it or -errno. */
static inline int gv_accept(int socket) {
    long descriptor = syscall(SYS_accept4, socket, NULL, NULL, (long)SOCK_CLOEXEC);
    return descriptor < 0 ? -errno : (int)descriptor;
}

/* Who is at the other end of a Unix socket (SO_PEERCRED). Returns 0 or -errno. */
static inline int gv_peer(int socket, int *process, unsigned int *user) {
    struct {
        int process;
        unsigned int user;
        unsigned int group;
    } credentials;
    socklen_t length = sizeof(credentials);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
        return -errno;
    }
    *process = credentials.process;
    *user = credentials.user;
    return 0;
}

/* Marks a descriptor as closed on exec. Returns 0 or -errno, where it is not open. */
static inline int gv_close_on_exec(int descriptor) {
    return fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 ? -errno : 0;
}

/* Another descriptor of the same file, closed on exec. Returns it or -errno. */
static inline int gv_duplicate(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
    return copy < 0 ? -errno : copy;
}

#endif
