// Measures how long a packet takes from a client to a server: sends DNS queries at a fixed rate and prints the nanoseconds of each.
//
//     probe CLIENT SERVER ADDRESS SECONDS RATE CPU
//
// CLIENT and SERVER are network namespaces on this machine, so that one clock tells both times: that before the send call, and the one at which
// the packet comes out of the server's interface, which the kernel writes down (SO_TIMESTAMPNS). Nobody's waking up is in it but that of whoever
// has the queue in between. It prints "sent N", then a line for each packet that came.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

// Queries are numbered by their DNS identifier.
enum { NUMBERS = 1 << 16, PORT = 40053, MOST = 10000000 };

static int64_t sent_at[NUMBERS];

static void fail(const char *step) {
    fprintf(stderr, "probe: %s: %s\n", step, strerror(errno));
    exit(3);
}

static int64_t now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void enter(const char *namespace) {
    char path[128];
    snprintf(path, sizeof(path), "/run/netns/%s", namespace);
    int inside = open(path, O_RDONLY | O_CLOEXEC);
    if (inside < 0 || setns(inside, CLONE_NEWNET) < 0) fail(path);
    close(inside);
}

static int open_client(const char *address) {
    struct sockaddr_in self = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(53)};
    if (inet_pton(AF_INET, address, &server.sin_addr) != 1) {
        fprintf(stderr, "probe: %s is no IPv4 address\n", address);
        exit(2);
    }
    int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (client < 0 || bind(client, (struct sockaddr *)&self, sizeof(self)) < 0) fail("open a socket");
    if (connect(client, (struct sockaddr *)&server, sizeof(server)) < 0) fail("connect");
    return client;
}

// A packet socket, which has the packet before any rule of the server's does.
static int open_server(void) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 0, 3),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, ETH_HLEN + 20),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PORT, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 64),
        BPF_STMT(BPF_RET | BPF_K, 0),
    };
    struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)if_nametoindex("up0")};
    int one = 1, server = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (server < 0) fail("open a packet socket");
    if (setsockopt(server, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0) fail("attach the filter");
    if (setsockopt(server, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) < 0) fail("ask for times");
    if (bind(server, (struct sockaddr *)&address, sizeof(address)) < 0) fail("bind to up0");
    return server;
}

// Notes what has come; returns how many latencies there are.
static size_t collect(int server, int64_t *latencies, size_t count, size_t wanted) {
    uint8_t frame[64];
    char control[256];
    struct iovec vector = {frame, sizeof(frame)};
    while (count < wanted) {
        struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        ssize_t length = recvmsg(server, &message, 0);
        if (length < 0 && errno != EAGAIN && errno != EINTR) fail("receive");
        if (length < ETH_HLEN + 20 + 8 + 2) return count;
        const uint8_t *dns = frame + ETH_HLEN + 20 + 8;
        for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL; part = CMSG_NXTHDR(&message, part)) {
            if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
            struct timespec time;
            memcpy(&time, CMSG_DATA(part), sizeof(time));
            latencies[count++] = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec - sent_at[dns[0] << 8 | dns[1]];
        }
    }
    return count;
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fprintf(stderr, "usage: probe CLIENT SERVER ADDRESS SECONDS RATE CPU\n");
        return 2;
    }
    double seconds = atof(argv[4]), rate = atof(argv[5]);
    if (rate < 1 || rate > 50000 || seconds * rate > MOST) {
        fprintf(stderr, "probe: 1 to 50000 packets a second, and %d at most\n", MOST);
        return 2;
    }
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(atoi(argv[6]), &processors);
    if (sched_setaffinity(0, sizeof(processors), &processors) < 0) fail("pin to the processor");
    prctl(PR_SET_TIMERSLACK, 1ul);
    enter(argv[1]);
    int client = open_client(argv[3]);
    enter(argv[2]);
    int server = open_server();
    size_t wanted = (size_t)(seconds * rate), count = 0;
    int64_t *latencies = calloc(wanted, sizeof(*latencies));
    if (latencies == NULL) fail("allocate the times");

    uint8_t query[] = "\0\0\1\0\0\1\0\0\0\0\0\0\3www\7latency\7example\0\0\1\0\1";
    int64_t start = now(CLOCK_MONOTONIC), step = (int64_t)(1e9 / rate);
    for (size_t number = 0; number < wanted; number++) {
        int64_t due = start + (int64_t)number * step;
        struct timespec time = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
        while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL) == EINTR) {}
        query[0] = (uint8_t)(number >> 8);
        query[1] = (uint8_t)number;
        sent_at[number % NUMBERS] = now(CLOCK_REALTIME);
        if (send(client, query, sizeof(query) - 1, 0) < 0 && errno != ENOBUFS && errno != ECONNREFUSED) fail("send");
        count = collect(server, latencies, count, wanted);
    }
    for (int64_t last = now(CLOCK_MONOTONIC) + 500000000; count < wanted && now(CLOCK_MONOTONIC) < last;) {
        count = collect(server, latencies, count, wanted);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    printf("sent %zu\n", wanted);
    for (size_t number = 0; number < count; number++) printf("%lld\n", (long long)latencies[number]);
    return 0;
}
