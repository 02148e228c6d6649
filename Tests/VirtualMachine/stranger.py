"""Follows the README and the operating guide as a stranger does: runs in a virtual machine, as root, whose host is the router.

The package lies where `make deb` leaves it, and nothing of the sensor is installed. Each line of the documents' shell blocks is run as printed, in their order; what
is different stands in `PLACEHOLDERS`. Lines that a client is told to type are run on the client. Prints what unit.py prints.
"""

import os
import re
import signal
import subprocess
import sys
import time

from hosts import HERE, Failure, run, wait_for
from unit import Network, active, check, told

CLONE = "/root/grindvakt"
# What stands for something of the reader's own.
PLACEHOLDERS = {
    "SHA256": lambda: told("sha256sum", "/etc/grindvakt/lists/police.txt").split()[0],
    "grindvakt_VERSION_amd64.deb": lambda: f"{CLONE}/.build/deb/grindvakt_{VERSION}_amd64.deb",
}
# Statuses besides 0 with which a line has done what the text says: doctor has warnings, there is no edition to go back to.
STATUSES = {"sudo grindvakt doctor": (0, 1), "sudo grindvakt rollback": (0, 2)}
VERSION = sys.argv[1]


def lines(document, heading):
    """The lines of the shell blocks below a heading, without their comments, and each one's comment."""
    with open(f"{HERE}/{document}", encoding="utf-8") as file:
        text = file.read()
    section = re.split(rf"^## {re.escape(heading)}$", text, maxsplit=1, flags=re.MULTILINE)
    if len(section) != 2:
        raise Failure(f"{document}: no section {heading}")
    section = re.split(r"^## ", section[1], maxsplit=1, flags=re.MULTILINE)[0]
    found = []
    for block in re.findall(r"^```sh\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            command, _, comment = line.partition(" #")
            if command.strip():
                found.append((command.strip(), comment.strip()))
    if not found:
        raise Failure(f"{document}: nothing to type below {heading}")
    return found


def typed(network, command, comment=""):
    """Runs a line as printed, on the client where it asks a resolver; what it says, and whether it did what it is said to do."""
    for word, stands_for in PLACEHOLDERS.items():
        if word in command:
            command = command.replace(word, stands_for())
    words = ("sh", "-c", command)
    is_question = command.startswith("dig ")
    if is_question:
        words = network.client.command(*words)
    done = subprocess.run(words, cwd=CLONE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    statuses = next((allowed for start, allowed in STATUSES.items() if command.startswith(start)), (0,))
    if is_question:
        # dig has status 9 where nobody answers.
        statuses = (9,) if comment.startswith("times out") else (0,)
    return done.returncode in statuses, f"status {done.returncode}\n{done.stdout}"


def follow(network, document, heading, without=()):
    for command, comment in lines(document, heading):
        if command.startswith(tuple(without)):
            continue
        passed, seen = typed(network, command, comment)
        check(f"{document}, {heading}: {command}{' -- ' + comment if comment else ''}", passed, seen)


def look_on(network):
    """A tap runs until it is ended, so a second terminal asks for its status."""
    (tap, _), (status, _), *service = lines("README.md", "Measure before blocking")
    process = subprocess.Popen(("sh", "-c", f"exec {tap}"), cwd=CLONE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        wait_for("the tap", lambda: process.poll() is not None or typed(network, status)[0], 120)
        passed, seen = typed(network, status)
        check(f"README.md, Measure before blocking: {tap}; {status}", passed and process.poll() is None, seen)
    finally:
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[0]
    check("the tap ends when it is asked to", process.returncode == 0, said)
    for command, comment in service:
        passed, seen = typed(network, command, comment)
        check(f"README.md, Measure before blocking: {command}", passed and active("grindvakt-tap@eth1.service"), seen)


def main():
    network = Network(server="192.0.2.53", client="198.51.100.2", ports=("eth1", "eth2"))
    network.serve_names()
    follow(network, "README.md", "Install", without=("make", "sudo env", "sudo cp"))
    check("installing has started nothing", not active("grindvakt.service") and not active("grindvakt-rules.service"))
    follow(network, "README.md", "Five minutes from an empty router to a blocked name")
    look_on(network)
    follow(network, "Operating.md", "Before the first packet")
    follow(network, "Operating.md", "Change something")
    # What the text around says of approvals: a folder, and a key of the approver's own.
    for command in ("sudo install -d -m 0750 -g grindvakt /etc/grindvakt/approvals", "grindvakt list keygen -o anna"):
        passed, seen = typed(network, command)
        check(command, passed, seen)
    follow(network, "Operating.md", "Lists")
    follow(network, "Operating.md", "When a list is wrong")
    passed, seen = typed(network, "dig blocked.test @192.0.2.53", "answered")
    check("with the kill switch on a listed name is answered", passed, seen)
    run("grindvakt", "kill-switch", "off")
    passed, seen = typed(network, "dig blocked.test @192.0.2.53", "times out")
    check("and with the switch off it is not", passed, seen)
    follow(network, "Operating.md", "What to look at")
    before = told("systemctl", "show", "-P", "MainPID", "grindvakt.service")
    follow(network, "Restarting.md", "In short")
    check("another process has the queues, and blocks", told("systemctl", "show", "-P", "MainPID", "grindvakt.service") != before
          and typed(network, "dig blocked.test @192.0.2.53", "times out")[0], told("journalctl", "-q", "-o", "cat", "-u", "grindvakt.service")[-2_000:])
    follow(network, "Operating.md", "Take it out")
    passed, seen = typed(network, "dig blocked.test @192.0.2.53", "answered")
    check("taken out, it stops nothing", passed, seen)
    left = told("nft", "list", "tables") + told("iptables-save")
    check("and leaves no rule", "grindvakt" not in left.lower(), left)


if __name__ == "__main__":
    start = time.monotonic()
    try:
        main()
    except (Failure, subprocess.SubprocessError, OSError) as failure:
        check(str(failure), False, told("journalctl", "-q", "-o", "cat", "-u", "grindvakt.service")[-2_000:])
    print(f"{time.monotonic() - start:.0f} s", file=sys.stderr)
    os.sync()
