"""What the live benchmark says: tables, ratios by rounds, and whether its bounds are kept."""

from loads import COMPARED
from latency import NO_QUEUE
from network import median, table

LIMIT, SENSOR = "C accept-all", "grindvakt"
LEAST_SHARE, MOST_CPU, MOST_ADDED, MOST_TAIL = 0.97, 1.08, 1.0, 1.15


def quartiles(values):
    """The first and third quartile, between values where they lie between."""
    values = sorted(values)

    def at(share):
        place = share * (len(values) - 1)
        low = int(place)
        return values[low] + (values[min(low + 1, len(values) - 1)] - values[low]) * (place - low)

    return at(0.25), at(0.75)


def spread(values, scale=1, digits=0):
    low, high = quartiles(values)
    return f"{median(values) / scale:.{digits}f} ({low / scale:.{digits}f} to {high / scale:.{digits}f})"


def ratios(one, other):
    """Of rounds and not of medians: the turns of a round lie side by side, while the machine's other work comes and goes."""
    return [mine / max(theirs, 1e-9) for mine, theirs in zip(one, other)]


def show_load(title, load, rows, output):
    """Rates and losses, then what they cost."""
    first, second = [], []
    for name, row in rows.items():
        compared = "-"
        costs = "-"
        if LIMIT in rows:
            compared = spread(ratios(row[COMPARED[load]], rows[LIMIT][COMPARED[load]]), digits=3)
            costs = spread(ratios(row["cpu us"], rows[LIMIT]["cpu us"]), digits=3)
        first.append([
            name, *(spread(row[column], 1e3, 1) for column in ("offered", "inspected", "forwarded")),
            f"{median(row['connections']):.0f}",
            *(f"{median(row[column]):.0f}" for column in ("lost", "backlog drops", "queue drops", "user drops", "overruns", "unseen")), compared,
        ])
        second.append([
            name, f"{median(row['busy']) * 100:.0f} %", spread(row["cpu us"], digits=3),
            *(f"{median(row[column]):.3f}" for column in ("user us", "system us", "softirq us", "load softirq us")), costs,
        ])
    heads = [title, "offered k/s", "inspected k/s", "forwarded k/s", "connections/s"]
    heads += ["lost", "backlog drops", "queue drops", "user drops", "overruns", "unseen", f"{COMPARED[load]}, of C"]
    table(heads, first, output)
    heads = [f"{title}, for each packet {COMPARED[load]}", "busy", "CPU us", "user us", "system us", "softirq us", "load's softirq us", "CPU, of C"]
    table(heads, second, output)


def added(rows, name, column):
    """Latency over that without a queue, by rounds; the whole of it where that was not measured."""
    if NO_QUEUE not in rows:
        return rows[name][column]
    return [mine - bare for mine, bare in zip(rows[name][column], rows[NO_QUEUE][column])]


def show_latency(state, rows, output):
    words = []
    for name, row in rows.items():
        whole = [spread(row[column], digits=1) for column in ("p50 us", "p99 us", "p99.9 us")]
        more = [spread(added(rows, name, column), digits=1) if name != NO_QUEUE else "-" for column in ("p50 us", "p99 us", "p99.9 us")]
        words.append([name, *whole, *more, f"{sum(row['lost probes'])} of {sum(row['probes'])}"])
    heads = [f"one way, {state} router", "p50 us", "p99 us", "p99.9 us", "added p50", "added p99", "added p99.9", "lost"]
    table(heads, words, output)


def broken_bounds(result):
    """A line for each bound that is not kept."""
    lines = []
    for load, rows in result["loads"].items():
        share = median(ratios(rows[SENSOR][COMPARED[load]], rows[LIMIT][COMPARED[load]]))
        costs = median(ratios(rows[SENSOR]["cpu us"], rows[LIMIT]["cpu us"]))
        if share < LEAST_SHARE:
            lines.append(f"{load}: {share:.3f} of the packets {COMPARED[load]} by {LIMIT}, the bound is {LEAST_SHARE}")
        if costs > MOST_CPU:
            lines.append(f"{load}: {costs:.3f} of the processor time for each packet of {LIMIT}, the bound is {MOST_CPU}")
    rows = result["latency"].get("idle")
    if rows:
        middle = median(added(rows, SENSOR, "p50 us")) - median(added(rows, LIMIT, "p50 us"))
        tail = median(added(rows, SENSOR, "p99 us")) / max(median(added(rows, LIMIT, "p99 us")), 0.001)
        if middle > MOST_ADDED:
            lines.append(f"latency: p50 is {middle:.1f} us above that of {LIMIT}, the bound is {MOST_ADDED:g}")
        if tail > MOST_TAIL:
            lines.append(f"latency: p99 is {tail:.2f} of that of {LIMIT}, the bound is {MOST_TAIL}")
    return lines + losses(result)


def losses(result):
    """A line for each load that was held at a rate and at which the sensor lost a packet or let one pass unseen."""
    return [
        f"{load}, held: {row['lost'][0]} packets lost, {row['unseen'][0]} passed unseen"
        for load, rows in result["held"].items() for name, row in rows.items()
        if name == SENSOR and (row["lost"][0] != 0 or row["unseen"][0] != 0)
    ]
