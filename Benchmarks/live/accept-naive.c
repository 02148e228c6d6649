// Accepts every packet of one netfilter queue in the plainest way: the loop that libnetfilter_queue's documentation begins with.
//
//     accept-naive QUEUE CPU
//
// One recv and one verdict for each packet, a buffer of 4 KiB, the default receive buffer, no fail-open, no merged packets. On SIGUSR1 it
// prints how many it has seen; SIGTERM ends it.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/netfilter.h>

#include <libnetfilter_queue/libnetfilter_queue.h>

static volatile sig_atomic_t stopping, asked;
static uint64_t packets;

static void note(int number) {
    if (number == SIGUSR1) asked = 1;
    else stopping = 1;
}

static void fail(const char *step) {
    fprintf(stderr, "accept-naive: %s: %s\n", step, strerror(errno));
    exit(3);
}

static int judge(struct nfq_q_handle *queue, struct nfgenmsg *message, struct nfq_data *data, void *context) {
    (void)message, (void)context;
    struct nfqnl_msg_packet_hdr *header = nfq_get_msg_packet_hdr(data);
    packets++;
    return header == NULL ? 0 : nfq_set_verdict(queue, ntohl(header->packet_id), NF_ACCEPT, 0, NULL);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: accept-naive QUEUE CPU\n");
        return 2;
    }
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(atoi(argv[2]), &processors);
    if (sched_setaffinity(0, sizeof(processors), &processors) < 0) fail("pin to the processor");
    // Without SA_RESTART, so that a receive call ends.
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);

    struct nfq_handle *handle = nfq_open();
    if (handle == NULL) fail("open a netlink socket");
    struct nfq_q_handle *queue = nfq_create_queue(handle, (uint16_t)atoi(argv[1]), judge, NULL);
    if (queue == NULL) fail("bind the queue");
    if (nfq_set_mode(queue, NFQNL_COPY_PACKET, 0xffff) < 0) fail("set up the queue");
    // A signal that comes right before the call is noticed a tenth of a second later.
    struct timeval limit = {.tv_usec = 100000};
    if (setsockopt(nfq_fd(handle), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0) fail("set the receive timeout");

    char buffer[4096] __attribute__((aligned));
    while (!stopping) {
        if (asked) {
            asked = 0;
            printf("packets %llu\n", (unsigned long long)packets);
            fflush(stdout);
        }
        ssize_t length = recv(nfq_fd(handle), buffer, sizeof(buffer), 0);
        if (length >= 0) nfq_handle_packet(handle, buffer, (int)length);
        else if (errno != EINTR && errno != EAGAIN && errno != ENOBUFS) fail("receive");
    }
    return 0;
}
