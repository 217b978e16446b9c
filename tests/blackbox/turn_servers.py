"""A real coturn and a small TURN REST service, for tests; on loopback addresses or wherever `prefix` starts it."""
import contextlib
import http.server
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import urllib.parse

from limen_server import until

COTURN = shutil.which("turnserver")
WHY_NOT = "" if COTURN else "coturn is not installed"


def free_port(address="127.0.0.1", kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


class Coturn:
    """with Coturn() as turn: turn.port (UDP and TCP), turn.tls_port; user "limen", password "secret"."""

    user, password, realm = "limen", "secret", "limen.test"

    def __init__(self, address="127.0.0.1", prefix=(), certificate=None, options=(), relay_ports=(49200, 49400)):
        self.address, self.prefix, self.certificate, self.options = address, list(prefix), certificate, list(options)
        self.relay_ports = relay_ports
        self.process = None

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limen-turn-"))
        self.log = self.folder / "log"
        self.port, self.tls_port = (3478, 5349) if self.prefix else (free_port(), free_port())
        command = [*self.prefix, COTURN, "-n", "--no-cli", "--log-file", str(self.log), "--simple-log",
                   "--listening-ip", self.address, "--relay-ip", self.address, "--listening-port", str(self.port),
                   "--tls-listening-port", str(self.tls_port), "--min-port", str(self.relay_ports[0]),
                   "--max-port", str(self.relay_ports[1]), "--lt-cred-mech", "--user", f"{self.user}:{self.password}",
                   "--realm", self.realm, "--allow-loopback-peers", "--verbose", "--pidfile", str(self.folder / "pid"),
                   "--userdb", str(self.folder / "db"), *self.options]
        if self.certificate:
            command += ["--cert", str(self.certificate[0]), "--pkey", str(self.certificate[1])]
        else:
            command += ["--no-tls", "--no-dtls"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until("coturn listens", lambda: "listener opened on : %s:%d" % (self.address, self.port) in self.said()
              and self.answers(), 20)
        return self

    def answers(self):
        if self.prefix:
            return True
        with contextlib.closing(socket.socket()) as probe:
            return probe.connect_ex((self.address, self.port)) == 0

    def said(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class TurnRest:
    """with TurnRest(reply) as rest: rest.url; rest.asked has the queries. A reply that is not a dict is sent as it is."""

    def __init__(self, reply, status=200):
        self.reply, self.status, self.asked = reply, status, []

    def __enter__(self):
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                query = urllib.parse.urlsplit(self.path).query
                outer.asked.append({"method": self.command, "query": query, "body": body,
                                    "agent": self.headers.get("User-Agent")})
                text = json.dumps(outer.reply) if isinstance(outer.reply, dict) else outer.reply
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/turn"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
