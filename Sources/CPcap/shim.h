#ifndef GRINDVAKT_CPCAP_H
#define GRINDVAKT_CPCAP_H

#include <pcap/pcap.h>

#endif
