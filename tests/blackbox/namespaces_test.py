"""EchoTest across network namespaces whose link loses packets: an aiortc peer, and the Echo page in Chromium."""
import asyncio
import json
import os
import pathlib
import subprocess
import unittest

from echo_peer import EchoPeer
from limen_server import ROOT, Server, until, until_async
from links import Ipv6Link, LossyLink, PublishedPorts
from namespaces import available

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


def without_candidates(sdp):
    return "".join(line for line in sdp.splitlines(keepends=True) if "candidate" not in line)


def chromium_echo(link, files):
    script = pathlib.Path(__file__).parent / "support" / "echo_over.mjs"
    done = subprocess.run(["node", str(script)], cwd=ROOT, capture_output=True, text=True, timeout=150,
                          env={**os.environ, "PREFIX": json.dumps(link.server_prefix), "ADDRESS": link.server_address,
                               "FILES": json.dumps(files)})
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


async def aiortc_echo(server, **rewrites):
    """Until pictures come back; then what handle_info says about ICE."""
    async with EchoPeer(server, **rewrites) as peer:
        await peer.call()
        await until_async("pictures", lambda: peer.video_frames > 30, 60)
        return server.admin(f"/{peer.session}/{peer.handle}", {"janus": "handle_info"})["info"]["webrtc"]["ice"]


@unittest.skipIf(WHY_NOT, WHY_NOT)
class HardNetworks(unittest.TestCase):
    def test_chromium_connects_over_tcp_where_all_udp_is_lost(self):
        with LossyLink(100) as link:
            figures = chromium_echo(link, {"janus.jcfg": {"nat": {"ice_tcp": True}}})
            print(figures)
            self.assertGreater(link.lost(), 0)
        ours, theirs = figures["pair"].split(" <-> ")
        self.assertIn(",tcp]", ours)
        self.assertIn(",tcp]", theirs)
        passive = [c for c in figures["local"] if c.endswith("tcptype passive")]
        udp = [c for c in figures["local"] if " udp " in c]
        self.assertEqual([c.split()[5] for c in passive], [c.split()[5] for c in udp], "one port number for both")

    def test_chromium_connects_over_tcp_to_the_one_port_of_two_threads(self):
        # Which thread accepts is the kernel's throw of dice; the unit tests have both cases.
        with LossyLink(100) as link:
            figures = chromium_echo(link, {"janus.jcfg": {"nat": {"ice_tcp": True}, "general": {"event_loops": 2},
                                                          "media": {"single_port": 20078}}})
        ours, _ = figures["pair"].split(" <-> ")
        self.assertIn(":20078 [host,tcp]", ours)

    def test_chromium_connects_where_there_is_only_ipv6(self):
        with Ipv6Link() as link:
            figures = chromium_echo(link, {"janus.jcfg": {"media": {"ipv6": True}}})
            print(figures)
        self.assertTrue(figures["pair"].startswith("fd77::1:"), figures)

    def test_aiortc_connects_where_there_is_only_ipv6(self):
        with Ipv6Link() as link, Server(prefix=link.server_prefix, address=link.server_address, media="ipv6 = true;") as server:
            ice = asyncio.run(asyncio.wait_for(aiortc_echo(server), 90))
        self.assertTrue(ice["selected-pair"].startswith("fd77::1:"), ice)

    def test_a_container_with_published_ports_works_by_configuration_alone(self):
        with PublishedPorts((30000, 30009)) as link:
            with Server(prefix=link.server_prefix, address=link.server_address, bind="0.0.0.0", general="event_loops = 2;",
                        nat=f'nat_1_1_mapping = "{link.server_address}";', media='rtp_port_range = "30000-30009";') as server:
                # The client says nothing about itself: only the server's own candidates can help.
                ice = asyncio.run(asyncio.wait_for(aiortc_echo(server, rewrite=without_candidates), 90))
        addresses = {c.split()[4] for c in ice["local-candidates"]}
        self.assertEqual(addresses, {link.server_address})
        self.assertTrue(all(30000 <= int(c.split()[5]) <= 30009 for c in ice["local-candidates"]), ice)


if __name__ == "__main__":
    unittest.main()
