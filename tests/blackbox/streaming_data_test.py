"""The data message that a mountpoint keeps, for a viewer whose channel was there before it started."""
import asyncio
import socket
import unittest

from limen_server import Server, until_async
from streaming_viewer import Viewer


class KeptMessage(unittest.TestCase):
    def test_who_starts_after_the_channel_is_open_gets_it(self):
        async def scenario(server):
            async with Viewer(server) as viewer:
                made = await viewer.ask(request="create", type="rtp", id=7, media=[
                    {"type": "data", "mid": "d", "port": 0, "datatype": "text", "databuffermsg": True, "buffermsg": True}])
                port = made["stream"]["ports"][0]["port"]
                got = []
                channel = viewer.pc.createDataChannel("JanusDataChannel")
                channel.on("message", got.append)
                viewer.pc.on("datachannel", lambda other: other.on("message", got.append))
                await viewer.watch(7)
                await viewer.ask(request="pause")
                await until_async("the channel", lambda: channel.readyState == "open", 20)
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as encoder:
                    encoder.sendto(b"kept for you", ("127.0.0.1", port))
                end = asyncio.get_running_loop().time() + 10
                while (await viewer.ask(request="info", id=7))["info"]["media"][0].get("age_ms", 9999) > 9000:
                    self.assertLess(asyncio.get_running_loop().time(), end, "the message did not come in")
                    await asyncio.sleep(0.05)
                self.assertEqual(got, [])
                await viewer.ask(request="start")
                await until_async("the message kept", lambda: got == ["kept for you"], 10)

        with Server() as server:
            asyncio.run(asyncio.wait_for(scenario(server), 60))


if __name__ == "__main__":
    unittest.main()
