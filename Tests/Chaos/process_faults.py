"""Faults of the sensor's process, and of who has its queues."""

import contextlib
import os
import signal
import subprocess
import time

from composition import BURST
from fault import Broken, Fault, expect
from network import Failure, end, wait_for
from router import backlog_drops
from scene import QUEUES, START_LIMIT, Sensor, tied

# The kernel drops what waits in a queue when the process that has it goes: the time that taking a process down may take.
TAKING_DOWN = 0.1


class Kill(Fault):
    """SIGKILL, and a new process after RestartSec; until it is ready the kernel's rules let everything pass."""

    name, counters_go_on, longest_gap = "kill -9", False, 1.5

    def inject(self, site):
        now = time.monotonic()
        site.begin_window()
        site.sensor.process.send_signal(signal.SIGKILL)
        status = site.sensor.wait_for_end(10)
        site.may_lose(now - TAKING_DOWN, time.monotonic() + TAKING_DOWN)
        expect(status == -signal.SIGKILL, f"ended with status {status} instead of by the signal")
        self.hold = 0

    def recover(self, site):
        site.restart()
        site.end_window(site.sensor.ready_at)


class KillDuringStart(Kill):
    """SIGKILL, and again and again while the next process starts, before one is let be."""

    name, longest_gap = "kill -9 during starts", 2.5

    def __init__(self, dice):
        super().__init__(dice)
        self.after = [dice.uniform(0.005, 0.15) for _ in range(dice.randrange(1, 4))]

    def detail(self):
        return "after " + ", ".join(f"{seconds * 1e3:.0f}" for seconds in self.after) + " ms"

    def recover(self, site):
        for seconds in self.after:
            site.end_log()
            site.sensor = Sensor(site)
            time.sleep(seconds)
            site.may_lose(time.monotonic() - TAKING_DOWN, time.monotonic() + TAKING_DOWN)
            site.kill_sensor()
        super().recover(site)


class Restart(Fault):
    """SIGTERM, and a new process at once, to which nobody hands the queues: the old one judges what it has in hand, and nothing is lost."""

    name, counters_go_on, longest_gap = "restart", False, 1.5

    def inject(self, site):
        site.begin_window()
        start = time.monotonic()
        site.sensor.process.send_signal(self.dice.choice((signal.SIGTERM, signal.SIGINT)))
        status = site.sensor.wait_for_end(10)
        expect(status == 0, f"ended with status {status}: {site.sensor.last_words()}")
        expect(time.monotonic() - start < 5, "took more than 5 s to end")
        self.hold = 0

    def recover(self, site):
        site.end_log()
        site.start_sensor()
        site.end_window(site.sensor.ready_at)


class TakeOver(Fault):
    """Another process takes the queues over, as at an upgrade: nothing passes and nothing is lost."""

    name, counters_go_on = "take over", False

    def inject(self, site):
        site.take_over()
        self.hold = 0


class KillDuringTakeOver(Fault):
    """SIGKILL for a process that is taking the queues over: the old one goes on, or was done already; then it is as if that one had been killed."""

    name, counters_go_on, longest_gap = "kill -9 during a take over", False, 1.5

    def __init__(self, dice):
        super().__init__(dice)
        self.after = dice.uniform(0.0, 0.4)

    def detail(self):
        return f"after {self.after * 1e3:.0f} ms"

    def inject(self, site):
        new = Sensor(site, "--take-over")
        site.group.take(new.pid)
        time.sleep(self.after)
        killed_at = time.monotonic()
        new.process.send_signal(signal.SIGKILL)
        new.wait_for_end(10)
        # What it had read and not judged went with it.
        site.may_lose(killed_at - TAKING_DOWN, time.monotonic() + TAKING_DOWN)
        with contextlib.suppress(Failure):
            site.sensor.wait_for_end(2)
        if site.sensor.is_running():
            return
        site.open_window = killed_at
        site.restart()
        site.end_window(site.sensor.ready_at)


class StopAndContinue(Fault):
    """SIGSTOP, and SIGCONT a while later: packets wait in the queue and are judged then, late and not unseen."""

    name = "stop and continue"

    def __init__(self, dice):
        super().__init__(dice)
        self.hold = dice.uniform(0.1, 0.8)
        self.longest_gap = self.hold + 1

    def detail(self):
        return f"for {self.hold:.2f} s"

    def inject(self, site):
        site.sensor.process.send_signal(signal.SIGSTOP)

    def recover(self, site):
        site.sensor.process.send_signal(signal.SIGCONT)


class Starvation(Fault):
    """The processor is taken away for nine tenths of each tenth of a second, again and again."""

    name = "CPU starvation"

    def __init__(self, dice):
        super().__init__(dice)
        self.rounds, self.hold = dice.randrange(5, 12), 0

    def detail(self):
        return f"{self.rounds} times"

    def inject(self, site):
        for _ in range(self.rounds):
            site.sensor.process.send_signal(signal.SIGSTOP)
            time.sleep(0.09)
            site.sensor.process.send_signal(signal.SIGCONT)
            time.sleep(0.01)


class Overrun(Fault):
    """A burst while the sensor is stopped: its socket overflows (ENOBUFS), and what found no room passes, and is counted."""

    name, findings = "ENOBUFS", frozenset({"fail-open", "queue-drops"})

    def __init__(self, dice):
        super().__init__(dice)
        self.burst, self.hold, self.longest_gap = dice.randrange(8_000, 12_000), 0.1, 5

    def detail(self):
        return f"{self.burst} queries at once"

    def inject(self, site):
        site.begin_window()
        self.begun, self.dropped = time.monotonic(), backlog_drops()
        site.sensor.process.send_signal(signal.SIGSTOP)
        site.say(f"burst {self.burst}")
        site.ledger.wait_for(20, "the burst", lambda: self.sent(site) >= self.burst)

    def sent(self, site):
        return sum(1 for number in site.ledger.opened if number >= BURST)

    def recover(self, site):
        site.sensor.process.send_signal(signal.SIGCONT)
        wait_for("emptying the queues", 20, lambda: self.is_empty(site.status()))
        site.end_window()
        if backlog_drops() != self.dropped:
            # Between two interfaces there was no room: that is no sensor's loss.
            site.may_lose(self.begun, time.monotonic())

    @staticmethod
    def is_empty(status):
        return status is not None and all(queue["waiting"] == 0 for queue in status["queues"])

    def check(self, site, before, after, traffic, passed):
        unseen = after.let_go() - before.let_go()
        expect(unseen > 0, "no packet found the socket full")
        expect(after.sum("grindvakt_receive_overruns_total") > before.sum("grindvakt_receive_overruns_total"), "the overrun is not counted")
        expect(after.sum("grindvakt_fail_open_seconds_total") > before.sum("grindvakt_fail_open_seconds_total"), "no fail-open second is counted")
        expect(passed <= unseen, f"{passed} listed names passed, and only {unseen:.0f} packets are counted as unseen")


class OtherOwner(Fault):
    """Somebody else has a queue when the sensor starts again: it says so with status 1 and binds nothing, until the other is gone."""

    name, counters_go_on, longest_gap = "another owner", False, 5

    def __init__(self, dice):
        super().__init__(dice)
        self.queue = dice.choice(QUEUES)

    def detail(self):
        return f"of queue {self.queue}"

    def inject(self, site):
        now = time.monotonic()
        site.begin_window()
        site.sensor.process.send_signal(signal.SIGKILL)
        site.sensor.wait_for_end(10)
        site.may_lose(now - TAKING_DOWN, time.monotonic() + TAKING_DOWN)
        with open(site.path("nothing.txt"), "w") as file:
            file.write("nothing.invalid\n")
        words = (site.program, "run", "--list", site.path("nothing.txt"), "--queues", self.queue, "--socket", site.path("other.sock"))
        self.other = subprocess.Popen(site.network.inside(site.network.router, *tied(*words)), cwd=site.folder, stderr=subprocess.DEVNULL)
        try:
            wait_for("the other owner's start", START_LIMIT, lambda: os.path.exists(site.path("other.sock")) and self.is_bound(site))
            site.end_log()
            with contextlib.suppress(Failure):
                site.start_sensor()
                raise Broken("the sensor has started while somebody else had its queue")
            status, said = site.sensor.process.returncode, site.sensor.last_words()
            expect(status == 1, f"ended with status {status}: {said}")
            expect(f"queue {self.queue} is taken by another process" in said, f"does not say that the queue is taken: {said}")
            expect(self.bound(site) == [self.queue], "a queue is left bound")
        except BaseException:
            end(self.other)
            raise

    def bound(self, site):
        with open(f"/proc/{self.other.pid}/net/netfilter/nfnetlink_queue") as table:
            return [line.split()[0] for line in table]

    def is_bound(self, site):
        return self.queue in self.bound(site)

    def recover(self, site):
        # It judges what it has in hand, and loses nothing.
        end(self.other)
        site.restart()
        site.end_window(site.sensor.ready_at)


class SecondInstance(Fault):
    """The same sensor is started once more beside the one that runs: the second one gives up, and the first is not disturbed."""

    name = "second instance"

    def inject(self, site):
        done = subprocess.run(
            site.network.inside(site.network.router, *tied(site.program, "run", "--config", site.path("grindvakt.toml"))), cwd=site.folder,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=START_LIMIT)
        expect(done.returncode in (2, 3), f"the second one ended with status {done.returncode}: {done.stderr.strip()[-200:]}")
