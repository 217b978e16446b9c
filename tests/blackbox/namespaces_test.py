"""EchoTest across network namespaces whose link loses packets: an aiortc peer, and the Echo page in Chromium."""
import asyncio
import json
import os
import pathlib
import subprocess
import unittest

from echo_peer import EchoPeer
from limen_server import ROOT, Server, until, until_async
from namespaces import LossyLink, available

WHY_NOT = available()


@unittest.skipIf(WHY_NOT, WHY_NOT)
class EchoAcrossNamespaces(unittest.TestCase):
    def test_aiortc_gets_its_media_back_despite_five_percent_loss(self):
        async def scenario(server, link):
            async with EchoPeer(server) as peer:
                await peer.call()
                await until_async("150 pictures despite loss", lambda: peer.video_frames > 150, 60)
                info = server.admin(f"/{peer.session}/{peer.handle}", {"janus": "handle_info"})
                stats = info["info"]["webrtc"]["media"]["1"]["stats"]
                self.assertGreater(link.lost(), 20)
                self.assertGreater(stats["out"].get("nacks", 0) + stats["in"].get("nacks", 0), 0, stats)

        with LossyLink(5) as link, Server(prefix=link.server_prefix, address=link.server_address) as server:
            asyncio.run(asyncio.wait_for(scenario(server, link), 90))
            until("no session is left", lambda: server.admin("", {"janus": "list_sessions"})["sessions"] == [])
            self.assertEqual(server.stop(), 0)

    def test_chromium_keeps_playing_despite_five_percent_loss(self):
        with LossyLink(5) as link:
            script = pathlib.Path(__file__).parent / "support" / "echo_with_loss.mjs"
            done = subprocess.run(["node", str(script)], cwd=ROOT, capture_output=True, text=True, timeout=120,
                                  env={**os.environ, "PREFIX": json.dumps(link.server_prefix), "ADDRESS": link.server_address})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            figures = json.loads(done.stdout.splitlines()[-1])
            print(figures, "lost", link.lost())
            self.assertGreater(link.lost(), 30)
            self.assertGreater(figures["frames"], 200)
            self.assertGreater(figures["nacksToBrowser"], 0)
            self.assertGreater(figures["retransmissionsFromBrowser"], 0)
            self.assertGreater(figures["nacksFromBrowser"], 0)


if __name__ == "__main__":
    unittest.main()
