/*
 * libseccomp, and the calls about capabilities and processes that Swift cannot import.
 * Confinement alone imports this: nobody else takes anything away from the process.
 */
#ifndef GRINDVAKT_CCONFINEMENT_H
#define GRINDVAKT_CCONFINEMENT_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/netlink.h>

#include <seccomp.h>

/* What Swift cannot import: variadic functions, macros with arguments, and what glibc declares for _GNU_SOURCE only. */

/* The flags of clone(2) for a thread. */
static const uint64_t gv_thread_flags = CLONE_VM | CLONE_THREAD;

/* prctl(2) with one argument. Returns what it gives, or -errno. */
static inline int gv_prctl(int option, unsigned long argument) {
    int result = prctl(option, argument, 0, 0, 0);
    return result < 0 ? -errno : result;
}

/* Takes every capability but `kept` from the calling thread: effective, permitted and inheritable, and with them the ambient ones. Returns 0 or -errno. */
static inline int gv_keep_capabilities(uint64_t kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) < 0) {
        return -errno;
    }
    for (int word = 0; word < 2; word++) {
        uint32_t mask = (uint32_t)(kept >> (32 * word));
        data[word].effective &= mask;
        data[word].permitted &= mask;
        data[word].inheritable &= mask;
    }
    return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* What the next signal makes a thread keep; written before any is sent. */
static inline uint64_t *gv_capabilities_kept(void) {
    static uint64_t kept;
    return &kept;
}

static inline void gv_keep_on_signal(int number) {
    (void)number;
    int saved = errno;
    gv_keep_capabilities(*gv_capabilities_kept());
    errno = saved;
}

/*
 * From here on SIGSYS makes the thread that gets it keep no capability but these. Of the signals that have no other use here it is the one that
 * libdispatch leaves open in its threads. Returns 0 or -errno.
 */
static inline int gv_begin_keeping(uint64_t kept) {
    *gv_capabilities_kept() = kept;
    struct sigaction action = {.sa_handler = gv_keep_on_signal, .sa_flags = SA_RESTART};
    return sigaction(SIGSYS, &action, NULL) < 0 ? -errno : 0;
}

/* SIGSYS ends the process again. */
static inline void gv_end_keeping(void) {
    signal(SIGSYS, SIG_DFL);
}

/* Sends SIGSYS to a thread of this process. */
static inline void gv_signal_thread(int thread) {
    syscall(SYS_tgkill, (long)getpid(), (long)thread, (long)SIGSYS);
}

extern char **environ;

/* What is asked of the process that gv_fork_starter makes: start the program, say how it ended (-1 while it runs), end it. */
enum gv_starter_order { gv_starter_start = 1, gv_starter_outcome = 2, gv_starter_end = 3 };

/* The life of that process: it obeys, and ends when nobody is at the other end. Nothing here but system calls, as it comes of a process with threads. */
static inline void gv_obey(int channel, const char *program, char *const *arguments) {
    pid_t child = 0;
    int answer = 0;
    unsigned char order;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    for (;;) {
        if (read(channel, &order, 1) != 1) {
            _exit(0);
        }
        switch (order) {
        case gv_starter_start:
            posix_spawnattr_init(&attributes);
            posix_spawnattr_setsigmask(&attributes, &none);
            posix_spawnattr_setsigdefault(&attributes, &all);
            posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
            answer = posix_spawn(&child, program, NULL, &attributes, arguments, environ);
            answer = answer == 0 ? child : -answer;
            break;
        case gv_starter_outcome:
            answer = waitpid(child, &answer, WNOHANG) == child ? answer : -1;
            break;
        default:
            answer = kill(child, SIGKILL);
        }
        if (write(channel, &answer, sizeof(answer)) != sizeof(answer)) {
            _exit(0);
        }
    }
}

/*
 * Makes a process that starts the program when it is told to, and does nothing else; it has no file of this one's but the standard ones. Returns the
 * descriptor by which it is told, or -errno, and the number by which it is to be waited for.
 */
static inline int gv_fork_starter(const char *program, char *const *arguments, int *number) {
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0) {
        return -errno;
    }
    pid_t process = fork();
    if (process < 0) {
        int failure = errno;
        close(channel[0]);
        close(channel[1]);
        return -failure;
    }
    if (process == 0) {
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        prctl(PR_SET_NAME, "gv-starter", 0, 0, 0);
        if (dup3(channel[1], 3, O_CLOEXEC) < 0 && channel[1] != 3) {
            _exit(1);
        }
        syscall(SYS_close_range, 4UL, ~0UL, 0UL);
        gv_obey(3, program, arguments);
    }
    close(channel[1]);
    *number = process;
    return channel[0];
}

/* Each of these does something forbidden in the way that changes least if it is let through. They return 0, or the error number. */

static inline int gv_try_socket(int family, int type, int protocol) {
    int descriptor = socket(family, type | SOCK_CLOEXEC, protocol);
    if (descriptor < 0) {
        return errno;
    }
    close(descriptor);
    return 0;
}

static inline int gv_try_execute(void) {
    char *none[] = {NULL};
    execve("", none, none);
    /* A kernel that runs the call finds no such program. */
    return errno == ENOENT ? 0 : errno;
}

static inline int gv_try_fork(void) {
    long child = syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L);
    if (child == 0) {
        _exit(0);
    }
    if (child < 0) {
        return errno;
    }
    /* Nobody else knows of it. */
    waitpid((pid_t)child, NULL, 0);
    return 0;
}

static inline int gv_try_writable_code(void) {
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return errno;
    }
    munmap(memory, 4096);
    return 0;
}

/* A call by its number, with arguments that the kernel finds at fault if it gets so far. */
static inline int gv_try_call(int number) {
    errno = 0;
    return syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) < 0 ? errno : 0;
}

#endif
