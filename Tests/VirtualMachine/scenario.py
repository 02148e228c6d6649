"""What clients see of the sensor behind one netfilter front end: the one scenario of both runs.

    scenario.py --grindvakt PATH --backend nft|iptables

Prints an object of JSON a line: {"chapter": …}, then {"case": …, "seen": …, "expected": …} for each of its cases. Needs root.

A further action is a list in LISTS, what its clients see in SEEN, and what becomes of the flow in FLOW.
"""

import argparse
import base64
import concurrent.futures
import difflib
import json
import os
import re
import signal
import socket
import struct
import sys
import time

from hosts import HERE, Failure, Host, Site

# id, action, entries
LISTS = (
    ("dropped", "drop", ("listed.test", "*.shop.test")),
    ("observed", "observe", ("observed.test",)),
    ("resetting", "reset", ("reset.test",)),
    ("denying", "nxdomain", ("nxdomain.test",)),
)
ALLOWED = ("help.shop.test",)

# A name that is asked for, and the action of the list it is on.
NAMES = (
    ("www.test", None), ("observed.test", "observe"), ("listed.test", "drop"), ("reset.test", "reset"),
    ("nxdomain.test", "nxdomain"),
)

# What a client sees by action and protocol; `answered` where nothing is said.
SEEN = {
    None: {},
    "observe": {},
    "drop": {"dns": "silence", "tls": "silence", "http": "silence", "quic": "silence"},
    "reset": {"dns": "refused", "tls": "reset", "http": "reset", "quic": "unreachable"},
    "nxdomain": {"dns": "nxdomain", "tls": "reset", "http": "reset", "quic": "unreachable"},
}

# What becomes of the flow in the kernel, by action and protocol. DNS and HTTP stay undecided, for the next question may be another. Of a UDP
# flow whose first packet is dropped nothing is left. One whose client got its answer over TCP has no mark: when the client closes it, the
# server's reset has ended it for connection tracking.
OPEN = {"dns": "undecided", "tls": "accepted", "http": "undecided", "quic": "accepted"}
FLOW = {
    None: OPEN,
    "observe": OPEN,
    "drop": {"dns": "blocked", "dns over UDP": "none", "tls": "blocked", "http": "blocked", "quic": "none"},
    "reset": {"dns": "undecided", "dns over UDP": "none", "tls": "refused", "http": "refused", "quic": "none"},
}
FLOW["nxdomain"] = FLOW["reset"]

MASK, ACCEPTED, BLOCKED, REFUSED = 0x0007_0000, 0x0001_0000, 0x0002_0000, 0x0004_0000
ACCEPTED_ANEW, UNTRACKED = ACCEPTED | REFUSED, ACCEPTED | BLOCKED
FLOW_WORDS = {0: "undecided", ACCEPTED: "accepted", ACCEPTED_ANEW: "accepted", BLOCKED: "blocked", REFUSED: "refused"}

FAMILIES = (4, 6)

# Seconds: long where an answer is expected, since the machine may be slow, and short where none comes. A program needs half a second there.
PATIENCE, SHORT, BRIEF = 30, 2, 0.5


# ---- clients: each tells in a word or two what it saw ----


def dig(site, host, server, family, name, patience, option):
    address = server.address(family)
    kind = "A" if family == 4 else "AAAA"
    done = host.run("dig", option, "+tries=1", f"+time={patience}", f"@{address}", name, kind, check=False, patience=90)
    if done.returncode == 9:
        said = done.stdout + done.stderr
        broken = {"reset": ("connection reset", "end of file"), "unreachable": ("connection refused", "unreachable")}
        return next((word for word, texts in broken.items() if any(text in said for text in texts)), "silence")
    status = re.search(r"status: (\w+)", done.stdout)
    if not status:
        return f"dig: status {done.returncode}"
    answers = re.findall(rf"^\S+\s+\d+\s+IN\s+{kind}\s+(\S+)$", done.stdout, re.MULTILINE)
    if status[1] != "NOERROR":
        return status[1].lower()
    return "answered" if answers == [address] else f"answered {' '.join(answers)}" if answers else "nodata"


def curl(site, host, server, family, name, patience, scheme, *options):
    port = 443 if scheme == "https" else 80
    address = server.address(family) if family == 4 else f"[{server.address(family)}]"
    done = host.run(
        "curl", "-sS", "--max-time", str(patience), "--cacert", site.certificate, "--output", "/dev/null", *options,
        "--connect-to", f"{name}:{port}:{address}:{port}", "--write-out", "%{http_code}", f"{scheme}://{name}/",
        check=False, patience=90,
    )
    if done.returncode == 0:
        return "answered" if done.stdout == "200" else f"answered {done.stdout}"
    return {28: "silence", 35: "reset", 56: "reset"}.get(done.returncode, f"curl: status {done.returncode}")


def openssl(site, host, server, family, name, patience):
    address = server.address(family) if family == 4 else f"[{server.address(family)}]"
    command = ("openssl", "s_client", "-connect", f"{address}:443", "-servername", name, "-brief")
    done = host.run("timeout", str(patience), *command, check=False, patience=90)
    if "CONNECTION ESTABLISHED" in done.stderr:
        return "answered"
    if done.returncode == 124:
        return "silence"
    return "reset" if "errno=104" in done.stderr else f"openssl: status {done.returncode}"


def quic(site, host, server, family, name, patience):
    """A client's first datagram, and where it is answered a later one, with which the sensor lets the flow go."""
    with host.udp_socket(server.address(family), 443) as opened:
        seen = exchange(opened, INITIALS[name], patience)
        return exchange(opened, LATER, patience) if seen == "answered" else seen


def exchange(opened, data, patience):
    """Sends a datagram and waits for one that comes back."""
    opened.settimeout(patience)
    try:
        opened.send(data)
        opened.recv(65_535)
        return "answered"
    except PermissionError:
        # A rule dropped it on its way out of this host.
        return "silence"
    except ConnectionRefusedError:
        return "unreachable"
    except socket.timeout:
        return "silence"


def read_initials():
    """First datagrams of QUIC clients by the name they ask for, prepared, since no package of Debian's makes them."""
    with open(f"{HERE}/initials.txt") as file:
        parts = [part.splitlines() for part in file.read().split("\n\n")]
    return {lines[0]: base64.b64decode("".join(lines[1:])).ljust(1200, b"\0") for lines in parts[1:]}


INITIALS = read_initials()

# A packet with a short header, which a client sends once it was answered.
LATER = b"\x40" + bytes(40)

# client, what it speaks, over what, to which port, how it asks
CLIENTS = (
    ("dig over UDP", "dns", "udp", 53, lambda *words: dig(*words, "+notcp")),
    ("dig over TCP", "dns", "tcp", 53, lambda *words: dig(*words, "+tcp")),
    ("curl over TLS", "tls", "tcp", 443, lambda *words: curl(*words, "https")),
    ("openssl over TLS", "tls", "tcp", 443, openssl),
    ("curl over HTTP", "http", "tcp", 80, lambda *words: curl(*words, "http")),
    ("Initials of QUIC", "quic", "udp", 443, quic),
)


# ---- chapters ----


class Scenario:
    def __init__(self, site):
        self.site = site

    def chapter(self, text):
        print(json.dumps({"chapter": text}), flush=True)

    def case(self, text, seen, expected, **more):
        print(json.dumps({"case": text, "seen": seen, "expected": expected, **more}), flush=True)

    def expect_true(self, text, seen, **more):
        self.case(text, "yes" if seen else "no", "yes", **more)

    def expect_rules(self, text, expected, **more):
        """A ruleset that should be as it was; what is seen is the first lines that are not."""
        lines = difflib.unified_diff(expected.splitlines(), self.site.ruleset().splitlines(), n=0, lineterm="")
        changes = [line for line in lines if not line.startswith(("---", "+++", "@@"))]
        self.case(text, " | ".join(changes[:6]) or "same", "same", **more)

    def run(self):
        site = self.site
        site.serve(site.server, [name for name, _ in NAMES])
        site.serve(site.router, [name for name, _ in NAMES])
        self.start_sensor()
        self.queues()
        self.marks()
        self.reused_ports()
        self.forwarded()
        self.uploads()
        self.own_traffic()
        self.nobody_listens()
        if site.backend == "nft":
            self.translated()
        self.neighbours()
        self.case("the sensor's end on SIGTERM", site.stop_sensor(signal.SIGTERM), 0)

    def start_sensor(self):
        self.site.start_sensor(LISTS, ALLOWED)

    def ask(self, name, action, clients=CLIENTS, host=None, server=None, beside=0):
        """Asks for a name with each client, over IPv4 and IPv6 at once, and tells what was seen, the flows' marks, and what was counted."""
        site = self.site
        host, server = host or site.client, server or site.server
        for client, protocol, transport, port, question in clients:
            seen = SEEN[action].get(protocol, "answered")
            flow = FLOW[action].get(f"{protocol} over {transport.upper()}", FLOW[action][protocol])
            if flow != "none" and beside:
                flow += f" beside {beside:#x}"
            site.forget_flows()
            before = site.counters()
            happened = self.over_both(question, host, server, name, seen)
            flows = self.settled_flows(transport, port, flow)
            matches = self.matches(before, site.counters())
            expected = f"{protocol} {action}: {len(FAMILIES)}" if action else "none"
            self.case(
                f"{client}, {name}, {host.role} to {server.role}",
                "; ".join(f"IPv{family} {happened[family]}, flow {flows[family]}" for family in FAMILIES) + f"; matches: {matches}",
                "; ".join(f"IPv{family} {seen}, flow {flow}" for family in FAMILIES) + f"; matches: {expected}",
            )

    def over_both(self, question, host, server, name, expected):
        """What a client sees by family, both asked at the same time."""
        patience = PATIENCE if expected == "answered" else SHORT
        with concurrent.futures.ThreadPoolExecutor() as threads:
            asked = {family: threads.submit(question, self.site, host, server, family, name, patience) for family in FAMILIES}
            return {family: answer.result() for family, answer in asked.items()}

    def settled_flows(self, transport, port, expected):
        """The flows' marks by family, once they are as expected or have had the time to be."""
        end = time.monotonic() + 5
        while True:
            flows = {family: self.flow_words(family, transport, port) for family in FAMILIES}
            if not expected.startswith(("undecided", "none")):
                # A connection that was stopped before this one may still be trying.
                for family, words in flows.items():
                    kept = [word for word in words.split(", ") if not word.startswith("undecided")]
                    flows[family] = ", ".join(kept) or words
            if time.monotonic() > end or all(words == expected for words in flows.values()):
                return flows
            time.sleep(0.05)

    def flow_words(self, family, transport, port):
        return ", ".join(sorted(self.flow_word(mark) for mark in self.site.flows(family, transport, port))) or "none"

    @staticmethod
    def flow_word(mark):
        word = FLOW_WORDS.get(mark & MASK, f"{mark & MASK:#x}")
        return word + (f" beside {mark & ~MASK:#x}" if mark & ~MASK else "")

    @staticmethod
    def matches(before, after):
        """How often which protocol and action matched in between."""
        grown = []
        for sample in sorted(after):
            more = int(after[sample] - before.get(sample, 0))
            labels = re.match(r'grindvakt_matches_total\{.*protocol="(\w+)",action="(\w+)"', sample)
            if labels and more:
                grown.append(f"{labels[1]} {labels[2]}: {more}")
        return ", ".join(grown) or "none"

    @staticmethod
    def growth(before, after, metric, *labels):
        """By how much the samples of a metric with these labels have grown together."""
        return int(sum(
            after[sample] - before.get(sample, 0)
            for sample in after
            if sample.startswith(metric + "{") and all(label in sample for label in labels)
        ))

    def forwarded(self):
        self.chapter("forwarded traffic")
        self.site.apply_rules()
        for name, action in NAMES:
            self.ask(name, action)
        self.ask("x.shop.test", "drop", CLIENTS[:1])
        self.ask("help.shop.test", None, CLIENTS[:1])
        self.ask("listed.test", None, CLIENTS[:1], server=self.site.router)

    def queues(self):
        """Exact counts, before any TCP is on the way: a lookup is a query, and an answer where it is let through, in one queue both."""
        self.chapter("two queues")
        site, queues, is_split = self.site, set(), False
        site.apply_rules()
        before = site.counters()
        for family in FAMILIES:
            for source in site.client.addresses[family][1:]:
                start = site.counters()
                for name, seen in (("www.test", "answered"), ("listed.test", "silence")):
                    patience = PATIENCE if seen == "answered" else BRIEF
                    with site.client.udp_socket(site.server.address(family), 53, source) as opened:
                        happened = exchange(opened, query(name), patience)
                    if happened != seen:
                        raise Failure(f"{source} asked for {name}: {happened}")
                end = site.counters()
                used = {queue for queue in (0, 1) if self.growth(start, end, "grindvakt_packets_total", f'queue="{queue}"')}
                is_split = is_split or len(used) != 1
                queues |= used
        after = site.counters()
        lookups = 2 * len(site.CLIENTS)
        for verdict, count in (("accept", 2 * lookups), ("drop", lookups)):
            grown = self.growth(before, after, "grindvakt_packets_total", f'verdict="{verdict}"')
            self.case(f"packets with verdict {verdict}", grown, count)
        self.case("names seen", self.growth(before, after, "grindvakt_names_total", 'protocol="dns"'), 2 * lookups)
        self.case("names matched", self.matches(before, after), f"dns drop: {lookups}")
        self.case("queues that were used", sorted(queues), [0, 1])
        self.expect_true("query and answer of each client in one queue", not is_split)

    def marks(self):
        """What the rules do about each mark, of a packet and of a flow, whoever set it."""
        self.chapter("marks")
        site = self.site
        site.apply_rules("--generated")
        for family in FAMILIES:
            for text, mark, name, port, expected in (
                ("the sensor's own", MASK, "listed.test", 53, "answered; flow: undecided; packets in user space: 0"),
                ("an accepting", ACCEPTED, "www.test", 443, "answered; flow: accepted; packets in user space: 1"),
                ("the other accepting", ACCEPTED_ANEW, "www.test", 443, "answered; flow: accepted; packets in user space: 1"),
                ("a blocking", BLOCKED, "www.test", 443, "silence; flow: none; packets in user space: 0"),
                ("a refusing", REFUSED, "www.test", 443, "silence; flow: none; packets in user space: 0"),
                ("the sensor's own untracked", UNTRACKED, "listed.test", 53, "answered; flow: none; packets in user space: 0"),
            ):
                data = query(name) if port == 53 else INITIALS[name]
                with site.router.udp_socket(site.server.address(family), port) as opened:
                    opened.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
                    site.forget_flows()
                    seen = self.account(opened, data, family, port, expected)
                self.case(f"a packet with {text} mark, IPv{family}", seen, expected)
            self.set_marks(family)

    def set_marks(self, family):
        """Sends on in a flow whose mark is set behind the sensor's back."""
        site = self.site
        site.forget_flows()
        with site.client.udp_socket(site.server.address(family), 443) as opened:
            first, set_before = INITIALS["www.test"], 0
            for text, mark, data, expected in (
                ("no", 0, first, "answered; flow: undecided; packets in user space: 1"),
                ("a blocking", BLOCKED, LATER, "silence; flow: blocked beside 0x100; packets in user space: 0"),
                ("an accepting", ACCEPTED, LATER, "answered; flow: accepted beside 0x100; packets in user space: 0"),
                ("an accepting", ACCEPTED, first, "answered; flow: accepted beside 0x100; packets in user space: 1"),
            ):
                if mark != set_before:
                    set_before = mark
                    bits = ("--mark", f"{mark | 0x100:#x}/{MASK | 0x100:#x}")
                    site.router.run("conntrack", "-U", "-f", f"ipv{family}", "-p", "udp", *bits)
                seen = self.account(opened, data, family, 443, expected)
                header = "long" if data == first else "short"
                self.case(f"a packet with a {header} header, of a flow with {text} mark, IPv{family}", seen, expected)

    def account(self, opened, data, family, port, expected):
        """What became of a datagram: seen, its flow's mark, and how many packets the sensor had of it."""
        site = self.site
        before = site.counters()
        happened = exchange(opened, data, PATIENCE if expected.startswith("answered") else BRIEF)
        flow = self.flow_words(family, "udp", port)
        packets = self.growth(before, site.counters(), "grindvakt_packets_total")
        return f"{happened}; flow: {flow}; packets in user space: {packets}"

    def reused_ports(self):
        """Connections of QUIC one after the other between the same ports: each is judged for itself. Counts are exact, as there was no TCP yet."""
        self.chapter("QUIC between the same ports")
        site = self.site
        site.apply_rules()
        for family in FAMILIES:
            site.forget_flows()
            with site.client.udp_socket(site.server.address(family), 443) as opened:
                for text, data, expected in (
                    ("a first connection", INITIALS["www.test"], "answered; flow: undecided; packets in user space: 1"),
                    ("its next packet", LATER, "answered; flow: accepted; packets in user space: 1"),
                    ("and another", LATER, "answered; flow: accepted; packets in user space: 0"),
                    ("one for a listed name", INITIALS["listed.test"], "silence; flow: blocked; packets in user space: 1"),
                    ("what it sends on", LATER, "silence; flow: blocked; packets in user space: 0"),
                    ("one for the first name", INITIALS["www.test"], "answered; flow: accepted; packets in user space: 1"),
                    ("its next packet again", LATER, "answered; flow: accepted; packets in user space: 0"),
                ):
                    self.case(f"{text}, IPv{family}", self.account(opened, data, family, 443, expected), expected)

    def uploads(self):
        """An accepted flow leaves user space: of 16 MiB only the first packets come by."""
        self.chapter("bulk transfer")
        site = self.site
        body = site.write("body", "0" * (16 << 20))
        for family in FAMILIES:
            site.forget_flows()
            before = site.counters()
            happened = curl(site, site.client, site.server, family, "www.test", 80, "https", "--upload-file", body)
            packets = self.growth(before, site.counters(), "grindvakt_packets_total")
            few = "few" if 0 < packets <= 20 else str(packets)
            self.case(
                f"upload over TLS, IPv{family}",
                f"{happened}; flow: {self.flow_words(family, 'tcp', 443)}; packets in user space: {few}",
                "answered; flow: accepted; packets in user space: few",
            )

    def own_traffic(self):
        self.chapter("traffic to and from the sensor's host")
        site = self.site
        clients = CLIENTS[:3] + CLIENTS[5:]
        site.apply_rules("--no-forwarded", "--received", "--generated")
        for name, action in (NAMES[0], NAMES[2]):
            self.ask(name, action, clients, host=site.client, server=site.router)
            self.ask(name, action, clients, host=site.router, server=site.server)
        # What is only routed is left alone then.
        self.ask("listed.test", None, CLIENTS[:1])

    def nobody_listens(self):
        self.chapter("nobody listens")
        site = self.site
        site.apply_rules()
        site.stop_sensor(signal.SIGKILL)
        self.ask_blindly("the sensor was killed", "answered")
        strict = site.write("strict.toml", '[sensor]\nfail-open = false\n\n[[list]]\nid = "dropped"\npath = "dropped.txt"\n')
        site.apply_rules("--config", strict)
        self.ask_blindly("and fail-open is off", "silence")
        site.apply_rules()
        self.ask_blindly("and fail-open is on again", "answered")
        self.start_sensor()
        self.ask("listed.test", "drop", CLIENTS[:1])

    def ask_blindly(self, why, expected):
        """Asks for a listed name with two clients, without a look at the sensor's counters."""
        site = self.site
        for client, _, _, _, question in (CLIENTS[0], CLIENTS[3]):
            happened = self.over_both(question, site.client, site.server, "listed.test", expected)
            self.case(f"{why}: {client}", happened, {family: expected for family in FAMILIES})

    def translated(self):
        """Servers that clients know by another address; only a kernel that tells of connections (NFQA_CT) can show it."""
        self.chapter("translated servers")
        site = self.site
        site.stop_sensor(signal.SIGTERM)
        site.start_sensor((*LISTS, ("answered", "nxdomain", ("answered.test",))), ALLOWED)
        site.apply_rules()
        known = Host("known", ["203.0.113.7"], ["2001:db8:ff::7"])
        programs = {4: "iptables", 6: "ip6tables"}
        for family, program in programs.items():
            target = ("-j", "DNAT", "--to-destination", site.server.address(family))
            site.router.run(program, "-t", "nat", "-A", "PREROUTING", "-d", known.address(family), *target)
        for others in ("the client's is not", "the client's is too"):
            for client, protocol, _, _, question in CLIENTS[:4]:
                for name, expected in (("www.test", "answered"), ("answered.test", "nxdomain" if protocol == "dns" else "reset")):
                    happened = self.over_both(question, site.client, known, name, expected)
                    text = f"{client}, {name}, the server's address is translated, {others}"
                    # What dig is told of is the server's own address.
                    is_told = protocol == "dns" and expected == "answered"
                    wanted = {family: f"answered {site.server.address(family)}" if is_told else expected for family in FAMILIES}
                    self.case(text, happened, wanted, alone=True)
            left = site.server.run("ss", "-Htan", "state", "established").stdout
            self.case(f"sockets of the server, {others}", left.strip(), "", alone=True)
            for program in programs.values():
                site.router.run(program, "-t", "nat", "-A", "POSTROUTING", "-o", "servers", "-j", "MASQUERADE")
        for program in programs.values():
            site.router.run(program, "-t", "nat", "-F")
        site.stop_sensor(signal.SIGTERM)
        self.start_sensor()

    def neighbours(self):
        """Others' rules: a policy as docker's, and somebody who marks packets and connections with bits of his own."""
        self.chapter("beside the rules of others")
        site = self.site
        site.remove_rules()
        for program in ("iptables-restore", "ip6tables-restore"):
            site.router.run(program, text=DOCKER)
        self.mark_as_others("0x00000001", "0x00000100")
        alone = site.ruleset()
        site.apply_rules()
        once = site.ruleset()
        self.expect_true("applying changes the ruleset", once != alone)
        site.apply_rules()
        self.expect_rules("applying twice changes nothing more", once)
        for name, action in (NAMES[0], NAMES[2]):
            self.ask(name, action, CLIENTS[:4] + CLIENTS[5:], beside=0x100)
        happened = self.over_both(CLIENTS[4][4], site.client, site.server, "www.test", "silence")
        self.case("what others refuse stays refused", happened, {family: "silence" for family in FAMILIES})
        site.remove_rules()
        self.expect_rules("the ruleset after removal", alone)
        site.remove_rules()
        self.expect_rules("the ruleset after removing twice", alone)

        if site.backend == "nft":
            self.change_front_ends()
        self.mark_as_others("0x00010000", "0x00000100")
        taken = site.ruleset()
        done = site.apply_rules(check=False)
        self.case("status where others have a mark bit", done.returncode, 2)
        self.expect_true("the message names a free mask", "set mark-mask = 0x" in done.stderr)
        self.expect_rules("and the ruleset then", taken)

    def change_front_ends(self):
        """Rules of one front end take the place of the other's; a kernel with nft's queue statement shows it, where nft is what `any` means."""
        for backend, expected in (("nft", "nft"), ("iptables", "iptables"), ("any", "nft")):
            self.site.apply_rules(backend=backend)
            ruleset = self.site.ruleset()
            found = [name for name, word in (("iptables", "GRINDVAKT"), ("nft", "inet grindvakt")) if word in ruleset]
            self.case(f"front ends with rules, {backend} chosen", found, [expected], alone=True)
        self.site.remove_rules()

    def mark_as_others(self, packet_bit, connection_bit):
        """Marks what clients send, and lets it out only where the packet mark comes back from the queue unhurt."""
        bits = {"packet": packet_bit, "connection": connection_bit}
        if self.site.backend == "nft":
            self.site.router.run("nft", "-f", "-", text=OTHERS_NFT % bits)
        else:
            for program in ("iptables-restore", "ip6tables-restore"):
                self.site.router.run(program, text=OTHERS_IPTABLES % bits)


def query(name):
    """A query for the address of a name."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0) + labels + struct.pack("!BHH", 0, 1, 1)


# Docker lets out what its own network sends, from the host's address, and what belongs to it; all else is refused by the policy. HTTP
# stands for what is refused.
DOCKER = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o clients -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -i clients ! -o clients -p udp -j ACCEPT
-A FORWARD -i clients ! -o clients -p tcp ! --dport 80 -j ACCEPT
-A DOCKER-USER -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -o servers -j MASQUERADE
COMMIT
"""

OTHERS_IPTABLES = """\
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -i clients -j MARK --set-xmark %(packet)s/%(packet)s
-A PREROUTING -i clients -j CONNMARK --set-xmark %(connection)s/%(connection)s
-A POSTROUTING -o servers -p udp -m mark ! --mark %(packet)s/%(packet)s -j DROP
-A POSTROUTING -o servers -p tcp -m mark ! --mark %(packet)s/%(packet)s -j DROP
COMMIT
"""

OTHERS_NFT = """\
add table inet others
delete table inet others
table inet others {
    chain marking {
        type filter hook prerouting priority mangle; policy accept;
        iifname "clients" meta mark set meta mark | %(packet)s
        iifname "clients" ct mark set ct mark | %(connection)s
    }
    chain looking {
        type filter hook postrouting priority mangle + 20; policy accept;
        oifname "servers" meta l4proto { tcp, udp } meta mark & %(packet)s != %(packet)s drop
    }
}
"""


def leave(*_):
    """Told to end, leaves as from an error, so that namespaces and processes are tidied up; told again, goes on with that."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grindvakt", required=True, help="the program under test")
    parser.add_argument("--backend", required=True, choices=("nft", "iptables"), help="the front end that applies the rules")
    words = parser.parse_args()
    signal.signal(signal.SIGTERM, leave)
    try:
        with Site(os.path.abspath(words.grindvakt), words.backend) as site:
            Scenario(site).run()
    except Failure as failure:
        print(f"scenario: {failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
