"""What leaves a video room other than to subscribers (RTP and SRTP forwarders, recordings), and what publishers are
told (bitrates, key frame requests, talking), with real peers and ffmpeg."""
import asyncio
import base64
import os
import random
import re
import socket
import subprocess
import time
import unittest

import numpy
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RtcpPsfbPacket, unpack_remb_fci
from limen_server import until_async
from videoroom_peer import Publisher, Session, Subscriber, room_server

MAPS = {"vp8": "VP8/90000", "h264": "H264/90000", "opus": "opus/48000/2"}


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def free_udp_pair():
    """A port for RTP with the one behind it, for RTCP: ffmpeg takes both. Below those that the system hands out."""
    while True:
        port = random.randrange(15000, 20000, 2)
        try:
            with socket.socket(type=socket.SOCK_DGRAM) as rtp, socket.socket(type=socket.SOCK_DGRAM) as rtcp:
                rtp.bind(("", port))
                rtcp.bind(("", port + 1))
                return port
        except OSError:
            continue


class Decoder:
    """ffmpeg listening on a port: decodes some pictures to grey or some sound to samples."""

    def __init__(self, folder, codec, key=None):
        self.port, self.codec = free_udp_pair(), codec
        kind = "audio" if codec == "opus" else "video"
        text = (f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n"
                f"m={kind} {self.port} RTP/{'S' if key else ''}AVP 96\na=rtpmap:96 {MAPS[codec]}\n")
        if codec == "h264":
            text += "a=fmtp:96 packetization-mode=1\n"
        if key:
            text += f"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}\n"
        sdp = folder / f"{self.port}.sdp"
        sdp.write_text(text)
        out = ["-t", "1", "-ac", "1", "-f", "s16le"] if kind == "audio" else \
            ["-frames:v", "12", "-vf", "scale=16:16", "-pix_fmt", "gray", "-f", "rawvideo"]
        self.process = subprocess.Popen(
            ["ffmpeg", "-loglevel", "error", "-protocol_whitelist", "file,udp,rtp,srtp", "-probesize", "20000",
             "-analyzeduration", "2000000", "-i", str(sdp), *out, "-"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    async def result(self):
        loop = asyncio.get_running_loop()
        data = await asyncio.wait_for(loop.run_in_executor(None, self.process.stdout.read), 20)
        self.process.wait()
        return numpy.frombuffer(data, numpy.int16 if self.codec == "opus" else numpy.uint8)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Feedback:
    """Writes down what RTCP tells a publisher's video sender."""

    def __init__(self, publisher):
        self.estimates, self.keyframes = [], []
        self.sender = next(s for s in publisher.pc.getSenders() if s.kind == "video")
        self.handle = self.sender._handle_rtcp_packet
        self.sender._handle_rtcp_packet = self.on_packet

    async def on_packet(self, packet):
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_PLI:
            self.keyframes.append(time.monotonic())
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            self.estimates.append(unpack_remb_fci(packet.fci)[0])
        await self.handle(packet)


async def publisher_in(session, room, *, watch=False, **publish):
    publisher = await (await Publisher(session).attach()).join(room)
    if watch:
        add = publisher.pc.addTransceiver
        def with_feedback(*args, **kwargs):
            transceiver = add(*args, **kwargs)
            publisher.feedback = Feedback(publisher)
            return transceiver
        publisher.pc.addTransceiver = with_feedback
    return await publisher.publish(**publish)


class Forwarders(unittest.TestCase):
    def test_ffmpeg_decodes_what_is_forwarded(self):
        async def scenario(server):
            key = base64.b64encode(os.urandom(30)).decode()
            async with Session(server) as session:
                publishers = [await publisher_in(session, 1, video=150),
                              await publisher_in(session, 1, video=60, audio=False, codec="h264")]
                ids = [p.joined["id"] for p in publishers]
                decoders = [Decoder(server.folder, "opus"), Decoder(server.folder, "vp8"),
                            Decoder(server.folder, "h264"), Decoder(server.folder, "vp8", key)]
                opus, vp8, h264, secret = decoders
                try:
                    forward = {"request": "rtp_forward", "room": 1, "host": "127.0.0.1"}
                    plain = await publishers[0].request(
                        **forward, publisher_id=ids[0], streams=[{"mid": "0", "port": opus.port, "pt": 96},
                                                                 {"mid": "1", "port": vp8.port, "pt": 96, "ssrc": 7}])
                    self.assertEqual([f["type"] for f in plain["forwarders"]], ["audio", "video"])
                    # Through the admin API, where the answer comes later, too.
                    through_admin = server.admin("", {"janus": "message_plugin", "plugin": "janus.plugin.videoroom",
                                                      "request": {**forward, "publisher_id": ids[1],
                                                                  "streams": [{"mid": "0", "port": h264.port, "pt": 96}]}})
                    self.assertEqual(len(through_admin["response"]["forwarders"]), 1)
                    srtp = await publishers[0].request(**forward, publisher_id=ids[0], srtp_suite=80, srtp_crypto=key,
                                                       streams=[{"mid": "1", "port": secret.port, "pt": 96}])
                    self.assertTrue(srtp["forwarders"][0]["srtp"])

                    async def ask_for_pictures():
                        while True:
                            for publisher in publishers:
                                await publisher.request(request="configure", keyframe=True)
                            await asyncio.sleep(1.2)
                    asking = asyncio.create_task(ask_for_pictures())
                    sound, *pictures = await asyncio.gather(*(d.result() for d in decoders))
                    asking.cancel()
                    self.assertGreater(abs(sound).max(), 3000)
                    for name, picture, level in zip(("vp8", "h264", "srtp"), pictures, (150, 60, 150)):
                        self.assertGreaterEqual(len(picture), 12 * 256, name)
                        self.assertAlmostEqual(int(numpy.median(picture)), level, delta=14, msg=name)
                    listed = await publishers[0].request(request="listforwarders", room=1)
                    for publisher in listed["publishers"]:
                        for forwarder in publisher["forwarders"]:
                            stopped = server.admin("", {"janus": "message_plugin", "plugin": "janus.plugin.videoroom",
                                                        "request": {"request": "stop_rtp_forward", "room": 1,
                                                                    "publisher_id": publisher["publisher_id"],
                                                                    "stream_id": forwarder["stream_id"]}})
                            self.assertEqual(stopped["response"]["videoroom"], "stop_rtp_forward")
                    after = server.admin("", {"janus": "message_plugin", "plugin": "janus.plugin.videoroom",
                                              "request": {"request": "listforwarders", "room": 1}})
                    self.assertEqual(after["response"]["publishers"], [])
                finally:
                    for decoder in decoders:
                        decoder.close()

        with room_server('room-1: { videocodec = "vp8,h264"; }') as server:
            run(scenario(server))
            self.assertEqual(server.stop(), 0)


class Recordings(unittest.TestCase):
    def test_names_and_lives_of_recordings(self):
        async def scenario(server, folder):
            names = lambda: sorted(path.name for path in folder.glob("*")) if folder.exists() else []
            async with Session(server) as session:
                publisher = await publisher_in(session, 1, data=True)
                me = publisher.joined["id"]
                await until_async("files of the room's recording", lambda: len(names()) == 3)
                for stream in ("audio-0", "video-1", "data-2"):
                    pattern = rf"videoroom-1-user-{me}-\d+-{stream}\.mjr\.tmp"
                    self.assertEqual(len([n for n in names() if re.fullmatch(pattern, n)]), 1, names())
                told = [s["recording"] for s in publisher.info()["plugin_specific"]["streams"]]
                self.assertTrue(all(name.endswith(".mjr") for name in told), told)
                await asyncio.sleep(0.8)
                publisher.channel.send("written down")
                await asyncio.sleep(0.3)
                ended = await publisher.request(request="enable_recording", room=1, record=False)
                self.assertFalse(ended["record"])
                await until_async("closed under their names", lambda: names() == sorted(told))
                await publisher.request(request="configure", record=True, filename="talk")
                await until_async("named files", lambda: {f"talk-{k}.mjr.tmp" for k in ("audio-0", "video-1", "data-2")} <= set(names()))
                await asyncio.sleep(1.0)
                await publisher.request(request="unpublish")
                await until_async("closed with the publisher", lambda: not any(n.endswith(".tmp") for n in names()))
            for name, stream in (("talk-video-1", "vp8"), ("talk-audio-0", "opus")):
                out = folder / (name + (".webm" if stream == "vp8" else ".opus"))
                subprocess.run(["janus-pp-rec", str(folder / f"{name}.mjr"), str(out)], check=True, capture_output=True)
                probe = subprocess.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries",
                                        "stream=codec_name,nb_read_packets", "-of", "csv=p=0", str(out)],
                                       check=True, capture_output=True, text=True).stdout.strip().split(",")
                self.assertEqual(probe[0], stream)
                self.assertGreater(int(probe[1]), 10)
            text = next(folder.glob("*user*-data-2.mjr"))
            self.assertIn(b"written down", text.read_bytes())

        server = room_server("")
        folder = server.folder / "recordings"
        (server.folder / "conf/janus.plugin.videoroom.jcfg").write_text(
            f'room-1: {{ record = true; rec_dir = "{folder}"; }}\n')
        main = server.folder / "conf/janus.jcfg"
        main.write_text(main.read_text().replace("general: {", 'general: { recordings_tmp_ext = "tmp";', 1))
        with server:
            run(scenario(server, folder))
            self.assertEqual(server.stop(), 0)


class WhatPublishersAreTold(unittest.TestCase):
    def test_bitrates_keyframes_and_talking(self):
        async def scenario(server):
            async with Session(server) as session:
                publisher = await publisher_in(session, 1, watch=True)
                heard = publisher.feedback
                await until_async("the ramp ends at the cap", lambda: 400000 in heard.estimates)
                ramp = heard.estimates[:heard.estimates.index(400000) + 1]
                self.assertEqual(ramp, sorted(ramp))
                self.assertLess(ramp[0], 400000)
                await publisher.request(request="configure", bitrate=256000)
                await until_async("a new cap is told at once", lambda: heard.estimates[-1] == 256000)
                heard.keyframes.clear()
                await until_async("key frames are asked for all the time", lambda: len(heard.keyframes) >= 3, 8)
                gaps = numpy.diff(heard.keyframes)
                self.assertTrue(all(0.8 < gap < 2.5 for gap in gaps), gaps)
                talking = await until_async("talking", lambda: session.seen(videoroom="talking"))
                self.assertEqual((talking["id"], talking["mid"]), (publisher.joined["id"], "0"))
                self.assertLess(talking["audio-level-dBov-avg"], 40)
                publisher.tone.loudness = 0
                await until_async("not talking", lambda: session.seen(videoroom="stopped-talking"))

        room = "room-1: { bitrate = 400000; fir_freq = 1; audiolevel_event = true; audio_active_packets = 10; audio_level_average = 40; }"
        with room_server(room) as server:
            run(scenario(server))
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
