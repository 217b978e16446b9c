"""A private and a public network namespace with a NAT between them. Needs root (ip netns, nft).

The calling thread moves into the client's namespace; programs that it starts go with it.
"""
import ctypes
import os
import subprocess

from limen_server import until
from namespaces import CLONE_NEWNET, LIBC


class NatLink:
    """A private network behind a router with one public address; the other side is public and has no way inside but
    through that address. `rules` are what the router does in nftables' `ip` table."""

    client = server = ""  # the namespace of each: "inside" or "outside"
    inside_address, router_inside = "10.78.0.2", "10.78.0.1"
    public_address, outside_address = "203.0.113.1", "203.0.113.2"
    rules = ""

    def __init__(self):
        self.names = {role: f"limen-{role}-{os.getpid()}" for role in ("inside", "router", "outside")}
        self.server_prefix = ["ip", "netns", "exec", self.names[self.server]]
        self.home = None

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            for name in self.names.values():
                self._run("ip", "netns", "add", name)
                self._run("ip", "-n", name, "link", "set", "lo", "up")
            self._build()
            self._enter(os.open(f"/run/netns/{self.names[self.client]}", os.O_RDONLY))
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
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)

    def _join(self, one, one_link, one_address, other, other_link, other_address):
        """A cable between two namespaces; waits until it carries."""
        ends = ((self.names[one], one_link, one_address), (self.names[other], other_link, other_address))
        self._run("ip", "link", "add", one_link, "netns", ends[0][0], "type", "veth", "peer", "name", other_link, "netns",
                  ends[1][0])
        for name, link, address in ends:
            self._run("ip", "-n", name, "address", "add", f"{address}/24", "dev", link)
            self._run("ip", "-n", name, "link", "set", link, "up")
        for name, link, _ in ends:
            until(f"carrier on {link}", lambda: "state UP" in self._run("ip", "-n", name, "link", "show", link))

    def _rules(self, role, rules):
        self._run("ip", "netns", "exec", self.names[role], "nft", rules)

    @staticmethod
    def _run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout

    def _build(self):
        self._join("inside", "private", self.inside_address, "router", "lan", self.router_inside)
        self._join("router", "wan", self.public_address, "outside", "public", self.outside_address)
        self._run("ip", "-n", self.names["inside"], "route", "add", "default", "via", self.router_inside)
        self._run("ip", "netns", "exec", self.names["router"], "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self._rules("router", f"table ip nat {{\n{self.rules}\n}}")


class ClientBehindNat(NatLink):
    """`masquerade` is what the router's rule says: "masquerade" keeps one port for all destinations if it can,
    "masquerade fully-random" takes another for each (symmetric)."""

    client, server = "inside", "outside"
    server_address = server_bind = NatLink.outside_address

    def __init__(self, masquerade="masquerade"):
        super().__init__()
        self.rules = f'chain out {{\ntype nat hook postrouting priority 100;\noifname "wan" {masquerade}\n}}'


class ServerBehindNat(NatLink):
    """As a cloud machine or a container has it: all that comes to the public address is the server's."""

    client, server = "outside", "inside"
    server_address, server_bind = NatLink.public_address, NatLink.inside_address
    rules = f"""
        chain in {{
          type nat hook prerouting priority -100;
          iifname "wan" dnat to {NatLink.inside_address}
        }}
        chain out {{
          type nat hook postrouting priority 100;
          oifname "wan" snat to {NatLink.public_address}
        }}"""
