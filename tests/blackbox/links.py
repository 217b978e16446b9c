"""A client's and a server's namespace with a link that loses UDP, and links like it: IPv6 alone, a container, two
interfaces. Needs root."""
from limen_server import until
from namespaces import Namespaces, run


class LossyLink(Namespaces):
    """with LossyLink(percent) as link: of what is UDP, so much is lost each way."""

    client_address, server_address = "10.77.0.2", "10.77.0.1"
    far = "server"  # the role at the other end of the client's cable
    prefix_length, address_flags = 24, ()

    def __init__(self, percent):
        super().__init__()
        self.percent = percent

    def _build(self):
        ends = (("client", "near", self.client_address), (self.far, "far", self.server_address))
        self._join(*ends, self.prefix_length, self.address_flags)
        chance = f"numgen random mod 100 < {self.percent}" if self.percent < 100 else ""
        for role, link, _ in ends:
            self._nft(role, f"""
                table inet lossy {{
                  counter lost {{ }}
                  chain arriving {{
                    type filter hook input priority 0;
                    iifname "{link}" meta l4proto udp {chance} counter name lost drop
                  }}
                }}""")

    def lost(self):
        """Packets dropped so far, both ways."""
        return sum(int(self._nft(role, "list counter inet lossy lost").split("packets")[1].split()[0])
                   for role in ("client", self.far))


class Ipv6Link(LossyLink):
    """The same link with IPv6 alone."""

    client_address, server_address = "fd77::2", "fd77::1"
    prefix_length, address_flags = 64, ("nodad",)

    def __init__(self):
        super().__init__(0)


class PublishedPorts(LossyLink):
    """A container as Docker makes them: the server sits at an address of its own behind a host that passes on what comes
    to its published ports. with PublishedPorts((30000, 30009)) as link: link.server_address is the host's."""

    roles = ("client", "host", "server")
    far = "host"
    inside, inside_host = "172.30.77.2", "172.30.77.1"

    def __init__(self, udp_ports):
        super().__init__(0)
        self.udp_ports = udp_ports

    def _build(self):
        super()._build()
        self._join(("host", "docker0", self.inside_host), ("server", "eth0", self.inside))
        self._ip("server", "route", "add", "default", "via", self.inside_host)
        self._forward("host")
        self._nft("host", f"""
            table ip published {{
              chain arriving {{
                type nat hook prerouting priority dstnat;
                iifname "far" tcp dport 1024-65535 dnat to {self.inside}
                iifname "far" udp dport {self.udp_ports[0]}-{self.udp_ports[1]} dnat to {self.inside}
              }}
              chain leaving {{
                type nat hook postrouting priority srcnat
                ip saddr {self.inside} oifname "far" masquerade
              }}
            }}""")


class Interfaces(Namespaces):
    """One namespace with two interfaces, lan0 and wan0, IPv4 and IPv6, for a server and its client on one machine."""

    roles = ("client",)
    server = "client"
    lan, wan, lan6 = "10.88.1.1", "10.88.2.1", "fd88::1"

    def __init__(self):
        super().__init__()
        self.server_prefix = []  # where the client is

    def _build(self):
        for link, address in (("lan0", self.lan), ("wan0", self.wan)):
            self._ip("client", "link", "add", link, "type", "veth", "peer", "name", f"{link}-end")
            self._ip("client", "address", "add", f"{address}/24", "dev", link)
            for end in (link, f"{link}-end"):
                self._ip("client", "link", "set", end, "up")
        self._ip("client", "address", "add", f"{self.lan6}/64", "dev", "lan0", "nodad")
        until("carrier", lambda: "state UP" in self._ip("client", "link", "show", "lan0"))
        # Link-local addresses are not used before the kernel knows that nobody else has them.
        until("addresses", lambda: "tentative" not in self._ip("client", "-6", "address"))

    def nft(self, rules):
        return run("nft", rules)
