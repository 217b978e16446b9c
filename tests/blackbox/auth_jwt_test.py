"""JSON Web Tokens against the running server: algorithms and keys, grants, WHIP, WebSockets, what happens at the end."""
import asyncio
import json
import os
import time
import unittest
import urllib.error
import urllib.request

import aiohttp
from aiortc import RTCPeerConnection

from json_web_tokens import Ec, Rsa, Secret, token
from limen_server import Server, until

ALL = {"janus": {"*": True}}


def with_groups(server, text):
    main = server.folder / "conf" / "janus.jcfg"
    main.write_text(main.read_text() + text + "\n")
    return server


def code(reply):
    return reply.get("error", {}).get("code", 0)


class Session:
    def __init__(self, server, bearer):
        self.server, self.token = server, bearer
        self.id = server.post("", {"janus": "create", "token": bearer})["data"]["id"]

    def ask(self, path="", **members):
        return self.server.post(f"/{self.id}{path}", {"token": self.token, **members})

    def attach(self, plugin):
        return self.ask(janus="attach", plugin=f"janus.plugin.{plugin}")

    def handle(self, plugin):
        reply = self.attach(plugin)
        self.server_test_ok(reply)
        handle = reply["data"]["id"]
        return lambda **body: self.ask(f"/{handle}", janus="message", body=body)

    @staticmethod
    def server_test_ok(reply):
        assert reply["janus"] == "success", reply


class Algorithms(unittest.TestCase):
    def test_all_three_by_a_key_set_that_is_read_again(self):
        keys = [Secret(kid="h"), Rsa("r"), Ec("e")]
        server = Server()
        jwks = server.folder / "jwks.json"

        def write(some):
            (server.folder / "new").write_text(json.dumps({"keys": [key.jwk() for key in some]}))
            os.replace(server.folder / "new", jwks)

        write(keys)
        create = lambda bearer: server.post("", {"janus": "create", "token": bearer})
        with with_groups(server, f'jwt: {{ jwks_file = "{jwks}"; leeway = 0; }}'):
            self.assertEqual(code(server.post("", {"janus": "create"})), 403)
            for key in keys:
                self.assertEqual(create(token(key))["janus"], "success", key.algorithm)
                self.assertEqual(code(create(token(key, lifetime=-10))), 403)
                mangled = token(key)
                self.assertEqual(code(create(mangled[:-6] + ("AAAAAA" if mangled[-6:] != "AAAAAA" else "BBBBBB"))), 403)
                # Another key with this name, and a key that is not in the set.
                self.assertEqual(code(create(token(type(key)(kid="x") if key.algorithm != "HS256" else Secret("y" * 40)))), 403)
            # A public key as the secret of a symmetric signature; no signature at all.
            confused = Secret(keys[1].jwk()["n"], "r")
            self.assertEqual(code(create(token(confused))), 403)
            unsigned = token(keys[2], header={"alg": "none"}).rsplit(".", 1)[0] + "."
            self.assertEqual(code(create(unsigned)), 403)

            newer = Ec("n")
            self.assertEqual(code(create(token(newer))), 403)
            write([newer])
            until("the new key counts", lambda: create(token(newer))["janus"] == "success")
            self.assertEqual(code(create(token(keys[2]))), 403)
            jwks.write_text("{ broken")
            # Looked at when a token comes, once a second at most.
            until("it says so", lambda: create(token(newer))["janus"] == "success" and "keeping the old ones" in server.log())

    def test_a_key_file_that_is_not_there_stops_the_start(self):
        with with_groups(Server(wait=False), 'jwt: { jwks_file = "/nowhere/keys.json"; }') as server:
            self.assertNotEqual(server.process.wait(10), 0)
            self.assertIn("/nowhere/keys.json", server.log())

    def test_issuer_audience_and_the_api_secret_beside(self):
        key = Secret()
        groups = f'jwt: {{ secret = "{key.secret}"; issuer = "me"; audience = "limen"; }}'
        with with_groups(Server(general='api_secret = "open sesame";'), groups) as server:
            create = lambda **members: server.post("", {"janus": "create", **members})
            self.assertEqual(create(token=token(key, iss="me", aud=["limen"]))["janus"], "success")
            self.assertEqual(code(create(token=token(key, iss="you", aud=["limen"]))), 403)
            self.assertEqual(code(create(token=token(key, iss="me"))), 403)
            session = create(apisecret="open sesame")["data"]["id"]
            attach = {"janus": "attach", "plugin": "janus.plugin.echotest"}
            self.assertEqual(server.post(f"/{session}", {"apisecret": "open sesame", **attach})["janus"], "success")
            self.assertTrue(server.post("", {"janus": "info"})["auth_token"])


class Grants(unittest.TestCase):
    def setUp(self):
        self.key = Secret()
        self.server = self.enterContext(with_groups(Server(), f'jwt: {{ secret = "{self.key.secret}"; }}'))

    def session(self, **grants):
        return Session(self.server, token(self.key, sub="alice", janus=grants))

    def test_plugins(self):
        session = self.session(echotest=True, videoroom={})
        self.assertEqual(session.attach("echotest")["janus"], "success")
        self.assertEqual(session.attach("videoroom")["janus"], "success")
        self.assertEqual(code(session.attach("streaming")), 405)
        self.assertEqual(code(Session(self.server, token(self.key)).attach("echotest")), 405)
        # Rights count per request: the handle is no better than the token that comes with the message.
        message = session.handle("echotest")
        session.token = token(self.key, janus={"videoroom": True})
        self.assertEqual(code(message(audio=True)), 405)

    def test_rooms(self):
        admin = self.session(videoroom=True).handle("videoroom")
        for room in (7001, 7002):
            self.assertEqual(admin(request="create", room=room)["plugindata"]["data"]["videoroom"], "created")
        guest = self.session(videoroom={"7001": ["subscribe"], "7002": ["join"]})
        ask = guest.handle("videoroom")
        self.assertEqual(ask(request="list")["janus"], "success")
        self.assertEqual(ask(request="listparticipants", room=7001)["janus"], "success")
        for refused in (dict(request="listparticipants", room=7003), dict(request="create", room=7009), dict(request="create"),
                        dict(request="destroy", room=7001), dict(request="kick", room=7001, id=1),
                        dict(request="rtp_forward", room=7001), dict(request="nonsense", room=7001),
                        dict(request="join", ptype="publisher", room=7001),
                        dict(request="join", ptype="publisher", room="7001"),
                        dict(request="joinandconfigure", ptype="publisher", room=7002),
                        dict(request="JoinAndConfigure", ptype="publisher", room=7002),
                        dict(request="join", ptype="subscriber", room=7002, feed=1)):
            self.assertEqual(code(ask(**refused)), 405, refused)
        reply = ask(request="destroy", room=7001)
        self.assertEqual(reply["error"]["reason"],
                         "Provided token can't admin in 7001 of plugin 'janus.plugin.videoroom'")
        self.assertEqual(ask(request="join", ptype="publisher", room=7002)["janus"], "ack")
        # In the room, but not to publish there, whatever room the request claims.
        self.assertEqual(code(ask(request="publish")), 405)
        self.assertEqual(code(ask(request="publish", room=7001)), 405)
        self.assertEqual(ask(request="leave")["janus"], "ack")

    def test_other_plugins(self):
        bridge = self.session(audiobridge={"1": ["join"], "2": ["create", "publish"]}).handle("audiobridge")
        self.assertEqual(code(bridge(request="join", room=1)), 405)
        self.assertEqual(bridge(request="create", room=2)["janus"], "success")
        self.assertEqual(bridge(request="join", room=2)["janus"], "ack")
        text = self.session(textroom={"5": ["create"]}).handle("textroom")
        self.assertEqual(text(request="create", room=5)["janus"], "success")
        self.assertEqual(code(text(request="destroy", room=5)), 405)
        self.assertEqual(code(text(request="list", textroom="destroy", room=5)), 405)
        streaming = self.session(streaming={"1": ["subscribe"]}).handle("streaming")
        self.assertEqual(streaming(request="watch", id=1)["janus"], "ack")
        for refused in (dict(request="watch", id=2), dict(request="info", id=2), dict(request="create", type="rtp"),
                        dict(request="destroy", id=1), dict(request="switch", id=2)):
            self.assertEqual(code(streaming(**refused)), 405, refused)
        call = self.session(videocall={"alice": ["join"]}).handle("videocall")
        self.assertEqual(code(call(request="register", username="bob")), 405)
        self.assertEqual(call(request="register", username="alice")["janus"], "ack")

    def test_whip(self):
        admin = self.session(videoroom=True).handle("videoroom")
        admin(request="create", room=7100)
        offer = asyncio.run(self.offer())

        def publish(bearer):
            request = urllib.request.Request(f"http://127.0.0.1:{self.server.port}/whip/room/7100", data=offer.encode(),
                                             headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {bearer}"})
            try:
                with urllib.request.urlopen(request, timeout=15) as reply:
                    return reply.status
            except urllib.error.HTTPError as refused:
                return refused.code

        self.assertEqual(publish(token(self.key, janus={"videoroom": {"7100": ["publish"]}})), 201)
        self.assertEqual(publish(token(self.key, janus={"videoroom": {"7100": ["join", "subscribe"]}})), 403)
        self.assertEqual(publish(token(self.key, janus={"streaming": True})), 403)
        self.assertEqual(publish(token(self.key, lifetime=-100, janus={"videoroom": True})), 401)
        self.assertEqual(publish("nonsense"), 401)

    @staticmethod
    async def offer():
        peer = RTCPeerConnection()
        peer.addTransceiver("audio", "sendonly")
        await peer.setLocalDescription(await peer.createOffer())
        sdp = peer.localDescription.sdp
        await peer.close()
        return sdp

    def test_handle_info_shows_whose_it_is_and_not_the_token(self):
        session = self.session(echotest=True)
        handle = session.attach("echotest")["data"]["id"]
        info = self.server.admin(f"/{session.id}/{handle}", {"janus": "handle_info"})["info"]
        self.assertEqual(info["jwt"]["subject"], "alice")
        self.assertNotIn(session.token, json.dumps(info))


class End(unittest.TestCase):
    def test_an_expired_token_is_refused_and_a_new_one_goes_on(self):
        key = Secret()
        with with_groups(Server(general="session_timeout = 0;"), f'jwt: {{ secret = "{key.secret}"; leeway = 0; }}') as server:
            session = Session(server, token(key, lifetime=2, **ALL))
            self.assertEqual(session.ask(janus="keepalive")["janus"], "ack")
            until("it has expired", lambda: code(session.ask(janus="keepalive")) == 403)
            session.token = token(key, **ALL)
            self.assertEqual(session.ask(janus="keepalive")["janus"], "ack")

    def test_without_a_new_one_the_session_ends_by_its_timeout(self):
        key = Secret()
        with with_groups(Server(general="session_timeout = 2;"), f'jwt: {{ secret = "{key.secret}"; leeway = 0; }}') as server:
            session = Session(server, token(key, lifetime=1, **ALL))

            def gone():
                session.ask(janus="keepalive")  # refused: it refreshes nothing
                return server.admin("", {"janus": "list_sessions"})["sessions"] == []

            until("the session is gone", gone)

    def test_end_sessions_ends_them_at_once_with_an_event(self):
        key = Secret()
        groups = f'jwt: {{ secret = "{key.secret}"; leeway = 0; end_sessions = true; }}'
        with with_groups(Server(general="session_timeout = 0;"), groups) as server:
            asyncio.run(self.wait_for_the_end(server, key))

    async def wait_for_the_end(self, server, key):
        async with aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{server.ws_port}"
            async with http.ws_connect(url, protocols=["janus-protocol"]) as socket:
                async def ask(**message):
                    await socket.send_json({"transaction": "t", **message})
                    return await socket.receive_json(timeout=10)

                short, renewed = token(key, lifetime=2, **ALL), token(key, lifetime=2, **ALL, sub="r")
                ends = (await ask(janus="create", token=short))["data"]["id"]
                stays = (await ask(janus="create", token=renewed))["data"]["id"]
                await ask(janus="attach", plugin="janus.plugin.echotest", session_id=ends, token=short)
                reply = await ask(janus="keepalive", session_id=stays, token=token(key, **ALL))
                self.assertEqual(reply["janus"], "ack")
                began = time.monotonic()
                events = [await socket.receive_json(timeout=10) for _ in range(2)]
                self.assertEqual([(event["janus"], event["session_id"]) for event in events],
                                 [("timeout", ends), ("detached", ends)])
                self.assertLess(time.monotonic() - began, 6)
                self.assertEqual(server.admin("", {"janus": "list_sessions"})["sessions"], [stays])


if __name__ == "__main__":
    unittest.main()
