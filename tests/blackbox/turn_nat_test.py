"""A server behind a NAT that lets no UDP through but to a TURN server, in network namespaces with coturn: the relay
carries the call, and --doctor names the kind of NAT (RFC 5780). Needs root."""
import asyncio
import pathlib
import subprocess
import tempfile
import unittest

from limen_server import PROGRAM, Server, until
from namespaces import Namespaces, available
from turn_servers import Coturn, WHY_NOT
from turn_test import nat, relayed_call

WHY_SKIPPED = WHY_NOT or available()


class BehindRouter(Namespaces):
    """Inside is the server, outside the test. TCP is routed as it is; UDP from inside is masqueraded, and goes only to
    a TURN server's ports."""

    roles = ("inside", "router", "outside")
    client, server = "outside", "inside"
    server_address, router_inside = "10.98.0.2", "10.98.0.1"
    outside, second, public = "10.99.0.1", "10.99.0.2", "10.99.0.254"

    def __init__(self, masquerade="masquerade"):
        super().__init__()
        self.masquerade = masquerade

    def _build(self):
        self._join(("inside", "private", self.server_address), ("router", "lan", self.router_inside))
        self._join(("router", "wan", self.public), ("outside", "public", self.outside))
        self._ip("outside", "address", "add", f"{self.second}/24", "dev", "public")
        self._ip("inside", "route", "add", "default", "via", self.router_inside)
        self._ip("outside", "route", "add", "10.98.0.0/24", "via", self.public)
        self._forward("router")
        # The TURN server is the only one that listens at these ports.
        self._nft("router", f"""
            table ip gate {{
              chain forward {{
                type filter hook forward priority 0; policy accept;
                ct state established,related accept
                iifname "lan" udp dport != {{ 3478, 3479 }} drop
                iifname "wan" meta l4proto udp drop
              }}
              chain leaving {{
                type nat hook postrouting priority 100;
                oifname "wan" meta l4proto udp {self.masquerade}
              }}
            }}""")


def coturn():
    # Two addresses, so that it answers as RFC 5780 says.
    return Coturn(BehindRouter.outside, prefix=["env"], options=["--listening-ip", BehindRouter.second])


@unittest.skipIf(WHY_SKIPPED, WHY_SKIPPED)
class TurnBehindNat(unittest.TestCase):
    def doctor(self, link, lines):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "janus.jcfg").write_text(f"general: {{ event_loops = 1; }}\nnat: {{ {lines} }}\n")
            done = subprocess.run([*link.server_prefix, PROGRAM, "-F", folder, "--doctor"], capture_output=True, text=True,
                                  timeout=60, stdin=subprocess.DEVNULL)
        return done.stdout

    def test_the_relay_carries_a_call_through_a_firewall(self):
        with BehindRouter() as link, coturn() as turn:
            with Server(nat=nat(turn), prefix=link.server_prefix, address=link.server_address) as server:
                _, ice = asyncio.run(asyncio.wait_for(relayed_call(server), 60))
                self.assertIn("relay", ice["selected-pair"].split("<->")[0])
                self.assertIn(link.outside, ice["selected-pair"].split("<->")[0])
                self.assertEqual(server.stop(), 0)

    def test_the_doctor_names_the_kind_of_nat(self):
        with BehindRouter() as link, coturn() as turn:
            said = self.doctor(link, nat(turn))
            self.assertIn("accepts the credentials, relays at 10.99.0.1 and sees this machine as 10.99.0.254", said)
            self.assertIn("this machine is seen as 10.99.0.254, the same towards everybody", said)
            self.assertIn("packets come in only from addresses and ports that were written to", said)
        with BehindRouter("masquerade fully-random") as link, coturn() as turn:
            said = self.doctor(link, f'stun_server = "{link.outside}"; stun_port = {turn.port};')
            self.assertIn("warning  NAT: this machine is seen as 10.99.0.254, differently towards each destination (symmetric)",
                          said)


if __name__ == "__main__":
    unittest.main()
