// The floor that any reader of captures stands on: libpcap hands out each packet, and nothing looks into it.
//
//     read-only CAPTURE
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>

int main(int count, char **words) {
    if (count != 2) {
        fprintf(stderr, "usage: read-only CAPTURE\n");
        return 2;
    }
    char fault[PCAP_ERRBUF_SIZE];
    pcap_t *capture = pcap_open_offline(words[1], fault);
    if (capture == NULL) {
        fprintf(stderr, "read-only: %s\n", fault);
        return 2;
    }
    struct pcap_pkthdr *header;
    const u_char *octets;
    uint64_t packets = 0, length = 0;
    int result;
    while ((result = pcap_next_ex(capture, &header, &octets)) == 1) {
        packets++;
        length += header->caplen;
    }
    if (result != PCAP_ERROR_BREAK) {
        fprintf(stderr, "read-only: %s: %s\n", words[1], pcap_geterr(capture));
        return 2;
    }
    printf("%" PRIu64 " packets, %" PRIu64 " octets\n", packets, length);
    pcap_close(capture);
}
