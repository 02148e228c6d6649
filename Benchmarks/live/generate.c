// Sends prepared packets through a router as fast as one processor can, or at a rate, and prints how many in how long.
//
//     generate CLIENT SERVER LOAD HELLO SECONDS RATE CPU
//
// CLIENT and SERVER are network namespaces, whose interface up0 leads to the router. LOAD is one of
//
//     dns    queries for an A record, each for another name
//     tls    connections: SYN, and on the server's SYN and ACK an ACK and the ClientHello; as many at a time as WINDOW
//     bulk   full-size segments of STREAMS connections that have begun as those do
//     mixed  of 64 packets 8 of dns, 12 of tls and 44 of bulk
//
// One packet in four is IPv6. HELLO is a file with a ClientHello; the first run of six zeros in it, in the server's name, is counted up. RATE
// is in packets per second; 0 is a flood. The server's side answers each SYN and nothing else: no TCP of the kernel's takes part, as none could
// keep up. It prints "packets P connections C seconds S", where P is all that the client sent, and C how often it sent a
// ClientHello but for streams; S does not count their beginning.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    BATCH = 64,
    // A sender that keeps to a rate sends few at a time, so that it is no burst that is measured.
    PACED_BATCH = 16,
    LONGEST_FRAME = 1514,
    LONGEST_HELLO = 1300,
    QUERIES = 1 << 12,
    STREAMS = 1 << 8,
    WINDOW = 512,
    FIRST_PORT = 16384,
    DNS = 53,
    TLS = 443,
    ACK = 0x10,
    PUSH = 0x08,
    SYN = 0x02,
};

// Of both of the router's interfaces; the namespaces are laid out so.
static const uint8_t ROUTER[6] = {0x02, 0, 0, 0, 0, 0x01}, SELF[6] = {0x02, 0, 0, 0, 0, 0x02};
// Sixteen clients, behind the one that the router knows: 10.72.0.0/16 and fd72::/64, and the server of each family.
static const uint8_t CLIENTS[4] = {10, 72, 0, 0}, SERVER[4] = {10, 71, 2, 2};
static const uint8_t CLIENTS_6[16] = {0xfd, 0x72}, SERVER_6[16] = {0xfd, 0x71, 0, 2, [15] = 2};
static const double PATIENCE = 0.02;

struct frames {
    uint8_t octets[BATCH][LONGEST_FRAME];
    struct iovec vectors[BATCH];
    struct mmsghdr messages[BATCH];
    unsigned count;
};

static void fail(const char *step) {
    fprintf(stderr, "generate: %s: %s\n", step, strerror(errno));
    exit(3);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// ---- frames ----

static uint8_t *put16(uint8_t *at, unsigned value) {
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value) {
    return put16(put16(at, value >> 16), value & 0xffff);
}

static uint32_t get32(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t sum(const uint8_t *octets, size_t length, uint64_t start) {
    uint32_t word;
    uint16_t half;
    for (; length >= 4; octets += 4, length -= 4) {
        memcpy(&word, octets, 4);
        start += word;
    }
    if (length >= 2) {
        memcpy(&half, octets, 2);
        start += half;
        octets += 2;
        length -= 2;
    }
    return length > 0 ? start + *octets : start;
}

// The Internet checksum (RFC 1071) in network byte order, as the sum was of octets as they lie.
static uint16_t folded(uint64_t value) {
    while (value >> 16 != 0) value = (value & 0xffff) + (value >> 16);
    return (uint16_t)~value;
}

static bool is_v6(unsigned number) {
    return number % 4 == 3;
}

// Writes the headers below TCP or UDP for a packet between client `number` and the server; returns where the payload of IP begins.
static uint8_t *begin(uint8_t *frame, unsigned number, bool to_client, uint8_t protocol, size_t length) {
    uint8_t client[16], host = (uint8_t)(number >> 12 & 15);
    memcpy(frame, ROUTER, 6);
    memcpy(frame + 6, SELF, 6);
    put16(frame + 12, is_v6(number) ? ETH_P_IPV6 : ETH_P_IP);
    uint8_t *ip = frame + ETH_HLEN;
    if (is_v6(number)) {
        memcpy(client, CLIENTS_6, 16);
        client[15] = host + 2;
        put32(ip, 6u << 28);
        put16(ip + 4, (unsigned)length);
        ip[6] = protocol;
        ip[7] = 64;
        memcpy(ip + 8, to_client ? SERVER_6 : client, 16);
        memcpy(ip + 24, to_client ? client : SERVER_6, 16);
        return ip + 40;
    }
    memcpy(client, CLIENTS, 4);
    client[3] = host + 2;
    memset(ip, 0, 12);
    ip[0] = 0x45;
    put16(ip + 2, (unsigned)length + 20);
    put16(ip + 6, 0x4000);
    ip[8] = 64;
    ip[9] = protocol;
    memcpy(ip + 12, to_client ? SERVER : client, 4);
    memcpy(ip + 16, to_client ? client : SERVER, 4);
    uint16_t check = folded(sum(ip, 20, 0));
    memcpy(ip + 10, &check, 2);
    return ip + 20;
}

// Fills in the checksum of TCP or UDP; the addresses lie right before it in both versions of IP.
static void finish(uint8_t *payload, unsigned number, uint8_t protocol, size_t length) {
    size_t addresses = is_v6(number) ? 32 : 8;
    uint16_t pseudo[2] = {htons(protocol), htons((uint16_t)length)};
    uint64_t start = sum((uint8_t *)pseudo, 4, sum(payload - addresses, addresses, 0));
    uint8_t *field = payload + (protocol == IPPROTO_TCP ? 16 : 6);
    memset(field, 0, 2);
    uint16_t check = folded(sum(payload, length, start));
    memcpy(field, &check, 2);
}

static uint8_t *next_frame(struct frames *frames) {
    return frames->octets[frames->count];
}

static void add(struct frames *frames, const uint8_t *payload, size_t length) {
    frames->vectors[frames->count].iov_len = (size_t)(payload - frames->octets[frames->count]) + length;
    frames->count++;
}

static void add_query(struct frames *frames, unsigned number) {
    static const uint8_t head[10] = {1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, tail[5] = {0, 0, 1, 0, 1};
    char label[8];
    snprintf(label, sizeof(label), "h%06u", number % 1000000);
    uint8_t message[64], *end = put16(message, number);
    end = mempcpy(end, head, sizeof(head));
    end = mempcpy(end, "\3www\7", 5);
    end = mempcpy(end, label, 7);
    end = mempcpy(end, "\7example", 8);
    end = mempcpy(end, tail, sizeof(tail));
    size_t length = 8 + (size_t)(end - message);
    uint8_t *udp = begin(next_frame(frames), number, false, IPPROTO_UDP, length);
    put16(udp, FIRST_PORT + (number & 4095));
    put16(udp + 2, DNS);
    put16(udp + 4, (unsigned)length);
    memcpy(udp + 8, message, length - 8);
    finish(udp, number, IPPROTO_UDP, length);
    add(frames, udp, length);
}

static void add_segment(
    struct frames *frames, unsigned number, bool to_client, unsigned flags, uint32_t sequence, uint32_t acknowledged, const uint8_t *data,
    size_t count
) {
    // The largest segment, selective acknowledgment, and a window scale of 7.
    static const uint8_t options[12] = {2, 4, 0x05, 0xa0, 1, 1, 4, 2, 1, 3, 3, 7};
    size_t head = flags & SYN ? 20 + sizeof(options) : 20, length = head + count;
    unsigned port = FIRST_PORT + (number & 4095);
    uint8_t *tcp = begin(next_frame(frames), number, to_client, IPPROTO_TCP, length);
    put16(tcp, to_client ? TLS : port);
    put16(tcp + 2, to_client ? port : TLS);
    put32(tcp + 4, sequence);
    put32(tcp + 8, acknowledged);
    put16(tcp + 12, (unsigned)(head / 4) << 12 | flags);
    put16(tcp + 14, 65535);
    put16(tcp + 18, 0);
    if (flags & SYN) memcpy(tcp + 20, options, sizeof(options));
    memcpy(tcp + head, data, count);
    finish(tcp, number, IPPROTO_TCP, length);
    add(frames, tcp, length);
}

static struct frames *new_frames(void) {
    struct frames *frames = calloc(1, sizeof(*frames));
    if (frames == NULL) fail("allocate the frames");
    for (int index = 0; index < BATCH; index++) {
        frames->vectors[index] = (struct iovec){frames->octets[index], LONGEST_FRAME};
        frames->messages[index].msg_hdr = (struct msghdr){.msg_iov = &frames->vectors[index], .msg_iovlen = 1};
    }
    return frames;
}

// ---- links ----

// A packet socket on up0 of a namespace, which receives the TCP segments that have these of the flags SYN and ACK; none where `flags` is 0.
static int open_link(const char *namespace, unsigned flags) {
    char path[128];
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 4),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 8),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 20 + 13),
        BPF_STMT(BPF_JMP | BPF_JA, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 5),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 6),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 40 + 13),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, flags, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 128),
    };
    struct sock_fprog filter = {sizeof(code) / sizeof(code[0]), code};
    int one = 1, size = 8 << 20;
    snprintf(path, sizeof(path), "/run/netns/%s", namespace);
    int inside = open(path, O_RDONLY | O_CLOEXEC);
    if (inside < 0 || setns(inside, CLONE_NEWNET) < 0) fail(path);
    close(inside);
    int link = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link < 0) fail("open a packet socket");
    if (setsockopt(link, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0) fail("attach the filter");
    if (setsockopt(link, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0) fail("set the receive buffer");
    if (setsockopt(link, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0) fail("leave out what is sent");
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("up0")};
    address.sll_protocol = flags == 0 ? 0 : htons(ETH_P_ALL);
    if (bind(link, (struct sockaddr *)&address, sizeof(address)) < 0) fail("bind to up0");
    return link;
}

// Sends what has been added; a full device queue costs the packet that finds it so.
static uint64_t send_frames(int link, struct frames *frames) {
    uint64_t sent = 0;
    for (unsigned next = 0; next < frames->count;) {
        int count = sendmmsg(link, frames->messages + next, frames->count - next, 0);
        if (count < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) fail("send");
        if (count < 0 && errno == ENOBUFS) next++;
        if (count > 0) {
            next += (unsigned)count;
            sent += (uint64_t)count;
        }
    }
    return sent;
}

// What a segment that has come says.
struct segment {
    unsigned number;
    uint32_t sequence, acknowledged;
};

static unsigned receive_segments(int link, struct segment *segments, bool of_clients) {
    static uint8_t octets[BATCH][128];
    static struct iovec vectors[BATCH];
    static struct mmsghdr messages[BATCH];
    for (int index = 0; index < BATCH; index++) {
        vectors[index] = (struct iovec){octets[index], sizeof(octets[index])};
        messages[index].msg_hdr = (struct msghdr){.msg_iov = &vectors[index], .msg_iovlen = 1};
    }
    int count = recvmmsg(link, messages, BATCH, MSG_DONTWAIT, NULL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) fail("receive");
    for (int index = 0; index < count; index++) {
        bool v6 = octets[index][12] == 0x86;
        const uint8_t *tcp = octets[index] + ETH_HLEN + (v6 ? 40 : 20);
        // The last octet of the client's address, which is the source of what clients send.
        uint8_t host = of_clients ? tcp[v6 ? -17 : -5] : tcp[-1];
        unsigned port = of_clients ? (unsigned)tcp[0] << 8 | tcp[1] : (unsigned)tcp[2] << 8 | tcp[3];
        segments[index] = (struct segment){(unsigned)(host - 2) << 12 | (port - FIRST_PORT), get32(tcp + 4), get32(tcp + 8)};
    }
    return count < 0 ? 0 : (unsigned)count;
}

// ---- loads ----

static int client, server;
static uint64_t packets, connections;

static struct frames *queries[QUERIES / BATCH];

static void prepare_queries(void) {
    for (unsigned number = 0; number < QUERIES; number++) {
        if (number % BATCH == 0) queries[number / BATCH] = new_frames();
        // All sixteen clients ask, in both versions of IP.
        add_query(queries[number / BATCH], number | (number >> 2 & 15) << 12);
    }
}

static void send_queries(unsigned count) {
    static unsigned next;
    struct frames *frames = queries[next / BATCH];
    unsigned first = next % BATCH;
    int sent = sendmmsg(client, frames->messages + first, count, 0);
    if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) fail("send");
    if (sent > 0) packets += (uint64_t)sent;
    next = (next + count) % QUERIES;
}

static struct frames *outgoing;
static uint8_t hello[LONGEST_HELLO];
static size_t hello_length, digits;
static uint32_t salt;
static unsigned waiting;
static double progress;

// Streams take the last of the sixteen clients, connections the others.
enum { FIRST_STREAM = 15 << 12 };
static uint32_t stream_sequence[STREAMS];
static unsigned streams_begun;

static void add_syn(unsigned number) {
    add_segment(outgoing, number, false, SYN, salt + number * 65537u, 0, NULL, 0);
}

static void send_outgoing(void) {
    packets += send_frames(client, outgoing);
    outgoing->count = 0;
}

static void begin_connections(unsigned count) {
    static unsigned next;
    for (; count > 0 && waiting < WINDOW; count--, waiting++) {
        add_syn(next);
        next = (next + 1) % FIRST_STREAM;
        if (next == 0) salt += 0x01000193;
        if (outgoing->count == BATCH) send_outgoing();
    }
    send_outgoing();
}

// The server's answers to SYNs, and the clients' to those.
static void go_on_with_connections(void) {
    struct segment segments[BATCH];
    unsigned count = receive_segments(server, segments, true);
    for (unsigned index = 0; index < count; index++) {
        const struct segment *one = &segments[index];
        add_segment(outgoing, one->number, true, SYN | ACK, 0x5eed0000 + one->number, one->sequence + 1, NULL, 0);
    }
    send_frames(server, outgoing);
    outgoing->count = 0;

    count = receive_segments(client, segments, false);
    for (unsigned index = 0; index < count; index++) {
        const struct segment *one = &segments[index];
        char number[8];
        snprintf(number, sizeof(number), "%06u", (unsigned)(connections % 1000000));
        memcpy(hello + digits, number, 6);
        add_segment(outgoing, one->number, false, ACK, one->acknowledged, one->sequence + 1, NULL, 0);
        add_segment(outgoing, one->number, false, ACK | PUSH, one->acknowledged, one->sequence + 1, hello, hello_length);
        if (outgoing->count == BATCH) send_outgoing();
        connections++;
        if (waiting > 0) waiting--;
        if (one->number >= FIRST_STREAM && one->number < FIRST_STREAM + STREAMS) {
            uint32_t *sequence = &stream_sequence[one->number - FIRST_STREAM];
            if (*sequence == 0) streams_begun++;
            *sequence = one->acknowledged + (uint32_t)hello_length;
        }
    }
    send_outgoing();
    double time = now();
    if (count > 0 || waiting == 0) progress = time;
    // What has been lost does not come any more.
    if (time - progress > PATIENCE) waiting = 0;
}

static struct frames *segments_of_streams[STREAMS / BATCH];

// Begins the streams, and prepares a segment of each.
static void prepare_streams(void) {
    double last = now() + 5;
    while (streams_begun < STREAMS) {
        for (unsigned number = 0; number < STREAMS; number++) {
            if (stream_sequence[number] == 0) add_syn(FIRST_STREAM + number);
            if (outgoing->count == BATCH) send_outgoing();
        }
        send_outgoing();
        for (double until = now() + 0.1; streams_begun < STREAMS && now() < until;) go_on_with_connections();
        if (now() > last) {
            fprintf(stderr, "generate: %u of %u streams got no answer\n", STREAMS - streams_begun, STREAMS);
            exit(3);
        }
    }
    static uint8_t data[1460] = {0x17, 3, 3, 0x40};
    for (unsigned number = 0; number < STREAMS; number++) {
        if (number % BATCH == 0) segments_of_streams[number / BATCH] = new_frames();
        unsigned client_number = FIRST_STREAM + number;
        size_t length = is_v6(client_number) ? 1440 : 1460;
        add_segment(segments_of_streams[number / BATCH], client_number, false, ACK, 0, 0x5eed0000 + client_number + 1, data, length);
    }
    connections = 0;
}

// Gives the prepared segment of a stream its next sequence number, and its checksum what that changes.
static void advance(unsigned number) {
    uint8_t *tcp = segments_of_streams[number / BATCH]->octets[number % BATCH] + ETH_HLEN + (is_v6(FIRST_STREAM + number) ? 40 : 20);
    uint16_t check;
    uint32_t before, after;
    memcpy(&check, tcp + 16, 2);
    memcpy(&before, tcp + 4, 4);
    put32(tcp + 4, stream_sequence[number]);
    memcpy(&after, tcp + 4, 4);
    stream_sequence[number] += is_v6(FIRST_STREAM + number) ? 1440 : 1460;
    uint64_t value = (uint16_t)~check;
    value += (uint16_t)~(before & 0xffff) + (uint16_t)~(before >> 16) + (after & 0xffff) + (after >> 16);
    check = folded(value);
    memcpy(tcp + 16, &check, 2);
}

static void send_segments(unsigned count) {
    static unsigned next;
    for (; count > 0;) {
        unsigned first = next % BATCH, part = count < BATCH - first ? count : BATCH - first;
        for (unsigned index = 0; index < part; index++) advance(next + index);
        int sent = sendmmsg(client, segments_of_streams[next / BATCH]->messages + first, part, 0);
        if (sent < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) fail("send");
        if (sent > 0) packets += (uint64_t)sent;
        next = (next + part) % STREAMS;
        count -= part;
    }
}

// ---- the program ----

static void read_hello(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = file < 0 ? -1 : read(file, hello, sizeof(hello));
    if (length < 0) fail(path);
    close(file);
    const uint8_t *number = memmem(hello, (size_t)length, "000000", 6);
    if (number == NULL || length == sizeof(hello)) {
        fprintf(stderr, "generate: %s: no ClientHello of less than %d octets with a name that has six zeros in it\n", path, LONGEST_HELLO);
        exit(2);
    }
    hello_length = (size_t)length;
    digits = (size_t)(number - hello);
}

static void wait_until(double due) {
    double left = due - now();
    if (left > 0.0001) {
        left -= 0.00005;
        nanosleep(&(struct timespec){.tv_sec = (time_t)left, .tv_nsec = (long)((left - (double)(time_t)left) * 1e9)}, NULL);
    }
    while (now() < due) {}
}

int main(int argc, char **argv) {
    static const char *names[] = {"dns", "tls", "bulk", "mixed"};
    enum { IS_DNS, IS_TLS, IS_BULK, IS_MIXED, LOADS } load = IS_DNS;
    while (argc == 8 && load < LOADS && strcmp(argv[3], names[load]) != 0) load++;
    if (argc != 8 || load == LOADS) {
        fprintf(stderr, "usage: generate CLIENT SERVER dns|tls|bulk|mixed HELLO SECONDS RATE CPU\n");
        return 2;
    }
    double seconds = atof(argv[5]), rate = atof(argv[6]);
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(atoi(argv[7]), &processors);
    if (sched_setaffinity(0, sizeof(processors), &processors) < 0) fail("pin to the processor");
    prctl(PR_SET_TIMERSLACK, 1ul);

    client = open_link(argv[1], load == IS_DNS ? 0 : SYN | ACK);
    server = open_link(argv[2], load == IS_DNS ? 0 : SYN);
    read_hello(argv[4]);
    salt = (uint32_t)(now() * 1e6);
    outgoing = new_frames();
    prepare_queries();
    if (load == IS_BULK || load == IS_MIXED) prepare_streams();

    unsigned batch = rate > 0 ? PACED_BATCH : BATCH;
    uint64_t before = packets;
    double start = now(), time = start;
    progress = start;
    for (; time - start < seconds; time = now()) {
        if (rate > 0) wait_until(start + (double)(packets - before) / rate);
        if (load == IS_DNS) send_queries(batch);
        if (load == IS_TLS) begin_connections(batch / 4);
        if (load == IS_BULK) send_segments(batch);
        if (load == IS_MIXED) {
            send_queries(batch / 8);
            begin_connections(batch / 16);
            send_segments(batch * 11 / 16);
        }
        if (load == IS_TLS || load == IS_MIXED) go_on_with_connections();
    }
    while (waiting > 0) go_on_with_connections();
    printf("packets %llu connections %llu seconds %.6f\n", (unsigned long long)packets, (unsigned long long)connections, time - start);
    return 0;
}
