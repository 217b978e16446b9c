"""A private and a public network namespace with a NAT between them. Needs root."""
from namespaces import Namespaces


class NatLink(Namespaces):
    """A private network behind a router with one public address; the other side is public and has no way inside but
    through that address. `rules` are what the router does in nftables' `ip` table."""

    roles = ("inside", "router", "outside")
    inside_address, router_inside = "10.78.0.2", "10.78.0.1"
    public_address, outside_address = "203.0.113.1", "203.0.113.2"
    rules = ""

    def _build(self):
        self._join(("inside", "private", self.inside_address), ("router", "lan", self.router_inside))
        self._join(("router", "wan", self.public_address), ("outside", "public", self.outside_address))
        self._ip("inside", "route", "add", "default", "via", self.router_inside)
        self._forward("router")
        self._nft("router", f"table ip nat {{\n{self.rules}\n}}")


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
