"""Faults of the host: its disk, its clock, its memory, its descriptors, and who reads the log and the counters."""

import contextlib
import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

from fault import Fault, added, expect, findings
from network import HERE as LIVE
from network import Failure, end, wait_for
from process_faults import Kill
from scene import DISK, tied


class DiskFault(Fault):
    """What a disk that takes nothing has in common: the sensor goes on with its lists, also over a reload, and over a kill every other time."""

    def __init__(self, dice):
        super().__init__(dice)
        self.is_killed = dice.random() < 0.5
        self.counters_go_on = not self.is_killed
        self.longest_gap = 1.5
        self.kill = Kill(dice)

    def detail(self):
        return "and kill -9" if self.is_killed else ""

    def spoil(self, site):
        raise NotImplementedError

    def mend(self, site):
        raise NotImplementedError

    def inject(self, site):
        self.spoil(site)
        site.lists.publish(added(self.dice))
        self.accepted, self.said = site.reload()
        status = site.status()
        expect(status is not None, "no status while the disk takes nothing")
        in_use = status["lists"][0]["sequence"]
        expect(in_use in (site.lists.sequence, site.lists.sequence - 1), f"edition {in_use} is in use")
        word = "accepted" if self.accepted else "refused"
        expect(self.accepted == (in_use == site.lists.sequence), f"a reload that was {word} left edition {in_use}")
        expect(self.accepted or self.said, "the refusal gives no reason")
        if self.is_killed:
            self.kill.inject(site)
            self.kill.recover(site)
            status = site.status()
            expect(status is not None and status["lists"][0]["sequence"] >= in_use, "the edition in use before the kill is lost")

    def recover(self, site):
        self.mend(site)
        accepted, said = site.reload()
        expect(accepted, f"with the disk as before, the reload is refused: {said}")


class FullDisk(DiskFault):
    """The disk with the state is full."""

    name = "disk full"

    def spoil(self, site):
        # Without a buffer, which would be written when the file is closed, to a disk that is full by then.
        with open(site.path("state/filler"), "wb", buffering=0) as file:
            for size in (1 << 20, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(size))

    def mend(self, site):
        os.unlink(site.path("state/filler"))


class ReadOnlyDisk(DiskFault):
    """The disk with the state can be read only, as after an error of the device."""

    name = "disk read-only"

    def remount(self, site, mode):
        # Whoever is writing right now is waited for.
        wait_for(f"remounting the disk {mode}", 10, lambda: self.has_remounted(site, mode))

    def has_remounted(self, site, mode):
        options = f"remount,{mode},size={DISK}"
        return subprocess.run(("mount", "-o", options, site.path("state")), stderr=subprocess.DEVNULL).returncode == 0

    def spoil(self, site):
        self.remount(site, "ro")

    def mend(self, site):
        self.remount(site, "rw")


class ClockStep(Fault):
    """The wall clock is stepped, by seconds or by years; the list may expire by it, and goes on blocking."""

    name = "clock step"

    def __init__(self, dice):
        super().__init__(dice)
        self.step = dice.choice((-1, 1)) * dice.choice((1, 61, 3_600, 86_400, 40 * 86_400, 3_650 * 86_400))
        self.is_reloaded = dice.random() < 0.5

    def detail(self):
        return f"{self.step:+} s{', and a reload' if self.is_reloaded else ''}"

    def inject(self, site):
        site.step_clock(self.step)
        time.sleep(1.1)
        if self.is_reloaded:
            # Whether an edition of the future is good is for the sensor to say; the one in use has to stay in either case.
            site.reload()
        status = site.status()
        expect(status and status["lists"][0]["sequence"] == site.lists.sequence, "the edition in use is another one")
        expect(self.step < 30 * 86_400 or "list-expired" in findings(status), "the health report does not tell that the list has expired")

    def recover(self, site):
        site.step_clock(0)
        if self.is_reloaded:
            accepted, said = site.reload()
            expect(accepted, f"with the clock as before, the reload is refused: {said}")


class MemoryLimit(Fault):
    """Memory is limited to what the sensor has, and a bit, while it reads a large list: it gets by, or is killed and started again."""

    name, longest_gap = "memory limit", 2.5

    def __init__(self, dice):
        super().__init__(dice)
        self.room = dice.choice((0, 1, 4, 16, 64)) << 20
        self.hold = 0.1

    def detail(self):
        return f"{self.room >> 20} MiB more"

    def inject(self, site):
        lists = site.lists
        lists.publish(added(self.dice))
        lists.write([*lists.entries(), *(f"e{number}.huge.filler.test" for number in range(100_000))])
        lists.sign(lists.sequence)
        self.begun = time.monotonic()
        site.begin_window()
        with contextlib.suppress(OSError):
            # Less than is in use is refused, unless it can be had.
            site.group.limit(site.group.usage() + self.room)
        site.sensor.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)

    def recover(self, site):
        site.group.limit(None)
        site.lists.restore()
        if site.sensor.is_running():
            # Nothing may have passed.
            site.open_window = None
            accepted, said = site.reload()
            expect(accepted, f"with memory as before, the reload is refused: {said}")
            return
        self.counters_go_on = False
        status = site.sensor.wait_for_end(10)
        site.may_lose(self.begun, time.monotonic())
        expect(status == -signal.SIGKILL, f"ended with status {status} and not by the kernel's hand: {site.sensor.last_words()}")
        site.restart()
        site.end_window(site.sensor.ready_at)


class NoDescriptors(Fault):
    """No descriptor is left for a while, as reloads and scrapes go on."""

    name = "descriptors run out"

    def inject(self, site):
        pid, (held, _) = site.sensor.pid, site.sensor.holdings()
        self.limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (self.dice.choice((held, held - 4, held + 1, 8)), self.limits[1]))
        site.sensor.process.send_signal(signal.SIGHUP)
        with contextlib.ExitStack() as stack:
            for _ in range(4):
                stream = stack.enter_context(socket.socket(socket.AF_UNIX))
                stream.settimeout(0.2)
                with contextlib.suppress(OSError):
                    stream.connect(site.path("metrics.sock"))
                    stream.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    stream.recv(100)

    def recover(self, site):
        resource.prlimit(site.sensor.pid, resource.RLIMIT_NOFILE, self.limits)
        wait_for("a reload once there are descriptors", 10, lambda: site.reload()[0])


class WildClients(Fault):
    """Clients of the metrics socket that say nothing, trickle, flood and never read."""

    name = "wild socket clients"

    def __init__(self, dice):
        super().__init__(dice)
        self.hold = dice.uniform(0.5, 1.5)

    def detail(self):
        return f"for {self.hold:.1f} s"

    def inject(self, site):
        self.process = subprocess.Popen(tied(sys.executable, os.path.join(LIVE, "hostile.py"), site.path("metrics.sock")), stdout=subprocess.DEVNULL)

    def recover(self, site):
        expect(self.process.poll() is None, "the clients ended by themselves")
        end(self.process)


class StuckLog(Fault):
    """Nobody reads the log for a while, and the pipe to it is full."""

    name = "log stuck"

    def inject(self, site):
        fcntl.fcntl(site.sensor.process.stderr.fileno(), fcntl.F_SETPIPE_SZ, 4_096)
        site.sensor.is_reading.clear()
        os.unlink(f"{site.lists.path}.sig")
        # Each refusal is two lines at the most; the pipe has room for a few dozen.
        reloads = [threading.Thread(target=self.ask, args=(site,)) for _ in range(self.dice.randrange(20, 40))]
        for thread in reloads:
            thread.start()
        self.threads = reloads
        time.sleep(1)
        expect(site.status() is not None, "no status while the log is stuck")

    @staticmethod
    def ask(site):
        with contextlib.suppress(Failure, subprocess.TimeoutExpired):
            site.reload()

    def recover(self, site):
        site.sensor.is_reading.set()
        for thread in self.threads:
            thread.join()
        site.lists.restore()
        accepted, said = site.reload()
        expect(accepted, f"the last good edition is refused: {said}")
