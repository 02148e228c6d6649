"""Faults of the lists: what publishers, those who fetch, and disks do to them."""

import os
import signal
import time

from fault import Fault, added, expect, findings
from network import wait_for
from process_faults import Kill


class GoodReload(Fault):
    """A new edition: it is in use at once, and nothing is lost."""

    name = "reload: good"

    def __init__(self, dice):
        super().__init__(dice)
        self.added = added(dice)

    def detail(self):
        return f"{len(self.added)} entries more"

    def inject(self, site):
        site.lists.publish(self.added)
        accepted, said = site.reload()
        expect(accepted, f"a good edition was refused: {said}")

    def check(self, site, before, after, traffic, passed):
        accepted = [reading.sum("grindvakt_reloads_total", 'result="ok"') for reading in (before, after)]
        expect(accepted[1] > accepted[0], "the reload is not counted")


class HangUps(Fault):
    """Fifty SIGHUPs in a row while a new edition lies there."""

    name = "reload: fifty signals"

    def inject(self, site):
        site.lists.publish(added(self.dice))
        for _ in range(50):
            site.sensor.process.send_signal(signal.SIGHUP)
            time.sleep(0.002)

    def recover(self, site):
        wait_for("the last of the reloads", 30, lambda: self.is_quiet(site))

    @staticmethod
    def is_quiet(site):
        before = site.status()
        time.sleep(0.3)
        after = site.status()
        return before and after and before["reloads"] == after["reloads"]


class KillDuringReload(Kill):
    """SIGKILL in the middle of a reload with a new edition: afterwards either edition is in use, whole."""

    name = "kill -9 during a reload"

    def __init__(self, dice):
        super().__init__(dice)
        self.after = dice.uniform(0, 0.06)

    def detail(self):
        return f"after {self.after * 1e3:.0f} ms"

    def inject(self, site):
        site.lists.publish(added(self.dice))
        site.sensor.process.send_signal(signal.SIGHUP)
        time.sleep(self.after)
        super().inject(site)


class RefusedReload(Fault):
    """What all lists that must be refused have in common: the reload says so, is counted, and the last good edition stays in use."""

    def spoil(self, site):
        raise NotImplementedError

    def inject(self, site):
        self.digests = site.current_digests()
        self.spoil(site)
        accepted, said = site.reload()
        expect(not accepted, "a list was accepted that must not be")
        expect(said, "the refusal gives no reason")
        status = site.status()
        expect(status and status["lists"][0]["sequence"] == site.lists.sequence, "another edition is in use")
        expect(site.current_digests() == self.digests, "the record of the last good edition has changed")
        expect("update-refused" in findings(status), "the health report does not tell that the update was refused")

    def recover(self, site):
        site.lists.restore()
        accepted, said = site.reload()
        expect(accepted, f"the last good edition is refused: {said}")

    def check(self, site, before, after, traffic, passed):
        refused = [reading.sum("grindvakt_reloads_total", 'result="failed"') for reading in (before, after)]
        expect(refused[1] > refused[0], "the refusal is not counted")


class BadList(RefusedReload):
    """A list, signed, with a line that is no entry."""

    name = "reload: bad line"

    def spoil(self, site):
        lines = site.lists.entries()
        lines[self.dice.randrange(len(lines))] = self.dice.choice(("two words", "..", "-", "a" * 300, "\0", "<html>"))
        site.lists.write(lines)
        site.lists.sign(site.lists.sequence + 1)


class CarelessList(RefusedReload):
    """A list, signed, that would block far too much: a public suffix, a word, or nothing at all."""

    name = "reload: careless"

    def spoil(self, site):
        lines = self.dice.choice((["com"], ["co.uk"], ["www"], None))
        site.lists.write([*site.lists.entries(), *lines] if lines else [])
        site.lists.sign(site.lists.sequence + 1)


class HugeList(RefusedReload):
    """A list, signed, of ten times as many entries as there were."""

    name = "reload: huge"
    longest_gap = 1.5

    def spoil(self, site):
        site.lists.write([*site.lists.entries(), *(f"e{number}.huge.filler.test" for number in range(200_000))])
        site.lists.sign(site.lists.sequence + 1)


class ShrunkenList(RefusedReload):
    """A list, signed, of which half is gone."""

    name = "reload: shrunken"

    def spoil(self, site):
        lines = site.lists.entries()
        site.lists.write(lines[len(lines) // 2:])
        site.lists.sign(site.lists.sequence + 1)


class TruncatedList(RefusedReload):
    """The list's file is cut off somewhere, in place."""

    name = "reload: truncated"

    def spoil(self, site):
        os.truncate(site.lists.path, self.dice.choice((0, self.dice.randrange(os.path.getsize(site.lists.path)))))


class AlteredList(RefusedReload):
    """An octet of the list's file is another one, in place."""

    name = "reload: altered"

    def spoil(self, site):
        with open(site.lists.path, "r+b") as file:
            file.seek(self.dice.randrange(os.path.getsize(site.lists.path)))
            octet = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([octet[0] ^ 1]))


class UnsignedList(RefusedReload):
    """The list without its signature, or with one of somebody else."""

    name = "reload: unsigned"

    def __init__(self, dice):
        super().__init__(dice)
        self.is_forged = dice.random() < 0.5

    def detail(self):
        return "signed by a stranger" if self.is_forged else "not signed"

    def spoil(self, site):
        if self.is_forged:
            site.lists.sign(site.lists.sequence + 1, key="stranger")
        else:
            os.unlink(f"{site.lists.path}.sig")


class ReplayedList(RefusedReload):
    """An older edition, signed as it was then."""

    name = "reload: replayed"

    def spoil(self, site):
        site.lists.publish([])
        site.reload()
        self.digests = site.current_digests()
        site.lists.write([*site.lists.entries()[1:], "old.added.test"])
        site.lists.sign(site.lists.sequence - 1)


class BadConfiguration(RefusedReload):
    """The configuration has a fault in it; the sensor goes on with the one it has."""

    name = "reload: bad configuration"

    def spoil(self, site):
        with open(site.path("grindvakt.toml"), "a") as file:
            file.write(self.dice.choice(("[sensor]\n", "[sensr]\n", "queues = \n", "[[list]]\nid = \"UPPER\"\n", "\0")))

    def recover(self, site):
        site.configure()
        super().recover(site)


class LostLists(Kill):
    """The list is gone and the sensor is killed: the new process begins with the last good edition that it has kept."""

    name = "lists lost and kill -9"

    def inject(self, site):
        for path in (site.lists.path, f"{site.lists.path}.sig"):
            os.unlink(path)
        super().inject(site)

    def recover(self, site):
        super().recover(site)
        status = site.status()
        expect(status and status["lists"][0]["fallback"], "the list that stands in is not marked as such")
        expect(status["lists"][0]["sequence"] == site.lists.sequence, "it is not the last good edition")
        site.lists.restore()
        accepted, said = site.reload()
        expect(accepted, f"the last good edition is refused: {said}")


class DamagedState(Kill):
    """A file of the state directory is damaged and the sensor killed: it begins with the list, and mends its state as far as it sees it."""

    name = "state damaged and kill -9"

    def __init__(self, dice):
        super().__init__(dice)
        self.choice, self.damaged = dice.random(), ""

    def detail(self):
        return self.damaged

    def inject(self, site):
        names = sorted(name for name in os.listdir(site.path("state")) if os.path.getsize(site.path(f"state/{name}")) > 0)
        self.damaged = names[int(self.choice * len(names))]
        path = site.path(f"state/{self.damaged}")
        with open(path, "rb") as file:
            octets = bytearray(file.read())
        place = self.dice.randrange(len(octets))
        if self.dice.random() < 0.5:
            del octets[place:]
        else:
            octets[place] ^= self.dice.randrange(1, 256)
        # Another file of the name, as a crash of the host may leave it: the sensor has the present one mapped.
        with open(f"{path}.new", "wb") as file:
            os.fchmod(file.fileno(), os.stat(path).st_mode & 0o777)
            file.write(octets)
        os.replace(f"{path}.new", path)
        super().inject(site)

    def recover(self, site):
        super().recover(site)
        accepted, said = site.reload()
        if self.damaged == "sequences":
            # The editions in use tell what was accepted.
            expect("sequences.damaged-1" in os.listdir(site.path("state")), "damaged marks are not set aside")
        expect(accepted, f"with damaged state the list is refused: {said}")
