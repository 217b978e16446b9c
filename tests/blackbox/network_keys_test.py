"""Each network key of `nat` and `media`: what clients are told, what `info` says, what the server does."""
import asyncio
import json
import socket
import struct
import threading
import unittest
import urllib.request

from echo_peer import EchoPeer
from limen_server import Server, until, until_async
from links import Interfaces
from namespaces import available
from network_doctor_test import StunServer

WHY_NOT = available()
GROUP = "224.0.0.251", 5353
OFFER = "".join(line + "\r\n" for line in (
    "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0",
    "a=mid:0", "a=ice-ufrag:abcd", "a=ice-pwd:abcdefghijklmnopqrstuv", "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
    "a=setup:actpass", "a=sendrecv", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2"))


class Call:
    """An EchoTest handle that has offered audio; `sdp` is the answer, `trickled` what came after it."""

    def __init__(self, server, offer=OFFER):
        self.server = server
        self.session = server.post("", {"janus": "create"})["data"]["id"]
        self.handle = server.post(f"/{self.session}", {"janus": "attach", "plugin": "janus.plugin.echotest"})["data"]["id"]
        self.path = f"/{self.session}/{self.handle}"
        server.post(self.path, {"janus": "message", "body": {"audio": True}, "jsep": {"type": "offer", "sdp": offer}})
        self.trickled = []
        self.sdp = None
        until("the answer", self._poll)

    def _poll(self):
        for event in self._events():
            if "jsep" in event:
                self.sdp = event["jsep"]["sdp"]
            elif event.get("janus") == "trickle":
                self.trickled.append(event["candidate"])
        return self.sdp

    def _events(self):
        with urllib.request.urlopen(f"http://{self.server.host}:{self.server.port}/janus/{self.session}?maxev=10", timeout=40) as reply:
            return json.loads(reply.read())

    def poll_until(self, what, test):
        return until(what, lambda: self._poll() and test())

    def candidates(self):
        """Of the answer, as lists of words: foundation, component, transport, priority, address, port, ..."""
        return [line.split(":", 1)[1].split() for line in self.sdp.splitlines() if line.startswith("a=candidate:")]

    def addresses(self):
        return [c[4] for c in self.candidates()]

    def line(self, start):
        return next(line for line in self.sdp.splitlines() if line.startswith(start))

    def trickle(self, candidate):
        return self.server.post(self.path, {"janus": "trickle", "candidate": {"sdpMLineIndex": 0, "candidate": candidate}})

    def ice(self):
        return self.server.admin(self.path, {"janus": "handle_info"})["info"]["webrtc"]["ice"]


class Responder(threading.Thread):
    """Answers for one name of the local network, as a browser does (RFC 6762)."""

    def __init__(self, name, address, interface):
        super().__init__()
        self.name_wanted, self.address = name, address
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(("", GROUP[1]))
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP[0]) + socket.inet_aton(interface))
        self.socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        self.socket.settimeout(0.2)
        self.ending = False

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ending = True
        self.join()
        self.socket.close()

    def run(self):
        name = b"".join(bytes([len(label)]) + label.encode() for label in self.name_wanted.split(".")) + b"\0"
        record = name + struct.pack("!HHIH", 1, 0x8001, 120, 4) + socket.inet_aton(self.address)
        while not self.ending:
            try:
                question, _ = self.socket.recvfrom(9000)
            except TimeoutError:
                continue
            if question[2] & 0x80 == 0 and name in question:
                self.socket.sendto(struct.pack("!HHHHHH", 0, 0x8400, 0, 1, 0, 0) + record, GROUP)


class Mapping(unittest.TestCase):
    def test_several_public_addresses_stand_for_each_private_one(self):
        with Server(nat='nat_1_1_mapping = "203.0.113.7, nonsense,203.0.113.8"; keep_private_host = true;') as server:
            call, info = Call(server), server.post("", {"janus": "info"})
            private = info["local-ip"]
            self.assertIn("'nonsense' is not an IP address", server.log())
        first = call.addresses()[:3]
        self.assertEqual(first, ["203.0.113.7", private, "203.0.113.8"])
        self.assertEqual(len({c[5] for c in call.candidates()[:3]}), 1, "one port")
        self.assertEqual(call.line("c="), "c=IN IP4 203.0.113.7")
        self.assertTrue(call.line("o=").endswith("IN IP4 203.0.113.7"), call.line("o="))
        self.assertEqual(info["public-ip"], "203.0.113.7")
        self.assertEqual(sorted(info["public-ips"]), ["203.0.113.7", "203.0.113.8"])

    def test_without_keep_private_host_the_private_address_is_not_told(self):
        with Server(nat='nat_1_1_mapping = "203.0.113.7"; ice_tcp = true;') as server:
            call, info = Call(server), server.post("", {"janus": "info"})
        self.assertNotIn(info["local-ip"], call.sdp)
        self.assertEqual(set(call.addresses()), {"203.0.113.7"})

    def test_what_the_stun_server_says_can_stand_for_the_mapping(self):
        with StunServer("198.51.100.9") as stun:
            where = f'stun_server = "127.0.0.1"; stun_port = {stun.port};'
            with Server(nat=f"{where} nat_1_1_by_stun = true;") as server:
                call = Call(server)
            self.assertEqual({c[4] for c in call.candidates() if c[7] == "host"}, {"198.51.100.9"})
            with Server(nat=f'{where} nat_1_1_by_stun = true; nat_1_1_mapping = "203.0.113.7";') as server:
                call = Call(server)
            self.assertEqual({c[4] for c in call.candidates() if c[7] == "host"}, {"203.0.113.7"}, "the file wins")
            with Server(nat=where) as server:
                call, info = Call(server), server.post("", {"janus": "info"})
            self.assertEqual(info["public-ip"], "198.51.100.9")
            self.assertNotIn("198.51.100.9", {c[4] for c in call.candidates() if c[7] == "host"})
            self.assertEqual(call.line("c="), "c=IN IP4 198.51.100.9")


class Starting(unittest.TestCase):
    def test_a_silent_stun_server_ends_the_start_unless_it_may_be_unreachable(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            port = gone.getsockname()[1]
        where = f'stun_server = "127.0.0.1"; stun_port = {port};'
        with Server(nat=where, wait=False) as server:
            self.assertEqual(server.process.wait(20), 1)
            self.assertIn("does not help", server.log())
        with Server(nat=f"{where} ignore_unreachable_ice_server = true;") as server:
            self.assertIn("does not help", server.log())
            self.assertTrue(Call(server).candidates())


class Ports(unittest.TestCase):
    def test_media_ports_lie_in_the_range_also_when_it_is_reversed(self):
        with Server(general="event_loops = 3;", media='rtp_port_range = "27999-27900";', nat="ice_tcp = true;") as server:
            candidates = Call(server).candidates()
        ports = {int(c[5]) for c in candidates if c[-1] != "active"}
        self.assertTrue(ports and all(27900 <= port <= 27999 for port in ports), ports)

    def test_tcp_has_an_active_and_a_passive_candidate_beside_each_of_udp(self):
        with Server(nat="ice_tcp = true;") as server:
            call = Call(server)
            info = server.post("", {"janus": "info"})
            self.assertTrue(info["ice-tcp"])
            kinds = {kind: [c for c in call.candidates() if c[2] == ("udp" if kind == "udp" else "tcp") and (kind == "udp" or c[-1] == kind)]
                     for kind in ("udp", "active", "passive")}
            self.assertEqual([c[4] for c in kinds["udp"]], [c[4] for c in kinds["active"]])
            self.assertEqual([c[4:6] for c in kinds["udp"]], [c[4:6] for c in kinds["passive"]], "the same port number")
            self.assertEqual({c[5] for c in kinds["active"]}, {"0"})
            self.assertGreater(min(int(c[3]) for c in kinds["udp"]), max(int(c[3]) for c in kinds["active"]))
            with socket.create_connection((kinds["passive"][0][4], int(kinds["passive"][0][5])), timeout=5):
                pass

    def test_without_ice_tcp_there_is_no_tcp_and_candidates_of_it_are_ignored(self):
        with Server() as server:
            call = Call(server)
            self.assertFalse(server.post("", {"janus": "info"})["ice-tcp"])
            self.assertEqual({c[2] for c in call.candidates()}, {"udp"})
            call.trickle("candidate:1 1 tcp 1000 203.0.113.9 7000 typ host tcptype passive")
            call.trickle("candidate:2 1 udp 2000 203.0.113.9 7000 typ host")
            remote = until("the UDP candidate", lambda: call.ice().get("remote-candidates"))
            self.assertEqual(len(remote), 1, remote)

    def test_a_stranger_at_a_tcp_port_is_sent_away(self):
        with Server(nat="ice_tcp = true;") as server:
            passive = next(c for c in Call(server).candidates() if c[-1] == "passive")
            with socket.create_connection((passive[4], int(passive[5])), timeout=5) as stranger:
                stranger.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertEqual(stranger.recv(100), b"")


class Trickling(unittest.TestCase):
    def test_full_trickle_sends_candidates_after_the_description(self):
        with Server(nat="full_trickle = true;") as server:
            call = Call(server)
            self.assertEqual(call.candidates(), [])
            self.assertNotIn("end-of-candidates", call.sdp)
            call.poll_until("the end", lambda: any(c.get("completed") for c in call.trickled))
            self.assertTrue(server.post("", {"janus": "info"})["full-trickle"])
        self.assertTrue(call.trickled[0]["candidate"].startswith("candidate:"))
        self.assertEqual((call.trickled[0]["sdpMid"], call.trickled[0]["sdpMLineIndex"]), ("0", 0))

    def test_half_trickle_is_the_default(self):
        with Server() as server:
            call = Call(server)
        self.assertTrue(call.candidates())
        self.assertIn("a=end-of-candidates", call.sdp)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Addresses(unittest.TestCase):
    def hosts(self, link, **keys):
        with Server(address=link.lan, prefix=link.server_prefix, **keys) as server:
            return Call(server).addresses()

    def test_lists_of_interfaces_and_addresses(self):
        with Interfaces() as link:
            self.assertEqual(self.hosts(link), [link.lan, link.wan])
            self.assertEqual(self.hosts(link, nat='ice_enforce_list = "wan0";'), [link.wan])
            self.assertEqual(self.hosts(link, nat='ice_enforce_list = "10.88.1.";'), [link.lan])
            self.assertEqual(self.hosts(link, nat='ice_ignore_list = "vmnet,lan";'), [link.wan])
            self.assertEqual(self.hosts(link, nat='ice_ignore_list = "10.88.2.1";'), [link.lan])
            # Names are ignored only where nothing is enforced; addresses always.
            self.assertEqual(self.hosts(link, nat='ice_enforce_list = "10.88."; ice_ignore_list = "lan0";'), [link.lan, link.wan])
            self.assertEqual(self.hosts(link, nat='ice_enforce_list = "10.88."; ice_ignore_list = "10.88.1.";'), [link.wan])

    def test_ipv6_comes_with_its_key_and_link_local_with_another(self):
        with Interfaces() as link:
            self.assertFalse([a for a in self.hosts(link, media="ipv6_linklocal = true;") if ":" in a])
            six = [a for a in self.hosts(link, media="ipv6 = true;") if ":" in a]
            self.assertEqual(six, [link.lan6])
            with Server(address=link.lan, media="ipv6 = true; ipv6_linklocal = true;") as server:
                six = [a for a in Call(server).addresses() if ":" in a]
                info = server.post("", {"janus": "info"})
            self.assertIn(link.lan6, six)
            self.assertTrue(any(a.startswith("fe80:") for a in six), six)
            self.assertTrue(info["ipv6"] and info["ipv6-link-local"])

    def test_media_packets_carry_the_dscp(self):
        async def scenario(server):
            async with EchoPeer(server) as peer:
                await peer.call()
                await until_async("pictures", lambda: peer.video_frames > 10, 60)

        with Interfaces() as link:
            link.nft("""table ip marks {
                     counter marked { }
                     counter server { }
                     chain leaving { type filter hook output priority 0
                       udp sport 26000-26009 counter name server
                       udp sport 26000-26009 ip dscp 46 counter name marked
                     }
                   }""")
            with Server(address=link.lan, media='dscp = 46; rtp_port_range = "26000-26009";') as server:
                asyncio.run(asyncio.wait_for(scenario(server), 90))
                self.assertEqual(server.post("", {"janus": "info"})["dscp"], 46)
            counts = [int(link.nft(f"list counter ip marks {name}").split("packets")[1].split()[0]) for name in ("server", "marked")]
        self.assertGreater(counts[0], 20)
        self.assertEqual(counts[0], counts[1])

    def test_local_names_of_browsers_are_resolved_and_unknown_ones_explained(self):
        name = "3f7a1e6c-1f5e-4e0c-8a2e-0d5f4b3c2a19.local"
        with Interfaces() as link, Responder(name, "10.88.1.77", link.lan), Server(address=link.lan) as server:
            call = Call(server)
            call.trickle(f"candidate:1 1 udp 2113937151 {name} 5000 typ host")
            call.trickle("candidate:2 1 udp 2113937151 nobody.local 5000 typ host")
            remote = until("the name's address", lambda: call.ice().get("remote-candidates"))
            self.assertIn("10.88.1.77 5000 typ host", remote[0])
            unresolved = until("the reason", lambda: call.ice().get("unresolved-candidates"))
            self.assertEqual(unresolved[0]["name"], "nobody.local")
            self.assertIn("no answer", unresolved[0]["reason"])
            self.assertIn("nobody.local is not used", server.log())


if __name__ == "__main__":
    unittest.main()
