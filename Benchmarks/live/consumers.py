"""Who can have the queue in the live benchmark: the two C programs, the sensor, Suricata, and any other by its command line."""

import base64
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile

from network import Failure, counted, wait_for
from router import CONSUMER_CPU, LOADS, QUEUE, TICK


class Consumer:
    """A process that has the queue, from when it is ready until it is told to end."""

    def __init__(self, network, setting, candidate):
        self.candidate, self.network = candidate, network
        self.log = tempfile.TemporaryFile("w+")
        words = candidate.words(setting)
        # A group of its own, so that what a command starts besides ends with it.
        self.process = network.spawn(network.router, *words, stdout=subprocess.PIPE, stderr=self.log, text=True, process_group=0)

    def __enter__(self):
        try:
            wait_for(f"{self.candidate.name}: binding the queue", 120, self.queue_line)
            wait_for(f"{self.candidate.name}: counting", 30, lambda: self.seen() is not None)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.stdout.close()
        self.log.close()

    def queue_line(self):
        """The queue's line of the kernel's table: number, port, length, copy mode, copy range, queue drops, user drops, last number."""
        if self.process.poll() is not None:
            self.log.seek(0)
            said = (self.log.read().strip() or self.process.stdout.read().strip()).splitlines()[-1:] or ["it said nothing"]
            raise Failure(f"{self.candidate.name} ended with status {self.process.returncode}: {said[0]}")
        try:
            with open(f"/proc/{self.process.pid}/net/netfilter/nfnetlink_queue") as table:
                lines = [line.split() for line in table]
        except OSError:
            return None
        return next(([int(word) for word in line] for line in lines if line[0] == QUEUE and line[3] == "2"), None)

    def bound_queue(self):
        line = self.queue_line()
        if line is None:
            raise Failure(f"{self.candidate.name} has let the queue go")
        return line

    def overruns(self, port):
        """Packets for which the consumer's socket had no room."""
        with open(f"/proc/{self.process.pid}/net/netlink") as table:
            sockets = [line.split() for line in table.readlines()[1:]]
        return sum(int(words[8]) for words in sockets if words[1] == "12" and int(words[2]) == port)

    def handed_over(self):
        """Packets that the kernel has put into the consumer's socket: it numbers what it queues, and the socket counts what it refuses.

        Of a queue that may be longer than 65,536 packets some kernels number more than they queue (6.18), and this is too many where it was full.
        """
        line = self.bound_queue()
        return line[7] - self.overruns(line[1])

    def seen(self):
        """Packets that the consumer has seen by its own count, or else by the kernel's; None where it does not answer yet."""
        return self.candidate.seen(self)

    def cpu(self):
        """User and system time of the process, in seconds; the clock ticks a hundred times a second."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return int(fields[11]) / TICK, int(fields[12]) / TICK

    def on_processor(self):
        """Seconds that its threads have run, as the scheduler counts them."""
        total = 0
        for thread in os.listdir(f"/proc/{self.process.pid}/task"):
            with open(f"/proc/{self.process.pid}/task/{thread}/schedstat") as stat:
                total += int(stat.read().split()[0])
        return total / 1e9

    def drain(self):
        wait_for(f"{self.candidate.name}: judging what waited in the queue", 30, lambda: self.bound_queue()[2] == 0)


class CountingProgram:
    """A C program of this folder that accepts everything, and tells on SIGUSR1 how much that was."""

    loads = LOADS

    def __init__(self, name, program):
        self.name, self.program = name, program

    def words(self, setting):
        return (os.path.join(setting.folder, self.program), QUEUE, CONSUMER_CPU)

    def seen(self, consumer):
        consumer.process.send_signal(signal.SIGUSR1)
        words = consumer.process.stdout.readline().split()
        if len(words) < 2:
            raise Failure(f"{self.name} does not say what it has seen")
        return int(words[1])


class Sensor:
    """The sensor with the list of names that nobody asks for."""

    name = "grindvakt"
    loads = LOADS

    def words(self, setting):
        self.socket = setting.socket
        return ("taskset", "-c", CONSUMER_CPU, setting.grindvakt, "run", "--config", setting.configuration)

    def seen(self, _):
        return counted(self.socket, "grindvakt_packets_total")


class Suricata:
    """Suricata in a folder with a Debian of its own, inline, with the same names as a data set of its rules."""

    name = "suricata"
    FOLDER = "tmp"
    # Connections it follows by both sides and to their end, neither of which it would get here.
    loads = ("dns",)
    # Batches and fail-open as its users set them for speed.
    SETTINGS = ("nfq.mode=accept", "nfq.batchcount=20", "nfq.fail-open=yes", "outputs.0.fast.enabled=no", "outputs.1.eve-log.enabled=no")

    def __init__(self, root):
        self.root = os.path.abspath(root)
        self.folder = None
        if not os.access(os.path.join(self.root, "usr/bin/suricata"), os.X_OK):
            raise Failure(f"{root}: no usr/bin/suricata in it; Benchmarks/README.md says how to make such a folder")

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="grindvakt-live-", dir=os.path.join(self.root, self.FOLDER))
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def prepare(self, names):
        inside = os.path.join("/", self.FOLDER, os.path.basename(self.folder))
        with open(os.path.join(self.folder, "names.lst"), "w") as file:
            file.writelines(base64.b64encode(name.encode()).decode() + "\n" for name in names)
        with open(os.path.join(self.folder, "names.rules"), "w") as file:
            data = f"dataset:isset,listed,type string,load {inside}/names.lst,memcap 1gb,hashsize 262144"
            file.write(f'drop dns any any -> any any (msg:"listed"; dns.query; {data}; sid:1; rev:1;)\n')

    def words(self, _):
        inside = os.path.join("/", self.FOLDER, os.path.basename(self.folder))
        options = [word for one in self.SETTINGS for word in ("--set", one)]
        suricata = ("suricata", "-c", "/etc/suricata/suricata.yaml", "--runmode", "workers", "-q", QUEUE,
                    "-S", f"{inside}/names.rules", "-l", inside, "--pidfile", f"{inside}/pid", *options)
        # `ip netns exec` has given the process mounts of its own, so that this one goes with it.
        script = 'mount -t proc proc "$1/proc" && exec chroot "$@"'
        return ("sh", "-c", script, "sh", self.root, "taskset", "-c", CONSUMER_CPU, *suricata)

    def seen(self, consumer):
        return consumer.handed_over()


class Other:
    """Any program that takes a queue, by its command line."""

    loads = LOADS

    def __init__(self, text):
        self.name, separator, self.command = text.partition("=")
        if not (self.name.strip() and separator and self.command.strip()):
            raise Failure(f"--consumer {text!r}: not NAME=COMMAND")
        try:
            self.split = shlex.split(self.command.format(queue=QUEUE, cpu=CONSUMER_CPU))
        except (ValueError, KeyError, IndexError) as error:
            raise Failure(f"--consumer {text!r}: {error}; {{queue}} and {{cpu}} are filled in, other braces are doubled") from None

    def words(self, _):
        return self.split

    def seen(self, consumer):
        return consumer.handed_over()
