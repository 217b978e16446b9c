"""Starts the release program with a private configuration, and an aiortc peer that talks to it."""
import asyncio
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PROGRAM = os.environ.get("LIMEN", str(ROOT / "build/release/limen"))


# Bounds of waiting are for a quiet machine: a busy one gets so many times as long.
PATIENCE = 3

given = set()


def free_port():
    """A TCP port that is free now, another one each time. Not of those that the kernel gives to connections: one of another
    test might have it before the server does."""
    while True:
        port = random.randrange(12000, 20000)
        if port in given:
            continue
        given.add(port)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def until(what, test, timeout=15.0):
    """Waits for a true value with a bound; never longer than needed."""
    end = time.monotonic() + timeout * PATIENCE
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout * PATIENCE} s: {what}")
        time.sleep(0.05)


async def until_async(what, test, timeout=15.0):
    end = time.monotonic() + timeout * PATIENCE
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout * PATIENCE} s: {what}")
        await asyncio.sleep(0.05)


class Server:
    """A running server; use as a context manager. `general`, `nat`, `media` are lines of janus.jcfg; `prefix` is a
    command that starts it elsewhere (in a network namespace), where `address` reaches it; it listens at `bind` if that
    is another address there."""

    def __init__(self, *arguments, general="", nat="", media="", wait=True, prefix=(), address="127.0.0.1",
                 bind=None, program=PROGRAM):
        self.prefix, self.address = list(prefix), address
        self.host = f"[{address}]" if ":" in address else address  # of URLs
        bind = bind or address
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limen-test-"))
        self.arguments = arguments
        self.port, self.ws_port, self.admin_port = free_port(), free_port(), free_port()
        conf = self.folder / "conf"
        conf.mkdir()
        (conf / "janus.jcfg").write_text(
            f'general: {{ debug_level = 5; admin_secret = "blackbox"; {general} }}\n'
            f'nat: {{ {nat} }}\nmedia: {{ {media} }}\n')
        (conf / "janus.transport.http.jcfg").write_text(
            f"general: {{ http = true; port = {self.port}; ip = \"{bind}\"; }}\n"
            f"admin: {{ admin_http = true; admin_port = {self.admin_port}; admin_ip = \"{bind}\"; }}\n")
        (conf / "janus.transport.websockets.jcfg").write_text(
            f'general: {{ ws = true; ws_port = {self.ws_port}; ws_ip = "{bind}"; }}\n')
        self.log_path = self.folder / "output.log"
        self.process = None
        self.wait = wait
        self.program = program

    def __enter__(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([*self.prefix, self.program, "-F", str(self.folder / "conf"), *self.arguments],
                                            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if self.wait:
            try:
                until("the server answers", self.answers)
            except AssertionError:
                self.__exit__(None, None, None)
                raise AssertionError(f"the server did not start:\n{self.log()}")
        return self

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()}")
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.port}/janus/info", timeout=2) as reply:
                return reply.status == 200
        except OSError:
            return False

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(10)

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def post(self, path, body, port=None, base="/janus"):
        data = json.dumps({"transaction": "t", **body}).encode()
        request = urllib.request.Request(f"http://{self.host}:{port or self.port}{base}{path}", data=data)
        with urllib.request.urlopen(request, timeout=15) as reply:
            return json.loads(reply.read())

    def admin(self, path, body):
        return self.post(path, {"admin_secret": "blackbox", **body}, self.admin_port, "/admin")

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))
