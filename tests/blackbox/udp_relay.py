"""A small UDP path with loss, delay and a rate limit between a peer and the server, on loopback."""
import asyncio
import random


class Relay:
    """Listens on `listen`; what comes from the server goes to the peer last heard from, and the reverse.

    loss: share of datagrams dropped, each way. delay: seconds each way. rate: bytes a second each way, 0 none.
    """

    def __init__(self, server, loss=0.0, delay=0.0, rate=0, seed=1):
        self.server, self.loss, self.delay, self.rate = server, loss, delay, rate
        self.random = random.Random(seed)
        self.dropped = self.passed = 0
        self.sockets = {}  # peer address -> the socket that faces the server for it
        self.free_at = {}

    async def open(self, host):
        loop = asyncio.get_running_loop()
        self.front, _ = await loop.create_datagram_endpoint(lambda: _Side(self._from_peer), local_addr=(host, 0))
        self.address = self.front.get_extra_info("sockname")
        self.host = host
        return self

    def close(self):
        self.front.close()
        for side in self.sockets.values():
            if not isinstance(side, list):
                side.close()

    def _pass(self, direction, send):
        if self.random.random() < self.loss:
            self.dropped += 1
            return
        self.passed += 1
        loop = asyncio.get_running_loop()
        when = loop.time() + self.delay
        if self.rate:
            when = max(when, self.free_at.get(direction, 0.0) + 1200 / self.rate)
            self.free_at[direction] = when
        loop.call_at(when, send)

    def _from_peer(self, data, address):
        back = self.sockets.get(address)
        if back is None:
            self.sockets[address] = [data]
            asyncio.ensure_future(self._connect(address))
        elif isinstance(back, list):
            back.append(data)
        else:
            self._pass("up", lambda: back.is_closing() or back.sendto(data))

    async def _connect(self, address):
        loop = asyncio.get_running_loop()
        back, _ = await loop.create_datagram_endpoint(
            lambda: _Side(lambda data, _: self._pass("down", lambda: self.front.is_closing() or self.front.sendto(data, address))),
            remote_addr=self.server, local_addr=(self.host, 0))
        waiting, self.sockets[address] = self.sockets[address], back
        for data in waiting:
            self._pass("up", lambda data=data: back.sendto(data))


class _Side(asyncio.DatagramProtocol):
    def __init__(self, on_data):
        self.on_data = on_data

    def datagram_received(self, data, address):
        self.on_data(data, address)

    def error_received(self, _):
        pass  # the other side is not there yet, or has gone: datagrams are lost, as on any network
