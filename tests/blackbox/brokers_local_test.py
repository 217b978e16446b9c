"""Unix sockets, Nanomsg and GELF: the program with peers that go and come back."""
import ctypes
import gzip
import json
import os
import socket
import sys
import unittest

from limen_server import Server, free_port, until


def with_files(files, **arguments):
    server = Server(**arguments)
    conf = server.folder / "conf"
    main = conf / "janus.jcfg"
    main.write_text(main.read_text() + "events: { broadcast = true; }\n")
    for name, text in files.items():
        (conf / f"janus.{name}.jcfg").write_text(text.replace("@", str(server.folder)))
    return server


class UnixSockets(unittest.TestCase):
    def ask(self, peer, request):
        peer.send(json.dumps(request).encode())
        return json.loads(peer.recv(1 << 20))

    def test_both_kinds_for_both_apis(self):
        with with_files({"transport.pfunix":
                         'general: { enabled = true; path = "@/api"; }\n'
                         'admin: { admin_enabled = true; admin_path = "@/admin"; admin_type = "SOCK_DGRAM"; }\n'}) as server:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
                peer.settimeout(10)
                peer.connect(str(server.folder / "api"))
                session = self.ask(peer, {"janus": "create", "transaction": "a"})["data"]["id"]
                handle = self.ask(peer, {"janus": "attach", "plugin": "janus.plugin.echotest", "session_id": session,
                                         "transaction": "b"})["data"]["id"]
                self.ask(peer, {"janus": "message", "session_id": session, "handle_id": handle, "transaction": "c",
                                "body": {"audio": True}})
                self.assertEqual(json.loads(peer.recv(1 << 20))["janus"], "event")
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as admin:
                    admin.settimeout(10)
                    admin.bind(str(server.folder / "me"))
                    admin.connect(str(server.folder / "admin"))
                    listed = self.ask(admin, {"janus": "list_sessions", "transaction": "d", "admin_secret": "blackbox"})
                    self.assertEqual(listed["sessions"], [session])
                    queried = self.ask(admin, {"janus": "query_transport", "transport": "janus.transport.pfunix",
                                               "admin_secret": "blackbox", "transaction": "e",
                                               "request": {"request": "connections"}})
                    self.assertEqual(queried["response"]["result"], 200)
            # Hanging up ends the session.
            until("the session ends", lambda: server.admin("", {"janus": "list_sessions"})["sessions"] == [])
            self.assertEqual(server.stop(), 0)
            self.assertFalse((server.folder / "api").exists())

    def test_sockets_of_systemd_are_used(self):
        with with_files({"transport.pfunix": 'general: { enabled = true; }\n'}) as probe:
            self.assertIn("there is no `path`", probe.log())
        server = with_files({"transport.pfunix": 'general: { enabled = true; }\n'})
        path = str(server.folder / "passed")
        # As systemd does it: descriptor 3, LISTEN_PID is the program itself.
        server.prefix = [sys.executable, "-c",
                         "import os, socket, sys; s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); "
                         "s.bind(sys.argv[1]); s.listen(); os.dup2(s.fileno(), 3) if s.fileno() != 3 else "
                         "os.set_inheritable(3, True); os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
                         "os.execv(sys.argv[2], sys.argv[2:])", path]
        with server:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as peer:
                peer.settimeout(10)
                peer.connect(path)
                self.assertEqual(self.ask(peer, {"janus": "ping", "transaction": "a"})["janus"], "pong")


class NanomsgPeer:
    PAIR, SUB = 16, 33

    def __init__(self, kind, address, bind=False):
        self.library = ctypes.CDLL("libnanomsg.so.5", use_errno=True)
        self.socket = self.library.nn_socket(1, kind)
        second = ctypes.c_int(1000)
        for option in (4, 5):  # NN_SNDTIMEO, NN_RCVTIMEO
            self.library.nn_setsockopt(self.socket, 0, option, ctypes.byref(second), 4)
        if kind == self.SUB:
            self.library.nn_setsockopt(self.socket, kind, 1, b"", 0)
        made = (self.library.nn_bind if bind else self.library.nn_connect)(self.socket, address.encode())
        assert made >= 0, os.strerror(ctypes.get_errno())

    def send(self, message):
        text = json.dumps(message).encode()
        return self.library.nn_send(self.socket, text, len(text), 0) >= 0

    def receive(self):
        room = ctypes.create_string_buffer(1 << 20)
        size = self.library.nn_recv(self.socket, room, len(room), 0)
        return json.loads(room.raw[:size]) if size >= 0 else None

    def close(self):
        self.library.nn_close(self.socket)


class Nanomsg(unittest.TestCase):
    def test_both_apis_and_events_with_peers_that_come_again(self):
        files = {"transport.nanomsg": 'general: { enabled = true; address = "ipc://@/api.ipc"; }\n'
                                      'admin: { admin_enabled = true; admin_mode = "connect"; '
                                      'admin_address = "ipc://@/admin.ipc"; }\n',
                 "eventhandler.nanomsgevh": 'general: { enabled = true; events = "all"; address = "ipc://@/events.ipc"; }\n'}
        with with_files(files) as server:
            events = NanomsgPeer(NanomsgPeer.SUB, f"ipc://{server.folder}/events.ipc", bind=True)
            for round_ in ("one", "two"):
                api = NanomsgPeer(NanomsgPeer.PAIR, f"ipc://{server.folder}/api.ipc")
                admin = NanomsgPeer(NanomsgPeer.PAIR, f"ipc://{server.folder}/admin.ipc", bind=True)
                self.assertTrue(api.send({"janus": "create", "transaction": round_}))
                created = until("the answer", api.receive)
                self.assertEqual(created["transaction"], round_)
                until("the admin API is connected", lambda: admin.send(
                    {"janus": "list_sessions", "transaction": round_, "admin_secret": "blackbox"}))
                self.assertIn(created["data"]["id"], until("the answer", admin.receive)["sessions"])
                api.close()
                admin.close()
            def seen():
                server.post("", {"janus": "create"})
                got = events.receive()
                return got and isinstance(got, list) and got[0]["type"] in (1, 128)
            until("events arrive", seen)
            events.close()


class GelfCollector:
    def __init__(self):
        self.port, self.listening, self.connection = free_port(), None, None

    def open(self):
        self.listening = socket.create_server(("127.0.0.1", self.port))
        self.listening.settimeout(15)

    def accept(self):
        self.connection, _ = self.listening.accept()
        self.connection.settimeout(10)
        self.rest = b""

    def next(self):
        while b"\0" not in self.rest:
            more = self.connection.recv(65536)
            assert more, "the connection ended"
            self.rest += more
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def close(self):
        self.connection.close()
        self.listening.close()


class Gelf(unittest.TestCase):
    def test_tcp_collector_that_goes_and_comes_again(self):
        collector = GelfCollector()
        files = {"eventhandler.gelfevh": 'general: { enabled = true; events = "sessions"; backend = "127.0.0.1"; '
                                         f'port = "{collector.port}"; protocol = "tcp"; }}\n'}
        with with_files(files) as server:
            for round_ in range(2):
                # Made while nobody collects; the server does not mind.
                ids = [server.post("", {"janus": "create"})["data"]["id"] for _ in range(5)]
                collector.open()
                collector.accept()
                got = [collector.next() for _ in range(5)]
                self.assertEqual([event["full_message"]["session_id"] for event in got], ids)
                self.assertEqual(got[0]["short_message"], "Sessions")
                self.assertEqual(got[0]["version"], "1.1")
                collector.close()

    def test_udp_chunks_and_compression(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as collector:
            collector.bind(("127.0.0.1", 0))
            collector.settimeout(10)
            files = {"eventhandler.gelfevh": 'general: { enabled = true; events = "sessions"; backend = "127.0.0.1"; '
                     f'port = {collector.getsockname()[1]}; max_message_len = 60; compress = true; }}\n'}
            with with_files(files) as server:
                session = server.post("", {"janus": "create"})["data"]["id"]
                parts = {}
                while not parts or len(parts) < count:
                    chunk = collector.recv(65536)
                    self.assertEqual(chunk[:2], b"\x1e\x0f")
                    self.assertLessEqual(len(chunk), 72)
                    count = chunk[11]
                    parts[chunk[10]] = chunk[12:]
                event = json.loads(gzip.decompress(b"".join(parts[n] for n in range(count))))
                self.assertEqual(event["full_message"]["session_id"], session)


if __name__ == "__main__":
    unittest.main()
