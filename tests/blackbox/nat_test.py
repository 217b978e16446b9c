"""EchoTest through NATs of the kernel: clients behind a router, a server behind a 1:1 mapping; aiortc and Chromium."""
import asyncio
import json
import os
import pathlib
import subprocess
import unittest

from echo_peer import EchoPeer
from limen_server import ROOT, Server, until_async
from namespaces import available
from nat_links import ClientBehindNat, NatLink, ServerBehindNat

WHY_NOT = available()


class BoundServer(Server):
    """A server that knows its address by another name than clients do."""

    def __init__(self, bind, **settings):
        super().__init__(**settings)
        for file in (self.folder / "conf").glob("janus.transport.*.jcfg"):
            file.write_text(file.read_text().replace(f'"{self.address}"', f'"{bind}"'))


async def echo_pair(server):
    """Calls, waits for pictures both ways, and returns the pair that carries them, as the server shows it."""
    async with EchoPeer(server) as peer:
        await peer.call()
        await until_async("50 pictures", lambda: peer.video_frames > 50, 40)
        info = server.admin(f"/{peer.session}/{peer.handle}", {"janus": "handle_info"})
        return info["info"]["webrtc"]["ice"]["selected-pair"]


def chromium_pair(link, files):
    script = pathlib.Path(__file__).parent / "support" / "echo_with_loss.mjs"
    done = subprocess.run(["node", str(script)], cwd=ROOT, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "PREFIX": json.dumps(link.server_prefix), "ADDRESS": link.server_address,
                               "FILES": json.dumps(files)})
    if done.returncode != 0:
        raise AssertionError(done.stdout + done.stderr)
    return json.loads(done.stdout.splitlines()[-1])["pair"]


@unittest.skipIf(WHY_NOT, WHY_NOT)
class EchoThroughNat(unittest.TestCase):
    """The pair reads `ours:port [type,udp] <-> theirs:port [type,udp]`."""

    def call(self, link, **settings):
        with BoundServer(link.server_bind, prefix=link.server_prefix, address=link.server_address, **settings) as server:
            pair = asyncio.run(asyncio.wait_for(echo_pair(server), 90))
            self.assertEqual(server.stop(), 0)
            return pair

    def test_a_client_behind_a_router_reaches_a_public_server(self):
        for masquerade in ("masquerade", "masquerade fully-random"):
            with self.subTest(masquerade), ClientBehindNat(masquerade) as link:
                ours, theirs = self.call(link).split(" <-> ")
                self.assertTrue(ours.startswith(NatLink.outside_address), ours)
                self.assertTrue(theirs.startswith(NatLink.public_address) and "prflx" in theirs, theirs)

    def test_a_client_behind_a_router_reaches_a_lite_server_on_a_single_port(self):
        with ClientBehindNat() as link:
            ours, _ = self.call(link, general="event_loops = 2;", media="single_port = 20077;",
                                nat="ice_lite = true;").split(" <-> ")
            self.assertTrue(ours.startswith(f"{NatLink.outside_address}:20077 "), ours)

    def test_a_server_behind_a_router_is_reached_by_its_mapping_alone(self):
        with ServerBehindNat() as link:
            _, theirs = self.call(link, nat=f'nat_1_1_mapping = "{link.public_address}";').split(" <-> ")
            self.assertTrue(theirs.startswith(NatLink.outside_address), theirs)

    def test_chromium_through_either_nat(self):
        with ClientBehindNat("masquerade fully-random") as link:
            self.assertIn(f"<-> {NatLink.public_address}:", chromium_pair(link, {}))
        with ServerBehindNat() as link:
            files = {"janus.jcfg": {"nat": {"nat_1_1_mapping": link.public_address}},
                     "janus.transport.http.jcfg": {"admin": {"admin_ip": link.server_bind}}}
            self.assertIn(f"<-> {NatLink.outside_address}:", chromium_pair(link, files))


if __name__ == "__main__":
    unittest.main()
