"""The place where faults happen: client, router and server, the sensor and who starts it again, its lists, its disk, its clock and its memory."""

import contextlib
import ctypes
import glob
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
from books import Ledger
from composition import PROTOCOLS
from network import Failure, Network, command, exposition, wait_for

QUEUES = ("0", "1")
# The sensor's unit waits a second; less leaves more time for faults.
RESTART_DELAY = 0.2
START_LIMIT, HEALTH_LIMIT = 60, 15
ADDRESSES = 6
# Octets of the disk that the sensor keeps its state on.
DISK = 48 << 20
GROUPS = ("/sys/fs/cgroup/memory", "/sys/fs/cgroup")
PREFIX = "grindvakt-chaos-"
CLONE_NEWNS = 0x20000
# Nothing of these may be in the sensor's log: names asked for, entries, clients' addresses.
SECRETS = re.compile(r"n\d{8}\b|(open|listed|filler|added)\.test|10\.71\.1\.|fd71:1:")
CONFIGURATION = """
[sensor]
queues = "0:1"
receive-buffer = 1048576

[[list]]
id = "police"
path = "police.txt"

[trust]
publishers = ["publisher.pub"]

[state]
directory = "state"

[metrics]
socket = "metrics.sock"
"""


def make_mounts_private():
    """What this program mounts is seen by it and by what it starts alone, and goes with them, however they end: the names of namespaces, too."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNS) != 0:
        raise Failure(f"a mount namespace of its own: {os.strerror(ctypes.get_errno())}")
    command("mount", "--make-rprivate", "/")
    os.makedirs("/run/netns", exist_ok=True)
    mount_memory("/run/netns")


def mount_memory(folder, *options):
    command("mount", "-t", "tmpfs", "-o", ",".join(("mode=0755", *options)), "tmpfs", folder)


@contextlib.contextmanager
def temporary_folder():
    """A folder in memory; on the disk there is nothing but its empty place."""
    folder = os.path.join(tempfile.gettempdir(), f"{PREFIX}{os.getpid()}")
    os.mkdir(folder, 0o755)
    try:
        mount_memory(folder)
        try:
            yield folder
        finally:
            command("umount", "--lazy", folder, check=False)
    finally:
        os.rmdir(folder)


def remove_leftovers():
    """Memory groups and empty folders of runs that were killed; all else went with their processes."""
    for folder in (folder for place in (*GROUPS, tempfile.gettempdir()) for folder in glob.glob(f"{place}/{PREFIX}*")):
        number = folder.rsplit("-", 1)[1]
        if number.isdigit() and not os.path.exists(f"/proc/{number}"):
            with contextlib.suppress(OSError):
                os.rmdir(folder)


def tied(*words):
    """A command that ends with this program, even where that is killed."""
    return ("setpriv", "--pdeathsig", "KILL", "--", *words)


class MemoryGroup:
    """A control group that limits the sensor's memory, of either version of the kernel's interface."""

    def __init__(self):
        root = next((root for root in GROUPS if os.path.exists(f"{root}/cgroup.procs")), None)
        self.is_second = root == GROUPS[1]
        if root is None or self.is_second and "memory" not in open(f"{root}/cgroup.controllers").read():
            raise Failure("no control group can limit memory here (memory controller)")
        self.folder = f"{root}/{PREFIX}{os.getpid()}"

    def __enter__(self):
        os.mkdir(self.folder)
        return self

    def __exit__(self, *_):
        # The last process is gone, but the kernel may not have noticed yet.
        for _ in range(100):
            with contextlib.suppress(OSError):
                return os.rmdir(self.folder)
            time.sleep(0.02)

    def take(self, process):
        with open(f"{self.folder}/cgroup.procs", "w") as file:
            file.write(str(process))

    def usage(self):
        with open(f"{self.folder}/memory.{'current' if self.is_second else 'usage_in_bytes'}") as file:
            return int(file.read())

    def limit(self, octets):
        """Limits memory to so many octets; None lifts the limit."""
        name = "memory.max" if self.is_second else "memory.limit_in_bytes"
        with open(f"{self.folder}/{name}", "w") as file:
            file.write(str(octets) if octets is not None else "max" if self.is_second else "-1")


class Sensor:
    """One process of the sensor, and its log."""

    def __init__(self, site, *options):
        # In the mount namespace of this program, so that a disk that is remounted here is remounted for the sensor.
        clock = ("env", f"LD_PRELOAD={site.clock_library}", f"GRINDVAKT_CLOCK_OFFSET={site.path('clock')}")
        words = tied("nsenter", f"--net=/run/netns/{site.network.router}", *clock, site.program, "run", "--config", site.path("grindvakt.toml"), *options)
        self.process = subprocess.Popen(
            words, cwd=site.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.begun, self.ready_at, self.lines, self.is_reading = time.monotonic(), None, [], threading.Event()
        self.is_reading.set()
        self.has_told = threading.Event()
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if " ready: " in line:
                self.ready_at = time.monotonic()
                self.has_told.set()
            self.is_reading.wait()
        self.has_told.set()

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def last_words(self):
        return " | ".join(self.lines[-3:]) or "nothing"

    def wait_until_ready(self):
        if not self.has_told.wait(START_LIMIT):
            raise Failure(f"the sensor was not ready in {START_LIMIT} s; it said: {self.last_words()}")
        return self.ready_at is not None

    def wait_for_end(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failure(f"the sensor did not end in {seconds} s") from None
        self.is_reading.set()
        self.thread.join(5)
        return self.process.returncode

    def holdings(self):
        """Open descriptors and threads."""
        return len(os.listdir(f"/proc/{self.pid}/fd")), len(os.listdir(f"/proc/{self.pid}/task"))


class Lists:
    """The operator's list, as its publisher signs it, and what a publisher might do wrong."""

    ENTRIES = 20_000

    def __init__(self, site):
        self.site, self.path = site, site.path("police.txt")
        self.sequence, self.added = 0, []
        for key in ("publisher", "stranger"):
            site.tool("list", "keygen", "-o", site.path(key))
        self.publish([])

    def entries(self):
        return ["listed.test", *(f"e{number}.filler.test" for number in range(self.ENTRIES)), *self.added]

    def write(self, lines, path=None):
        # Whole or not at all, as whoever fetches lists does.
        path = path or self.path
        with open(f"{path}.new", "w") as file:
            file.writelines(f"{line}\n" for line in lines)
        os.replace(f"{path}.new", path)

    def sign(self, sequence, key="publisher", expires="+30d"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{self.path}.sig")
        words = ("--id", "police", "--sequence", str(sequence), "--expires", expires)
        self.site.tool("list", "sign", self.path, "--key", self.site.path(f"{key}.key"), *words)

    def publish(self, added):
        """The next edition, good in every way."""
        self.added = added
        self.sequence += 1
        self.write(self.entries())
        self.sign(self.sequence)

    def restore(self):
        """The last good edition again, as it was."""
        self.write(self.entries())
        self.sign(self.sequence)


class Site:
    """Everything that a fault can get at."""

    def __init__(self, program, rate, folder):
        self.program, self.rate, self.folder = program, rate, folder
        self.windows, self.losses, self.open_window = [], [], None
        self.old_lines, self.starts, self.notices = [], 0, frozenset()
        self.stack = contextlib.ExitStack()

    def path(self, name):
        return os.path.join(self.folder, name)

    # ---- setting up ----

    def __enter__(self):
        with self.stack:
            self.set_up()
            self.stack = self.stack.pop_all()
        return self

    def __exit__(self, *details):
        return self.stack.__exit__(*details)

    def set_up(self):
        self.clock_library = self.path("clock.so")
        command(os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", self.clock_library, os.path.join(HERE, "clock.c"))
        self.step_clock(0)
        self.configure()
        os.mkdir(self.path("state"))
        mount_memory(self.path("state"), f"size={DISK}")
        self.stack.callback(command, "umount", "--lazy", self.path("state"))
        self.group = self.stack.enter_context(MemoryGroup())
        self.lists = Lists(self)
        self.network = self.stack.enter_context(Network())
        sources = self.give_addresses()
        self.start_sensor()
        self.stack.callback(self.kill_sensor)
        self.rules("apply")
        self.ledger = Ledger()
        traffic = (sys.executable, os.path.join(HERE, "traffic.py"))
        servers = (self.network.SERVER, self.network.SERVER_6)
        self.start_end(self.network.server, *traffic, "server", *servers)
        self.client = self.start_end(self.network.client, *traffic, "client", str(self.rate), *servers, *sources)
        self.ledger.wait_for(30, "its beginning", lambda: self.ledger.pauses == 2)

    def configure(self):
        with open(self.path("grindvakt.toml"), "w") as file:
            file.write(CONFIGURATION)

    def give_addresses(self):
        """More clients, so that both queues are used; IPv6 addresses stay while an interface is down."""
        network = self.network
        command(*network.inside(network.router, "sysctl", "-q", "-w", "net.ipv6.conf.all.keep_addr_on_down=1"))
        # Whoever else asks gets a port that no question takes.
        command(*network.inside(network.client, "sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=61000 65000"))
        sources = [f"10.71.1.{10 + number}" for number in range(ADDRESSES)] + [f"fd71:1::{10 + number}" for number in range(ADDRESSES)]
        for address in sources:
            command("ip", "-n", network.client, "address", "add", f"{address}/{64 if ':' in address else 24}", "dev", "up0")
        return sources

    def start_end(self, namespace, *words):
        """One end of the traffic."""
        process = subprocess.Popen(
            self.network.inside(namespace, *tied(*words)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.stack.callback(process.wait)
        self.stack.callback(process.kill)
        self.ledger.follow(open(process.stdout.fileno(), "rb", closefd=False))
        return process

    # ---- commands ----

    def tool(self, *words, status=(0,)):
        """The program under test as a command, and what it said."""
        done = subprocess.run(
            (self.program, *words), cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
        if done.returncode not in status:
            raise Failure(f"grindvakt {' '.join(words[:2])} ended with status {done.returncode}: {done.stderr.strip()}")
        return done

    def on_router(self, *words, check=True):
        return command(*self.network.inside(self.network.router, *words), check=check)

    def rules(self, verb):
        options = ("--config", self.path("grindvakt.toml")) if verb == "apply" else ()
        self.on_router(self.program, "rules", verb, "--backend", "iptables", *options)

    def reload(self):
        """Whether a reload was accepted, and what was said."""
        done = self.tool("reload", "--socket", self.path("metrics.sock"), status=(0, 2))
        return done.returncode == 0, done.stderr.strip()

    def step_clock(self, seconds):
        """Moves the sensor's wall clock."""
        with open(self.path("clock"), "r+b" if os.path.exists(self.path("clock")) else "wb") as file:
            file.write(struct.pack("<q", seconds))

    # ---- the sensor, and who starts it again ----

    def start_sensor(self):
        """Starts it until it is ready; raises where it ends instead."""
        self.sensor = Sensor(self)
        self.group.take(self.sensor.pid)
        self.starts += 1
        if not self.sensor.wait_until_ready():
            status = self.sensor.wait_for_end(10)
            raise Failure(f"the sensor ended with status {status} instead of starting: {self.sensor.last_words()}")
        self.bare = None

    def take_over(self):
        """Starts another process, which takes the queues over from the one that runs; that one ends by itself."""
        old, new = self.sensor, Sensor(self, "--take-over")
        self.group.take(new.pid)
        self.starts += 1
        if not new.wait_until_ready():
            raise Failure(f"the sensor ended with status {new.wait_for_end(10)} instead of taking over: {new.last_words()}")
        status = old.wait_for_end(10)
        if status != 0:
            raise Failure(f"the sensor ended with status {status} when it was taken over from: {old.last_words()}")
        self.end_log()
        self.sensor = new

    def end_log(self):
        self.old_lines += self.sensor.lines
        self.sensor.lines = []

    def restart(self):
        """What systemd does after RestartSec=."""
        self.end_log()
        time.sleep(RESTART_DELAY)
        self.start_sensor()

    def kill_sensor(self):
        if self.sensor.is_running():
            self.sensor.process.send_signal(signal.SIGKILL)
        self.sensor.wait_for_end(10)

    # ---- what may happen during a fault ----

    def begin_window(self):
        """From now on listed names may pass."""
        self.open_window = time.monotonic()

    def end_window(self, moment=None):
        self.windows.append((self.open_window, moment or time.monotonic()))
        self.open_window = None

    def may_lose(self, start, end):
        """Questions that were under way then may go without an answer."""
        self.losses.append((start, end))

    # ---- traffic ----

    def say(self, line):
        self.client.stdin.write(f"{line}\n".encode())

    def wait_for_answers(self, count=3, seconds=HEALTH_LIMIT):
        """Until questions that are asked from now on are answered."""
        now = time.monotonic()
        self.ledger.wait_for(seconds, "the first answers", lambda: self.ledger.answers_since(now) >= count)

    def pause(self):
        pauses = self.ledger.pauses
        self.say("pause")
        self.ledger.wait_for(30, "its pause", lambda: self.ledger.pauses > pauses)
        # The server's last records come on a pipe of their own.
        time.sleep(0.03)

    # ---- what can be seen from outside ----

    def ask(self, path):
        """Status and body of the metrics socket's answer; None where nobody answers."""
        try:
            with contextlib.closing(http.client.HTTPConnection("localhost", timeout=5)) as connection:
                connection.sock = socket.socket(socket.AF_UNIX)
                connection.sock.settimeout(5)
                connection.sock.connect(self.path("metrics.sock"))
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None

    def status(self):
        answer = self.ask("/status")
        return json.loads(answer[1]) if answer and answer[0] == 200 else None

    def is_healthy(self):
        if not self.sensor.is_running():
            raise Failure(f"the sensor ended by itself with status {self.sensor.process.returncode}: {self.sensor.last_words()}")
        status = self.status()
        return self.ask("/healthz") == (200, "ok\n") and status is not None and all(queue["present"] for queue in status["queues"]) and status

    def reading(self):
        """All counters, the sensor's and the rules', while nothing is under way."""
        text = wait_for("the sensor's counters", HEALTH_LIMIT, lambda: exposition(self.path("metrics.sock")))
        return Reading(text, self.queued(), self.sensor.pid)

    def queued(self):
        """Packets that the rules gave to the queues."""
        lines = (
            line.split() for family in ("iptables", "ip6tables")
            for line in self.on_router(family, "-t", "mangle", "-nvxL", "GRINDVAKT-FLOWS").splitlines())
        return sum(int(words[0]) for words in lines if len(words) > 2 and words[2] == "NFQUEUE")

    def clear_state(self):
        for name in os.listdir(self.path("state")):
            os.unlink(self.path(f"state/{name}"))

    def current_digests(self):
        """What the state directory says is the last good edition of each list."""
        with open(self.path("state/current.json")) as file:
            return file.read()


class Reading:
    """The counters at one moment."""

    def __init__(self, text, queued, pid):
        self.queued, self.pid, self.time = queued, pid, time.monotonic()
        self.samples = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                key, _, value = line.rpartition(" ")
                self.samples[key] = float(value)

    def sum(self, name, *labels):
        return sum(value for key, value in self.samples.items()
                   if key.partition("{")[0] == name and all(label in key for label in labels))

    def judged(self):
        return self.sum("grindvakt_packets_total")

    def let_go(self):
        """Packets of the queues that no worker has seen, by the sensor's own counters."""
        return self.sum("grindvakt_queue_unseen_total")

    def by_protocol(self, name):
        return {protocol: self.sum(name, f'protocol="{protocol}"') for protocol in PROTOCOLS}


@contextlib.contextmanager
def scene(program, rate):
    remove_leftovers()
    make_mounts_private()
    with temporary_folder() as folder, Site(program, rate, folder) as place:
        yield place
