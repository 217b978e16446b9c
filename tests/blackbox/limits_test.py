"""Limits per address on the running server: requests, connections, sessions; proxies; exemptions; address lists."""
import asyncio
import json
import socket
import time
import unittest
import urllib.error
import urllib.request

import aiohttp

from limen_server import Server, until


def limited(keys, http="", sockets="", exempt=""):
    server = Server()
    conf = server.folder / "conf"
    main = conf / "janus.jcfg"
    main.write_text(main.read_text() + f'limits: {{ exempt = "{exempt}"; {keys} }}\n')
    for name, more in (("http", http), ("websockets", sockets)):
        file = conf / f"janus.transport.{name}.jcfg"
        file.write_text(file.read_text().replace("general: {", f"general: {{ {more}", 1))
    return server


def request(server, path="", headers=None, **body):
    data = json.dumps({"transaction": "t", **body}).encode()
    made = urllib.request.Request(f"http://127.0.0.1:{server.port}/janus{path}", data=data, headers=headers or {})
    try:
        with urllib.request.urlopen(made, timeout=10) as reply:
            return reply.status, json.loads(reply.read()), reply.headers
    except urllib.error.HTTPError as refused:
        text = refused.read()
        return refused.code, json.loads(text) if text else None, refused.headers


class Requests(unittest.TestCase):
    def test_http_gets_429_and_when_to_come_back(self):
        # The start-up check asks for info once or more.
        with limited("requests_per_second = 1; request_burst = 10;") as server:
            def refused():
                status, body, headers = request(server, janus="ping")
                return (body, headers) if status == 429 else None

            body, headers = until("one too many", refused)
            self.assertGreaterEqual(int(headers["Retry-After"]), 1)
            self.assertEqual(body["error"]["code"], 450)
            self.assertEqual(headers["Access-Control-Allow-Origin"], "*")
            until("it may again", lambda: request(server, janus="ping")[0] == 200)

    def test_websockets_get_an_error_with_their_transaction(self):
        with limited("requests_per_second = 1; request_burst = 10;") as server:
            asyncio.run(self.flood(server))

    async def flood(self, server):
        async with aiohttp.ClientSession() as http:
            async with http.ws_connect(f"http://127.0.0.1:{server.ws_port}", protocols=["janus-protocol"]) as sock:
                for n in range(30):
                    await sock.send_json({"janus": "ping", "transaction": f"t{n}"})
                replies = [await sock.receive_json(timeout=10) for _ in range(30)]
        self.assertEqual([reply["transaction"] for reply in replies], [f"t{n}" for n in range(30)])
        refused = [reply for reply in replies if reply["janus"] == "error"]
        self.assertEqual(replies[0]["janus"], "pong")
        self.assertGreater(len(refused), 15)
        self.assertTrue(all(reply["error"]["code"] == 450 for reply in refused))

    def test_loopback_is_exempt_unless_said_otherwise(self):
        server = limited("requests_per_second = 1; request_burst = 1;")
        main = server.folder / "conf" / "janus.jcfg"
        main.write_text(main.read_text().replace('exempt = ""; ', ""))
        with server:
            self.assertTrue(all(request(server, janus="ping")[0] == 200 for _ in range(50)))

    def test_behind_a_proxy_clients_count_and_others_claim_nothing(self):
        with limited('requests_per_second = 1; request_burst = 10; proxies = "127.0.0.1";', exempt="127.") as server:
            flood = [request(server, headers={"X-Forwarded-For": "203.0.113.9, 192.0.2.1"}, janus="ping")[0] for _ in range(30)]
            self.assertIn(429, flood)
            self.assertEqual(request(server, headers={"X-Forwarded-For": "192.0.2.2"}, janus="ping")[0], 200)
            # What the client itself put in front does not help it.
            self.assertIn(429, [request(server, headers={"X-Forwarded-For": f"203.0.113.{n}, 192.0.2.1"}, janus="ping")[0]
                                for n in range(5)])
        with limited("requests_per_second = 1; request_burst = 10;") as server:
            flood = [request(server, headers={"X-Forwarded-For": f"203.0.113.{n}"}, janus="ping")[0] for n in range(30)]
            self.assertIn(429, flood)


class Connections(unittest.TestCase):
    def test_one_too_many_is_told_and_a_place_that_is_free_again_is_given(self):
        with limited("connections_per_address = 3;") as server:
            until("the check's connection is closed", lambda: len(self.taken(server)) == 3)

    def taken(self, server):
        """Opens connections until one is refused; closes all."""
        opened = []
        try:
            for _ in range(6):
                connection = socket.create_connection(("127.0.0.1", server.port), 5)
                connection.sendall(b"GET /janus/ping HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = connection.recv(4096)
                if answer.startswith(b"HTTP/1.1 429"):
                    self.assertIn(b"Retry-After: ", answer)
                    connection.close()
                    break
                opened.append(connection)
            return opened
        finally:
            for connection in opened:
                connection.close()

    def test_websockets_share_the_allowance(self):
        with limited("connections_per_address = 4;") as server:
            asyncio.run(self.sockets(server))

    async def sockets(self, server):
        url, opened, status = f"http://127.0.0.1:{server.ws_port}", [], None
        async with aiohttp.ClientSession() as http:
            try:
                for _ in range(6):
                    opened.append(await http.ws_connect(url, protocols=["janus-protocol"]))
            except aiohttp.WSServerHandshakeError as refused:
                status = refused.status
                self.assertEqual(refused.headers["Retry-After"], "5")
            self.assertEqual(status, 429)
            self.assertIn(len(opened), (3, 4))  # the start-up check may still have one
            await opened[0].send_json({"janus": "ping", "transaction": "t"})
            self.assertEqual((await opened[0].receive_json(timeout=10))["janus"], "pong")
            await opened[0].close()

            again, end = None, time.monotonic() + 10
            while again is None:  # the server may notice the end a moment after its client
                try:
                    again = await http.ws_connect(url, protocols=["janus-protocol"])
                except aiohttp.WSServerHandshakeError:
                    self.assertLess(time.monotonic(), end, "the place does not become free")
                    await asyncio.sleep(0.02)
            for one in [*opened, again]:
                await one.close()


class UnixSockets(unittest.TestCase):
    def test_connections_and_requests(self):
        server = limited("connections_per_address = 2; requests_per_second = 1; request_burst = 6;", exempt="127.")
        path = str(server.folder / "api")
        (server.folder / "conf" / "janus.transport.pfunix.jcfg").write_text(
            f'general: {{ enabled = true; path = "{path}"; }}\n')
        with server:
            opened = [self.connect(path) for _ in range(3)]
            refused = json.loads(opened[2].recv(8192))
            self.assertEqual(refused["error"]["code"], 450)
            self.assertEqual(opened[2].recv(8192), b"")
            for n in range(20):
                opened[0].send(json.dumps({"janus": "ping", "transaction": f"t{n}"}).encode())
            replies = [json.loads(opened[0].recv(8192)) for _ in range(20)]
            self.assertEqual([reply["transaction"] for reply in replies], [f"t{n}" for n in range(20)])
            self.assertEqual(replies[0]["janus"], "pong")
            self.assertEqual(replies[-1]["error"]["code"], 450)
            opened[1].close()
            again = until("the place is free", lambda: self.served(path))
            for one in (opened[0], opened[2], again):
                one.close()

    @staticmethod
    def connect(path):
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        made.settimeout(10)
        made.connect(path)
        return made

    def served(self, path):
        made = self.connect(path)
        made.send(json.dumps({"janus": "ping", "transaction": "again"}).encode())
        try:
            answer = json.loads(made.recv(8192) or b"{}")
        except OSError:
            answer = {}
        if answer.get("transaction") == "again":
            return made
        made.close()
        return None


class Sessions(unittest.TestCase):
    def test_per_address_and_per_token(self):
        with limited("sessions_per_address = 3; sessions_per_token = 2;") as server:
            first = request(server, janus="create", token="a")[1]["data"]["id"]
            self.assertEqual(request(server, janus="create", token="a")[1]["janus"], "success")
            refused = request(server, janus="create", token="a")[1]
            self.assertEqual(refused["error"]["code"], 472)
            self.assertIn("Too many sessions", refused["error"]["reason"])
            self.assertEqual(request(server, janus="create", token="b")[1]["janus"], "success")
            self.assertEqual(request(server, janus="create")[1]["error"]["code"], 472)
            request(server, f"/{first}", janus="destroy")
            self.assertEqual(request(server, janus="create")[1]["janus"], "success")


class AddressLists(unittest.TestCase):
    def test_who_is_not_in_the_list_is_not_served(self):
        with limited("", sockets='ws_acl = "192.0.2.";') as server:
            with self.assertRaises((aiohttp.ClientError, OSError)):
                asyncio.run(self.connect(server))
        server = limited("", http='acl = "192.0.2.,127.0.0.";')
        with server:
            self.assertEqual(request(server, janus="ping")[0], 200)
        refused = limited("", http='acl = "192.0.2.";')
        refused.wait = False
        with refused:
            self.assertEqual(until("the admin API is there", lambda: self.admin_ping(refused)), "pong")
            with self.assertRaises(OSError):
                request(refused, janus="ping")

    @staticmethod
    def admin_ping(server):
        try:
            return server.admin("", {"janus": "ping"})["janus"]
        except OSError:
            return None

    @staticmethod
    async def connect(server):
        async with aiohttp.ClientSession() as http:
            await http.ws_connect(f"http://127.0.0.1:{server.ws_port}", protocols=["janus-protocol"])


if __name__ == "__main__":
    unittest.main()
