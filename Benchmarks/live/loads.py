"""A turn of the live benchmark: one consumer under one load, and where each of the packets has been."""

import os

from consumers import Consumer
from network import AHEAD, Failure, command
from router import CONSUMER_CPU, LOAD_CPU, backlog_drops, softirq

# What a load is to be compared by. Of bulk the sensor sees the beginnings only, the rest is the kernel's alone.
COMPARED = {"dns": "inspected", "tls": "inspected", "bulk": "forwarded", "mixed": "forwarded"}
WARM_UP = 0.2


def generator(network, setting, load, seconds, rate):
    words = (os.path.join(setting.folder, "generate"), network.client, network.server, load, setting.hello, str(seconds), str(rate), LOAD_CPU)
    return (*AHEAD, *words)


def generate(network, setting, load, seconds, rate=0):
    """Packets that the client sent, connections that it began, and seconds."""
    fields = command(*generator(network, setting, load, seconds, rate)).split()
    if len(fields) != 6:
        raise Failure("generate does not say what it has sent")
    return int(fields[1]), int(fields[3]), float(fields[5])


def counts(network, consumer):
    """All counters, as they are while nothing is under way."""
    line = consumer.bound_queue()
    user, system = consumer.cpu()
    return {
        "seen": consumer.seen(), "arrived": network.arrived(), "queued": network.queued(), "backlog": backlog_drops(),
        "queue drops": line[5], "user drops": line[6], "overruns": consumer.overruns(line[1]),
        "ran": consumer.on_processor(), "user": user, "system": system,
        "softirq": softirq(CONSUMER_CPU), "load softirq": softirq(LOAD_CPU),
    }


def measure(candidate, load, network, setting, seconds, rate=0):
    """One turn: figures per second, packets by where they have been lost, and microseconds of processor time for each packet."""
    network.forget_connections()
    with Consumer(network, setting, candidate) as consumer:
        generate(network, setting, load, WARM_UP, rate)
        consumer.drain()
        before = counts(network, consumer)
        offered, connections, took = generate(network, setting, load, seconds, rate)
        consumer.drain()
        after = counts(network, consumer)
    grown = {name: after[name] - before[name] for name in before}
    rows = {
        "offered": offered / took, "inspected": grown["seen"] / took, "forwarded": grown["arrived"] / took, "connections": connections / took,
        "queued": grown["queued"], "lost": offered - grown["arrived"],
        "backlog drops": grown["backlog"], "queue drops": grown["queue drops"], "user drops": grown["user drops"], "overruns": grown["overruns"],
        # What the rules queued and went on without the consumer having seen it.
        "unseen": grown["queued"] - grown["seen"] - grown["queue drops"] - grown["user drops"],
        "busy": grown["ran"] / took,
    }
    packets = max(grown["seen"] if COMPARED[load] == "inspected" else grown["arrived"], 1)
    for name, key in (("cpu", "ran"), ("user", "user"), ("system", "system"), ("softirq", "softirq"), ("load softirq", "load softirq")):
        rows[f"{name} us"] = grown[key] / packets * 1e6
    return rows
