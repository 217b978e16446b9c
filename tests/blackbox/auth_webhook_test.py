"""The authorisation webhook against real web services: one that decides, one that is slow, one that is dead."""
import http.server
import json
import threading
import time
import unittest

from limen_server import Server, free_port, until


class Service:
    """Decides by what `decide` says of a question: (status, body)."""

    def __init__(self, decide, port=0):
        self.questions, self.headers, self.lock = [], [], threading.Lock()
        self.hold = threading.Event()
        self.hold.set()
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with service.lock:
                    service.questions.append(question)
                    service.headers.append(dict(self.headers))
                service.hold.wait(20)
                status, body = decide(question)
                text = json.dumps(body).encode() if body is not None else b""
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text)
                except OSError:
                    self.close_connection = True  # whoever asked waits no longer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def count(self, request):
        with self.lock:
            return sum(question["request"] == request for question in self.questions)

    def stop(self):
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()


def hooked(port, keys="", **options):
    server = Server(**options)
    main = server.folder / "conf" / "janus.jcfg"
    main.write_text(main.read_text() + f'webhook: {{ url = "http://127.0.0.1:{port}/may"; {keys} }}\n')
    return server


def code(reply):
    return reply.get("error", {}).get("code", 0)


class Webhook(unittest.TestCase):
    def service(self, decide, **options):
        service = Service(decide, **options)
        self.addCleanup(service.stop)
        return service

    def test_a_session_that_it_allowed_belongs_to_the_trace_of_its_request(self):
        trace = "4bf92f3577b34da6a3ce929d0e0e4736"
        service = self.service(lambda question: (200, None))
        with hooked(service.port, 'requests = ["create"]; cache_time = 0;', general="trace_ids = true;") as server:
            asked = {"janus": "create", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
            session = server.post("", asked)["data"]["id"]
            until("the line", lambda: f"Creating new session: {session} [trace={trace}]" in server.log())

    def test_it_decides_about_create_attach_and_message(self):
        def decide(question):
            if question["request"] == "create":
                return (200, None) if question.get("token") == "good" else (403, {"reason": "who are you"})
            if question["request"] == "attach":
                return 200, {"allow": question["plugin"] != "janus.plugin.streaming", "reason": "not that one"}
            return 200, {"allow": question["object"] == "1234"}

        service = self.service(decide)
        keys = 'requests = ["create", "attach", "message"]; authorization = "Bearer of questions";'
        with hooked(service.port, keys) as server:
            refused = server.post("", {"janus": "create", "token": "bad"})
            self.assertEqual(code(refused), 403)
            self.assertIn("who are you", refused["error"]["reason"])
            session = server.post("", {"janus": "create", "token": "good"})["data"]["id"]
            ask = lambda path="", **members: server.post(f"/{session}{path}", {"token": "good", **members})
            refused = ask(janus="attach", plugin="janus.plugin.streaming")
            self.assertEqual(code(refused), 405)
            self.assertIn("not that one", refused["error"]["reason"])
            handle = ask(janus="attach", plugin="janus.plugin.videoroom")["data"]["id"]
            message = lambda **body: ask(f"/{handle}", janus="message", body=body)
            self.assertEqual(message(request="list")["janus"], "success")  # needs no right: nobody is asked
            self.assertEqual(service.count("message"), 0)
            self.assertEqual(message(request="listparticipants", room=1234)["janus"], "success")
            self.assertEqual(code(message(request="destroy", room=99)), 405)
            self.assertEqual(ask(janus="keepalive")["janus"], "ack")
            question = service.questions[-1]
            self.assertEqual({key: question[key] for key in ("request", "message", "object", "rights", "plugin", "token",
                                                             "session_id", "handle_id", "transport", "address")},
                             {"request": "message", "message": "destroy", "object": "99", "rights": ["admin"],
                              "plugin": "janus.plugin.videoroom", "token": "good", "session_id": session,
                              "handle_id": handle, "transport": "janus.transport.http", "address": "127.0.0.1"})
            self.assertEqual(service.headers[-1]["Authorization"], "Bearer of questions")

    def test_answers_are_remembered(self):
        service = self.service(lambda question: (200, {"allow": True, "cache": 0} if question.get("token") == "again" else None))
        with hooked(service.port, "cache_time = 60;") as server:
            for _ in range(3):
                server.post("", {"janus": "create", "token": "once"})
            self.assertEqual(service.count("create"), 1)
            for _ in range(3):
                server.post("", {"janus": "create", "token": "again"})
            self.assertEqual(service.count("create"), 4)

    def test_a_slow_service_holds_up_one_session_in_order_and_nobody_else(self):
        service = self.service(lambda question: (200, None))
        with hooked(service.port, 'requests = ["attach"]; cache_time = 0; timeout = 20000;') as server:
            slow, quick = (server.post("", {"janus": "create"})["data"]["id"] for _ in range(2))
            service.hold.clear()
            replies = []

            def ask(**members):
                replies.append(server.post(f"/{slow}", members)["janus"])

            attach = threading.Thread(target=ask, kwargs={"janus": "attach", "plugin": "janus.plugin.echotest"})
            attach.start()
            until("it was asked", lambda: service.count("attach") == 1)
            destroy = threading.Thread(target=ask, kwargs={"janus": "destroy"})
            destroy.start()
            for _ in range(20):
                began = time.monotonic()
                self.assertEqual(server.post(f"/{quick}", {"janus": "keepalive"})["janus"], "ack")
                self.assertLess(time.monotonic() - began, 15)  # the webhook holds its answer for 20
            self.assertEqual(replies, [])
            self.assertEqual(len(server.admin("", {"janus": "list_sessions"})["sessions"]), 2)
            service.hold.set()
            attach.join(10)
            destroy.join(10)
            self.assertEqual(replies, ["success", "success"])
            self.assertEqual(server.admin("", {"janus": "list_sessions"})["sessions"], [quick])

    def test_without_an_answer_the_key_decides(self):
        hanging = self.service(lambda question: (200, None))
        hanging.hold.clear()
        failing = self.service(lambda question: (500, None))
        babbling = self.service(lambda question: (200, ["yes"]))
        for port, what in ((hanging.port, "hangs"), (free_port(), "is not there"), (failing.port, "fails"), (babbling.port, "babbles")):
            with self.subTest(what):
                with hooked(port, "timeout = 300;") as server:
                    self.assertEqual(code(server.post("", {"janus": "create"})), 403)
                    self.assertEqual(server.post("", {"janus": "ping"})["janus"], "pong")
                    self.assertEqual(server.log().count("No answer of the authorisation service"), 1)
                with hooked(port, "timeout = 300; fail_open = true;") as server:
                    self.assertEqual(server.post("", {"janus": "create"})["janus"], "success")

    def test_a_question_under_way_does_not_hold_up_the_end(self):
        hanging = self.service(lambda question: (200, None))
        hanging.hold.clear()
        with hooked(hanging.port, "timeout = 30000;") as server:
            replies = []
            asking = threading.Thread(target=lambda: replies.append(code(server.post("", {"janus": "create"}))))
            asking.start()
            until("it was asked", lambda: hanging.count("create") == 1)
            began = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - began, 5)
            asking.join(10)
            self.assertEqual(replies, [403])

    def test_a_request_or_an_address_that_cannot_be_meant_stops_the_start(self):
        for keys in ('url = "http://x/"; requests = ["create", "atach"];', 'url = "ftp://x/";'):
            server = Server(wait=False)
            main = server.folder / "conf" / "janus.jcfg"
            main.write_text(main.read_text() + f"webhook: {{ {keys} }}\n")
            with server:
                self.assertNotEqual(server.process.wait(10), 0)
                self.assertIn("webhook: ", server.log())

    def test_a_service_that_comes_back_is_used_again(self):
        port = free_port()
        with hooked(port, "timeout = 500; cache_time = 0;") as server:
            self.assertEqual(code(server.post("", {"janus": "create"})), 403)
            service = self.service(lambda question: (200, None), port=port)
            self.assertEqual(server.post("", {"janus": "create"})["janus"], "success")
            service.stop()
            self.assertEqual(code(server.post("", {"janus": "create"})), 403)
            self.service(lambda question: (200, None), port=port)
            self.assertEqual(server.post("", {"janus": "create"})["janus"], "success")


if __name__ == "__main__":
    unittest.main()
