"""EchoTest with aiortc peers: plain, through a lossy and slow path, vanishing, and many at once."""
import asyncio
import re
import unittest

from echo_peer import EchoPeer
from limen_server import Server, until, until_async
from udp_relay import Relay


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 120))


def candidate_of(sdp):
    found = re.search(r"a=candidate:\S+ 1 udp \d+ (\S+) (\d+) typ host", sdp)
    return found.group(1), int(found.group(2))


class EchoWithAiortc(unittest.TestCase):
    def test_media_comes_back(self):
        async def scenario(server):
            async with EchoPeer(server) as peer:
                await peer.call(level=60)
                await until_async("pictures and sound come back", lambda: peer.video_frames > 20 and peer.audio_frames > 50, 30)
                self.assertAlmostEqual(peer.level, 60, delta=12)
                self.assertTrue(peer.event("webrtcup"))
                peer.events.clear()
                await peer.request({"janus": "hangup"})
                await until_async("hangup event", lambda: peer.event("hangup"))
                self.assertEqual(peer.event("hangup")["reason"], "Janus API")

        with Server() as server:
            run(scenario(server))
            self.assertEqual(server.stop(), 0)

    def test_five_percent_loss_and_fifty_milliseconds(self):
        async def scenario(server):
            relay = None

            def through_relay(sdp):
                host, port = candidate_of(sdp)
                relay.server = (host, port)
                return re.sub(rf"({re.escape(host)}) {port} typ host", rf"\1 {relay.address[1]} typ host", sdp)

            # The peer must not offer its own address, or the server would find the direct path.
            def without_candidates(sdp):
                return "".join(l for l in sdp.splitlines(True) if not l.startswith("a=candidate"))

            async with EchoPeer(server, rewrite=without_candidates, rewrite_answer=through_relay) as peer:
                probe = server.post("", {"janus": "info"})
                relay = await Relay(None, loss=0.05, delay=0.025).open(probe["local-ip"])
                await peer.call()
                await until_async("connected through the relay", lambda: peer.event("webrtcup"), 30)
                await until_async("200 pictures despite loss", lambda: peer.video_frames > 200, 60)
                info = server.admin(f"/{peer.session}/{peer.handle}", {"janus": "handle_info"})
                stats = info["info"]["webrtc"]["media"]["1"]["stats"]
                self.assertGreater(relay.dropped, 20)
                self.assertGreater(stats["in"].get("retransmissions", 0) + stats["out"].get("nacks", 0), 0, stats)
                relay.close()

        with Server() as server:
            run(scenario(server))

    def test_vanished_peers_leave_nothing(self):
        async def call_and_vanish(server):
            async with EchoPeer(server) as peer:
                await peer.call(audio=False)
                await until_async("pictures", lambda: peer.video_frames > 3, 30)
                # The WebSocket closes with the context manager; its session must go with it.

        with Server() as server:
            run(call_and_vanish(server))
            until("no session is left", lambda: server.admin("", {"janus": "list_sessions"})["sessions"] == [])
            files = server.open_files()
            for _ in range(3):
                run(call_and_vanish(server))
            until("no session is left", lambda: server.admin("", {"janus": "list_sessions"})["sessions"] == [])
            until("no file is left", lambda: server.open_files() <= files)
            self.assertEqual(server.stop(), 0)

    def test_several_at_once_get_their_own_picture(self):
        async def one(server, level):
            async with EchoPeer(server) as peer:
                await peer.call(level=level, audio=False)
                await until_async(f"picture of {level}", lambda: peer.video_frames > 15, 60)
                self.assertAlmostEqual(peer.level, level, delta=14)

        async def scenario(server):
            await asyncio.gather(*(one(server, level) for level in (30, 90, 150, 210)))

        with Server() as server:
            threads = server.threads()
            run(scenario(server))
            self.assertEqual(server.threads(), threads)


if __name__ == "__main__":
    unittest.main()
