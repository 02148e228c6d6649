"""What became of each question, as both ends of the traffic told it."""

import dataclasses
import struct
import threading

import composition
from network import Failure

RECORD = struct.Struct("<cdI")
# A question counts as sent into an interval that begins so soon after it: answers go through the queue, too.
LEAD = 0.1


class Ledger:
    """Reads the records of both ends as they come."""

    def __init__(self):
        self.sent, self.opened, self.answered, self.received = {}, set(), {}, {}
        self.pauses, self.changed = 0, threading.Condition()

    def follow(self, stream):
        """Reads until the end's end, in a thread of its own."""
        threading.Thread(target=self.read, args=(stream,), daemon=True).start()

    def read(self, stream):
        rest = b""
        while data := stream.read1(65_536):
            rest += data
            whole = len(rest) - len(rest) % RECORD.size
            with self.changed:
                for letter, time, number in RECORD.iter_unpack(rest[:whole]):
                    self.note(letter, time, number)
                self.changed.notify_all()
            rest = rest[whole:]

    def note(self, letter, time, number):
        if letter == b"S":
            self.sent[number] = time
        elif letter == b"O":
            self.opened.add(number)
        elif letter == b"R":
            # A stream's opening that is sent again is received once; a datagram is, too.
            self.received.setdefault(number, time)
        elif letter == b"A":
            self.answered[number] = time
        elif letter == b"I":
            self.pauses += 1

    def wait_for(self, seconds, what, condition):
        with self.changed:
            if not self.changed.wait_for(condition, seconds):
                raise Failure(f"the traffic: {what} took more than {seconds} s")

    def take(self):
        """The questions since the last time, and forgets them."""
        with self.changed:
            episode = Traffic(self.sent, self.opened, self.answered, self.received)
            self.sent, self.opened, self.answered, self.received = {}, set(), {}, {}
        return episode

    def answers_since(self, moment):
        with self.changed:
            return sum(1 for number, time in self.answered.items() if self.sent.get(number, 0) >= moment and time >= moment)


def overlaps(intervals, start, end):
    return any(start <= last and end >= first for first, last in intervals)


@dataclasses.dataclass
class Traffic:
    """The questions of one fault, and when each was sent, received and answered."""

    sent: dict
    # Those whose name has left the client; a connection that is not made in time never tells its name.
    opened: set
    answered: dict
    received: dict

    def count(self, listed):
        return sum(1 for number in self.sent if composition.is_listed(number) == listed)

    def lost(self, losses):
        """Questions for open names that got no answer: those of intervals in which the fault itself loses, and the others."""
        numbers = [number for number in self.sent if number not in self.answered and not composition.is_listed(number)]
        excused = [number for number in numbers if overlaps(losses, self.sent[number], self.sent[number] + LEAD)]
        return excused, [number for number in numbers if number not in set(excused)]

    def passed(self, windows):
        """Questions for listed names that the server received: those that a window explains, and the others."""
        numbers = [number for number in self.received if number in self.sent and composition.is_listed(number)]
        explained = [number for number in numbers if overlaps(windows, self.sent[number], self.received[number])]
        return explained, [number for number in numbers if number not in set(explained)]

    def longest_gap(self):
        """The longest time in which open names were asked for and no answer came."""
        asked = sorted(time for number, time in self.sent.items() if not composition.is_listed(number))
        answers = sorted(self.answered.values())
        longest, place = 0.0, 0
        for before, after in zip(answers, answers[1:]):
            while place < len(asked) and asked[place] < before:
                place += 1
            # From the first question in it: a client that stands still asks nothing.
            if place < len(asked) and asked[place] < after:
                longest = max(longest, after - asked[place])
        return longest
