"""Rooms that live on in the configuration, that want signed tokens, encrypted media, and dummy publishers."""
import asyncio
import base64
import hashlib
import hmac
import time
import unittest

from limen_server import until, until_async
from videoroom_peer import PLUGIN, Publisher, Session, Subscriber, room_server


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 40))


def room_request(server, **request):
    reply = server.admin("", {"janus": "message_plugin", "plugin": PLUGIN, "request": request})
    return reply["response"]


async def refused(test, code, request):
    with test.assertRaisesRegex(AssertionError, str(code)):
        await request


class Rooms(unittest.TestCase):
    def test_permanent_rooms_outlive_the_server(self):
        with room_server('room-1: { description = "first"; pin = "p"; } # kept') as server:
            room_request(server, request="create", room=42, permanent=True, description='a "quoted" room', bitrate=128000,
                         videocodec="vp9,vp8", secret="s", audiolevel_event=True, audio_active_packets=7)
            room_request(server, request="edit", room=1, new_description="renamed", permanent=True)
            self.assertEqual(server.stop(), 0)
            config = (server.folder / "conf/janus.plugin.videoroom.jcfg").read_text()
            server.__enter__()  # in the same folder
            rooms = {r["room"]: r for r in room_request(server, request="list")["list"]}
            self.assertEqual(sorted(rooms), [1, 42], config)
            self.assertEqual((rooms[42]["description"], rooms[42]["bitrate"], rooms[42]["videocodec"],
                              rooms[42]["audio_active_packets"]), ('a "quoted" room', 128000, "vp9,vp8", 7))
            self.assertEqual((rooms[1]["description"], rooms[1]["pin_required"]), ("renamed", True))
            self.assertEqual(room_request(server, request="destroy", room=42, permanent=True)["error_code"], 429)
            self.assertTrue(room_request(server, request="destroy", room=42, permanent=True, secret="s")["permanent"])
            server.stop()
            server.__enter__()
            self.assertEqual([r["room"] for r in room_request(server, request="list")["list"]], [1])

    def test_signed_tokens_name_the_room(self):
        def sign(realm, *descriptors, key=b"sekret"):
            data = ",".join([str(int(time.time()) + 60), realm, *descriptors])
            return data + ":" + base64.b64encode(hmac.new(key, data.encode(), hashlib.sha1).digest()).decode()

        async def scenario(server):
            class WithToken(Session):
                async def send(self, body):
                    return await super().send({"token": sign("janus", PLUGIN), **body})
            async with WithToken(server) as session:
                for token in ("nonsense", sign(PLUGIN, "room=2"), sign("janus", "room=1"), sign(PLUGIN, "room=1", key=b"x")):
                    handle = await Publisher(session).attach()
                    await refused(self, 433, handle.join(1, token=token))
                await (await Publisher(session).attach()).join(1, token=sign(PLUGIN, "room=1"))

        server = room_server("room-1: { signed_tokens = true; }")
        main = server.folder / "conf/janus.jcfg"
        main.write_text(main.read_text().replace("general: {", 'general: { token_auth = true; token_auth_secret = "sekret";', 1))
        server.wait = False
        with server:
            until("it answers", lambda: "token" in _info(server))
            run(scenario(server))

    def test_encrypted_media_are_flagged_and_never_mixed(self):
        async def scenario(server):
            async with Session(server) as session:
                plain = await (await Publisher(session).attach()).join(2)
                await plain.publish(audio=False)
                secret = await (await Publisher(session).attach()).join(2)
                await secret.publish(audio=False, e2ee=True)
                self.assertTrue(secret.answer["e2ee"])
                self.assertTrue(secret.info()["plugin_specific"]["e2ee"])
                watcher = await (await Subscriber(session).attach()).subscribe(2, secret.joined["id"])
                self.assertTrue(watcher.attached["jsep"]["e2ee"])
                await until_async("pictures", lambda: watcher.pictures > 3)
                mixed = await Subscriber(session).attach()
                await refused(self, 438, mixed.subscribe(2, [plain.joined["id"], secret.joined["id"]]))
                demanding = await (await Publisher(session).attach()).join(3)
                await refused(self, 433, demanding.publish(audio=False))

        with room_server("room-2: { publishers = 6; }\nroom-3: { require_e2ee = true; }") as server:
            run(scenario(server))
            self.assertEqual(server.stop(), 0)

    def test_a_dummy_publisher_keeps_a_place_for_somebody(self):
        async def scenario(server):
            async with Session(server) as session:
                dummy = room_request(server, request="listparticipants", room=4)["participants"][0]
                self.assertEqual((dummy["display"], dummy["dummy"]), ("Dummy publisher", True))
                watcher = await (await Subscriber(session).attach()).subscribe(4, dummy["id"])
                streams = watcher.attached["plugindata"]["data"]["streams"]
                self.assertEqual([s["codec"] for s in streams], ["opus", "vp8"])
                self.assertEqual(watcher.attached["jsep"]["sdp"].count("a=sendonly"), 2)
                publisher = await (await Publisher(session).attach()).join(4)
                self.assertEqual([p["id"] for p in publisher.joined["publishers"]], [dummy["id"]])
                await publisher.publish(video=180)
                me = publisher.joined["id"]
                switched = await watcher.request(request="switch", streams=[
                    {"feed": me, "mid": "0", "sub_mid": "0"}, {"feed": me, "mid": "1", "sub_mid": "1"}])
                self.assertEqual(switched["changes"], 2)
                await until_async("the somebody is seen and heard", lambda: watcher.pictures > 5 and watcher.sounds > 5)
                self.assertAlmostEqual(watcher.level, 180, delta=14)

        with room_server('room-4: { dummy_publisher = true; }') as server:
            run(scenario(server))
            self.assertEqual(server.stop(), 0)


def _info(server):
    try:
        return str(server.post("", {"janus": "info"}))
    except OSError:
        return ""


if __name__ == "__main__":
    unittest.main()
