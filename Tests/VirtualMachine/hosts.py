"""A client, a router and a server in network namespaces of their own, with what runs on them.

    client 192.0.2.2 ─── 192.0.2.1 router 198.51.100.1 ─── 198.51.100.2 server
           2001:db8:1::2 ─ 2001:db8:1::1  2001:db8:2::1 ─ 2001:db8:2::2

Nothing outside the namespaces and one temporary folder is touched, and all of it goes with the block that made it.
"""

import contextlib
import ctypes
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PREFIX = "gvmachine"

# Programs of the administrator's are found, and all of them speak English.
os.environ.update(PATH=f"{os.environ.get('PATH', '/usr/bin:/bin')}:/usr/sbin:/sbin", LC_ALL="C.UTF-8")


class Failure(Exception):
    """What went wrong, in one line."""


def run(*words, text="", patience=60, check=True):
    """Runs a command to its end; with `check` an error status is a failure."""
    try:
        done = subprocess.run(words, input=text, capture_output=True, text=True, errors="replace", timeout=patience)
    except subprocess.TimeoutExpired:
        raise Failure(f"{' '.join(words)}: no end within {patience} s") from None
    except FileNotFoundError:
        raise Failure(f"{words[0]}: program not found") from None
    if check and done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise Failure(f"{' '.join(words)}: {said[0] if said else f'status {done.returncode}'}")
    return done


def wait_for(what, condition, patience=90):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise Failure(f"{what}: not there within {patience} s")


class Host:
    """One network namespace with its addresses; the first of each family is where it is asked."""

    def __init__(self, role, ipv4, ipv6):
        self.role, self.addresses = role, {4: ipv4, 6: ipv6}
        self.namespace = f"{PREFIX}{os.getpid()}-{role}"

    def address(self, family):
        return self.addresses[family][0]

    def command(self, *words):
        return ("ip", "netns", "exec", self.namespace, *words)

    def run(self, *words, **options):
        return run(*self.command(*words), **options)

    @contextlib.contextmanager
    def entered(self):
        """What opens sockets inside the block opens them on this host."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net") as home, open(f"/run/netns/{self.namespace}") as there:
            def enter(namespace):
                if libc.setns(namespace.fileno(), 0) != 0:
                    raise Failure(f"setns {self.namespace}: {os.strerror(ctypes.get_errno())}")
            enter(there)
            try:
                yield
            finally:
                enter(home)

    def udp_socket(self, address, port, source=""):
        """A connected UDP socket of this host; `source` is its own address where that matters."""
        with self.entered():
            opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        opened.bind((source, 0))
        opened.connect((address, port))
        return opened


class Site:
    """The three hosts, their servers and the sensor on the router."""

    # More clients than one, so that the kernel has pairs of addresses to spread over the queues.
    CLIENTS = range(16)

    def __init__(self, grindvakt, backend):
        self.grindvakt, self.backend = grindvakt, backend
        self.client = Host("client", ["192.0.2.2"], ["2001:db8:1::2"])
        self.router = Host("router", ["192.0.2.1", "198.51.100.1"], ["2001:db8:1::1", "2001:db8:2::1"])
        self.server = Host("server", ["198.51.100.2"], ["2001:db8:2::2"])
        for number in self.CLIENTS:
            self.client.addresses[4].append(f"192.0.2.{100 + number}")
            self.client.addresses[6].append(f"2001:db8:1::{100 + number}")
        self.processes = []
        self.sensor = None

    # ---- life ----

    def __enter__(self):
        remove_left_overs()
        self.folder = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")
        self.socket = f"{self.folder}/metrics.sock"
        try:
            self.connect()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait()
        for host in (self.client, self.router, self.server):
            run("ip", "netns", "delete", host.namespace, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self):
        hosts = (self.client, self.router, self.server)
        for host in hosts:
            run("ip", "netns", "add", host.namespace)
        self.link(self.client, "uplink", self.router, "clients", 0)
        self.link(self.server, "uplink", self.router, "servers", 1)
        for file in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.router.run("sh", "-c", f"echo 1 > /proc/sys/net/{file}")

    def link(self, host, name, router, port, side):
        run("ip", "link", "add", name, "netns", host.namespace, "type", "veth", "peer", "name", port, "netns", router.namespace)
        batch = "link set lo up\n" + "".join(
            f"address add {address}/{24 if family == 4 else 64} dev {name} {'nodad' if family == 6 else ''}\n"
            for family, addresses in host.addresses.items()
            for address in addresses
        )
        routes = "".join(f"route add default via {router.addresses[family][side]}\n" for family in (4, 6))
        run("ip", "-n", host.namespace, "-batch", "-", text=batch + f"link set {name} up\n")
        near = f"link set lo up\naddress add {router.addresses[4][side]}/24 dev {port}\n"
        near += f"address add {router.addresses[6][side]}/64 dev {port} nodad\nlink set {port} up\n"
        run("ip", "-n", router.namespace, "-batch", "-", text=near)
        run("ip", "-n", host.namespace, "-batch", "-", text=routes)

    # ---- what runs on the hosts ----

    def start(self, host, *words):
        """Starts a command that ends with this process, however this one ends; its output goes to a log."""
        log = open(f"{self.folder}/{len(self.processes)}.log", "w+")
        process = subprocess.Popen(
            ("setpriv", "--pdeathsig", "KILL", *host.command(*words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        process.log = log
        self.processes.append(process)
        return process

    def wait_until_ready(self, what, process, condition):
        def check():
            if process.poll() is not None:
                raise Failure(f"{what} ended with status {process.returncode}: {self.said(process)}")
            return condition()

        wait_for(what, check)

    def said(self, process):
        process.log.seek(0)
        return " | ".join(process.log.read().strip().splitlines()[-3:])

    def serve(self, host, names):
        """Starts DNS, HTTP, TLS and something that answers on QUIC's port; they show a certificate for `names`."""
        addresses = [host.address(family) for family in (4, 6)]
        dns = self.start(
            host, "dnsmasq", "--keep-in-foreground", "--log-facility=-", "--conf-file=/dev/null", "--pid-file=",
            "--user=root", "--group=root", "--no-resolv", "--no-hosts", "--cache-size=0", "--local=/test/",
            "--bind-interfaces", "--except-interface=lo",
            *(option for address in addresses for option in (f"--listen-address={address}", f"--address=/test/{address}")),
        )
        certificate, key = f"{self.folder}/server.pem", f"{self.folder}/server.key"
        if not os.path.exists(certificate):
            run(
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days", "2", "-subj", "/CN=grindvakt", "-keyout", key, "-out", certificate,
                "-addext", "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
            )
        self.certificate = certificate
        others = self.start(host, sys.executable, f"{HERE}/servers.py", certificate, key, *addresses)
        self.wait_until_ready("the servers", others, lambda: "ready" in self.said(others))
        for address in addresses:
            self.wait_until_ready("dnsmasq", dns, lambda: self.is_answered(host, address))

    def is_answered(self, host, address):
        query = b"\1\2\1\0\0\1\0\0\0\0\0\0\5ready\4test\0\0\1\0\1"
        with host.udp_socket(address, 53) as opened:
            opened.settimeout(1)
            try:
                opened.send(query)
                return opened.recv(4096)[:2] == query[:2]
            except OSError:
                return False

    # ---- the sensor ----

    def write(self, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w") as file:
            file.write(text)
        return path

    def start_sensor(self, lists, allowed):
        """Starts the sensor with lists, given as (id, action, entries), and waits until it tells its counters."""
        text = f'[sensor]\nqueues = "0:1"\n\n[metrics]\nsocket = "{self.socket}"\n'
        for name, action, entries in lists:
            path = self.write(f"{name}.txt", "".join(f"{entry}\n" for entry in entries))
            text += f'\n[[list]]\nid = "{name}"\npath = "{path}"\naction = "{action}"\n'
        text += '\n[allow]\npath = "' + self.write("allow.txt", "".join(f"{entry}\n" for entry in allowed)) + '"\n'
        configuration = self.write("grindvakt.toml", text)
        self.sensor = self.start(self.router, self.grindvakt, "run", "--config", configuration)
        self.wait_until_ready("grindvakt run", self.sensor, self.counters)

    def stop_sensor(self, signal):
        self.sensor.send_signal(signal)
        try:
            status = self.sensor.wait(timeout=60)
        except subprocess.TimeoutExpired:
            raise Failure(f"grindvakt run: no end within 60 s of signal {signal}") from None
        self.sensor = None
        return status

    def counters(self):
        """The samples of the metrics socket by their spelling; none while nobody answers."""
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(30)
                connection.connect(self.socket)
                connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                text = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
        except OSError:
            return {}
        pairs = (line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("grindvakt_"))
        return {name: float(value) for name, value in pairs}

    # ---- rules ----

    def apply_rules(self, *options, backend=None, check=True):
        """Runs `grindvakt rules apply` on the router, through this site's front end where no other is named, or `any`."""
        backend = backend or self.backend
        chosen = () if backend == "any" else ("--backend", backend)
        return self.router.run(self.grindvakt, "rules", "apply", "--queues", "0:1", *chosen, *options, check=check)

    def remove_rules(self):
        self.router.run(self.grindvakt, "rules", "remove")

    def ruleset(self):
        """All rules of the router as the front ends list them, without what they have counted."""
        text = "".join(
            self.router.run(*words, check=False).stdout
            for words in (("nft", "list", "ruleset"), ("iptables-save",), ("ip6tables-save",))
        )
        text = re.sub(r"packets \d+ bytes \d+|\[\d+:\d+\]", "", text)
        return "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("#"))

    def forget_flows(self):
        self.router.run("conntrack", "-F", check=False)

    def flows(self, family, transport, port):
        """The connection marks of the router's flows to a port, each once."""
        done = self.router.run("conntrack", "-L", "-f", f"ipv{family}", "-p", transport, check=False)
        lines = (line.split() for line in done.stdout.splitlines())
        return {
            next((int(word[5:]) for word in line if word.startswith("mark=")), 0)
            for line in lines
            if next((word for word in line if word.startswith("dport=")), "") == f"dport={port}"
        }


def remove_left_overs():
    """Removes the namespaces and folders of runs whose process is gone."""
    def of_the_dead(names):
        found = (re.match(rf"{PREFIX}(\d+)-\w+", name) for name in names)
        return [match[0] for match in found if match and not os.path.exists(f"/proc/{match[1]}/exe")]

    for name in of_the_dead(run("ip", "netns", "list", check=False).stdout.splitlines()):
        run("ip", "netns", "delete", name, check=False)
    for name in of_the_dead(os.listdir(tempfile.gettempdir())):
        shutil.rmtree(os.path.join(tempfile.gettempdir(), name), ignore_errors=True)
