"""A turn of the live benchmark in which latency is measured, on an idle or on a loaded router, with a consumer or with no queue at all."""

import contextlib
import os
import subprocess
import time

from consumers import Consumer
from loads import generator
from network import AHEAD, Failure, command, end, percentile
from router import LOAD_CPU

NO_QUEUE = "no queue"
PROBES = 2_000
SHARES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999)
# The load begins before the first probe and ends after the last.
MARGIN = 0.3


class NoQueue:
    """The router without the rules."""

    name = NO_QUEUE


@contextlib.contextmanager
def without_rules(network):
    network.rules("remove")
    try:
        yield
    finally:
        network.rules("apply")


@contextlib.contextmanager
def background(network, setting, rate):
    """A load of DNS queries at a rate, for as long as the probes take."""
    words = generator(network, setting, "dns", setting.seconds + 2 * MARGIN, rate)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            time.sleep(MARGIN)
            yield
            said, complaint = process.communicate(timeout=30)
            if process.returncode != 0:
                raise Failure(f"generate: {complaint.strip()}")
        finally:
            end(process)


def probe(network, setting, seconds, address=None):
    """How many probes were sent, to the server or another address of it, and the microseconds of each that arrived."""
    target = address or network.SERVER
    words = (os.path.join(setting.folder, "probe"), network.client, network.server, target, str(seconds), str(PROBES), LOAD_CPU)
    lines = command(*AHEAD, *words).splitlines()
    return int(lines[0].split()[1]), [int(line) / 1e3 for line in lines[1:]]


def measure(candidate, network, setting, rate):
    """One turn: the percentiles in microseconds, and probes that did not arrive; with a load of so many packets per second, 0 for none."""
    network.forget_connections()
    with contextlib.ExitStack() as stack:
        stack.enter_context(without_rules(network) if candidate.name == NO_QUEUE else Consumer(network, setting, candidate))
        probe(network, setting, 0.1)
        if rate > 0:
            stack.enter_context(background(network, setting, rate))
        sent, times = probe(network, setting, setting.seconds)
    if not times:
        raise Failure(f"{candidate.name}: no probe of {sent} arrived")
    rows = {f"p{share * 100:g} us": percentile(times, share) for share in SHARES}
    return rows | {"most us": max(times), "probes": sent, "lost probes": sent - len(times)}
