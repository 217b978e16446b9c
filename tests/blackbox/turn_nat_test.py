"""A server behind a NAT that lets no UDP through but to a TURN server, in network namespaces with coturn: the relay
carries the call, and --doctor names the kind of NAT (RFC 5780). Needs root."""
import asyncio
import os
import pathlib
import subprocess
import tempfile
import unittest

from limen_server import PROGRAM, Server, until
from namespaces import CLONE_NEWNET, LIBC, available
from turn_servers import Coturn, WHY_NOT
from turn_test import nat, relayed_call

WHY_SKIPPED = WHY_NOT or available()


class BehindRouter:
    """Three namespaces: inside (10.98.0.2) - router - outside (10.99.0.1 and .2, where this thread then is). TCP is
    routed as it is; UDP from inside is masqueraded, and goes only to the first two addresses outside."""

    inside, outside, second = "10.98.0.2", "10.99.0.1", "10.99.0.2"

    def __init__(self, masquerade="masquerade"):
        self.masquerade = masquerade
        self.names = {part: f"limen-turn-{part}-{os.getpid()}" for part in ("in", "gate", "out")}
        self.prefix = ["ip", "netns", "exec", self.names["in"]]

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            self._build()
            self._enter(os.open(f"/run/netns/{self.names['out']}", os.O_RDONLY))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._enter(self.home)
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    @staticmethod
    def _enter(fd):
        if LIBC.setns(fd, CLONE_NEWNET) != 0:
            raise OSError("setns")
        os.close(fd)

    def _build(self):
        for name in self.names.values():
            self._run("ip", "netns", "add", name)
            self._run("ip", "-n", name, "link", "set", "lo", "up")
        self._link("in", self.inside, "10.98.0.1")
        self._link("out", self.outside, "10.99.0.254")
        self._run("ip", "-n", self.names["out"], "address", "add", f"{self.second}/24", "dev", "to-gate")
        self._run("ip", "-n", self.names["in"], "route", "add", "default", "via", "10.98.0.1")
        self._run("ip", "-n", self.names["out"], "route", "add", "10.98.0.0/24", "via", "10.99.0.254")
        gate = ["ip", "netns", "exec", self.names["gate"]]
        self._run(*gate, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        # The TURN server is the only one that listens at these ports.
        self._run(*gate, "nft", f"""
            table ip gate {{
              chain forward {{
                type filter hook forward priority 0; policy accept;
                ct state established,related accept
                iifname "to-in" udp dport != {{ 3478, 3479 }} drop
                iifname "to-out" meta l4proto udp drop
              }}
              chain leaving {{
                type nat hook postrouting priority 100;
                oifname "to-out" meta l4proto udp {self.masquerade}
              }}
            }}""")
        for name, link in ((self.names["in"], "to-gate"), (self.names["out"], "to-gate")):
            until(f"carrier in {name}", lambda: "state UP" in self._run("ip", "-n", name, "link", "show", link))

    def _link(self, part, address, gate_address):
        name, gate = self.names[part], self.names["gate"]
        self._run("ip", "link", "add", "to-gate", "netns", name, "type", "veth", "peer", "name", f"to-{part}", "netns", gate)
        for where, link, ip in ((name, "to-gate", address), (gate, f"to-{part}", gate_address)):
            self._run("ip", "-n", where, "address", "add", f"{ip}/24", "dev", link)
            self._run("ip", "-n", where, "link", "set", link, "up")

    @staticmethod
    def _run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout


def coturn():
    # Two addresses, so that it answers as RFC 5780 says.
    return Coturn(BehindRouter.outside, prefix=["env"], options=["--listening-ip", BehindRouter.second])


@unittest.skipIf(WHY_SKIPPED, WHY_SKIPPED)
class TurnBehindNat(unittest.TestCase):
    def doctor(self, link, lines):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "janus.jcfg").write_text(f"general: {{ event_loops = 1; }}\nnat: {{ {lines} }}\n")
            done = subprocess.run([*link.prefix, PROGRAM, "-F", folder, "--doctor"], capture_output=True, text=True,
                                  timeout=60, stdin=subprocess.DEVNULL)
        return done.stdout

    def test_the_relay_carries_a_call_through_a_firewall(self):
        with BehindRouter() as link, coturn() as turn:
            with Server(nat=nat(turn), prefix=link.prefix, address=link.inside) as server:
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
