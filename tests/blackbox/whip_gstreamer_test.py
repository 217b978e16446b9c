"""WHIP from GStreamer's own WebRTC stack (webrtcbin): into a mountpoint, and what happens to a wrong secret."""
import asyncio
import json
import pathlib
import subprocess
import sys
import unittest

from limen_server import Server, until_async
from streaming_viewer import Viewer, until_listed

PROGRAM = pathlib.Path(__file__).with_name("gstreamer_whip.py")


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 90))


class Publisher:
    """The publisher until the block ends; `said` is what it told."""

    def __init__(self, server, path):
        self.command = [sys.executable, str(PROGRAM), f"http://127.0.0.1:{server.port}{path}"]

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(*self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                                            stderr=subprocess.DEVNULL)
        self.said = []
        self.reading = asyncio.create_task(self.read())
        return self

    async def read(self):
        async for line in self.process.stdout:
            self.said.append(json.loads(line))

    async def __aexit__(self, *_):
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 15)
        except asyncio.TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self.reading


class GStreamer(unittest.TestCase):
    def test_a_mountpoint_is_fed_watched_and_free_again(self):
        async def scenario(server):
            async with Viewer(server) as viewer:
                await viewer.ask(request="create", type="whip", id=5, secret="studio")
                async with Publisher(server, "/whip/stream/5?secret=studio") as publisher:
                    await until_async("it is connected", lambda: {"connection": "connected"} in publisher.said, 30)
                    await until_listed(viewer, 5)
                    await viewer.watch(5)
                    await viewer.sees("picture and sound", audio=50, video=15)
                    self.assertIn((160, 120), viewer.sizes)
                    self.assertGreater(viewer.loudness, 1000)
                self.assertIn({"deleted": 200}, publisher.said)
                await until_async("viewers are told", lambda: viewer.streaming_event("publisher-left"))

        with Server() as server:
            run(scenario(server))

    def test_a_wrong_secret_is_refused(self):
        async def scenario(server):
            async with Viewer(server) as viewer:
                await viewer.ask(request="create", type="whip", id=5, secret="studio")
                async with Publisher(server, "/whip/stream/5?secret=wrong") as publisher:
                    await until_async("it is answered", lambda: publisher.said, 30)
                self.assertEqual(publisher.said[0], {"status": 403})

        with Server() as server:
            run(scenario(server))


if __name__ == "__main__":
    unittest.main()
