"""Recordings made by RecordPlay, VideoRoom and EchoTest are what Debian's janus-pp-rec makes media files of, and those
are what was sent: ffprobe and ffmpeg look at them. A recording that janus-pp-rec never saw, made by hand, is played."""
import asyncio
import json
import pathlib
import struct
import subprocess
import unittest

import numpy
from aiortc import RTCSessionDescription
from echo_peer import Colour, EchoPeer
from limen_server import Server, until, until_async
from videoroom_peer import Publisher, Session, Tone

SECONDS = 4


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def recording_server():
    server = Server()
    conf = server.folder / "conf"
    (conf / "janus.plugin.recordplay.jcfg").write_text(f'general: {{ path = "{server.folder}/played"; }}\n')
    (conf / "janus.plugin.videoroom.jcfg").write_text(
        f'room-1: {{ videocodec = "vp8,h264"; rec_dir = "{server.folder}/rooms"; }}\n')
    return server


def header(path):
    """The JSON header of a finished recording."""
    data = path.read_bytes()
    assert data[:8] == b"MJR00002", path
    return json.loads(data[10:10 + struct.unpack(">H", data[8:10])[0]])


def convert(path, extension):
    made = path.with_suffix("." + extension)
    done = subprocess.run(["janus-pp-rec", str(path), str(made)], capture_output=True, text=True)
    assert done.returncode == 0 and made.exists(), done.stdout + done.stderr
    return made


def probe(path):
    text = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,width,height:format=duration",
                           "-of", "json", str(path)], capture_output=True, text=True, check=True).stdout
    return json.loads(text)


class Case(unittest.TestCase):
    def assert_plays(self, path, codec, loudness=None, level=None):
        facts = probe(path)
        self.assertEqual(facts["streams"][0]["codec_name"], codec)
        self.assertGreater(float(facts["format"]["duration"]), SECONDS - 1.5)
        if level is None:
            out = subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-ac", "1", "-f", "s16le", "-"],
                                 capture_output=True, check=True).stdout
            samples = numpy.frombuffer(out, numpy.int16)
            self.assertGreater(abs(samples).max(), loudness)
            return
        self.assertEqual((facts["streams"][0]["width"], facts["streams"][0]["height"]), (320, 240))
        out = subprocess.run(["ffmpeg", "-v", "error", "-i", str(path), "-pix_fmt", "gray", "-f", "rawvideo", "-"],
                             capture_output=True, check=True).stdout
        pictures = numpy.frombuffer(out, numpy.uint8)
        self.assertGreater(len(pictures), 320 * 240 * 20 * (SECONDS - 2))
        self.assertAlmostEqual(int(numpy.median(pictures)), level, delta=10)


class RecordingPeer(EchoPeer):
    """Records with RecordPlay, or plays."""
    plugin = "janus.plugin.recordplay"

    async def ask(self, jsep=None, **body):
        reply = await self.request({"janus": "message", "body": body, **({"jsep": jsep} if jsep else {})})
        data = reply["plugindata"]["data"]
        if "error_code" in data:
            raise AssertionError(f"{body} -> {data}")
        return data, reply.get("jsep")

    async def record(self, **fields):
        self.pc.addTrack(Tone())
        self.pc.addTrack(Colour(90))
        channel = self.pc.createDataChannel("JanusDataChannel")
        channel.on("open", lambda: channel.send("said while recording"))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        jsep = {"type": "offer", "sdp": self.pc.localDescription.sdp}
        data, answer = await self.ask(jsep, request="record", **fields)
        await self.pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
        await until_async("the recorder is up", lambda: self.pc.connectionState == "connected")
        return data["result"]

    async def play(self, number):
        self.messages = []
        data, offer = await self.ask(request="play", id=number)
        await self.pc.setRemoteDescription(RTCSessionDescription(offer["sdp"], "offer"))
        if "m=application" in offer["sdp"]:
            self.pc.createDataChannel("mine")
            self.pc.on("datachannel", lambda channel: channel.on("message", self.messages.append))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        await self.ask({"type": "answer", "sdp": self.pc.localDescription.sdp}, request="start")
        return data["result"]


async def record_all(server):
    async with EchoPeer(server) as echo, Session(server) as session, RecordingPeer(server) as recorder:
        await echo.call(level=60, audio=True)
        await until_async("the echo is up", lambda: echo.video_frames > 0)
        await echo.request({"janus": "message", "body": {"record": True, "filename": f"{server.folder}/echo"}})
        publishers = []
        for codec in ("vp8", "h264"):
            publisher = await (await Publisher(session).attach()).join(1)
            publishers.append(await publisher.publish(video=150, codec=codec, record=True, filename=f"room-{codec}"))
        result = await recorder.record(id=7, name="seven; of nine", filename="seven")
        assert result["status"] == "recording" and result["id"] == 7, result
        await asyncio.sleep(SECONDS)  # that much is to be in the files
        await echo.request({"janus": "message", "body": {"record": False}})
        for publisher in publishers:
            await publisher.request(request="configure", record=False)
        await recorder.ask(request="stop")
        await until_async("the recorder is done", lambda: recorder.event("hangup"))


class Recordings(Case):
    def test_files_of_three_plugins_become_media_files_and_play_again(self):
        with recording_server() as server:
            run(record_all(server))
            played, rooms = server.folder / "played", server.folder / "rooms"
            until("the description is written", lambda: (played / "7.nfo").exists())
            lines = (played / "7.nfo").read_bytes().decode().split("\r\n")
            self.assertEqual(lines[0], "[7]")
            self.assertIn("name = seven\\; of nine", lines)
            for kind in ("audio", "video", "data"):
                self.assertIn(f"{kind} = seven-{kind}.mjr", lines)
            files = [(server.folder / "echo-video.mjr", "webm", "vp8", 60), (played / "seven-video.mjr", "webm", "vp8", 90)]
            files += [(path, *(("mp4", "h264") if "h264" in path.name else ("webm", "vp8")), 150)
                      for path in sorted(rooms.glob("room-*-video-*.mjr"))]
            self.assertEqual(len(files), 4)
            for path, extension, codec, level in files:
                with self.subTest(path.name):
                    self.assertEqual(header(path)["c"], codec)
                    self.assert_plays(convert(path, extension), codec, level=level)
            for path in (played / "seven-audio.mjr", *sorted(rooms.glob("room-*-audio-*.mjr"))):
                with self.subTest(path.name):
                    self.assert_plays(convert(path, "opus"), "opus", loudness=3000)
            probe(convert(server.folder / "echo-audio.mjr", "opus"))
            text = convert(played / "seven-data.mjr", "srt").read_text()
            self.assertIn("said while recording", text)
            run(self.watch(server))

    async def watch(self, server):
        async with RecordingPeer(server) as peer:
            data, _ = await peer.ask(request="list")
            entry = {"id": 7, "is_private": False, "name": "seven; of nine", "audio": True, "audio_codec": "opus",
                     "video": True, "video_codec": "vp8", "data": True}
            listed = data["list"][0]
            self.assertEqual({k: listed[k] for k in entry}, entry)
            self.assertNotIn("warning", await peer.play(7))
            await until_async("pictures", lambda: peer.video_frames > 10 and peer.audio_frames > 10)
            self.assertAlmostEqual(peer.level, 90, delta=10)
            await until_async("the message", lambda: peer.messages == ["said while recording"])
            await until_async("the end", lambda: peer.event("hangup"), SECONDS + 6)
            done = [e["plugindata"]["data"]["result"] for e in peer.events
                    if e["janus"] == "event" and e["plugindata"]["data"]["result"]["status"] == "done"]
            self.assertEqual(done, [{"status": "done", "id": 7, "is_private": 0}])

    def test_a_recording_made_by_hand_is_played(self):
        """Audio only, mu-law, packets in the wrong order and twice, in the older container; without `private`."""
        with recording_server() as server:
            head = json.dumps({"t": "a", "c": "g711", "s": 1, "u": 2}).encode()
            out = b"MJR00001" + struct.pack(">H", len(head)) + head
            order = [1, 0, 2, 2] + list(range(3, 100))
            for number in order:
                rtp = struct.pack(">BBHII", 0x80, 0, 65530 + number & 0xffff, 0xffffff00 + 160 * number & 0xffffffff, 5)
                out += b"MEETECHO" + struct.pack(">H", 172) + rtp + bytes([(0x20 if i % 20 < 10 else 0xa0) for i in range(160)])
            folder = server.folder / "played"
            (folder / "old.mjr").write_bytes(out + b"MEETECHO\x01")  # cut
            (folder / "Old.NFO").write_text("; by hand\n[ 12 ]\nname=Old times\ndate = 2014-10-22 14:44:36\naudio => old\n")
            (folder / "broken.nfo").write_text("[x]\nname = y\n")

            async def scenario():
                async with RecordingPeer(server) as peer:
                    data, _ = await peer.ask(request="update")
                    self.assertEqual(data, {"recordplay": "ok"})
                    data, _ = await peer.ask(request="list")
                    self.assertEqual([(e["id"], e["name"], e["audio_codec"]) for e in data["list"]],
                                     [(12, "Old times", "g711")])
                    await peer.play(12)
                    await until_async("sound", lambda: peer.audio_frames > 20)
                    await until_async("the end", lambda: peer.event("hangup"))
            run(scenario())


if __name__ == "__main__":
    unittest.main()
