"""Collectors of events as real servers: killed and started again while events come; masks; grouping; a dead one slows nothing."""
import asyncio
import json
import threading
import time
import unittest

from aiohttp import WSMsgType, web

from brokers_local_test import NanomsgPeer
from events_reference_test import Collector, reporting
from limen_server import PROGRAM, Server, free_port, until


def sessions(events, name="created"):
    return [event["session_id"] for event in events if event["type"] == 1 and event["event"]["name"] == name]


class Http(unittest.TestCase):
    def test_one_that_is_killed_in_traffic_and_comes_back_misses_nothing(self):
        collector = Collector()
        with reporting(PROGRAM, collector) as server:
            made = [server.post("", {"janus": "create"})["data"]["id"] for _ in range(5)]
            until("the first ones", lambda: sessions(collector.events()) == made)
            collector.stop()
            made += [server.post("", {"janus": "create"})["data"]["id"] for _ in range(5)]
            again = Collector(collector.port)
            self.addCleanup(again.stop)
            made += [server.post("", {"janus": "create"})["data"]["id"] for _ in range(5)]
            until("all of them, in order", lambda: sessions(collector.events()) + sessions(again.events()) == made)

    def test_a_mask_and_no_grouping(self):
        collector = Collector()
        self.addCleanup(collector.stop)
        with reporting(PROGRAM, collector, 'events = "Sessions, handles,nonsense"; grouping = false;') as server:
            session = server.post("", {"janus": "create"})["data"]["id"]
            server.post(f"/{session}", {"janus": "attach", "plugin": "janus.plugin.echotest", "opaque_id": "o"})
            server.post(f"/{session}", {"janus": "destroy"})
            until("the end", lambda: len(collector.events()) == 4)
            self.assertTrue(all(isinstance(post, dict) for post in collector.posts))
            self.assertEqual([(event["type"], event["event"]["name"]) for event in collector.events()],
                             [(1, "created"), (2, "attached"), (1, "destroyed"), (2, "detached")])
            server.admin("", {"janus": "query_eventhandler", "handler": "janus.eventhandler.sampleevh",
                              "request": {"request": "tweak", "events": "none", "grouping": True}})
            server.post("", {"janus": "create"})
            server.admin("", {"janus": "query_eventhandler", "handler": "janus.eventhandler.sampleevh",
                              "request": {"request": "tweak", "events": "external"}})
            server.admin("", {"janus": "custom_event", "schema": "s", "data": {"n": 1}})
            until("the event by hand", lambda: collector.posts[-1] if isinstance(collector.posts[-1], list) else None)
            self.assertEqual([event["type"] for event in collector.events()], [1, 2, 1, 2, 4])

    def test_a_dead_one_slows_nothing(self):
        hanging = Collector()
        self.addCleanup(hanging.stop)
        hanging.lock.acquire()  # it takes what comes and never answers
        self.addCleanup(hanging.lock.release)
        with reporting(PROGRAM, hanging) as server:
            times = []
            for _ in range(300):
                began = time.monotonic()
                server.post("", {"janus": "create"})
                times.append(time.monotonic() - began)
            self.assertLess(sorted(times)[150], 0.1)
            self.assertEqual(server.stop(), 0)


class SocketCollector:
    """A WebSocket server in a thread of its own."""

    def __init__(self, port):
        self.posts, self.port, self.transport = [], port, None
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()
        assert self.ready.wait(10)

    def serve(self):
        asyncio.set_event_loop(self.loop)
        app = web.Application()
        app.router.add_get("/", self.take)
        self.runner = web.AppRunner(app)
        self.loop.run_until_complete(self.runner.setup())
        self.loop.run_until_complete(web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True, shutdown_timeout=0.1).start())
        self.ready.set()
        self.loop.run_forever()

    async def take(self, request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.transport = request.transport
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self.posts.append(json.loads(message.data))
        return socket

    def events(self):
        return [event for post in list(self.posts) for event in (post if isinstance(post, list) else [post])]

    def kill(self):
        async def end():
            if self.transport is not None:
                self.transport.abort()
            await self.runner.cleanup()
        asyncio.run_coroutine_threadsafe(end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class WebSocket(unittest.TestCase):
    def test_one_that_is_killed_in_traffic_and_comes_back_gets_what_waited(self):
        port = free_port()
        server = Server()
        main = server.folder / "conf" / "janus.jcfg"
        main.write_text(main.read_text() + "events: { broadcast = true; }\n")
        (server.folder / "conf" / "janus.eventhandler.wsevh.jcfg").write_text(
            f'general: {{ enabled = true; events = "sessions"; backend = "ws://127.0.0.1:{port}/"; grouping = true; }}\n')
        first = SocketCollector(port)
        with server:
            made = [server.post("", {"janus": "create"})["data"]["id"] for _ in range(3)]
            until("the first ones", lambda: sessions(first.events()) == made)
            first.kill()
            # What is on its way when the connection breaks is nobody's to promise; what comes after the loss was seen is.
            until("the loss is seen", lambda: "No collector" in server.log())
            waiting = [server.post("", {"janus": "create"})["data"]["id"] for _ in range(5)]
            second = SocketCollector(port)
            self.addCleanup(second.kill)
            until("what waited", lambda: sessions(second.events())[-5:] == waiting, 20)
            last = server.post("", {"janus": "create"})["data"]["id"]
            until("what comes now", lambda: sessions(second.events())[-1] == last)


class Nanomsg(unittest.TestCase):
    def test_both_modes_with_subscribers_that_come_again(self):
        for mode in ("bind", "connect"):
            with self.subTest(mode):
                server = Server()
                address = f"ipc://{server.folder}/events.ipc"
                main = server.folder / "conf" / "janus.jcfg"
                main.write_text(main.read_text() + "events: { broadcast = true; }\n")
                (server.folder / "conf" / "janus.eventhandler.nanomsgevh.jcfg").write_text(
                    f'general: {{ enabled = true; events = "sessions"; mode = "{mode}"; address = "{address}"; }}\n')
                with server:
                    for _ in range(2):
                        subscriber = NanomsgPeer(NanomsgPeer.SUB, address, bind=mode == "connect")

                        def seen():
                            session = server.post("", {"janus": "create"})["data"]["id"]
                            post = subscriber.receive()
                            return post and session in sessions(post if isinstance(post, list) else [post])

                        until("events arrive", seen)
                        subscriber.close()


if __name__ == "__main__":
    unittest.main()
