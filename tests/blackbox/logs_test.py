"""The log as files and as JSON, rotated by signal, and traces (W3C Trace Context) in lines and events."""
import http.server
import json
import signal
import threading
import unittest
import urllib.request

from limen_server import Server, until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
OTHER = "0af7651916cd43dd8448eb211c80319c"


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes what the sample event handler posts."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.events.extend(body if isinstance(body, list) else [body])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Logged(Server):
    def __init__(self, *arguments, general="", backend=None, **more):
        super().__init__(*arguments, general=general, **more)
        conf = self.folder / "conf"
        self.json_log = self.folder / "lines.json"
        (conf / "janus.logger.jsonlog.jcfg").write_text(f'general: {{ enabled = true; filename = "{self.json_log}"; }}\n')
        if backend:
            with open(conf / "janus.jcfg", "a") as file:
                file.write("events: { broadcast = true; }\n")
            (conf / "janus.eventhandler.sampleevh.jcfg").write_text(
                f'general: {{ enabled = true; events = "all"; grouping = true; backend = "{backend}"; }}\n')

    def ask(self, path, body, traceparent=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/janus{path}", json.dumps({"transaction": "t", **body}).encode(),
                                         {"traceparent": traceparent} if traceparent else {})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.loads(reply.read())

    def json_lines(self):
        return [json.loads(line) for line in self.json_log.read_text().splitlines()] if self.json_log.exists() else []


class Files(unittest.TestCase):
    def test_both_files_go_on_under_their_names_after_a_rotation(self):
        server = Logged(general='log_to_file = "server.log"; log_rotate_sig = "SIGHUP";')
        with server:
            log, old, old_json = server.folder / "server.log", server.folder / "server.log.1", server.folder / "lines.json.1"
            until("both files have lines", lambda: "Ctrl-C" in log.read_text() and server.json_lines())
            log.rename(old)
            server.json_log.rename(old_json)
            server.process.send_signal(signal.SIGHUP)
            until("both are there again", lambda: log.exists() and server.json_log.exists())
            session = server.ask("", {"janus": "create"})["data"]["id"]
            line = f"Creating new session: {session}"
            until("new lines are in the new files", lambda: line in log.read_text() and any(line in one["line"] for one in server.json_lines()))
            self.assertNotIn(line, old.read_text())
            self.assertNotIn(line, old_json.read_text())

    def test_stdout_file_and_json_have_the_same_lines(self):
        server = Logged("-L", "server.log", general='log_prefix = "[here] "; debug_timestamps = true; debug_colors = true;')
        with server:
            server.admin("", {"janus": "custom_logline", "line": "as everywhere", "level": 2})
            until("the line", lambda: "as everywhere" in server.log())
            mine = next(line for line in server.log().splitlines() if "as everywhere" in line)
            self.assertRegex(mine, r"^\[here\] \[\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\] \x1b\[31m\[ERR\]\x1b\[0m as everywhere$")
            until("the same in the file", lambda: mine in (server.folder / "server.log").read_text().splitlines())
            until("the same in JSON", lambda: mine in [one["line"] for one in server.json_lines()])

    def test_the_json_logger_answers_its_query(self):
        with Logged() as server:
            answer = server.admin("", {"janus": "query_logger", "logger": "janus.logger.jsonlog", "request": {"request": "info"}})
            self.assertEqual(answer["response"], {"result": 200})


class Traces(unittest.TestCase):
    def setUp(self):
        self.collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
        self.collector.events = []
        threading.Thread(target=self.collector.serve_forever, daemon=True).start()
        self.addCleanup(self.collector.server_close)
        self.addCleanup(self.collector.shutdown)
        self.backend = f"http://127.0.0.1:{self.collector.server_port}/"

    def event(self, test):
        return until("the event", lambda: next((event for event in self.collector.events if test(event)), None))

    def test_lines_and_events_of_a_request_carry_its_trace(self):
        with Logged(general="trace_ids = true;", backend=self.backend) as server:
            session = server.ask("", {"janus": "create"}, PARENT)["data"]["id"]
            handle = server.ask(f"/{session}", {"janus": "attach", "plugin": "janus.plugin.echotest"})["data"]["id"]
            until("the log", lambda: f"Creating new session: {session} [trace={TRACE}]" in server.log())
            self.assertEqual(self.event(lambda e: e["type"] == 1 and e["session_id"] == session)["trace_id"], TRACE)
            # What follows in the session belongs to it as well, until another trace is named.
            self.assertEqual(self.event(lambda e: e["type"] == 2 and e["event"]["name"] == "attached")["trace_id"], TRACE)
            server.ask(f"/{session}/{handle}", {"janus": "detach", "traceparent": f"00-{OTHER}-00f067aa0ba902b7-00"})
            self.assertEqual(self.event(lambda e: e["type"] == 2 and e["event"]["name"] == "detached")["trace_id"], OTHER)
            self.assertTrue(until("JSON lines", lambda: [one for one in server.json_lines() if one.get("trace_id") == OTHER]))

    def test_nothing_of_it_unless_configured_and_malformed_ones_are_ignored(self):
        with Logged(backend=self.backend) as server:
            session = server.ask("", {"janus": "create"}, PARENT)["data"]["id"]
            self.assertNotIn("trace_id", self.event(lambda e: e["type"] == 1 and e["session_id"] == session))
            self.assertNotIn(TRACE, server.log())
        with Logged(general="trace_ids = true;", backend=self.backend) as server:
            session = server.ask("", {"janus": "create"}, "00-" + "0" * 32 + "-00f067aa0ba902b7-01")["data"]["id"]
            self.assertNotIn("trace_id", self.event(lambda e: e["type"] == 1 and e["session_id"] == session))


if __name__ == "__main__":
    unittest.main()
