"""The network of the live benchmark: a router with the sensor's rules, sixteen clients behind one, a server that counts, and all the counters."""

import os

from network import Failure, Network, command

# What `generate` knows to send.
LOADS = ("dns", "tls", "bulk", "mixed")
QUEUE = "0"
# The client's sending and the router up to the queue run on the one, the queue's consumer and the way on to the server on the other.
LOAD_CPU, CONSUMER_CPU = "0", "1"
# `generate` sends to this address; see there.
ROUTER_LINK = "02:00:00:00:00:01"
CLIENTS, CLIENTS_6 = "10.72.0.0/16", "fd72::/64"
FAMILIES = ("iptables", "ip6tables")
TICK = os.sysconf("SC_CLK_TCK")


class CountingNetwork(Network):
    """The network with the rules as `grindvakt rules` writes them on the router, and a sink on the server."""

    def __init__(self, program, configuration):
        super().__init__()
        self.program, self.configuration = program, configuration

    def lay_out(self):
        super().lay_out()
        for name in ("toclient", "toserver"):
            command("ip", "-n", self.router, "link", "set", name, "address", ROUTER_LINK)
        command("ip", "-n", self.router, "route", "add", CLIENTS, "via", self.CLIENT)
        command("ip", "-n", self.router, "-6", "route", "add", CLIENTS_6, "via", self.CLIENT_6)
        # The sink: what arrives is counted and goes no further, so that no receiver's pace is measured.
        for family in FAMILIES:
            for transport, port in (("udp", "53"), ("tcp", "443")):
                rule = ("-A", "PREROUTING", "-p", transport, "--dport", port, "-j", "DROP")
                command(*self.inside(self.server, family, "-t", "raw", *rule))
        self.rules("apply")
        settings = (
            # The network card would have looked at the checksums, and the server would say how much it takes.
            "net.netfilter.nf_conntrack_checksum=0", "net.netfilter.nf_conntrack_tcp_be_liberal=1",
        )
        command(*self.inside(self.router, "sysctl", "-q", "-w", *settings))

    def rules(self, verb):
        options = ("--config", self.configuration) if verb == "apply" else ()
        command(*self.inside(self.router, self.program, "rules", verb, "--backend", "iptables", *options))

    def forget_connections(self):
        """Empties connection tracking, marks included, so that no consumer has what another decided."""
        command(*self.inside(self.router, "conntrack", "-F"))

    def hits(self, name, table, chain, target):
        """Packets that rules with a target have had, of both versions of IP."""
        lines = (
            line.split() for family in FAMILIES
            for line in command(*self.inside(name, family, "-t", table, "-nvxL", chain)).splitlines()
        )
        counts = [int(words[0]) for words in lines if len(words) > 2 and words[2] == target]
        if not counts:
            raise Failure(f"the rules that count packets in {chain} are gone")
        return sum(counts)

    def arrived(self):
        """Packets of the client that came out on the server's side since the start."""
        return self.hits(self.server, "raw", "PREROUTING", "DROP")

    def queued(self):
        """Packets that the rules gave to the queue since the start, whatever became of them there."""
        return self.hits(self.router, "mangle", "GRINDVAKT-FLOWS", "NFQUEUE")


def backlog_drops():
    """Packets for which the kernel had no room between two interfaces, on all processors."""
    with open("/proc/net/softnet_stat") as table:
        return sum(int(line.split()[1], 16) for line in table)


def softirq(cpu):
    """Seconds that a processor has spent in softirqs, by the clock tick."""
    with open("/proc/stat") as stat:
        return next(int(line.split()[7]) for line in stat if line.startswith(f"cpu{cpu} ")) / TICK
