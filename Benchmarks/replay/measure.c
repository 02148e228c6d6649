// Runs a program on one processor, and writes what it took into a file: seconds of processor time, seconds on the wall, octets resident at most.
//
//     measure PROCESSOR FILE PROGRAM [WORD…]
//
// A program of its own, as the peak of a process counts what it was before it became the program: here next to nothing.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int fail(const char *step) {
    fprintf(stderr, "measure: %s: %s\n", step, strerror(errno));
    return 125;
}

static double seconds_of(struct timeval time) { return (double)time.tv_sec + (double)time.tv_usec / 1e6; }

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int count, char **words) {
    if (count < 4) {
        fprintf(stderr, "usage: measure PROCESSOR FILE PROGRAM [WORD...]\n");
        return 125;
    }
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(atoi(words[1]), &processors);
    if (sched_setaffinity(0, sizeof processors, &processors) != 0) return fail(words[1]);

    double start = now();
    pid_t child = fork();
    if (child < 0) return fail("fork");
    if (child == 0) {
        // Where this program is ended early, so is the measured one.
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(words[3], words + 3);
        _exit(fail(words[3]));
    }
    int status;
    struct rusage usage;
    if (wait4(child, &status, 0, &usage) != child) return fail("wait4");
    double wall = now() - start;

    FILE *out = fopen(words[2], "w");
    if (out == NULL) return fail(words[2]);
    fprintf(out, "%.6f %.6f %ld\n", seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime), wall, usage.ru_maxrss * 1024);
    if (fclose(out) != 0) return fail(words[2]);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
