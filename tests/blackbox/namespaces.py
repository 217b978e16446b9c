"""Two network namespaces joined by a link that loses UDP, for tests that want the kernel's own path between peers.

Needs root (ip netns, nft). The calling thread moves into the client's namespace; programs that it starts go with it.
"""
import ctypes
import os
import subprocess

from limen_server import until

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def available():
    """Why namespaces cannot be made here, or an empty string."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    probe = subprocess.run(["ip", "netns", "add", f"limen-probe-{os.getpid()}"], capture_output=True, text=True)
    if probe.returncode != 0:
        return f"no network namespaces here: {probe.stderr.strip()}"
    subprocess.run(["ip", "netns", "del", f"limen-probe-{os.getpid()}"], check=True)
    return ""


class LossyLink:
    """with LossyLink(percent) as link: link.server_prefix starts programs on the far side, at link.server_address."""

    client_address, server_address = "10.77.0.2", "10.77.0.1"
    prefix_length, address_flags = 24, ()

    def __init__(self, percent):
        self.percent = percent
        self.client, self.server = f"limen-client-{os.getpid()}", f"limen-server-{os.getpid()}"
        self.server_prefix = ["ip", "netns", "exec", self.server]
        self.home = None

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            self._build()
            self._enter(os.open(f"/run/netns/{self.client}", os.O_RDONLY))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._enter(self.home)
        for name in (self.client, self.server):
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    @staticmethod
    def _enter(fd):
        if LIBC.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        os.close(fd)

    def _build(self):
        for name in (self.client, self.server):
            self._run("ip", "netns", "add", name)
            self._run("ip", "-n", name, "link", "set", "lo", "up")
        self._run("ip", "link", "add", "near", "netns", self.client, "type", "veth", "peer", "name", "far", "netns", self.server)
        chance = f"numgen random mod 100 < {self.percent}" if self.percent < 100 else ""
        for name, link, address in ((self.client, "near", self.client_address), (self.server, "far", self.server_address)):
            self._run("ip", "-n", name, "address", "add", f"{address}/{self.prefix_length}", "dev", link, *self.address_flags)
            self._run("ip", "-n", name, "link", "set", link, "up")
            self._run("ip", "netns", "exec", name, "nft", f"""
                table inet lossy {{
                  counter lost {{ }}
                  chain arriving {{
                    type filter hook input priority 0;
                    iifname "{link}" meta l4proto udp {chance} counter name lost drop
                  }}
                }}""")

        for name, link in ((self.client, "near"), (self.server, "far")):
            until(f"carrier on {link}", lambda: "state UP" in self._run("ip", "-n", name, "link", "show", link))

    def lost(self):
        """Packets dropped so far, both ways."""
        total = 0
        for name in (self.client, self.server):
            listing = self._run("ip", "netns", "exec", name, "nft", "list", "counter", "inet", "lossy", "lost")
            total += int(listing.split("packets")[1].split()[0])
        return total

    @staticmethod
    def _run(*command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
        return done.stdout


class Ipv6Link(LossyLink):
    """The same link with IPv6 alone."""

    client_address, server_address = "fd77::2", "fd77::1"
    prefix_length, address_flags = 64, ("nodad",)

    def __init__(self):
        super().__init__(0)


class PublishedPorts(LossyLink):
    """A container as Docker makes them: the server sits at an address of its own behind a host that passes on what comes
    to its published ports. with PublishedPorts((30000, 30009)) as link: link.server_address is the host's."""

    inside, inside_host = "172.30.77.2", "172.30.77.1"

    def __init__(self, udp_ports):
        super().__init__(0)
        self.udp_ports = udp_ports
        self.host = self.server
        self.server = f"limen-inside-{os.getpid()}"
        self.server_prefix = ["ip", "netns", "exec", self.server]

    def __exit__(self, *_):
        super().__exit__()
        subprocess.run(["ip", "netns", "del", self.host], capture_output=True, check=False)

    def _build(self):
        inside, self.server = self.server, self.host
        try:
            super()._build()
        finally:
            self.server = inside
        self._run("ip", "netns", "add", inside)
        self._run("ip", "-n", inside, "link", "set", "lo", "up")
        self._run("ip", "link", "add", "docker0", "netns", self.host, "type", "veth", "peer", "name", "eth0", "netns", inside)
        for name, link, address in ((self.host, "docker0", self.inside_host), (inside, "eth0", self.inside)):
            self._run("ip", "-n", name, "address", "add", f"{address}/24", "dev", link)
            self._run("ip", "-n", name, "link", "set", link, "up")
        self._run("ip", "-n", inside, "route", "add", "default", "via", self.inside_host)
        self._run("ip", "netns", "exec", self.host, "sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        self._run("ip", "netns", "exec", self.host, "nft", f"""
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
        until("carrier to the container", lambda: "state UP" in self._run("ip", "-n", inside, "link", "show", "eth0"))


class Interfaces(LossyLink):
    """One namespace with two interfaces, lan0 and wan0, IPv4 and IPv6, for a server and its client on one machine."""

    lan, wan, lan6 = "10.88.1.1", "10.88.2.1", "fd88::1"

    def __init__(self):
        super().__init__(0)
        self.server_prefix = []

    def _build(self):
        self._run("ip", "netns", "add", self.client)
        self._run("ip", "-n", self.client, "link", "set", "lo", "up")
        for link, address in (("lan0", self.lan), ("wan0", self.wan)):
            self._run("ip", "-n", self.client, "link", "add", link, "type", "veth", "peer", "name", f"{link}-end")
            self._run("ip", "-n", self.client, "address", "add", f"{address}/24", "dev", link)
            for end in (link, f"{link}-end"):
                self._run("ip", "-n", self.client, "link", "set", end, "up")
        self._run("ip", "-n", self.client, "address", "add", f"{self.lan6}/64", "dev", "lan0", "nodad")
        until("carrier", lambda: "state UP" in self._run("ip", "-n", self.client, "link", "show", "lan0"))
        # Link-local addresses are not used before the kernel knows that nobody else has them.
        until("addresses", lambda: "tentative" not in self._run("ip", "-n", self.client, "-6", "address"))

    def nft(self, rules):
        return self._run("nft", rules)
