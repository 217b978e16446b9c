// A small UDP path with loss and delay between a browser and the server.
import { createSocket } from "node:dgram";

const bound = (socket, address) => new Promise((resolve) => socket.bind(0, address, resolve));

/** Repeatable randomness (mulberry32), so that a failure can be looked at again. */
function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** `server`: {address, port}; `loss`: share each way; `delay`: milliseconds each way. */
export async function openRelay({ address, server, loss = 0, delay = 0, seed = 1 }) {
  const random = seeded(seed), front = createSocket("udp4"), backs = new Map();
  const relay = { loss, delay, passed: 0, dropped: 0, server };
  await bound(front, address);
  relay.port = front.address().port;
  const pass = (send) => {
    if (random() < relay.loss) return void relay.dropped++;
    relay.passed++;
    setTimeout(send, relay.delay);
  };
  let closed = false;
  front.on("message", async (data, from) => {
    const key = `${from.address}:${from.port}`;
    if (!backs.has(key)) {
      const back = createSocket("udp4");
      back.on("message", (answer) => pass(() => closed || front.send(answer, from.port, from.address)));
      backs.set(key, bound(back, address).then(() => back));
    }
    const back = await backs.get(key);
    pass(() => closed || back.send(data, relay.server.port, relay.server.address));
  });
  relay.close = async () => {
    closed = true;
    front.close();
    for (const back of backs.values()) (await back).close();
  };
  return relay;
}
