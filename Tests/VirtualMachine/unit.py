"""What the units do under systemd, and what confines them: runs in a virtual machine, as root, whose host is the router.

Prints an object of JSON a line: {"check": …, "passed": …, "seen": …}. Everything is looked at from outside the sensor: clients' answers, the
kernel's view of the process, systemd's of the unit.
"""

import glob
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time

from hosts import HERE, Failure, Host, run, wait_for

CONFIGURATION = """[sensor]
queues = "0:1"

[[list]]
id = "dropped"
path = "lists/dropped.txt"

[[list]]
id = "observed"
path = "lists/observed.txt"
action = "observe"

[[list]]
id = "resetting"
path = "lists/resetting.txt"
action = "reset"

[[list]]
id = "denying"
path = "lists/denying.txt"
action = "nxdomain"

[[list]]
id = "leading"
path = "lists/leading.txt"
action = "sinkhole"

[[list]]
id = "fetched"
path = "/var/lib/grindvakt-fetch/fetched.txt"
url = "https://server.test:8443/fetched.txt"

[allow]
path = "lists/allow.txt"

[fetch]
certificate-authority = "keys/server.pem"

[responses]
sinkhole-v4 = "192.0.2.80"

[metrics]
socket = "/run/grindvakt/metrics.sock"

[statistics]
market = "se"
subscribers = 1000
access = "fixed"
"""
LISTS = {"dropped": "listed.test", "observed": "observed.test", "resetting": "reset.test", "denying": "nxdomain.test", "leading": "lead.test"}
SOCKET = "/run/grindvakt/metrics.sock"
NET_ADMIN = 1 << 12
# The numbers of the sensor's processes, one after the other.
SENSORS = set()
# What the publisher's server has.
PUBLISHED = "/root/published"
# What a unit's exposure may be at most; rules are applied by root, and a tap opens packet sockets.
EXPOSURE = {
    "grindvakt.service": 1.5, "grindvakt-fetch.service": 1.5, "grindvakt-coverage.service": 1.5, "grindvakt-reload.service": 1.5,
    "grindvakt-rules.service": 1.7, "grindvakt-tap@uplink.service": 1.6,
}


def check(what, passed, seen=""):
    print(json.dumps({"check": what, "passed": bool(passed), "seen": "" if passed is True and not seen else str(seen)}), flush=True)


def told(*words, **options):
    """What a command says, whatever its status."""
    done = run(*words, check=False, **options)
    return (done.stdout + done.stderr).strip()


def active(unit):
    return told("systemctl", "is-active", unit) == "active"


def journal(unit):
    return told("journalctl", "-q", "-o", "cat", "-u", unit)


class Network:
    """A client and a server on either side of this host."""

    def __init__(self, client="192.0.2.2", server="198.51.100.2", ports=("clients", "servers")):
        self.client = Host("client", [client], ["2001:db8:1::2"])
        self.server = Host("server", [server], ["2001:db8:2::2"])
        near, far = (address.rsplit(".", 1)[0] + ".1" for address in (client, server))
        sides = ((self.client, ports[0], near, "2001:db8:1::1"), (self.server, ports[1], far, "2001:db8:2::1"))
        for host, port, ipv4, ipv6 in sides:
            run("ip", "netns", "add", host.namespace)
            run("ip", "link", "add", "uplink", "netns", host.namespace, "type", "veth", "peer", "name", port)
            for command in (f"addr add {ipv4}/24 dev {port}", f"addr add {ipv6}/64 dev {port} nodad", f"link set {port} up"):
                run("ip", *command.split())
            for command in (f"addr add {host.address(4)}/24 dev uplink", f"addr add {host.address(6)}/64 dev uplink nodad", "link set lo up",
                            "link set uplink up", f"route add default via {ipv4}", f"-6 route add default via {ipv6}"):
                run("ip", "-n", host.namespace, *command.split())
        for name in ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"):
            run("sysctl", "-q", "-w", f"{name}=1")

    def start(self, *command):
        """Starts something on the server, which runs as long as the machine."""
        subprocess.Popen(self.server.command(*command), cwd="/root", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def serve_names(self):
        """DNS on the server, for all names below test."""
        addresses = [self.server.address(family) for family in (4, 6)]
        answers = [word for address in addresses for word in (f"--listen-address={address}", f"--address=/test/{address}")]
        self.start("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=root", "--group=root", "--no-resolv", "--no-hosts",
                   "--cache-size=0", "--local=/test/", "--bind-interfaces", "--except-interface=lo", *answers)
        wait_for("the name server", lambda: self.dns("www.test", 4) == "noerror")

    def serve(self):
        """DNS, HTTP and TLS on the server; the certificate is its own authority."""
        self.serve_names()
        os.makedirs("/etc/grindvakt/keys", exist_ok=True)
        os.makedirs(PUBLISHED)
        with open(f"{PUBLISHED}/fetched.txt", "w") as file:
            file.write("fetched.test\n")
        names = ",".join(f"DNS:{name}" for name in ("server.test", "www.test", *LISTS.values(), "later.test"))
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=server.test",
            "-keyout", "/root/server.key", "-out", "/etc/grindvakt/keys/server.pem", "-addext", f"subjectAltName={names}")
        addresses = [self.server.address(family) for family in (4, 6)]
        self.start("python3", f"{HERE}/servers.py", "/etc/grindvakt/keys/server.pem", "/root/server.key", *addresses)
        self.start("sh", "-c", f"cd {PUBLISHED} && exec openssl s_server -accept 8443 -cert /etc/grindvakt/keys/server.pem -key /root/server.key -WWW -quiet")
        wait_for("the servers", lambda: self.page("www.test", 4) == "page")

    def dns(self, name, family, *options, patience=4):
        """A word for what a client gets for a name."""
        kind = "A" if family == 4 else "AAAA"
        done = self.client.run("dig", "+tries=1", f"+time={patience}", *options, f"@{self.server.address(family)}", name, kind, check=False)
        text = done.stdout + done.stderr
        status = re.search(r"status: (\w+)", text)
        if "192.0.2.80" in text:
            return "led away"
        return status[1].lower() if status else ("timed out" if "timed out" in text else "unreachable")

    def page(self, name, family, patience=4):
        address = self.server.address(family)
        address = f"[{address}]" if family == 6 else address
        done = self.client.run("curl", "-sS", "--cacert", "/etc/grindvakt/keys/server.pem", "--max-time", str(patience), "--resolve",
                               f"{name}:443:{address}", f"https://{name}/", check=False)
        return {0: "page", 28: "timed out", 35: "reset", 56: "reset", 7: "refused"}.get(done.returncode, f"status {done.returncode}: {done.stderr}")


def counters():
    text = told("curl", "-sS", "--max-time", "10", "--unix-socket", SOCKET, "http://localhost/metrics")
    return dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#") and " " in line)


def main_process():
    process = int(told("systemctl", "show", "-P", "MainPID", "grindvakt.service"))
    SENSORS.add(process)
    return process


def write_configuration(text):
    with open("/etc/grindvakt/grindvakt.toml", "w") as file:
        file.write(text)


def install():
    os.makedirs("/etc/grindvakt/lists", exist_ok=True)
    write_configuration(CONFIGURATION)
    files = {"lists/allow.txt": "allowed.listed.test\n"}
    files.update({f"lists/{id}.txt": f"{name}\n" for id, name in LISTS.items()})
    for name, text in files.items():
        with open(f"/etc/grindvakt/{name}", "w") as file:
            file.write(text)
    run("chgrp", "-R", "grindvakt", "/etc/grindvakt")
    run("chmod", "-R", "g+rX", "/etc/grindvakt")


# ---- chapters ----


def fetching(network):
    """The first list comes over the network, by the unit that has it and nothing else."""
    with open("/etc/hosts", "a") as file:
        file.write(f"{network.server.address(4)} server.test\n")
    done = told("systemctl", "start", "grindvakt-fetch.service", patience=120)
    fetched = "/var/lib/grindvakt-fetch/fetched.txt"
    check("the fetch unit brings a list over HTTPS", os.path.exists(fetched) and active("grindvakt-fetch.service") is False,
          done + journal("grindvakt-fetch.service"))


def verdicts(network, when):
    """The whole job, in both IP versions."""
    seen = {}
    for family in (4, 6):
        for name in ("www.test", "observed.test", "listed.test", "allowed.listed.test", "nxdomain.test", "reset.test", "fetched.test"):
            seen[f"DNS {name} IPv{family}"] = network.dns(name, family, patience=2)
        for name in ("www.test", "observed.test", "listed.test", "reset.test", "nxdomain.test"):
            seen[f"TLS {name} IPv{family}"] = network.page(name, family, patience=2 if name == "listed.test" else 10)
    seen["DNS lead.test IPv4"] = network.dns("lead.test", 4)
    expected = {}
    for family in (4, 6):
        expected.update({
            f"DNS {name} IPv{family}": word for name, word in (
                ("www.test", "noerror"), ("observed.test", "noerror"), ("listed.test", "timed out"), ("allowed.listed.test", "noerror"),
                ("nxdomain.test", "nxdomain"), ("reset.test", "refused"), ("fetched.test", "timed out"),
            )
        })
        expected.update({
            f"TLS {name} IPv{family}": word for name, word in (
                ("www.test", "page"), ("observed.test", "page"), ("listed.test", "timed out"), ("reset.test", "reset"), ("nxdomain.test", "reset"),
            )
        })
    expected["DNS lead.test IPv4"] = "led away"
    wrong = {key: (value, expected[key]) for key, value in seen.items() if value != expected[key]}
    check(f"{when}: {len(seen)} questions over DNS and TLS, IPv4 and IPv6, are answered, refused, reset, led away or dropped as listed", not wrong,
          "\n".join(f"{key}: {got}, not {wanted}" for key, (got, wanted) in wrong.items()))


def confinement(network):
    process = main_process()
    uid = int(told("id", "-u", "grindvakt"))
    wrong = []
    threads = glob.glob(f"/proc/{process}/task/*/status")
    for path in threads:
        with open(path) as file:
            status = dict(line.rstrip().split(":\t", 1) for line in file if ":\t" in line)
        for key, value in (("CapPrm", NET_ADMIN), ("CapEff", NET_ADMIN), ("CapBnd", NET_ADMIN)):
            if int(status[key], 16) & ~value:
                wrong.append(f"{path} {key} {status[key]}")
        if int(status["CapEff"], 16) != NET_ADMIN or status["NoNewPrivs"] != "1" or status["Seccomp"] != "2" or int(status["Uid"].split()[0]) != uid:
            wrong.append(f"{path}: {status['CapEff']} {status['NoNewPrivs']} {status['Seccomp']} {status['Uid']}")
    with open(f"/proc/{process}/status") as file:
        text = file.read()
    lines = "\n".join(line for line in text.splitlines() if line.startswith(("Uid", "Groups", "Cap", "NoNew", "Seccomp", "VmLck", "VmSwap")))
    check(f"each of {len(threads)} threads has CAP_NET_ADMIN alone, a filter and no new privileges", not wrong and len(threads) > 3,
          "\n".join(wrong) or lines)
    check("it is in no group but its own and that of fetched lists", "root" not in told("id", "-nG", "grindvakt").split()
          and set(re.search(r"Groups:\s*(.*)", text)[1].split()) <= {str(uid), told("id", "-g", "grindvakt"), told("getent", "group", "grindvakt-fetch").split(":")[2]},
          re.search(r"Groups:.*", text)[0])
    descriptors = [os.readlink(path) for path in glob.glob(f"/proc/{process}/fd/*")]
    kinds = {}
    for name in descriptors:
        kind = re.sub(r"\d+", "N", name)
        kinds[kind] = kinds.get(kind, 0) + 1
    check("its descriptors", True, "\n".join(f"{count:3} {kind}" for kind, count in sorted(kinds.items())))
    inside = ("nsenter", "-t", str(process), "-m", "--")
    writable = [path for path in ("/etc/grindvakt/x", "/usr/x", "/root/x", "/var/lib/x", "/home/x", "/var/log/x", "/boot/x")
                if run(*inside, "touch", path, check=False).returncode == 0]
    check("even root cannot write a file in its mount namespace outside its own folders", not writable, " ".join(writable))
    seen = told(*inside, "ls", "/proc").split()
    check("its /proc shows processes alone", "meminfo" not in seen and "sys" not in seen and "self" in seen, " ".join(seen))
    user = ("setpriv", f"--reuid={uid}", f"--regid={told('id', '-g', 'grindvakt')}", "--clear-groups")
    opened = [path for path in ("mem", "environ", "maps", "fd/0")
              if run(*user, "sh", "-c", f": < /proc/{process}/{path}", check=False).returncode == 0]
    check("another process of its user reads neither its memory nor its descriptors", not opened, " ".join(opened))
    done = run(*user, "/usr/bin/grindvakt", "selftest", "confinement", check=False)
    check("selftest confinement: everything forbidden is refused", done.returncode == 0, done.stdout + done.stderr)
    check("nothing of it may lie in swap", told("systemctl", "show", "-P", "MemorySwapMax", "grindvakt.service") == "0")


def figures():
    now = counters()
    queues = {key for key in now if key.startswith("grindvakt_queue_length")}
    check("the counters are served, the kernel's own table of queues among them", len(queues) == 2, "\n".join(sorted(now)[:20]))
    check("a worker goes before others while it has little to do", any(value == "1" for key, value in now.items() if key.startswith("grindvakt_worker_realtime")))
    start = float(now.get("process_start_time_seconds", 0))
    check("the process's own figures are right", abs(start - os.stat(f"/proc/{main_process()}").st_ctime) < 5 and float(now["process_open_fds"]) > 5, start)
    status = told("grindvakt", "status", "--socket", SOCKET)
    check("status is told to root", "LIST" in status and "dropped" in status, status)
    health = told("curl", "-sS", "--unix-socket", SOCKET, "-o", "/dev/null", "-w", "%{http_code}", "http://localhost/healthz")
    check("it says that it is healthy", health == "200", health)


def changes(network):
    """Reload, roll back, and a list that cannot be used."""
    path = "/etc/grindvakt/lists/dropped.txt"
    with open(path, "a") as file:
        file.write("later.test\n")
    run("systemctl", "reload", "grindvakt.service")
    wait_for("the new entry", lambda: network.dns("later.test", 4, patience=1) == "timed out", 30)
    check("a reload puts a new entry in force", True)
    run("grindvakt", "rollback", "--socket", SOCKET)
    check("a rollback takes it back", network.dns("later.test", 4) == "noerror")
    run("grindvakt", "rollback", "--socket", SOCKET)
    wait_for("the newer list", lambda: network.dns("later.test", 4, patience=1) == "timed out", 30)
    with open(path, "w") as file:
        file.write("")
    run("systemctl", "reload", "grindvakt.service", check=False)
    wait_for("the refusal", lambda: "refused" in journal("grindvakt.service"), 30)
    check("an empty list is refused, the last good one stays", network.dns("listed.test", 4, patience=1) == "timed out", journal("grindvakt.service"))
    with open(path, "w") as file:
        file.write("listed.test\nlater.test\n")
    run("systemctl", "reload", "grindvakt.service")
    run("grindvakt", "kill-switch", "on", "--socket", SOCKET)
    check("the kill switch lets all pass", network.dns("listed.test", 4) == "noerror")
    run("grindvakt", "kill-switch", "off", "--socket", SOCKET)
    wait_for("blocking", lambda: network.dns("listed.test", 4, patience=1) == "timed out", 30)


def restarts(network):
    before = main_process()
    run("systemctl", "restart", "grindvakt.service", patience=120)
    check("a restart gives another process, and it is ready", active("grindvakt.service") and main_process() != before, journal("grindvakt.service"))
    verdicts(network, "after a restart")
    before = main_process()
    os.kill(before, 6)
    wait_for("the sensor", lambda: active("grindvakt.service") and main_process() not in (0, before), 60)
    cores = glob.glob("/core*") + glob.glob("/var/lib/grindvakt/core*") + glob.glob("/var/lib/systemd/coredump/*")
    check("an abort leaves no core, and systemd starts it again", not cores, " ".join(cores))
    verdicts(network, "after an abort")


class Questions:
    """A client that asks for an open and a listed name in turns, 500 times a second, and books what is answered."""

    NAMES = ("www.test", "listed.test")

    def __init__(self, network):
        self.socket = network.client.udp_socket(network.server.address(4), 53)
        self.sent, self.answered, self.is_over = {}, {}, False
        self.threads = [threading.Thread(target=each, daemon=True) for each in (self.ask, self.listen)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over = True
        for thread in self.threads:
            thread.join(30)
        self.socket.close()

    def ask(self):
        # Sixteen bits number a question: enough for two minutes.
        for number in range(1 << 16):
            if self.is_over:
                return
            name = b"".join(bytes([len(label)]) + label.encode() for label in self.NAMES[number % 2].split("."))
            self.sent[number] = time.monotonic()
            self.socket.send(struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + name + b"\0\0\1\0\1")
            time.sleep(0.002)

    def listen(self):
        self.socket.settimeout(0.2)
        quiet_since = None
        while quiet_since is None or time.monotonic() < quiet_since + 5:
            if self.is_over and quiet_since is None:
                quiet_since = time.monotonic()
            try:
                answer = self.socket.recv(4_096)
                self.answered.setdefault(struct.unpack(">H", answer[:2])[0], time.monotonic())
            except socket.timeout:
                pass

    def account(self):
        """What was lost of the open name's questions, what passed of the listed one's, and a line that tells it."""
        lost = [number for number in self.sent if number % 2 == 0 and number not in self.answered]
        passed = [number for number in self.answered if number % 2 == 1]
        longest = max(self.answered[number] - self.sent[number] for number in self.answered)
        return lost, passed, f"{len(self.sent)} questions, {len(lost)} lost, {len(passed)} of a listed name answered; longest {longest * 1e3:.0f} ms"


def unnoticed(network):
    """Restarts by systemd and upgrades under the unit's sandbox, while a client asks."""
    for text, count, change in (
        ("restarts", 10, ("systemctl", "restart", "grindvakt.service")), ("upgrades", 10, ("grindvakt", "upgrade", "--socket", SOCKET)),
    ):
        said = []
        with Questions(network) as questions:
            for _ in range(count):
                before = main_process()
                done = run(*change, check=False, patience=120)
                if done.returncode != 0:
                    said.append(done.stdout + done.stderr)
                wait_for("another process", lambda: active("grindvakt.service") and main_process() not in (0, before), 60)
        lost, passed, account = questions.account()
        check(f"{count} {text} while a client asks: {account}", not (lost or passed or said) and len(questions.answered) > 500, "\n".join(said) or account)
    verdicts(network, "after an upgrade")
    path, kept = "/usr/bin/grindvakt", "/usr/bin/grindvakt.kept"
    before = main_process()
    os.rename(path, kept)
    try:
        with open(path, "w") as file:
            file.write("#!/bin/sh\nexit 1\n")
        os.chmod(path, 0o755)
        done = run(kept, "upgrade", "--socket", SOCKET, check=False, patience=120)
    finally:
        os.rename(kept, path)
    check("a program that does not start takes nothing over", done.returncode != 0 and main_process() == before and active("grindvakt.service"),
          done.stdout + done.stderr)
    verdicts(network, "after an upgrade that failed")


def store():
    run("systemctl", "stop", "grindvakt.service", patience=60)
    check("a stop ends it in order", told("systemctl", "show", "-P", "Result", "grindvakt.service") == "success", journal("grindvakt.service"))
    files = {name: oct(os.stat(f"/var/lib/grindvakt/{name}").st_mode & 0o777) for name in os.listdir("/var/lib/grindvakt")}
    open_files = {name: mode for name, mode in files.items() if int(mode, 8) & 0o007}
    check("the store of statistics and the last good lists are kept, readable to nobody else", "statistics.db" in files and not open_files, files)
    report = told("grindvakt", "report", "--store", "/var/lib/grindvakt/statistics.db", "--output", "csv", patience=60)
    check("a report is made of the store", "market" in report and "se" in report, report)


def others(network):
    """The units around the sensor."""
    with open("/etc/default/grindvakt-coverage", "w") as file:
        file.write("NAMES=--names /etc/grindvakt/dropped.test-names\n")
        file.write(f"SERVERS=--resolver {network.server.address(4)}\n")
    with open("/etc/grindvakt/dropped.test-names", "w") as file:
        file.write("listed.test\n")
    os.chmod("/etc/grindvakt/dropped.test-names", 0o644)
    os.chmod("/etc/grindvakt", 0o755)
    run("systemctl", "start", "grindvakt-coverage.service", check=False, patience=120)
    record = "/var/lib/private/grindvakt-coverage/coverage.jsonl"
    check("the coverage unit runs and notes what it saw", os.path.exists(record), journal("grindvakt-coverage.service"))
    run("systemctl", "start", "grindvakt-tap@clients.service", check=False, patience=60)
    check("a tap reads an interface", active("grindvakt-tap@clients.service"), journal("grindvakt-tap@clients.service"))
    before = told("curl", "-sS", "--unix-socket", "/run/grindvakt-tap/clients/metrics.sock", "http://localhost/metrics")
    network.dns("listed.test", 4, patience=1)
    matches = lambda text: sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith("grindvakt_matches_total"))
    socket = ("curl", "-sS", "--unix-socket", "/run/grindvakt-tap/clients/metrics.sock", "http://localhost/metrics")
    wait_for("the tap's match", lambda: matches(told(*socket)) > matches(before), 20)
    check("the tap sees a listed name go by", True)
    run("systemctl", "stop", "grindvakt-tap@clients.service")
    kept = "/var/lib/grindvakt-tap/clients"
    check("the tap keeps its figures in a folder of its own", os.path.exists(f"{kept}/statistics.db"), os.listdir(kept))
    mark = "/var/lib/grindvakt-fetch/changed"
    run("systemctl", "start", "grindvakt-reload.path", "grindvakt-fetch.timer")
    reloads = lambda: counters().get('grindvakt_reloads_total{result="ok"}', "0")
    before = reloads()
    open(mark, "w").close()
    wait_for("the reload", lambda: reloads() != before, 60)
    # A fetch by the timer may just have left another mark.
    wait_for("the end of the mark", lambda: not os.path.exists(mark), 60)
    check("what is fetched is reloaded through the path unit", True)
    check("the timers run", active("grindvakt-fetch.timer"))


def judged():
    """What systemd and the kernel say of it all."""
    for unit, limit in EXPOSURE.items():
        said = told("systemd-analyze", "security", "--no-pager", unit).splitlines()[-1]
        score = re.search(r"(\d+\.\d+)", said)
        check(f"systemd-analyze security {unit}: {score and score[1]}, at most {limit}", score and float(score[1]) <= limit, said)
    units = [f"/lib/systemd/system/{os.path.basename(path)}" for path in glob.glob("/lib/systemd/system/grindvakt*")]
    said = told("systemd-analyze", "verify", "--man=no", *units)
    check("systemd-analyze verify has nothing to say", "grindvakt" not in said, said)
    denials = told("journalctl", "-q", "-k", "-o", "cat", "--grep", "audit.*type=1326")
    # What `selftest confinement` is refused is there as well.
    ours = [line for line in denials.splitlines() if SENSORS & {int(number) for number in re.findall(r" pid=(\d+)", line)}]
    check("the kernel has refused the sensor no system call", not ours, "\n".join(ours))
    done = run("grindvakt", "doctor", "--config", "/etc/grindvakt/grindvakt.toml", "--verbose", check=False)
    check("doctor finds no fault", "fault" not in done.stdout.lower().replace("0 fault", "") or done.returncode == 0, done.stdout + done.stderr)


def main():
    network = Network()
    install()
    network.serve()
    check("without the sensor a listed name is answered", network.dns("listed.test", 4) == "noerror")
    fetching(network)
    run("systemctl", "start", "grindvakt.service", check=False, patience=120)
    check("the sensor is ready under its unit", active("grindvakt.service"), journal("grindvakt.service"))
    said = journal("grindvakt.service")
    check("it says that it is confined", "\nconfined: system calls are filtered" in said, said)
    run("systemctl", "start", "grindvakt-rules.service", check=False, patience=60)
    check("the rules are applied by their unit", active("grindvakt-rules.service"), journal("grindvakt-rules.service"))
    verdicts(network, "with the sandbox on")
    confinement(network)
    figures()
    changes(network)
    restarts(network)
    unnoticed(network)
    # What the last of the upgrades has started is confined as the first process was.
    confinement(network)
    others(network)
    judged()
    store()


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        check(str(failure), False, journal("grindvakt.service"))
        sys.exit(0)
