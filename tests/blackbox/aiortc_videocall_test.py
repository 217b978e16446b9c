"""VideoCall between two aiortc peers: media and data both ways, and what each sends recorded."""
import asyncio
import json
import struct
import unittest

from aiortc import RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from echo_peer import Colour, EchoPeer
from limen_server import Server, until_async


def without_send_time(sdp):
    """aiortc gives the extension of its video the number of another one of its audio, and falls over what it gets then."""
    return "".join(line for line in sdp.splitlines(True) if "abs-send-time" not in line)


class Caller(EchoPeer):
    """A user of VideoCall; the rest is as with EchoTest."""

    plugin = "janus.plugin.videocall"

    async def __aenter__(self):
        await super().__aenter__()
        self.texts = []
        self.pc.on("datachannel", self._take_channel)
        return self

    def _take_channel(self, channel):
        if self.channel is None:
            self.channel = channel
        channel.on("message", self.texts.append)

    channel = None

    def add_media(self, level):
        self.pc.addTrack(AudioStreamTrack())
        self.pc.addTrack(Colour(level))

    async def ask(self, **body):
        reply = await self.request({"janus": "message", "body": body})
        return reply["plugindata"]["data"]["result"]

    def told(self, name):
        for event in self.events:
            if event.get("plugindata", {}).get("data", {}).get("result", {}).get("event") == name:
                return event
        return None

    def open_channel(self):
        self.channel = self.pc.createDataChannel("talk")
        self.channel.on("message", self.texts.append)

    async def dial(self, name):
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await self.request({"janus": "message", "body": {"request": "call", "username": name},
                            "jsep": {"type": "offer", "sdp": without_send_time(self.pc.localDescription.sdp)}})
        await until_async("accepted", lambda: self.told("accepted"))
        answer = self.told("accepted")["jsep"]
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))

    async def accept(self):
        await until_async("a call comes in", lambda: self.told("incomingcall"))
        offer = self.told("incomingcall")["jsep"]
        await self.pc.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        await self.request({"janus": "message", "body": {"request": "accept"},
                            "jsep": {"type": "answer", "sdp": self.pc.localDescription.sdp}})


def recording(path):
    """The description and the entries of an .mjr file."""
    raw = path.read_bytes()
    assert raw[:8] == b"MJR00002", raw[:8]
    size = struct.unpack(">H", raw[8:10])[0]
    head, at, entries = json.loads(raw[10:10 + size]), 10 + size, []
    while at < len(raw):
        assert raw[at:at + 4] == b"MEET", raw[at:at + 8]
        size = struct.unpack(">H", raw[at + 8:at + 10])[0]
        entries.append(raw[at + 10:at + 10 + size])
        at += 10 + size
    return head, entries


def call(scenario):
    """Two registered users."""

    async def run(server):
        async with Caller(server) as ann, Caller(server) as bob:
            for peer, name in ((ann, "ann"), (bob, "bob")):
                assert (await peer.ask(request="register", username=name))["event"] == "registered"
            await scenario(server, ann, bob)
            await ann.ask(request="hangup")
            await until_async("bob is told", lambda: bob.told("hangup"))
            await until_async("free again", lambda: state_of(server, bob)["state"] == "idle")

    return run


def state_of(server, peer):
    return server.admin(f"/{peer.session}/{peer.handle}", {"janus": "handle_info"})["info"]["plugin_specific"]


async def record(server, peer, name):
    file = server.folder / f"rec-{name}"
    assert (await peer.ask(request="set", record=True, filename=str(file)))["event"] == "set"
    return lambda medium: recording(file.with_name(f"rec-{name}-{medium}.mjr"))


class VideoCallWithAiortc(unittest.TestCase):
    def play(self, scenario):
        with Server() as server:
            asyncio.run(asyncio.wait_for(call(scenario)(server), 90))
            self.check()
            self.assertEqual(server.stop(), 0)

    def test_two_see_and_hear_each_other_and_are_recorded(self):
        async def scenario(server, ann, bob):
            ann.add_media(60)
            bob.add_media(180)
            await asyncio.gather(ann.dial("bob"), bob.accept())
            for peer in (ann, bob):
                await until_async("connected", lambda: peer.event("webrtcup"))
            # A recording begins with a full picture, which aiortc does not ask for itself.
            self.files = [await record(server, ann, "ann"), await record(server, bob, "bob")]
            for peer in (ann, bob):
                await until_async("pictures and sound", lambda: peer.video_frames > 5 and peer.audio_frames > 10, 30)
            self.assertAlmostEqual(ann.level, 180, delta=20)
            self.assertAlmostEqual(bob.level, 60, delta=20)
            before = bob.video_frames
            await until_async("some pictures more", lambda: bob.video_frames > before + 40, 30)
            state = state_of(server, ann)
            self.assertEqual((state["state"], state["peer"]), ("incall", "bob"))
            self.assertTrue(state["recording"])

        def check():
            for file in self.files:
                for medium, kind, codec in (("audio", "a", "opus"), ("video", "v", "vp8")):
                    head, entries = file(medium)
                    self.assertEqual((head["t"], head["c"]), (kind, codec))
                    self.assertGreater(len(entries), 20)

        self.check = check
        self.play(scenario)

    def test_data_passes_both_ways_and_is_recorded(self):
        async def scenario(server, ann, bob):
            ann.open_channel()
            await asyncio.gather(ann.dial("bob"), bob.accept())
            await until_async("the channel is open", lambda: ann.channel.readyState == "open")
            self.files = [await record(server, ann, "ann"), await record(server, bob, "bob")]
            ann.channel.send("hello bob")
            await until_async("ann's words", lambda: "hello bob" in bob.texts)
            bob.channel.send(b"\x01\x02\x03")
            await until_async("bob's bytes", lambda: b"\x01\x02\x03" in ann.texts)

        def check():
            for file, words in zip(self.files, (b"hello bob", b"\x01\x02\x03")):
                head, entries = file("data")
                self.assertEqual(head["t"], "d")
                # An entry: when it came, and the bytes.
                self.assertEqual([entry[8:] for entry in entries], [words])

        self.check = check
        self.play(scenario)


if __name__ == "__main__":
    unittest.main()
