/*
 * libpcap, and the little that Swift cannot import beside it.
 * CaptureFiles, which writes capture files, and LiveCapture, which taps interfaces, alone import this.
 */
#ifndef GRINDVAKT_CPCAP_H
#define GRINDVAKT_CPCAP_H

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <pcap/pcap.h>

/* Whether a network interface is up: 1 or 0, or -errno where there is none of this name. Swift cannot import the union in struct ifreq. */
static inline int gv_interface_is_up(const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof(request));
    if (strlen(name) >= sizeof(request.ifr_name)) {
        return -ENODEV;
    }
    strcpy(request.ifr_name, name);
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) {
        return -errno;
    }
    int result = ioctl(descriptor, SIOCGIFFLAGS, &request) < 0 ? -errno : (request.ifr_flags & IFF_UP) != 0;
    close(descriptor);
    return result;
}

/*
 * Names the calling thread for top(1) and ps(1), 15 octets at most, and gives it the nice value of the process, which a thread that
 * libdispatch starts does not have.
 */
static inline void gv_prepare_capture_thread(const char *name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
    errno = 0;
    int value = getpriority(PRIO_PROCESS, (id_t)getpid());
    if (value != -1 || errno == 0) {
        setpriority(PRIO_PROCESS, 0, value);
    }
}

#endif
