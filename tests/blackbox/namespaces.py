"""Named network namespaces with cables between them, for tests that want the kernel's own path between peers.

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


class Namespaces:
    """One namespace for each of `roles`; they last as long as the `with`. `server_prefix` starts programs in the
    server's, at `server_address`; the calling thread moves into the client's."""

    roles = ("client", "server")
    client, server = "client", "server"  # the roles of the two
    server_address = ""

    def __init__(self):
        self.names = {role: f"limen-{role}-{os.getpid()}" for role in self.roles}
        self.server_prefix = self._within(self.server)
        self.home = None

    def __enter__(self):
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            for name in self.names.values():
                run("ip", "netns", "add", name)
                run("ip", "-n", name, "link", "set", "lo", "up")
            self._build()
            enter(os.open(f"/run/netns/{self.names[self.client]}", os.O_RDONLY))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        enter(self.home)
        for name in self.names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)

    def _build(self):
        """Joins the namespaces, each with its loopback interface."""
        raise NotImplementedError

    def _within(self, role):
        return ["ip", "netns", "exec", self.names[role]]

    def _ip(self, role, *words):
        return run("ip", "-n", self.names[role], *words)

    def _nft(self, role, rules):
        return run(*self._within(role), "nft", rules)

    def _forward(self, role):
        run(*self._within(role), "sysctl", "-qw", "net.ipv4.ip_forward=1")

    def _join(self, one, other, prefix_length=24, flags=()):
        """A cable; each end is (role, name of the interface, address). Waits until it carries."""
        run("ip", "link", "add", one[1], "netns", self.names[one[0]], "type", "veth", "peer", "name", other[1],
            "netns", self.names[other[0]])
        for role, link, address in (one, other):
            self._ip(role, "address", "add", f"{address}/{prefix_length}", "dev", link, *flags)
            self._ip(role, "link", "set", link, "up")
        for role, link, _ in (one, other):
            until(f"carrier on {link}", lambda: "state UP" in self._ip(role, "link", "show", link))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def enter(fd):
    if LIBC.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(fd)
