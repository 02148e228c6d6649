"""What the live benchmarks share: a client, a router and a server in network namespaces, a sensor on the router, and tables."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILT = os.path.join(HERE, "../../.build/release/grindvakt")
# Ahead of the machine's other work, for load, clients, servers and consumers alike.
AHEAD = ("nice", "-n", "-20")
# Enough to be measured beside compilers, and not so much that they stand still.
SESSION_NICE = -10


class Failure(Exception):
    """What went wrong, in one line."""


def command(*words, check=True):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if check and done.returncode != 0:
        raise Failure(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def progress(words):
    """Tells how far it is, apart from what is measured."""
    print(words, file=sys.stderr, flush=True)


def family(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def wait_for(what, seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise Failure(f"{what} took more than {seconds} s")


class Network:
    """Client, router and server, each in a namespace with a name of its own; nothing leaves them."""

    CLIENT, CLIENT_GATEWAY = "10.71.1.2", "10.71.1.1"
    SERVER, SERVER_GATEWAY = "10.71.2.2", "10.71.2.1"
    CLIENT_6, CLIENT_GATEWAY_6 = "fd71:1::2", "fd71:1::1"
    SERVER_6, SERVER_GATEWAY_6 = "fd71:2::2", "fd71:2::1"

    def __init__(self):
        tag = f"gvb{os.getpid()}"
        self.client, self.router, self.server = f"{tag}c", f"{tag}r", f"{tag}s"
        self.made = []

    def __enter__(self):
        try:
            self.lay_out()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # A namespace takes its interfaces, rules and queues with it.
        for name in self.made:
            command("ip", "netns", "delete", name, check=False)

    def inside(self, name, *words):
        return ("ip", "netns", "exec", name, *words)

    def lay_out(self):
        for name in (self.client, self.router, self.server):
            command("ip", "netns", "add", name)
            self.made.append(name)
            command("ip", "-n", name, "link", "set", "lo", "up")
            # Without detection of duplicates an IPv6 address can be used at once.
            command(*self.inside(name, "sysctl", "-q", "-w", "net.ipv6.conf.default.accept_dad=0"))
        for name, near, ends in (
            (self.client, "toclient", ((self.CLIENT, self.CLIENT_GATEWAY, 24), (self.CLIENT_6, self.CLIENT_GATEWAY_6, 64))),
            (self.server, "toserver", ((self.SERVER, self.SERVER_GATEWAY, 24), (self.SERVER_6, self.SERVER_GATEWAY_6, 64))),
        ):
            command("ip", "link", "add", "up0", "netns", name, "type", "veth", "peer", "name", near, "netns", self.router)
            command("ip", "-n", name, "link", "set", "up0", "up")
            command("ip", "-n", self.router, "link", "set", near, "up")
            for address, gateway, length in ends:
                command("ip", "-n", name, "address", "add", f"{address}/{length}", "dev", "up0")
                command("ip", "-n", self.router, "address", "add", f"{gateway}/{length}", "dev", near)
                command("ip", "-n", name, "-6" if ":" in address else "-4", "route", "add", "default", "via", gateway)
        forwarding = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        command(*self.inside(self.router, "sysctl", "-q", "-w", *forwarding))

    def spawn(self, name, *words, **options):
        """A process in a namespace, ahead of the machine's other work."""
        return subprocess.Popen(self.inside(name, *AHEAD, *words), **options)


class ConfiguredSensor:
    """The sensor on the router with a configuration, and the rules that feed it."""

    def __init__(self, network, program, folder, text):
        self.network, self.program = network, program
        self.socket = os.path.join(folder, "metrics.sock")
        self.configuration = os.path.join(folder, "grindvakt.toml")
        with open(self.configuration, "w") as file:
            file.write(f'{text}\n[metrics]\nsocket = "{self.socket}"\n')
        self.log = open(os.path.join(folder, "sensor.log"), "w+")

    def __enter__(self):
        self.process = self.network.spawn(
            self.network.router, self.program, "run", "--config", self.configuration, stdout=self.log, stderr=self.log
        )
        try:
            wait_for("the sensor's start", 60, self.is_ready)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        end(self.process)
        self.log.close()

    def is_ready(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise Failure(f"the sensor ended with status {self.process.returncode}: {self.log.read().strip()}")
        return counted(self.socket, "grindvakt_packets_total") is not None

    def rules(self, verb):
        options = ("--config", self.configuration) if verb == "apply" else ()
        words = (self.program, "rules", verb, "--backend", "iptables", *options)
        command(*self.network.inside(self.network.router, *words))

    def counted(self, name, *labels):
        value = counted(self.socket, name, *labels)
        if value is None:
            raise Failure("the sensor's socket does not answer")
        return value


def exposition(path):
    """The sensor's counters as text; None while nobody answers at the socket."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(30)
            connection.connect(path)
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            text = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()
    except OSError:
        return None
    head, _, body = text.partition("\r\n\r\n")
    return body if head.startswith("HTTP/1.1 200 ") else None


def counted(path, name, *labels):
    """The sum of a metric's samples that have all of the labels; None while nobody answers at the socket."""
    text = exposition(path)
    if text is None:
        return None
    lines = [line for line in text.splitlines() if line.startswith((name + "{", name + " ")) and all(label in line for label in labels)]
    return sum(float(line.split()[-1]) for line in lines)


def end(process, patience=30):
    """Ends a process that this program started."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def percentile(values, share):
    """The smallest of the values that `share` of them do not exceed."""
    values = sorted(values)
    return values[min(len(values) - 1, max(0, -(-int(share * len(values) * 1000) // 1000) - 1))]


def table(heads, rows, output):
    """Prints rows of words under their heads, as text in columns or as markdown."""
    if output == "markdown":
        print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
        for row in rows:
            print("| " + " | ".join(word.replace("|", "\\|") for word in row) + " |")
    else:
        widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
        for row in [heads, *rows]:
            print("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip())
    print(flush=True)


def machine():
    """The kernel, the processors and the load, for the head of a result."""
    return f"Linux {os.uname().release}, {len(os.sched_getaffinity(0))} processors, load average {os.getloadavg()[0]:.1f}"


def check_host(program, sensor):
    """The status to end with where the benchmark cannot run here, after saying why; else None."""
    if os.geteuid() != 0:
        print(f"{program}: needs root for network namespaces and netfilter queues; run: sudo Benchmarks/live/{program}", file=sys.stderr)
        return 3
    if not os.access(sensor, os.X_OK):
        print(f"{program}: {sensor}: not there; run: make build", file=sys.stderr)
        return 2
    if len(os.sched_getaffinity(0)) < 2:
        print(f"{program}: needs two processors, one for the load and one for the consumer", file=sys.stderr)
        return 3
    return None


@contextlib.contextmanager
def session_ahead():
    """Puts this session ahead of others for a while, where the kernel shares processors out by session: `nice` counts within one only."""
    try:
        with open("/proc/self/autogroup") as group:
            before = int(group.read().split()[-1])
        set_session(min(before, SESSION_NICE))
    except (OSError, ValueError, IndexError):
        yield
        return
    try:
        yield
    finally:
        set_session(before)


def set_session(nice):
    with open("/proc/self/autogroup", "w") as group:
        group.write(str(nice))


def run_main(program, main):
    """Ends the program with the status of `main`; told to end, it leaves as from an error, so that namespaces and processes are tidied up."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        with session_ahead():
            status = main()
        sys.exit(status)
    except Failure as failure:
        print(f"{program}: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
