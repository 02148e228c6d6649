"""What a fault is.

A fault says what it does in its doc string, is made with dice of its own so that it can be repeated, and has three steps: `inject`, `recover`, and
`check` for what the counters must say of it. Between the first two traffic goes on for `hold` seconds. What may pass unseen is declared with
`site.begin_window()` and `site.end_window()`, at the moments at which that is so by the outside's own observation; what the fault itself loses, with
`site.may_lose(start, end)`. Whatever else passes or is lost is a failure of the run.
"""


class Broken(Exception):
    """An invariant that did not hold, in one line."""


def expect(condition, words):
    if not condition:
        raise Broken(words)


def added(dice):
    """What a new edition has besides the old entries."""
    return [f"added-{number}.added.test" for number in dice.sample(range(1_000_000), dice.randrange(1, 3_000))]


class Fault:
    """Nothing happens: the bare exchange, by which the others are judged."""

    name = "nothing"
    # Seconds in which no open name may be answered.
    longest_gap = 1.0
    # Whether the counters go on, so that what was sent must be found in them to the packet.
    counters_go_on = True
    # Whether nobody but the traffic tells the sensor names.
    names_add_up = True
    # Findings of the health report that may remain.
    findings = frozenset()

    def __init__(self, dice):
        self.dice, self.hold = dice, 0.3

    def detail(self):
        """What the dice have decided, for the line of progress."""
        return ""

    def inject(self, site):
        pass

    def recover(self, site):
        pass

    def check(self, site, before, after, traffic, passed):
        """What the counters must say besides; `passed` listed questions got through in declared windows."""


def findings(status):
    """The findings of the sensor's health report."""
    return {finding["id"] for finding in status["health"]["findings"]}
