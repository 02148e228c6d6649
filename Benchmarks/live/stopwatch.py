"""Takes the time of clients from where it runs, a host's network namespace: a JSON object a line in, one out.

    {"run": [[WORD…]…], "limit": SECONDS}                commands, all at once: [{"ms", "status" (null when it was ended), "output"}…]
    {"query": NAME, "to": ADDRESS, "limit": SECONDS}     a DNS query over UDP, from a socket that is open: {"ms", "report"}
    {"connect": NAME, "to": ADDRESS, "port": PORT, "limit": SECONDS}
                                                         a ClientHello (443) or request (80), from a connection that is open: {"ms", "report"}
    {"browse": URL, "browser": [WORD…], "limit": SECONDS, "picture": PATH or null}
                                                         a page in a browser that stays open, until it is shown or is none: {"ms", "report"}
"""

import base64
import json
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from network import family

RCODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


def elapsed(begin):
    return (time.perf_counter() - begin) * 1e3


def run_all(commands, limit):
    results = [None] * len(commands)

    def run(number):
        begin = time.perf_counter()
        process = subprocess.Popen(commands[number], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, status = process.communicate(timeout=limit)[0], process.returncode
            took = elapsed(begin)
        except subprocess.TimeoutExpired:
            took, status = elapsed(begin), None
            process.kill()
            output = process.communicate()[0]
        results[number] = {"ms": took, "status": status, "output": output.decode(errors="replace")}

    if len(commands) == 1:
        run(0)
        return results
    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(commands))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def query(name, address, limit):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    message = b"\x12\x34\x01\x00" + b"\0\1" + bytes(6) + labels + b"\0" + b"\0\1\0\1"
    with socket.socket(family(address), socket.SOCK_DGRAM) as asking:
        asking.connect((address, 53))
        asking.settimeout(limit)
        begin = time.perf_counter()
        asking.send(message)
        try:
            answer = asking.recv(4_096)
        except TimeoutError:
            return {"ms": elapsed(begin), "report": "nothing"}
        return {"ms": elapsed(begin), "report": RCODES.get(answer[3] & 15, "another code")}


def connect(name, address, port, limit):
    if port == 443:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
        except ssl.SSLWantReadError:
            data = outgoing.read()
    else:
        data = f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()
    with socket.create_connection((address, port), timeout=limit) as stream:
        begin = time.perf_counter()
        stream.sendall(data)
        try:
            answer = stream.recv(4_096)
        except TimeoutError:
            return {"ms": elapsed(begin), "report": "nothing"}
        except ConnectionResetError:
            return {"ms": elapsed(begin), "report": "reset"}
        took = elapsed(begin)
    word = answer.split(b"\r\n")[0].decode() if port == 80 else "the server's flight"
    return {"ms": took, "report": word if answer else "end of the stream"}


class Browser:
    """A Chromium that is driven over a pair of pipes, by the DevTools protocol."""

    def __init__(self, words):
        self.profile = tempfile.TemporaryDirectory(prefix="grindvakt-browser-")
        command_in, self.command = os.pipe()
        self.events, events_out = os.pipe()

        def pipes():
            os.setpgrp()
            # The browser reads from descriptor 3 and writes to 4; both are out of the way first, as either may be one of them.
            ends = [os.dup(command_in), os.dup(events_out)]
            ends = [end if end > 4 else os.dup2(end, end + 20) for end in ends]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        self.process = subprocess.Popen(
            [*words, f"--user-data-dir={self.profile.name}", "--remote-debugging-pipe"],
            preexec_fn=pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, HOME=self.profile.name),
        )
        os.close(command_in)
        os.close(events_out)
        self.rest, self.number = b"", 0
        target = self.ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = None
        self.session = self.ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.ask("Page.enable")

    session, is_lost = None, False

    def ask(self, method, parameters=None, limit=30):
        """The browser's answer to a command; an exception where it has none within the limit."""
        last = time.monotonic() + limit
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters or {}}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.command, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                if not select.select([self.events], [], [], max(last - time.monotonic(), 0))[0]:
                    raise TimeoutError(f"{method}: no answer")
                piece = os.read(self.events, 1 << 20)
                if not piece:
                    raise RuntimeError("the browser has ended")
                self.rest += piece
            line, self.rest = self.rest.split(b"\0", 1)
            answer = json.loads(line)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]

    def browse(self, url, limit, picture):
        begin = time.perf_counter()
        try:
            error = self.ask("Page.navigate", {"url": url}, limit).get("errorText")
        except TimeoutError:
            # What it would answer later must not be taken for the next answer.
            self.is_lost = True
            return {"ms": elapsed(begin), "report": "still waiting"}
        took = elapsed(begin)
        if picture:
            time.sleep(0.5)
            with open(picture, "wb") as file:
                file.write(base64.b64decode(self.ask("Page.captureScreenshot")["data"]))
        if error:
            return {"ms": took, "report": error}
        # The address is known before the page is read to its end.
        script = "new Promise(done => document.readyState == 'loading' ? addEventListener('DOMContentLoaded', done) : done())"
        script += ".then(() => document.title)"
        shown = self.ask("Runtime.evaluate", {"expression": script, "awaitPromise": True})["result"]["value"]
        return {"ms": took, "report": f"page: {shown}"}

    def end(self):
        """Ends the browser with all its processes, which are a group of their own, and removes its profile."""
        try:
            self.session = None
            self.ask("Browser.close", limit=5)
            self.process.wait(timeout=5)
        except (RuntimeError, OSError, subprocess.TimeoutExpired):
            pass
        last = time.monotonic() + 10
        while is_killed(self.process.pid) and time.monotonic() < last:
            self.process.poll()
            time.sleep(0.05)
        self.process.wait()
        os.close(self.command)
        os.close(self.events)
        self.profile.cleanup()


def is_killed(group):
    """Whether there were processes of the group left to kill."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def main():
    # Told to end, end the browser too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    browser = None
    try:
        for line in sys.stdin:
            job = json.loads(line)
            if "run" in job:
                result = run_all(job["run"], job["limit"])
            elif "query" in job:
                result = query(job["query"], job["to"], job["limit"])
            elif "connect" in job:
                result = connect(job["connect"], job["to"], job["port"], job["limit"])
            else:
                if browser and (browser.is_lost or browser.process.poll() is not None):
                    browser.end()
                    browser = None
                browser = browser or Browser(job["browser"])
                result = browser.browse(job["browse"], job["limit"], job.get("picture"))
            print(json.dumps(result), flush=True)
    finally:
        if browser:
            browser.end()


if __name__ == "__main__":
    main()
