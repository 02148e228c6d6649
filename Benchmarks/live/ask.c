// Sends DNS queries over UDP from many source ports, and prints how many it sent in how long.
//
//     ask ADDRESS SECONDS COUNT CPU [RATE DOMAIN]
//
// It ends after SECONDS, or after COUNT packets if that is earlier. It sends as fast as one processor can, or RATE packets a second, a few at a
// time. The names lie under DOMAIN.test, or by default under example, both reserved (RFC 2606); DOMAIN is one label.

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

enum { SOCKETS = 64, BATCH = 64, LONGEST_QUERY = 64, LONGEST_DOMAIN = 20 };

static void fail(const char *step) {
    fprintf(stderr, "ask: %s: %s\n", step, strerror(errno));
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

// Writes a query for an A record, under `domain` of test or under example, and returns its length.
static size_t write_query(uint8_t *query, unsigned number, const char *domain) {
    static const uint8_t header[12] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    static const uint8_t question[5] = {0, 0, 1, 0, 1};
    char label[16];
    memcpy(query, header, sizeof(header));
    query[0] = (uint8_t)(number >> 8);
    query[1] = (uint8_t)number;
    snprintf(label, sizeof(label), "h%u", number);
    uint8_t *end = add_label(query + sizeof(header), "www");
    end = add_label(end, label);
    if (domain) end = add_label(end, domain);
    end = add_label(end, domain ? "test" : "example");
    memcpy(end, question, sizeof(question));
    return (size_t)(end + sizeof(question) - query);
}

int main(int argc, char **argv) {
    const char *domain = argc == 7 ? argv[6] : NULL;
    if ((argc != 5 && argc != 7) || (domain && strlen(domain) > LONGEST_DOMAIN)) {
        fprintf(stderr, "usage: ask ADDRESS SECONDS COUNT CPU [RATE DOMAIN]\n");
        return 2;
    }
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(53)};
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
        fprintf(stderr, "ask: %s is no IPv4 address\n", argv[1]);
        return 2;
    }
    double seconds = atof(argv[2]), rate = argc == 7 ? atof(argv[5]) : 0;
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
            size_t length = write_query(queries[one][index], (unsigned)(one * BATCH + index), domain);
            vectors[one][index] = (struct iovec){queries[one][index], length};
            messages[one][index].msg_hdr = (struct msghdr){.msg_iov = &vectors[one][index], .msg_iovlen = 1};
        }
    }

    const struct timespec pause = {.tv_nsec = 50000};
    double start = now(), end = start;
    for (int one = 0; sent < limit && end - start < seconds; one = (one + 1) % SOCKETS) {
        unsigned batch = BATCH;
        if (rate > 0) {
            double due = (end - start) * rate - (double)sent;
            if (due < 1) {
                nanosleep(&pause, NULL);
                end = now();
                continue;
            }
            if (due < BATCH) batch = (unsigned)due;
        }
        int count = sendmmsg(sockets[one], messages[one], batch, 0);
        // A full device queue, or an answer that nobody listens, concerns one packet; the flood goes on.
        if (count < 0 && errno != ENOBUFS && errno != ECONNREFUSED && errno != EAGAIN && errno != EINTR) fail("send");
        if (count > 0) sent += (uint64_t)count;
        end = now();
    }
    printf("packets %llu seconds %.6f\n", (unsigned long long)sent, end - start);
    return 0;
}
