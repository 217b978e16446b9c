"""Members of video rooms: clients over WebSocket with aiortc, who publish a tone, a colour and data, or watch them."""
import asyncio
import fractions
import itertools
import json

import aiohttp
import av
import numpy
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from echo_peer import Colour
from limen_server import Server, until_async

PLUGIN = "janus.plugin.videoroom"


def room_server(rooms, general="", program=None, **options):
    """A server, not started yet, with these lines of janus.plugin.videoroom.jcfg."""
    server = Server(**({"program": program} if program else {}), **options)
    (server.folder / "conf/janus.plugin.videoroom.jcfg").write_text(f"general: {{ {general} }}\n{rooms}\n")
    return server


class Tone(MediaStreamTrack):
    """A tone whose loudness can be changed."""
    kind = "audio"

    def __init__(self, loudness=8000):
        super().__init__()
        self.loudness, self.at, self.start = loudness, 0, None

    async def recv(self):
        loop = asyncio.get_running_loop()
        self.start = self.start or loop.time()
        await asyncio.sleep(max(0, self.start + self.at / 48000 - loop.time()))
        wave = numpy.sin(2 * numpy.pi * 480 * numpy.arange(self.at, self.at + 960) / 48000)
        frame = av.AudioFrame.from_ndarray((wave * self.loudness).astype(numpy.int16)[None, :], layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, self.at, fractions.Fraction(1, 48000)
        self.at += 960
        return frame


class Session:
    """async with Session(server) as session: handle = await session.attach(); await session.ask(handle, {...})"""

    def __init__(self, server):
        self.server, self.transactions, self.waiting = server, itertools.count(), {}
        self.events = []  # (handle, plugin data or {"janus": ...})
        self.handles = []

    async def __aenter__(self):
        self.http = aiohttp.ClientSession()
        self.socket = await self.http.ws_connect(f"ws://127.0.0.1:{self.server.ws_port}", protocols=["janus-protocol"])
        self.reader = asyncio.create_task(self._read())
        self.id = (await self.send({"janus": "create"}))["data"]["id"]
        return self

    async def __aexit__(self, *_):
        # Peers that are closed in the middle of a negotiation say so.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await asyncio.gather(*(handle.close() for handle in self.handles))
        self.reader.cancel()
        await asyncio.gather(self.reader, return_exceptions=True)
        await self.http.close()

    async def _read(self):
        async for message in self.socket:
            data = json.loads(message.data)
            waiting = self.waiting.get(data.get("transaction"))
            if data["janus"] == "ack":
                continue
            if waiting and not waiting.done():
                waiting.set_result(data)
                continue
            self.events.append((data.get("sender"), data.get("plugindata", {}).get("data", data)))
            for handle in self.handles:
                if handle.id == data.get("sender"):
                    handle.on_event(data)

    async def send(self, body):
        transaction = f"t{next(self.transactions)}"
        self.waiting[transaction] = asyncio.get_running_loop().create_future()
        ids = {"session_id": self.id} if hasattr(self, "id") else {}
        await self.socket.send_str(json.dumps({"transaction": transaction, **ids, **body}))
        return await asyncio.wait_for(self.waiting[transaction], 15)

    def seen(self, **fields):
        """The first event that has all of these fields."""
        return next((e for _, e in self.events if all(e.get(k) == v for k, v in fields.items())), None)

    def saw(self, name):
        return next((e for _, e in self.events if name in e), None)


class Handle:
    def __init__(self, session):
        self.session, self.tasks = session, []
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    async def attach(self):
        self.id = (await self.session.send({"janus": "attach", "plugin": PLUGIN}))["data"]["id"]
        self.session.handles.append(self)
        return self

    async def close(self):
        await self.pc.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def on_event(self, event):
        pass

    async def ask(self, jsep=None, **body):
        """The whole event; fails the test if it is an error."""
        message = {"janus": "message", "handle_id": self.id, "body": body, **({"jsep": jsep} if jsep else {})}
        event = await self.session.send(message)
        data = event.get("plugindata", {}).get("data", event)
        if "error_code" in data or event["janus"] == "error":
            raise AssertionError(f"{body} -> {data}")
        return event

    async def request(self, **body):
        return (await self.ask(**body))["plugindata"]["data"]

    def info(self):
        return self.session.server.admin(f"/{self.session.id}/{self.id}", {"janus": "handle_info"})["info"]


class Publisher(Handle):
    async def join(self, room, **fields):
        self.joined = await self.request(request="join", ptype="publisher", room=room, **fields)
        return self

    async def publish(self, audio=True, video=80, data=False, codec=None, tweak=lambda sdp: sdp, e2ee=False, **fields):
        self.tone = Tone() if audio else None
        if audio:
            self.pc.addTrack(self.tone)
        if video is not None:
            transceiver = self.pc.addTransceiver("video", direction="sendonly")
            transceiver.sender.replaceTrack(Colour(video))
            if codec:
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver.setCodecPreferences([c for c in codecs if c.mimeType.lower() == f"video/{codec}"])
        self.channel = self.pc.createDataChannel("JanusDataChannel") if data else None
        await self.negotiate(tweak, e2ee, **fields)
        await until_async("the publisher is up", lambda: self.pc.connectionState == "connected")
        return self

    async def negotiate(self, tweak=lambda sdp: sdp, e2ee=False, **fields):
        await self.pc.setLocalDescription(await self.pc.createOffer())
        jsep = {"type": "offer", "sdp": tweak(self.pc.localDescription.sdp), **({"e2ee": True} if e2ee else {})}
        reply = await self.ask(jsep, request="configure", **fields)
        self.configured, self.answer = reply["plugindata"]["data"], reply["jsep"]
        await self.pc.setRemoteDescription(RTCSessionDescription(self.answer["sdp"], "answer"))


class Subscriber(Handle):
    """Counts what it decodes: pictures, sounds, texts; `level` is the brightness of the last picture."""

    def __init__(self, session):
        super().__init__(session)
        self.pictures = self.sounds = self.level = 0
        self.loudness, self.messages, self.channels = 0, [], []
        self.pc.on("track", lambda track: self.tasks.append(asyncio.create_task(self._watch(track))))
        self.pc.on("datachannel", self._on_channel)

    def _on_channel(self, channel):
        self.channels.append(channel.label)
        channel.on("message", self.messages.append)

    async def _watch(self, track):
        while True:
            frame = await track.recv()
            if track.kind == "video":
                self.level = int(numpy.median(frame.to_ndarray(format="rgb24")))
                self.pictures += 1
            else:
                self.loudness = int(abs(frame.to_ndarray()).max())
                self.sounds += 1

    async def subscribe(self, room, feed, **fields):
        streams = [{"feed": f} for f in (feed if isinstance(feed, list) else [feed])]
        self.attached = await self.ask(request="join", ptype="subscriber", room=room, streams=streams, **fields)
        await self.answer(self.attached)
        return self

    async def answer(self, event):
        await self.pc.setRemoteDescription(RTCSessionDescription(event["jsep"]["sdp"], "offer"))
        # The server sends data once a channel of ours tells that there is an association.
        if "m=application" in event["jsep"]["sdp"] and not getattr(self, "own", None):
            self.own = self.pc.createDataChannel("JanusDataChannel")
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        jsep = {"type": "answer", "sdp": self.pc.localDescription.sdp}
        await self.ask(jsep, request="start")

    def on_event(self, event):
        if "jsep" in event:
            self.tasks.append(asyncio.create_task(self.answer(event)))
