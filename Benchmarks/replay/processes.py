"""Programs that are built, run and measured, and the tables of what they took. `run` and `../growth/run` use it."""

import argparse
import dataclasses
import os
import shlex
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


class Failure(Exception):
    """What went wrong, in one line."""


def compiled(source, libraries, folder):
    """Builds a program of one C file that lies here."""
    program = os.path.join(folder, source.removesuffix(".c"))
    words = (os.environ.get("CC", "cc"), "-O2", "-Wall", "-Wextra", "-o", program, os.path.join(HERE, source), *libraries)
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        fault = done.stderr.strip().splitlines()[0]
        raise Failure(f"{source} cannot be built ({fault}); it needs: sudo apt-get install --no-install-recommends gcc libpcap-dev libssl-dev")
    return program


@dataclasses.dataclass
class Cost:
    """What a process took: seconds of processor time and on the wall, octets resident at most."""

    processor: float
    wall: float
    resident: int


class Stopwatch:
    """Runs programs on one processor, each for no longer than the limit, and says what they took."""

    def __init__(self, folder, processor, limit):
        self.program = compiled("measure.c", [], folder)
        self.processor, self.limit = processor, limit
        self.result, self.errors = os.path.join(folder, "cost"), os.path.join(folder, "errors")

    def measure(self, words, output=os.devnull, environment=None):
        """The cost of a program, which must end with status 0; its standard output goes into the file."""
        return self.cost(self.start(words, output, environment), words)

    def start(self, words, output=os.devnull, environment=None):
        """Begins a program; `cost` waits for it."""
        with open(output, "wb") as out, open(self.errors, "wb") as err:
            return subprocess.Popen(
                (self.program, str(self.processor), self.result, *words), stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment
            )

    def cost(self, process, words):
        """What the program took that was begun with these words."""
        try:
            process.wait(self.limit)
        except subprocess.TimeoutExpired:
            raise Failure(f"{shlex.join(words[:3])} … took more than {self.limit:g} s; allow more with --limit") from None
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            with open(self.errors, errors="replace") as err:
                last = (err.read().strip().splitlines() or ["no word of why"])[-1]
            raise Failure(f"{shlex.join(words)} ended with status {process.returncode}: {last}")
        with open(self.result) as result:
            processor, wall, resident = result.read().split()
        return Cost(float(processor), float(wall), int(resident))


def some_of(known):
    """An option's type: words of these, with commas between them."""
    def parse(text):
        chosen = text.split(",")
        if any(each not in known for each in chosen):
            raise argparse.ArgumentTypeError(f"'{text}': give some of {','.join(known)}")
        return chosen
    return parse


def lacks(name, packages):
    """Whether one of these programs is missing, given with their Debian packages; says which."""
    missing = {program: package for program, package in packages.items() if shutil.which(program) is None}
    if missing:
        wanted = " ".join(sorted(set(missing.values())))
        print(f"{name}: {', '.join(missing)}: not installed; run: sudo apt-get install --no-install-recommends {wanted}", file=sys.stderr)
    return bool(missing)


def machine():
    """The processor and the kernel, for the head of a table."""
    with open("/proc/cpuinfo") as lines:
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")
    uname = os.uname()
    return f"{model}, {os.cpu_count()} processors, {uname.sysname} {uname.release} {uname.machine}"


def table(heads, rows, is_markdown):
    if is_markdown:
        print("| " + " | ".join(heads) + " |\n|" + " --- |" * len(heads))
        for row in rows:
            print("| " + " | ".join(row) + " |")
    else:
        widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
        for row in (heads, *rows):
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def run_main(name, main):
    """Runs a program's main function; a failure is one line and status 2, and whatever ends it, it tidies up."""
    # Told to end, leave as from an error.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except (Failure, OSError) as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
