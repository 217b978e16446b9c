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
        for name, link, address in ((self.client, "near", self.client_address), (self.server, "far", self.server_address)):
            self._run("ip", "-n", name, "address", "add", f"{address}/24", "dev", link)
            self._run("ip", "-n", name, "link", "set", link, "up")
            self._run("ip", "netns", "exec", name, "nft", f"""
                table inet lossy {{
                  counter lost {{ }}
                  chain arriving {{
                    type filter hook input priority 0;
                    iifname "{link}" meta l4proto udp numgen random mod 100 < {self.percent} counter name lost drop
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
