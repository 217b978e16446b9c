"""An aiortc peer in a call with EchoTest over WebSocket: sends a tone and a colour, watches what comes back."""
import asyncio
import fractions
import json

import aiohttp
import numpy
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from av import VideoFrame


class Colour(VideoStreamTrack):
    def __init__(self, level):
        super().__init__()
        self.level = level
        self.count = 0

    async def recv(self):
        pts, base = await self.next_timestamp()
        self.count += 1
        plane = numpy.full((240, 320, 3), self.level, numpy.uint8)
        plane[:, (self.count * 4) % 320:(self.count * 4) % 320 + 8] = 255 - self.level
        frame = VideoFrame.from_ndarray(plane, format="rgb24")
        frame.pts, frame.time_base = pts, base
        return frame


class EchoPeer:
    """async with EchoPeer(server) as peer: await peer.call(); peer.video_frames ..."""

    plugin = "janus.plugin.echotest"

    def __init__(self, server, rewrite=lambda sdp: sdp, rewrite_answer=lambda sdp: sdp):
        self.server, self.rewrite, self.rewrite_answer = server, rewrite, rewrite_answer
        self.video_frames = self.audio_frames = 0
        self.level = None
        self.events = []
        self.replies = {}
        self.tasks = []

    async def __aenter__(self):
        self.http = aiohttp.ClientSession()
        self.socket = await self.http.ws_connect(f"ws://{self.server.host}:{self.server.ws_port}", protocols=["janus-protocol"])
        self.tasks.append(asyncio.create_task(self._read()))
        self.session = (await self.request({"janus": "create"}))["data"]["id"]
        self.handle = (await self.request({"janus": "attach", "plugin": self.plugin}))["data"]["id"]
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.pc.on("track", lambda track: self.tasks.append(asyncio.create_task(self._watch(track))))
        return self

    async def __aexit__(self, *_):
        await self.pc.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.http.close()

    async def _read(self):
        async for message in self.socket:
            data = json.loads(message.data)
            waiting = self.replies.get(data.get("transaction"))
            if waiting and not waiting.done() and data["janus"] != "ack":
                waiting.set_result(data)
            else:
                self.events.append(data)

    async def request(self, body):
        transaction = f"t{len(self.replies)}"
        self.replies[transaction] = asyncio.get_running_loop().create_future()
        ids = {k: v for k, v in (("session_id", getattr(self, "session", None)), ("handle_id", getattr(self, "handle", None))) if v}
        await self.socket.send_str(json.dumps({"transaction": transaction, **ids, **body}))
        return await asyncio.wait_for(self.replies[transaction], 15)

    async def _watch(self, track):
        while True:
            frame = await track.recv()
            if track.kind == "video":
                self.video_frames += 1
                self.level = int(numpy.median(frame.to_ndarray(format="rgb24")))
            else:
                self.audio_frames += 1

    async def call(self, level=60, audio=True):
        if audio:
            self.pc.addTrack(AudioStreamTrack())
        self.pc.addTrack(Colour(level))
        await self.negotiate()

    async def negotiate(self):
        await self.pc.setLocalDescription(await self.pc.createOffer())
        sdp = self.rewrite(self.pc.localDescription.sdp)
        reply = await self.request({"janus": "message", "body": {"audio": True, "video": True}, "jsep": {"type": "offer", "sdp": sdp}})
        answer = reply["jsep"]
        await self.pc.setRemoteDescription(RTCSessionDescription(self.rewrite_answer(answer["sdp"]), answer["type"]))

    def event(self, name):
        return next((e for e in self.events if e["janus"] == name), None)
