"""Faults of the network around the sensor: rules, connection tracking, interfaces, and what others send."""

import os
import subprocess
import sys
import time

from fault import Fault, expect
from process_faults import TAKING_DOWN
from scene import HERE, tied


class RemovedRules(Fault):
    """Somebody else empties the netfilter tables, or removes the sensor's rules: nothing is inspected until they are put back; doctor tells."""

    name, counters_go_on = "rules removed", False

    def __init__(self, dice):
        super().__init__(dice)
        self.is_flush = dice.random() < 0.5

    def detail(self):
        return "iptables -F" if self.is_flush else "rules remove"

    def inject(self, site):
        site.begin_window()
        # Those of the verdicts are gone before those that queue: what is on its way comes through.
        if self.is_flush:
            for family in ("iptables", "ip6tables"):
                site.on_router(family, "-w", "-t", "mangle", "-F")
        else:
            site.rules("remove")
        done = subprocess.run(
            site.network.inside(site.network.router, site.program, "doctor", "--config", site.path("grindvakt.toml"), "--backend", "iptables"),
            cwd=site.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        expect(done.returncode == 1, f"doctor ended with status {done.returncode} while the rules were gone")

    def recover(self, site):
        site.rules("apply")
        site.end_window()


class ForgottenConnections(Fault):
    """Somebody empties connection tracking, marks included."""

    name = "connections forgotten"

    def __init__(self, dice):
        super().__init__(dice)
        self.times, self.hold = dice.randrange(1, 6), 0

    def inject(self, site):
        for _ in range(self.times):
            site.on_router("conntrack", "-F")
            time.sleep(0.1)


class Garbage(Fault):
    """Thousands of packets that break every format, between those of the traffic."""

    name, longest_gap, names_add_up = "garbage", 1.5, False

    def inject(self, site):
        words = (sys.executable, os.path.join(HERE, "garbage.py"), site.network.SERVER, str(self.dice.randrange(1 << 30)))
        subprocess.run(site.network.inside(site.network.client, *tied(*words)), timeout=60, check=True)


class InterfaceDown(Fault):
    """An interface of the router goes down, and up again: what is sent meanwhile is lost, and nothing passes unseen."""

    name = "interface down and up"

    def __init__(self, dice):
        super().__init__(dice)
        self.interface, self.hold = dice.choice(("toclient", "toserver")), dice.uniform(0.1, 0.6)
        self.longest_gap = self.hold + 6

    def detail(self):
        return f"{self.interface} for {self.hold:.2f} s"

    def inject(self, site):
        self.begun = time.monotonic()
        site.on_router("ip", "link", "set", self.interface, "down")

    def recover(self, site):
        site.on_router("ip", "link", "set", self.interface, "up")
        site.wait_for_answers()
        # Neighbours are asked for anew, each address for itself.
        time.sleep(0.5)
        site.may_lose(self.begun - TAKING_DOWN, time.monotonic())
