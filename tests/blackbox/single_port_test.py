"""One UDP port for all media threads: several aiortc peers on two threads, each gets its own picture back."""
import asyncio
import contextlib
import re
import socket
import unittest

from echo_peer import EchoPeer
from limen_server import Server, until, until_async


def free_udp_port():
    """Free on all addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        return probe.getsockname()[1]


def sockets_on(port):
    """Local addresses of all UDP sockets of this machine on `port`."""
    with open("/proc/net/udp", encoding="ascii") as table:
        local = [line.split()[1] for line in table.readlines()[1:]]
    return [address for address in local if int(address.split(":")[1], 16) == port]


class SinglePort(unittest.TestCase):
    def test_peers_of_two_threads_share_a_port_and_nothing_else(self):
        port = free_udp_port()

        async def scenario(server):
            async with contextlib.AsyncExitStack() as stack:
                levels = [30, 90, 150, 210]
                peers = [await stack.enter_async_context(EchoPeer(server)) for _ in levels]
                for peer, level in zip(peers, levels):
                    await peer.call(level)
                for peer in peers:
                    await until_async("pictures of every peer", lambda: peer.video_frames > 40 and peer.audio_frames > 40, 60)
                for peer, level in zip(peers, levels):
                    self.assertLess(abs(peer.level - level), 25)
                    candidates = re.findall(r"a=candidate:\S+ 1 udp \d+ \S+ (\d+) ", peer.pc.remoteDescription.sdp)
                    self.assertTrue(candidates)
                    self.assertEqual(set(candidates), {str(port)})
                loops = server.admin("", {"janus": "loops_info"})["loops"]
                self.assertEqual([loop["handles"] for loop in loops], [2, 2])

        with Server(general="event_loops = 2;", media=f"single_port = {port};") as server:
            self.assertRegex(server.log(), rf"UDP .* port {port} \(2 media threads share it")
            addresses = sockets_on(port)
            self.assertEqual(len(addresses), 2 * len(set(addresses)), "each thread has a socket on each address")
            asyncio.run(asyncio.wait_for(scenario(server), 120))
            until("no session is left", lambda: server.admin("", {"janus": "list_sessions"})["sessions"] == [])
            self.assertEqual(server.stop(), 0)
        self.assertEqual(sockets_on(port), [])

    def test_a_second_server_does_not_share_the_port_of_the_first(self):
        port = free_udp_port()
        with Server(general="event_loops = 2;", media=f"single_port = {port};"):
            with Server(general="event_loops = 2;", media=f"single_port = {port};", wait=False) as second:
                self.assertEqual(second.process.wait(15), 1)
                self.assertRegex(second.log(), rf"single_port {port}: cannot bind .* in use")


if __name__ == "__main__":
    unittest.main()
