"""The events of the same calls, of this server and of the reference server, through their HTTP event handlers: kinds, members
and their types, order within a handle; masks and grouping."""
import asyncio
import http.server
import json
import shutil
import threading
import unittest

import aiohttp
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack

from limen_server import PROGRAM, Server, until, until_async

NAMES = {1: "session", 2: "handle", 4: "external", 8: "jsep", 16: "webrtc", 32: "media", 64: "plugin", 128: "transport", 256: "core"}
# Members whose presence depends on the moment.
PASSING = {"remb-bitrate", "codec", "rtt-values"}
# What newer releases of the reference tell beyond the installed one.
NEWER = {("plugin", "janus.plugin.videoroom", "leaving"): {"display"}}


class Collector:
    def __init__(self, port=0):
        self.posts, self.lock = [], threading.Lock()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with collector.lock:
                    collector.posts.append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        http.server.ThreadingHTTPServer.allow_reuse_address = True
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self):
        with self.lock:
            return [event for post in self.posts for event in (post if isinstance(post, list) else [post])]

    def find(self, kind, **members):
        return [event for event in self.events() if NAMES[event["type"]] == kind and
                all(event["event"].get(key) == value for key, value in members.items() if isinstance(event["event"], dict))]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def reporting(program, collector, keys='events = "all"; grouping = true;'):
    server = Server(program=program, nat='ice_ignore_list = "vmnet";')
    conf = server.folder / "conf"
    main = conf / "janus.jcfg"
    main.write_text(main.read_text() + "events: { broadcast = true; stats_period = 1; }\n")
    (conf / "janus.eventhandler.sampleevh.jcfg").write_text(
        f'general: {{ enabled = true; backend = "{collector.url}"; {keys} }}\n')
    (conf / "janus.plugin.echotest.jcfg").write_text("general: { events = true; }\n")
    (conf / "janus.plugin.videoroom.jcfg").write_text('general: { events = true; }\nroom-1234: { description = "one"; }\n')
    (conf / "janus.plugin.textroom.jcfg").write_text('general: { events = true; }\nroom-1234: { description = "one"; }\n')
    return server


class Call:
    """What is done on both servers: over a WebSocket, with a peer that sends and receives."""

    def __init__(self, server, collector):
        self.server, self.collector, self.events, self.number = server, collector, [], 0

    async def run(self):
        async with aiohttp.ClientSession() as http:
            url = f"http://127.0.0.1:{self.server.ws_port}"
            async with http.ws_connect(url, protocols=["janus-protocol"]) as self.socket:
                reader = asyncio.create_task(self.read())
                try:
                    await self.use()
                finally:
                    reader.cancel()

    async def read(self):
        async for message in self.socket:
            self.events.append(json.loads(message.data))

    async def ask(self, **message):
        self.number += 1
        transaction = f"t{self.number}"
        await self.socket.send_json({"transaction": transaction, **message})
        return await until_async(f"a reply to {message}", lambda: next(
            (event for event in self.events if event.get("transaction") == transaction and event["janus"] != "event"), None))

    async def event(self, what, test):
        return await until_async(what, lambda: next((event for event in self.events if test(event)), None))

    async def use(self):
        session = (await self.ask(janus="create"))["data"]["id"]
        await self.echo(session)
        await self.room(session)
        await self.ask(janus="destroy", session_id=session)
        await self.ends_in_a_call()
        self.server.admin("", {"janus": "custom_event", "schema": "my.schema", "data": {"any": "thing"}})
        short = (await self.ask(janus="create"))["data"]["id"]
        self.server.admin(f"/{short}", {"janus": "set_session_timeout", "timeout": 1})
        await until_async("the timeout", lambda: self.collector.find("session", name="timeout"), 20)

    async def echo(self, session):
        reply = await self.ask(janus="attach", session_id=session, plugin="janus.plugin.echotest", opaque_id="call")
        handle = reply["data"]["id"]
        peer = RTCPeerConnection()
        peer.addTrack(AudioStreamTrack())
        peer.addTrack(VideoStreamTrack())
        peer.createDataChannel("JanusDataChannel")
        sink = MediaBlackhole()
        peer.on("track", sink.addTrack)
        await peer.setLocalDescription(await peer.createOffer())
        await self.ask(janus="message", session_id=session, handle_id=handle, body={"audio": True, "video": True},
                       jsep={"type": "offer", "sdp": peer.localDescription.sdp})
        answer = await self.event("the answer", lambda event: event.get("sender") == handle and "jsep" in event)
        await peer.setRemoteDescription(RTCSessionDescription(**{key: answer["jsep"][key] for key in ("type", "sdp")}))
        await sink.start()
        await self.event("the connection", lambda event: event["janus"] == "webrtcup" and event["sender"] == handle)
        await until_async("statistics", lambda: len(self.collector.find("media", media="video")) >= 3)
        await self.ask(janus="hangup", session_id=session, handle_id=handle)
        await self.event("the hangup", lambda event: event["janus"] == "hangup" and event["sender"] == handle)
        await peer.close()
        await sink.stop()
        await self.ask(janus="detach", session_id=session, handle_id=handle)

    async def ends_in_a_call(self):
        """One call ends with its handle, another with its session."""
        for end in ("detach", "destroy"):
            session = (await self.ask(janus="create"))["data"]["id"]
            reply = await self.ask(janus="attach", session_id=session, plugin="janus.plugin.echotest", opaque_id=end)
            handle = reply["data"]["id"]
            peer = RTCPeerConnection()
            peer.addTrack(AudioStreamTrack())
            await peer.setLocalDescription(await peer.createOffer())
            await self.ask(janus="message", session_id=session, handle_id=handle, body={"audio": True},
                           jsep={"type": "offer", "sdp": peer.localDescription.sdp})
            answer = await self.event("the answer", lambda event: event.get("sender") == handle and "jsep" in event)
            await peer.setRemoteDescription(RTCSessionDescription(**{key: answer["jsep"][key] for key in ("type", "sdp")}))
            await self.event("the connection", lambda event: event["janus"] == "webrtcup" and event["sender"] == handle)
            if end == "detach":
                await self.ask(janus="detach", session_id=session, handle_id=handle)
            else:
                await self.ask(janus="destroy", session_id=session)
            await until_async("the end", lambda: self.collector.find("handle", name="detached", opaque_id=end))
            await peer.close()
            if end == "detach":
                await self.ask(janus="destroy", session_id=session)

    async def room(self, session):
        reply = await self.ask(janus="attach", session_id=session, plugin="janus.plugin.videoroom")
        handle = reply["data"]["id"]
        message = lambda **body: self.ask(janus="message", session_id=session, handle_id=handle, body=body)
        await message(request="create", room=4321)
        await message(request="join", ptype="publisher", room=4321, display="x")
        await self.event("joined", lambda event: event.get("plugindata", {}).get("data", {}).get("videoroom") == "joined")
        await message(request="leave")
        await self.event("left", lambda event: event.get("plugindata", {}).get("data", {}).get("leaving") == "ok")
        await message(request="destroy", room=4321)
        await self.ask(janus="detach", session_id=session, handle_id=handle)


def shape(value):
    """Members and types, not values."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items() if key not in PASSING}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return {bool: "bool", int: "number", float: "number", str: "text", type(None): "null"}[type(value)]


def label(event):
    """Which event it is."""
    body = event["event"] if isinstance(event["event"], dict) else {}
    kind, sub = NAMES[event["type"]], event.get("subtype")
    data = body.get("data", {}) if isinstance(body.get("data"), dict) else {}
    if kind == "media" and sub == 3:
        return kind, sub, body.get("media")
    if kind == "plugin":
        return kind, body["plugin"], str(data.get("event") or sorted(data))
    detail = body.get("name") or body.get("owner") or body.get("ice") or body.get("dtls") or body.get("connection") or body.get("status")
    return kind, sub, detail or data.get("event") or ""


def shapes(events):
    out = {}
    for event in events:
        name = label(event)
        if name[0] == "core":
            event = {**event, "event": {"status": event["event"]["status"]}}  # `info` has a comparison of its own
        if name in NEWER:
            event = json.loads(json.dumps(event))
            for member in NEWER[name]:
                event["event"]["data"].pop(member, None)
        out.setdefault(name, json.dumps(shape(event), sort_keys=True))
    return out


def record(program):
    collector = Collector()
    try:
        with reporting(program, collector) as server:
            asyncio.run(Call(server, collector).run())
            until("the connection's end", lambda: collector.find("transport"))
            until("the last event", lambda: [e for e in collector.find("transport") if e["event"]["data"].get("event") == "disconnected"])
            server.stop()
        return collector.events()
    finally:
        collector.stop()


def ends(events, end):
    """What is told of the end of one of the calls of ends_in_a_call()."""
    (handle,) = [e for e in events if NAMES[e["type"]] == "handle" and e["event"] == {
        "name": "attached", "plugin": "janus.plugin.echotest", "opaque_id": end}]
    mine = [e for e in events if e.get("session_id") == handle["session_id"]]
    return [next(value for key in ("name", "connection") if (value := e["event"].get(key))) for e in mine
            if NAMES[e["type"]] in ("session", "handle") or "connection" in e["event"]]


@unittest.skipUnless(shutil.which("janus"), "the reference server is not installed")
class Reference(unittest.TestCase):
    def test_the_same_calls_give_the_same_events(self):
        ours, theirs = record(PROGRAM), record(shutil.which("janus"))
        mine, reference = shapes(ours), shapes(theirs)
        self.assertEqual({name: shape for name, shape in mine.items() if name in reference},
                         {name: shape for name, shape in reference.items() if name in mine})
        self.assertEqual(sorted(map(str, set(reference) - set(mine))), [])
        self.assertEqual(sorted(map(str, set(mine) - set(reference))), [])
        for end, last in ("detach", ["detached", "destroyed"]), ("destroy", ["destroyed", "detached"]):
            self.assertEqual(ends(ours, end), ["created", "attached", "webrtcup", *last])
            self.assertEqual(ends(theirs, end), ends(ours, end))


if __name__ == "__main__":
    unittest.main()
