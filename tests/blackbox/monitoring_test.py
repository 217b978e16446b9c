"""Metrics, health, drain and service notification of the release program, as Prometheus, load balancers and systemd meet them."""
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request

from json_web_tokens import Secret, token
from limen_server import ROOT, Server, until

SECRET = {"Authorization": "Bearer blackbox"}


def get(url, headers=None):
    """(status, headers, text)"""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers or {}), timeout=10) as reply:
            return reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers, refused.read().decode()


class Watched(Server):
    def url(self, path):
        return f"http://127.0.0.1:{self.admin_port}{path}"

    def metrics(self):
        status, _, text = get(self.url("/metrics"), SECRET)
        assert status == 200, (status, text)
        return text

    def value(self, sample):
        """The value of a sample by its name and labels as written."""
        for line in self.metrics().splitlines():
            if line.startswith(sample + " "):
                return float(line[len(sample) + 1:])
        return None


def guarded():
    """A server with everything that can refuse a request."""
    server = Watched()
    with open(server.folder / "conf/janus.jcfg", "a") as file:
        file.write('jwt: { secret = "a secret of thirty-two characters" }\n'
                   'limits: { exempt = ""; sessions_per_address = 1; }\n'
                   'webhook: { url = "http://127.0.0.1:9/"; requests = "create"; }\n')
    return server


def names_of(server):
    return set(re.findall(r"^# TYPE (\S+)", server.metrics(), re.M))


class Metrics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Watched(nat="ice_tcp = true;")
        conf = cls.server.folder / "conf"
        with open(conf / "janus.jcfg", "a") as file:
            file.write("events: { broadcast = true; }\n")
        (conf / "janus.eventhandler.sampleevh.jcfg").write_text(
            'general: { enabled = true; events = "all"; backend = "http://127.0.0.1:9/"; }\n')
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def test_promtool_finds_nothing_to_say(self):
        done = subprocess.run(["promtool", "check", "metrics"], input=self.server.metrics(), capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    def test_it_is_told_as_the_text_format(self):
        _, headers, text = get(self.server.url("/metrics"), SECRET)
        self.assertEqual(headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        for line in text.splitlines():
            if not line.startswith("#"):
                self.assertRegex(line, r'^[a-z_]+(\{([a-z_]+="[^"]*",?)+\})? [-+0-9.e]+(Inf)?$')

    def test_a_token_is_needed(self):
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic blackbox"}, {"Authorization": "Bearer "}):
            status, answer, _ = get(self.server.url("/metrics"), headers)
            self.assertEqual(status, 401, headers)
            self.assertIn("Bearer", answer["WWW-Authenticate"])

    def test_the_port_of_the_janus_api_has_none_of_it(self):
        for path in ("/metrics", "/healthz", "/readyz"):
            self.assertEqual(get(f"http://127.0.0.1:{self.server.port}{path}", SECRET)[0], 404)

    def test_sessions_handles_and_errors_are_counted(self):
        before = self.server.value("limen_sessions_created_total")
        session = self.server.post("", {"janus": "create"})["data"]["id"]
        self.server.post(f"/{session}", {"janus": "attach", "plugin": "janus.plugin.echotest"})
        self.server.post(f"/{session}", {"janus": "nonsense"})
        self.assertEqual(self.server.value("limen_sessions_created_total"), before + 1)
        self.assertEqual(self.server.value("limen_sessions"), 1)
        self.assertEqual(self.server.value('limen_handles{plugin="janus.plugin.echotest"}'), 1)
        self.assertGreaterEqual(self.server.value('limen_request_errors_total{code="453"}') or 0, 1)
        self.assertGreater(self.server.value('limen_requests_total{transport="janus.transport.http",api="janus"}'), 2)
        self.assertGreater(self.server.value('limen_transport_connections{module="janus.transport.http",door="admin_http"}'), 0)
        self.server.post(f"/{session}", {"janus": "destroy"})
        self.assertEqual(self.server.value("limen_sessions"), 0)

    def test_a_stranger_s_datagram_is_a_counted_drop(self):
        port = int(re.search(r"UDP(?: and TCP)? \S+ ports? (\d+)", self.server.log()).group(1))
        address = self.server.post("", {"janus": "info"})["local-ip"]
        before = self.server.value('limen_drops_total{part="demux",reason="unknown_datagram"}')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.sendto(b"\x80nothing that anybody knows", (address, port))
        until("the drop is counted",
              lambda: self.server.value('limen_drops_total{part="demux",reason="unknown_datagram"}') == before + 1)

    def test_a_tcp_stranger_that_does_not_speak_stun_is_counted(self):
        port = int(re.search(r"UDP(?: and TCP)? \S+ ports? (\d+)", self.server.log()).group(1))
        address = self.server.post("", {"janus": "info"})["local-ip"]
        with socket.create_connection((address, port), timeout=10) as stranger:
            stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" + b"x" * 20000)
            until("the connection is refused",
                  lambda: self.server.value('limen_ice_tcp_refused_total{reason="bad_stream"}') == 1)
        self.assertEqual(self.server.value('limen_ice_tcp_connections_total{event="accepted"}'), 1)
        until("it is closed", lambda: self.server.value('limen_ice_tcp_connections_total{event="closed"}') == 1)

    def test_the_process_is_described(self):
        status = pathlib.Path(f"/proc/{self.server.process.pid}/status").read_text()
        resident = int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024
        self.assertAlmostEqual(self.server.value("process_resident_memory_bytes"), resident, delta=resident * 0.3)
        self.assertAlmostEqual(self.server.value("process_open_fds"), self.server.open_files(), delta=6)
        self.assertGreater(self.server.value("process_cpu_seconds_total"), 0)

    def test_every_query_of_the_dashboard_names_metrics_that_are_there(self):
        board = json.loads((ROOT / "docs/grafana/limen.json").read_text())
        self.server.post("", {"janus": "nonsense"})  # errors by code are there once there was one
        with guarded() as server:
            names = names_of(self.server) | names_of(server)
        queries = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
        self.assertGreater(len(queries), 15)
        for query in queries:
            used = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\b(?:limen|process)_[a-z_]+", query)}
            self.assertTrue(used, query)
            self.assertEqual(used - names, set(), query)

    def test_every_metric_is_in_the_guide(self):
        guide = (ROOT / "docs/operations.md").read_text()
        with guarded() as server:
            names = names_of(self.server) | names_of(server)
        self.assertEqual([name for name in sorted(names) if f"`{name}`" not in guide], [])


class RefusalMetrics(unittest.TestCase):
    def test_refusals_are_counted_by_their_reason(self):
        key = Secret(kid="k")
        with guarded() as server:
            good, late = token(key, janus={"*": True}), token(key, lifetime=-600)
            for bad in ("e30.e30.e30", late, good[:-4] + "AAAA"):
                self.assertEqual(server.post("", {"janus": "create", "token": bad})["error"]["code"], 403)
            checks = {result: server.value(f'limen_jwt_checks_total{{result="{result}"}}')
                      for result in ("malformed", "expired", "unknown_signature", "accepted")}
            self.assertEqual(checks, {"malformed": 1, "expired": 1, "unknown_signature": 1, "accepted": 0})
            # Nobody listens where the webhook points.
            self.assertIn("error", server.post("", {"janus": "create", "token": good}))
            self.assertEqual(server.value('limen_jwt_checks_total{result="accepted"}'), 1)
            self.assertEqual(server.value('limen_webhook_verdicts_total{result="failed"}'), 1)
            self.assertEqual(server.value("limen_webhook_posts_total"), 1)

    def test_limits_count_what_they_refuse(self):
        server = Watched()
        with open(server.folder / "conf/janus.jcfg", "a") as file:
            file.write('limits: { exempt = ""; sessions_per_address = 1; }\n')
        with server:
            self.assertIn("data", server.post("", {"janus": "create"}))
            self.assertIn("error", server.post("", {"janus": "create"}))
            self.assertEqual(server.value('limen_limit_refusals_total{limit="sessions_per_address"}'), 1)
            self.assertEqual(server.value('limen_limit_refusals_total{limit="requests_per_second"}'), 0)


class MetricsRules(unittest.TestCase):
    def server(self, **admin):
        server = Watched()
        path = server.folder / "conf/janus.transport.http.jcfg"
        lines = "".join(f"{key} = {json.dumps(value)}; " for key, value in admin.items())
        path.write_text(path.read_text().replace("admin: {", "admin: { " + lines))
        return server

    def test_a_token_of_its_own_beside_the_secret(self):
        with self.server(metrics_token="scrape") as server:
            self.assertEqual(get(server.url("/metrics"), {"Authorization": "Bearer scrape"})[0], 200)
            self.assertEqual(get(server.url("/metrics"), SECRET)[0], 200)
            self.assertEqual(get(server.url("/metrics"))[0], 401)

    def test_open_to_all_that_reach_the_port(self):
        with self.server(metrics_open=True) as server:
            self.assertEqual(get(server.url("/metrics"))[0], 200)

    def test_switched_off(self):
        with self.server(metrics=False) as server:
            self.assertEqual(get(server.url("/metrics"), SECRET)[0], 404)
            self.assertEqual(get(server.url("/healthz"))[0], 200)

    def test_the_acl_comes_first(self):
        with self.server(admin_acl="10.9.8.", metrics_open=True) as server:
            with self.assertRaises(OSError):
                get(server.url("/metrics"))


class Drain(unittest.TestCase):
    def test_healthy_and_ready(self):
        with Watched() as server:
            self.assertEqual(get(server.url("/healthz"))[::2], (200, "ok\n"))
            self.assertEqual(get(server.url("/readyz"))[::2], (200, "ok\n"))
            server.admin("", {"janus": "accept_new_sessions", "accept": False})
            self.assertEqual(get(server.url("/readyz"))[0], 503)

    def test_no_new_sessions_and_an_end_with_the_last_one(self):
        with Watched() as server:
            session = server.post("", {"janus": "create"})["data"]["id"]
            answer = server.admin("", {"janus": "drain"})
            self.assertEqual((answer["draining"], answer["sessions"]), (True, 1))
            self.assertEqual(get(server.url("/readyz"))[::2], (503, "draining\n"))
            self.assertEqual(get(server.url("/healthz"))[0], 200)
            refused = server.post("", {"janus": "create"})["error"]
            self.assertEqual(refused["code"], 472)
            self.assertIn("about to end", refused["reason"])
            # Who is here may go on, with further handles too.
            self.assertEqual(server.post(f"/{session}", {"janus": "attach", "plugin": "janus.plugin.echotest"})["janus"], "success")
            self.assertEqual(server.value("limen_draining"), 1)
            server.post(f"/{session}", {"janus": "destroy"})
            self.assertEqual(server.process.wait(10), 0, server.log())
            self.assertIn("Drained", server.log())

    def test_undone(self):
        with Watched() as server:
            session = server.post("", {"janus": "create"})["data"]["id"]
            server.admin("", {"janus": "drain"})
            self.assertEqual(server.admin("", {"janus": "drain", "drain": False})["draining"], False)
            self.assertEqual(get(server.url("/readyz"))[0], 200)
            self.assertEqual(server.post("", {"janus": "create"})["janus"], "success")
            server.post(f"/{session}", {"janus": "destroy"})
            self.assertEqual(server.admin("", {"janus": "drain_status"})["draining"], False)

    def test_the_limit_cuts_off_what_is_left(self):
        with Watched() as server:
            server.post("", {"janus": "create"})
            answer = server.admin("", {"janus": "drain", "timeout": 1})
            self.assertEqual(answer["ends_in"], 1)
            self.assertEqual(server.process.wait(10), 0, server.log())
            self.assertIn("cut off", server.log())

    def test_by_signal_with_the_configured_limit(self):
        with Watched(general="drain_timeout = 2;") as server:
            server.post("", {"janus": "create"})
            server.process.send_signal(signal.SIGUSR2)
            until("it drains", lambda: server.admin("", {"janus": "drain_status"})["draining"])
            self.assertEqual(server.process.wait(10), 0, server.log())

    def test_whip_is_refused_with_a_time_to_come_again(self):
        with Watched() as server:
            server.post("", {"janus": "create"})
            server.admin("", {"janus": "drain"})
            offer = ("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
                     "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n"
                     "a=rtcp-mux\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdabcdabcdabcdabcdabcd\r\n"
                     "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n")
            for path in ("/whip/room/1234", "/whep/room/1234/1"):
                request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", data=(offer if "whip" in path else offer.replace("sendonly", "recvonly")).encode(),
                                                 headers={"Content-Type": "application/sdp"})
                with self.assertRaises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(request, timeout=10)
                self.assertEqual(refused.exception.code, 503, path)
                self.assertTrue(int(refused.exception.headers["Retry-After"]) > 0)

    def test_the_verb_checks_its_input(self):
        with Watched() as server:
            self.assertEqual(server.admin("", {"janus": "drain", "drain": "yes"})["error"]["code"], 467)
            self.assertEqual(server.admin("", {"janus": "drain", "timeout": -1})["error"]["code"], 467)
            self.assertEqual(server.post("", {"janus": "drain"}, server.admin_port, "/admin")["error"]["code"], 403)
            self.assertEqual(server.admin("", {"janus": "drain_status"})["draining"], False)


class ServiceManager(unittest.TestCase):
    """systemd's side of sd_notify(3), played here."""

    def manager(self, abstract=False):
        folder = tempfile.mkdtemp(prefix="limen-notify-")
        self.addCleanup(shutil.rmtree, folder, True)
        name = f"@limen-test-{os.getpid()}" if abstract else f"{folder}/notify"
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.bind("\0" + name[1:] if abstract else name)
        receiver.settimeout(15)
        return name, receiver

    def started(self, name, **variables):
        server = Watched(prefix=["env", f"NOTIFY_SOCKET={name}", *(f"{key}={value}" for key, value in variables.items())])
        self.addCleanup(server.__exit__, None, None, None)
        return server.__enter__()

    def test_ready_when_it_serves_and_stopping_when_it_stops(self):
        for abstract in (False, True):
            name, receiver = self.manager(abstract)
            server = self.started(name)
            first = receiver.recv(4096).decode()
            self.assertIn("READY=1\n", first)
            self.assertIn(f"MAINPID={server.process.pid}\n", first)
            self.assertIn("STATUS=Serving 0 sessions\n", first)
            self.assertEqual(server.stop(), 0)
            self.assertIn("STOPPING=1\n", receiver.recv(4096).decode())

    def test_the_watchdog_is_fed_twice_as_often_as_asked(self):
        name, receiver = self.manager()
        self.started(name, WATCHDOG_USEC=400_000)
        messages = [receiver.recv(4096).decode() for _ in range(5)]
        self.assertIn("READY=1\n", messages[0])
        self.assertTrue(all("WATCHDOG=1\n" in message for message in messages[1:]), messages)

    def test_not_if_another_process_is_watched(self):
        name, receiver = self.manager()
        server = self.started(name, WATCHDOG_USEC=400_000, WATCHDOG_PID=1)
        self.assertIn("READY=1\n", receiver.recv(4096).decode())
        server.stop()
        self.assertIn("STOPPING=1\n", receiver.recv(4096).decode())

    def test_a_stopped_process_feeds_nobody(self):
        name, receiver = self.manager()
        server = self.started(name, WATCHDOG_USEC=400_000)
        receiver.recv(4096)
        server.process.send_signal(signal.SIGSTOP)
        try:
            until("it is stopped", lambda: pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
            receiver.setblocking(False)
            with self.assertRaises(BlockingIOError):
                while True:
                    receiver.recv(4096)
            receiver.settimeout(1.2)  # three times what systemd would have waited
            with self.assertRaises(TimeoutError):
                receiver.recv(4096)
        finally:
            server.process.send_signal(signal.SIGCONT)

    def test_a_draining_server_says_so(self):
        name, receiver = self.manager()
        server = self.started(name, WATCHDOG_USEC=400_000)
        server.post("", {"janus": "create"})
        server.admin("", {"janus": "drain"})
        for _ in range(40):
            if "STATUS=Draining, 1 sessions left" in receiver.recv(4096).decode():
                return
        self.fail("no such status")

    def test_the_unit_file_is_sound(self):
        unit = (ROOT / "packaging/limen.service").read_text()
        for line in ("Type=notify", "WatchdogSec=", "LimitNOFILE=", "Restart=on-failure", "NoNewPrivileges=yes"):
            self.assertIn(line, unit)
        if shutil.which("systemd-analyze"):
            with tempfile.TemporaryDirectory() as folder:
                copy = pathlib.Path(folder) / "limen.service"
                copy.write_text(unit.replace("/usr/bin/limen", "/bin/true").replace("User=limen", "User=nobody"))
                done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, timeout=20)
                self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
