"""Mountpoints over the API, and an aiortc viewer of one."""
import asyncio

import numpy
from aiortc import RTCSessionDescription
from echo_peer import EchoPeer
from limen_server import until_async


class Viewer(EchoPeer):
    """async with Viewer(server) as viewer: await viewer.watch(1); viewer.video_frames, viewer.loudness ..."""

    plugin = "janus.plugin.streaming"

    def __init__(self, server):
        super().__init__(server)
        self.loudness = 0.0
        self.sizes = set()

    async def _watch(self, track):
        while True:
            frame = await track.recv()
            if track.kind == "video":
                self.video_frames += 1
                self.sizes.add((frame.width, frame.height))
            else:
                self.audio_frames += 1
                self.loudness = max(self.loudness, float(numpy.abs(frame.to_ndarray().astype(float)).mean()))

    async def ask(self, **body):
        reply = await self.request({"janus": "message", "body": body})
        return reply["plugindata"]["data"]

    async def watch(self, mountpoint):
        reply = await self.request({"janus": "message", "body": {"request": "watch", "id": mountpoint}})
        if "jsep" not in reply:
            raise AssertionError(f"no offer: {reply}")
        await self.pc.setRemoteDescription(RTCSessionDescription(reply["jsep"]["sdp"], reply["jsep"]["type"]))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        local = self.pc.localDescription
        await self.request({"janus": "message", "body": {"request": "start"}, "jsep": {"type": local.type, "sdp": local.sdp}})
        return reply["jsep"]["sdp"]

    def streaming_event(self, name):
        for event in self.events:
            data = event.get("plugindata", {}).get("data", {})
            if data.get("event") == name:
                return data
        return None

    async def sees(self, what, audio=0, video=0, timeout=20):
        """Waits until this many more frames have been decoded."""
        audio, video = audio and audio + self.audio_frames, video and video + self.video_frames
        await until_async(what, lambda: self.audio_frames >= audio and self.video_frames >= video, timeout)


async def until_listed(viewer, mountpoint, timeout=20):
    """A URL mountpoint has media from its first connection on."""
    end = asyncio.get_running_loop().time() + timeout
    while True:
        info = (await viewer.ask(request="info", id=mountpoint))["info"]
        if info.get("media"):
            return info
        if asyncio.get_running_loop().time() > end:
            raise AssertionError(f"no media within {timeout} s: {info}")
        await asyncio.sleep(0.1)
