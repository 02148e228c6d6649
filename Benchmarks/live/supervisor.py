"""What systemd does for the sensor, as far as restarts go: it keeps descriptors (FDSTORE=1), passes them on, and follows MAINPID=."""

import array
import ctypes
import os
import signal
import socket
import threading
import time

from network import Failure

PR_SET_CHILD_SUBREAPER = 36


class Supervisor:
    """Starts a program again and again, and keeps what it gives away meanwhile (sd_notify(3), sd_listen_fds(3))."""

    def __init__(self, words, folder, log):
        self.words, self.log = words, log
        self.store, self.changed, self.ready, self.main = [], threading.Condition(), 0, None
        self.heard, self.turns = None, 0
        # A process that another one has started and named as the main one is waited for here, too.
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise Failure("cannot become a subreaper")
        self.path = os.path.join(folder, "notify.sock")
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notified.bind(self.path)
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        while True:
            message, rights, _, _ = self.notified.recvmsg(4_096, socket.CMSG_SPACE(4 * 16), socket.MSG_CMSG_CLOEXEC)
            descriptors = [number for level, kind, data in rights if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
                           for number in array.array("i", data[:len(data) // 4 * 4])]
            said = dict(line.split("=", 1) for line in message.decode().splitlines() if "=" in line)
            with self.changed:
                name = said.get("FDNAME")
                if said.get("FDSTOREREMOVE") == "1":
                    self.drop(name)
                elif said.get("FDSTORE") == "1":
                    self.keep(name, descriptors)
                self.heard = said.get("HEARD", self.heard)
                if "MAINPID" in said:
                    self.main = int(said["MAINPID"])
                if said.get("READY") == "1":
                    self.ready += 1
                self.changed.notify_all()

    def keep(self, name, descriptors):
        for number in descriptors:
            # A file that is kept already is not kept twice; sockets are told apart by their inodes.
            if any(os.path.sameopenfile(number, other) for known, other in self.store if known == name):
                os.close(number)
            else:
                self.store.append((name, number))

    def drop(self, name):
        for _, number in [entry for entry in self.store if entry[0] == name]:
            os.close(number)
        self.store = [entry for entry in self.store if entry[0] != name]

    def kept(self):
        with self.changed:
            return sorted(name for name, _ in self.store)

    def start(self):
        """Starts the program with what is kept, and waits until it says that it is ready."""
        self.hear_out()
        with self.changed:
            before, store = self.ready, [(name, os.dup(number)) for name, number in self.store]
        process = os.fork()
        if process == 0:
            try:
                self.become_program(store)
            finally:
                os._exit(127)
        for _, number in store:
            os.close(number)
        self.main = process
        self.wait(lambda: self.ready > before)

    def hear_out(self):
        """Waits until all that was said before is taken in, as systemd does before it sees that a process has ended."""
        self.turns += 1
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
            own.sendto(f"HEARD={self.turns}".encode(), self.path)
        with self.changed:
            self.changed.wait_for(lambda: self.heard == str(self.turns))

    def become_program(self, store):
        # Out of the way first: the places from three on may be taken by one another.
        high = [os.dup2(number, 500 + index) for index, (_, number) in enumerate(store)]
        for index, number in enumerate(high):
            os.dup2(number, 3 + index, inheritable=True)
        os.closerange(3 + len(store), 1_000)
        os.dup2(self.log.fileno() if self.log.fileno() < 3 else os.open(self.log.name, os.O_WRONLY | os.O_APPEND), 1)
        os.dup2(1, 2)
        os.closerange(3 + len(store), 1_000)
        signal.set_wakeup_fd(-1)
        environment = dict(os.environ, NOTIFY_SOCKET=self.path)
        if store:
            environment.update(LISTEN_FDS=str(len(store)), LISTEN_PID=str(os.getpid()), LISTEN_FDNAMES=":".join(name for name, _ in store))
        os.execvpe(self.words[0], self.words, environment)

    def wait(self, condition, seconds=60):
        end = time.monotonic() + seconds
        with self.changed:
            while not condition():
                ended = self.has_ended(self.main)
                if ended is not None or time.monotonic() > end:
                    self.log.seek(0)
                    why = f"ended with status {ended}" if ended is not None else f"took more than {seconds} s"
                    raise Failure(f"the sensor {why}: {' / '.join(self.log.read().splitlines()[-3:])}")
                self.changed.wait(0.05)

    @staticmethod
    def has_ended(process):
        try:
            found, status = os.waitpid(process, os.WNOHANG)
        except ChildProcessError:
            return None
        return os.waitstatus_to_exitcode(status) if found else None

    def end(self, number=signal.SIGTERM, seconds=60):
        """Ends the main process by a signal, and returns once it is gone."""
        process = self.main
        os.kill(process, number)
        end = time.monotonic() + seconds
        while self.has_ended(process) is None:
            if time.monotonic() > end:
                raise Failure(f"the sensor did not end within {seconds} s")
            time.sleep(0.001)

    def close(self):
        try:
            if self.main is not None and self.has_ended(self.main) is None:
                self.end(signal.SIGKILL)
        except (Failure, ProcessLookupError):
            pass
        with self.changed:
            for _, number in self.store:
                os.close(number)
            self.store = []
