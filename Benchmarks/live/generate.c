// Sends DNS queries over UDP as fast as one processor can, from many source ports, and prints how many it sent in how long.
//
//     generate ADDRESS SECONDS COUNT CPU
//
// It ends after SECONDS, or after COUNT packets if that is earlier. The names lie under a domain that is reserved for examples (RFC 2606).

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { SOCKETS = 64, BATCH = 64, LONGEST_QUERY = 64 };

static void fail(const char *step) {
    fprintf(stderr, "generate: %s: %s\n", step, strerror(errno));
    exit(3);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static uint8_t *add_label(uint8_t *end, const char *label) {
    size_t length = strlen(label);
    *end++ = (uint8_t)length;
    memcpy(end, label, length);
    return end + length;
}

// Writes a query for an A record and returns its length.
static size_t write_query(uint8_t *query, unsigned number) {
    static const uint8_t header[12] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    static const uint8_t question[5] = {0, 0, 1, 0, 1};
    char label[16];
    memcpy(query, header, sizeof(header));
    query[0] = (uint8_t)(number >> 8);
    query[1] = (uint8_t)number;
    snprintf(label, sizeof(label), "h%u", number);
    uint8_t *end = add_label(query + sizeof(header), "www");
    end = add_label(end, label);
    end = add_label(end, "example");
    memcpy(end, question, sizeof(question));
    return (size_t)(end + sizeof(question) - query);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: generate ADDRESS SECONDS COUNT CPU\n");
        return 2;
    }
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(53)};
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
        fprintf(stderr, "generate: %s is no IPv4 address\n", argv[1]);
        return 2;
    }
    double seconds = atof(argv[2]);
    uint64_t limit = strtoull(argv[3], NULL, 10), sent = 0;
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(atoi(argv[4]), &processors);
    if (sched_setaffinity(0, sizeof(processors), &processors) < 0) fail("pin to the processor");

    static uint8_t queries[SOCKETS][BATCH][LONGEST_QUERY];
    static struct iovec vectors[SOCKETS][BATCH];
    static struct mmsghdr messages[SOCKETS][BATCH];
    int sockets[SOCKETS];
    for (int one = 0; one < SOCKETS; one++) {
        sockets[one] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (sockets[one] < 0 || connect(sockets[one], (struct sockaddr *)&server, sizeof(server)) < 0) fail("connect");
        for (int index = 0; index < BATCH; index++) {
            size_t length = write_query(queries[one][index], (unsigned)(one * BATCH + index));
            vectors[one][index] = (struct iovec){queries[one][index], length};
            messages[one][index].msg_hdr = (struct msghdr){.msg_iov = &vectors[one][index], .msg_iovlen = 1};
        }
    }

    double start = now(), end = start;
    for (int one = 0; sent < limit && end - start < seconds; one = (one + 1) % SOCKETS) {
        int count = sendmmsg(sockets[one], messages[one], BATCH, 0);
        // A full device queue, or an answer that nobody listens, concerns one packet; the flood goes on.
        if (count < 0 && errno != ENOBUFS && errno != ECONNREFUSED && errno != EAGAIN && errno != EINTR) fail("send");
        if (count > 0) sent += (uint64_t)count;
        end = now();
    }
    printf("packets %llu seconds %.6f\n", (unsigned long long)sent, end - start);
    return 0;
}
