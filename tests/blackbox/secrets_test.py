"""Nothing secret is in the log: a server at log level 7 is used with every kind of secret there is, right and wrong, and
its log is then searched for all of them."""
import asyncio
import json
import secrets
import unittest
import urllib.error
import urllib.request

from aiortc import RTCPeerConnection

from auth_webhook_test import Service
from json_web_tokens import Secret, token
from limen_server import Server, free_port, until


class Vault:
    """Makes secrets and remembers them."""

    def __init__(self):
        self.all = {}

    def __call__(self, what):
        self.all[what] = f"{what.replace(' ', '')[:6]}{secrets.token_hex(12)}"
        return self.all[what]

    def remember(self, what, text):
        self.all[what] = text
        return text


def write(server, name, text):
    (server.folder / "conf" / name).write_text(text)


class Log(unittest.TestCase):
    def test_has_no_secret_at_any_level(self):
        vault = Vault()
        service = Service(lambda question: (200, None))
        self.addCleanup(service.stop)
        key = Secret(vault("jwt secret") + vault("jwt secret, more"))
        api, admin = vault("api secret"), vault("admin secret")
        server = Server("-d", "7", general=f'api_secret = "{api}"; token_auth = true; protected_folders = ["/etc"];',
                        nat=f'turn_user = "user"; turn_pwd = "{vault("turn password")}"; '
                            f'turn_rest_api_key = "{vault("turn rest key")}";')
        main = server.folder / "conf" / "janus.jcfg"
        main.write_text(main.read_text().replace('admin_secret = "blackbox"', f'admin_secret = "{admin}"') +
                        f'jwt: {{ secret = "{key.secret}"; }}\n'
                        f'webhook: {{ url = "http://127.0.0.1:{service.port}/"; authorization = "Bearer {vault("hook")}";\n'
                        f'  requests = ["create", "attach", "message"]; }}\nevents: {{ broadcast = true; }}\n')
        self.configure(server, vault)
        with server:
            self.use(server, vault, key, api, admin)
            log = server.log()
            self.assertEqual(server.stop(), 0)
        log += server.log()
        self.assertIn("Creating new session", log)
        found = [what for what, text in vault.all.items() if text in log]
        self.assertEqual(found, [], f"in the log of {len(log)} characters")

    @staticmethod
    def configure(server, vault):
        closed = free_port()
        write(server, "janus.eventhandler.sampleevh.jcfg",
              f'general: {{ enabled = true; events = "all"; backend = "http://127.0.0.1:{closed}"; backend_user = "u"; '
              f'backend_pwd = "{vault("collector password")}"; max_retransmissions = 1; }}\n')
        write(server, "janus.eventhandler.wsevh.jcfg",
              f'general: {{ enabled = true; events = "all"; backend = "ws://u:{vault("ws password")}@127.0.0.1:{closed}"; }}\n')
        write(server, "janus.transport.mqtt.jcfg",
              f'general: {{ enabled = true; url = "tcp://127.0.0.1:{closed}"; username = "u"; '
              f'password = "{vault("mqtt password")}"; subscribe_topic = "a"; publish_topic = "b"; }}\n')
        write(server, "janus.transport.rabbitmq.jcfg",
              f'general: {{ enabled = true; host = "127.0.0.1"; port = {closed}; username = "u"; '
              f'password = "{vault("amqp password")}"; to_janus = "a"; from_janus = "b"; }}\n')
        write(server, "janus.plugin.videoroom.jcfg",
              f'general: {{ admin_key = "{vault("videoroom key")}"; }}\n'
              f'room-77: {{ secret = "{vault("room secret")}"; pin = "{vault("room pin")}"; }}\n')
        write(server, "janus.plugin.audiobridge.jcfg",
              f'room-78: {{ secret = "{vault("bridge secret")}"; pin = "{vault("bridge pin")}"; }}\n')
        write(server, "janus.plugin.textroom.jcfg",
              f'room-79: {{ secret = "{vault("text secret")}"; pin = "{vault("text pin")}"; '
              f'post = "http://u:{vault("post password")}@127.0.0.1:{closed}/?key={vault("post key")}"; }}\n')
        write(server, "janus.plugin.streaming.jcfg",
              f'general: {{ admin_key = "{vault("streaming key")}"; }}\n'
              f'one: {{ type = "whip"; id = 80; secret = "{vault("mountpoint secret")}"; pin = "{vault("mountpoint pin")}"; }}\n'
              f'two: {{ type = "rtsp"; id = 81; audio = true; url = "rtsp://127.0.0.1:{closed}/x"; rtsp_user = "u"; '
              f'rtsp_pwd = "{vault("rtsp password")}"; }}\n'
              f'three: {{ type = "rtsp"; id = 82; audio = true; '
              f'url = "rtsp://u:{vault("rtsp url password")}@127.0.0.1:{closed}/x"; }}\n')
        write(server, "janus.plugin.recordplay.jcfg",
              f'general: {{ path = "{server.folder}"; admin_key = "{vault("recordplay key")}"; }}\n')
        write(server, "limen.whip.jcfg",
              f'ice: {{ servers = ["turn:127.0.0.1:3478"]; turn_secret = "{vault("whip turn secret")}"; }}\n')

    def use(self, server, vault, key, api, admin):
        wrong = {what: vault(f"wrong {what}") for what in ("api", "admin", "pin", "secret", "token", "bearer")}
        jwt = vault.remember("jwt", token(key, janus={"*": True}))
        bad_jwt = vault.remember("expired jwt", token(key, lifetime=-500, janus={"*": True}))
        stored = vault("stored token")
        ask_admin = lambda **body: server.post("", {"admin_secret": admin, **body}, server.admin_port, "/admin")
        self.assertEqual(ask_admin(janus="add_token", token=stored)["janus"], "success")
        self.assertEqual(ask_admin(janus="list_tokens")["janus"], "success")
        server.post("", {"janus": "list_sessions", "admin_secret": wrong["admin"]}, server.admin_port, "/admin")
        for credentials in ({"apisecret": wrong["api"]}, {"token": wrong["token"]}, {"token": bad_jwt},
                            {"apisecret": api}, {"token": stored}, {"token": jwt}):
            server.post("", {"janus": "create", **credentials})
        session = server.post("", {"janus": "create", "token": jwt})["data"]["id"]
        self.poll(server, session, wrong["token"])
        for plugin, key_name, object_id, kind in (("videoroom", "room", 77, "room"), ("audiobridge", "room", 78, "bridge"),
                                                  ("textroom", "room", 79, "text"), ("streaming", "id", 80, "mountpoint")):
            handle = server.post(f"/{session}", {"janus": "attach", "token": jwt, "plugin": f"janus.plugin.{plugin}"})["data"]["id"]
            for secret, pin in ((vault.all[f"{kind} secret"], vault.all[f"{kind} pin"]), (wrong["secret"], wrong["pin"])):
                for body in ({"request": "edit", "secret": secret, "new_pin": vault(f"new {kind} pin")},
                             {"request": "edit", "secret": secret, "new_pin": vault.all[f"{kind} pin"]},
                             {"request": "join", "ptype": "publisher", "pin": pin, "token": wrong["token"]},
                             {"request": "watch", "pin": pin}, {"request": "info", "secret": secret},
                             {"request": "listparticipants", "secret": secret}, {"request": "list", "admin_key": secret},
                             {"request": "rtp_forward", "secret": secret, "host": "127.0.0.1", "audio_port": 9,
                              "srtp_suite": 80, "srtp_crypto": vault("srtp key")}):
                    server.post(f"/{session}/{handle}", {"janus": "message", "token": jwt, "body": {key_name: object_id, **body}})
        ask_admin(janus="message_plugin", plugin="janus.plugin.textroom",
                  request={"request": "announcement", "textroom": "announcement", "transaction": "t", "room": 79,
                           "secret": vault.all["text secret"], "text": "hello"})
        ask_admin(janus="message_plugin", plugin="janus.plugin.videoroom",
                  request={"request": "edit", "room": 77, "secret": vault.all["room secret"]})
        ask_admin(janus="query_eventhandler", handler="janus.eventhandler.sampleevh",
                  request={"request": "tweak", "backend_pwd": vault("tweaked password")})
        asyncio.run(self.call(server, session, jwt, vault))
        for bearer in (api, jwt, wrong["bearer"]):
            self.whip(server, bearer, vault.all["mountpoint secret"])
        server.post("", {"janus": "create", "token": jwt})
        ask_admin(janus="remove_token", token=stored)
        until("the collector was tried", lambda: "sampleevh" in server.log())
        until("the room's backend was tried", lambda: "was not posted" in server.log())
        until("the camera was tried", lambda: "RTSP" in server.log())

    @staticmethod
    def poll(server, session, bad):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/janus/{session}?token={bad}", timeout=5).close()
        except urllib.error.HTTPError:
            pass  # refused, as it should be

    @staticmethod
    def whip(server, bearer, secret):
        request = urllib.request.Request(f"http://127.0.0.1:{server.port}/whip/stream/80?secret={secret}", data=b"v=0",
                                         headers={"Content-Type": "application/sdp", "Authorization": f"Bearer {bearer}"})
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError:
            pass  # no offer at all: what counts is the log

    @staticmethod
    async def call(server, session, jwt, vault):
        """A description's ICE password, on both sides."""
        peer = RTCPeerConnection()
        peer.addTransceiver("audio")
        await peer.setLocalDescription(await peer.createOffer())
        sdp = peer.localDescription.sdp
        vault.remember("client's ice-pwd", sdp.split("a=ice-pwd:")[1].split()[0])
        handle = server.post(f"/{session}", {"janus": "attach", "token": jwt, "plugin": "janus.plugin.echotest"})["data"]["id"]
        server.post(f"/{session}/{handle}", {"janus": "message", "token": jwt, "body": {"audio": True},
                                             "jsep": {"type": "offer", "sdp": sdp}})
        url = f"http://127.0.0.1:{server.port}/janus/{session}?token={jwt}"
        for _ in range(40):
            with urllib.request.urlopen(url, timeout=40) as reply:
                event = json.loads(reply.read())
            if "jsep" in event:
                vault.remember("server's ice-pwd", event["jsep"]["sdp"].split("a=ice-pwd:")[1].split()[0])
                break
        await peer.close()
        assert "server's ice-pwd" in vault.all


if __name__ == "__main__":
    unittest.main()
