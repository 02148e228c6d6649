// Accepts every packet of one netfilter queue, as fast as C can: the bar that the sensor is measured against.
//
//     accept-all QUEUE CPU
//
// The same system calls as a worker of the sensor makes: recvmmsg of up to 64 messages, one batch verdict for each call, merged packets,
// fail-open, a receive buffer of 32 MiB, whole packets copied. It looks into no packet. On SIGUSR1 it prints how
// many it has seen; SIGTERM ends it.

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
#include <time.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

#include <libmnl/libmnl.h>
#include <libnetfilter_queue/libnetfilter_queue.h>

enum { BATCH = 64, COPY_RANGE = 65531, SLOT = COPY_RANGE + 4096 + 64, QUEUE_LENGTH = 131072, RECEIVE_BUFFER = 32 << 20 };

static volatile sig_atomic_t stopping, asked;

static void note(int number) {
    if (number == SIGUSR1) asked = 1;
    else stopping = 1;
}

static void fail(const char *step) {
    fprintf(stderr, "accept-all: %s: %s\n", step, strerror(errno));
    exit(3);
}

// Sends one configuration request and waits for the kernel's answer; packets that come before it get no verdict here, since the load starts
// only when the queue is set up.
static void request(struct mnl_socket *nl, struct nlmsghdr *header, const char *step) {
    char answer[MNL_SOCKET_BUFFER_SIZE];
    header->nlmsg_flags |= NLM_F_ACK;
    if (mnl_socket_sendto(nl, header, header->nlmsg_len) < 0) fail(step);
    ssize_t length = mnl_socket_recvfrom(nl, answer, sizeof(answer));
    if (length < 0 || mnl_cb_run(answer, length, 0, mnl_socket_get_portid(nl), NULL, NULL) < 0) fail(step);
}

static void configure(struct mnl_socket *nl, uint16_t queue) {
    char buffer[MNL_SOCKET_BUFFER_SIZE];
    struct nlmsghdr *header = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);
    nfq_nlmsg_cfg_put_cmd(header, AF_UNSPEC, NFQNL_CFG_CMD_BIND);
    request(nl, header, "bind the queue");

    header = nfq_nlmsg_put(buffer, NFQNL_MSG_CONFIG, queue);
    nfq_nlmsg_cfg_put_params(header, NFQNL_COPY_PACKET, COPY_RANGE);
    nfq_nlmsg_cfg_put_qmaxlen(header, QUEUE_LENGTH);
    mnl_attr_put_u32(header, NFQA_CFG_FLAGS, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
    mnl_attr_put_u32(header, NFQA_CFG_MASK, htonl(NFQA_CFG_F_GSO | NFQA_CFG_F_FAIL_OPEN));
    request(nl, header, "set up the queue");

    int size = RECEIVE_BUFFER;
    if (setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0) fail("set the receive buffer");
    struct timeval limit = {.tv_usec = 100000};
    if (setsockopt(mnl_socket_get_fd(nl), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0) fail("set the receive timeout");
}

// The number of the packet in one message; zero where it holds none.
static uint32_t packet_number(const struct nlmsghdr *header) {
    const struct nlattr *attribute;
    if (NFNL_MSG_TYPE(header->nlmsg_type) != NFQNL_MSG_PACKET) return 0;
    mnl_attr_for_each(attribute, header, sizeof(struct nfgenmsg)) {
        if (mnl_attr_get_type(attribute) == NFQA_PACKET_HDR) {
            const struct nfqnl_msg_packet_hdr *packet = mnl_attr_get_payload(attribute);
            return ntohl(packet->packet_id);
        }
    }
    return 0;
}

static void accept_up_to(struct mnl_socket *nl, uint16_t queue, uint32_t number) {
    char buffer[64];
    struct nlmsghdr *header = nfq_nlmsg_put(buffer, NFQNL_MSG_VERDICT_BATCH, queue);
    nfq_nlmsg_verdict_put(header, (int)number, NF_ACCEPT);
    if (mnl_socket_sendto(nl, header, header->nlmsg_len) < 0) fail("send a verdict");
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: accept-all QUEUE CPU\n");
        return 2;
    }
    uint16_t queue = (uint16_t)atoi(argv[1]);
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(atoi(argv[2]), &processors);
    if (sched_setaffinity(0, sizeof(processors), &processors) < 0) fail("pin to the processor");
    struct sigaction action = {.sa_handler = note};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);

    struct mnl_socket *nl = mnl_socket_open(NETLINK_NETFILTER);
    if (nl == NULL || mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0) fail("open a netlink socket");
    configure(nl, queue);

    static struct mmsghdr messages[BATCH];
    static struct iovec vectors[BATCH];
    char *memory = calloc(BATCH, SLOT);
    if (memory == NULL) fail("allocate the buffers");
    for (int index = 0; index < BATCH; index++) {
        vectors[index] = (struct iovec){memory + (size_t)index * SLOT, SLOT};
        messages[index].msg_hdr = (struct msghdr){.msg_iov = &vectors[index], .msg_iovlen = 1};
    }

    uint64_t packets = 0, batches = 0;
    while (!stopping) {
        if (asked) {
            asked = 0;
            printf("packets %llu batches %llu\n", (unsigned long long)packets, (unsigned long long)batches);
            fflush(stdout);
        }
        int count = recvmmsg(mnl_socket_get_fd(nl), messages, BATCH, MSG_WAITFORONE, NULL);
        if (count < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOBUFS)) continue;
        if (count < 0) fail("receive");
        uint32_t last = 0;
        for (int index = 0; index < count; index++) {
            int length = (int)messages[index].msg_len;
            const struct nlmsghdr *header = vectors[index].iov_base;
            for (; mnl_nlmsg_ok(header, length); header = mnl_nlmsg_next(header, &length)) {
                uint32_t number = packet_number(header);
                if (number == 0) continue;
                last = number;
                packets++;
            }
        }
        if (last != 0) accept_up_to(nl, queue, last);
        batches++;
    }
    return 0;
}
