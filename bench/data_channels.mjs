#!/usr/bin/env node
// Data channels through EchoTest in Chromium: the same page against Limen and against the reference server, in turn.
//
//   node bench/data_channels.mjs [--seconds 5] [--rounds 3] [--limen build/release/limen] [--reference /usr/bin/janus]
//
// The page keeps a megabyte on its way (sent and not yet back) and counts what comes back. CPU is that of the server's process.
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { launchChromium, openPage } from "../tests/blackbox/support/chromium.mjs";
import { Limen } from "../tests/blackbox/support/limen.mjs";

const { values: options } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    rounds: { type: "string", default: "3" },
    limen: { type: "string", default: new URL("../build/release/limen", import.meta.url).pathname },
    reference: { type: "string", default: "/usr/bin/janus" },
  },
});
const cases = [
  { size: 100, ahead: 50_000, name: "100 B" },
  { size: 1100, ahead: 500_000, name: "1,100 B" },
  { size: 16_384, ahead: 1 << 20, name: "16 KiB" },
];

/** User and system time of a process in seconds. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** In the page: a channel through EchoTest, then messages for some seconds. */
async function echo({ api, size, ahead, seconds }) {
  let transaction = 0;
  const post = async (path, body) => (await fetch(api + path, { method: "POST", body: JSON.stringify({ transaction: `t${++transaction}`, ...body }) })).json();
  const session = (await post("", { janus: "create" })).data.id;
  const handle = (await post(`/${session}`, { janus: "attach", plugin: "janus.plugin.echotest" })).data.id;
  const pc = new RTCPeerConnection();
  const channel = pc.createDataChannel("JanusDataChannel");
  channel.binaryType = "arraybuffer";
  await pc.setLocalDescription(await pc.createOffer());
  await new Promise((done) => {
    if (pc.iceGatheringState === "complete") return done();
    pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && done();
  });
  await post(`/${session}/${handle}`, { janus: "message", body: {}, jsep: { type: "offer", sdp: pc.localDescription.sdp } });
  for (let answered = false; !answered; ) {
    const event = await (await fetch(`${api}/${session}`)).json();
    if (event.jsep) {
      await pc.setRemoteDescription(event.jsep);
      answered = true;
    }
  }
  if (channel.readyState !== "open") await new Promise((open) => (channel.onopen = open));
  const message = new Uint8Array(size).fill(90);
  let sent = 0, back = 0, messages = 0;
  const began = performance.now();
  return new Promise((finish) => {
    const pump = () => {
      while (sent - back < ahead && channel.bufferedAmount < ahead) {
        channel.send(message);
        sent += size;
      }
    };
    channel.onmessage = ({ data }) => {
      back += data.byteLength ?? data.size ?? data.length;
      ++messages;
      pump();
    };
    pump();
    setTimeout(() => {
      const time = (performance.now() - began) / 1000;
      const outcome = { bytesPerSecond: back / time, messagesPerSecond: messages / time, back };
      pc.close();
      finish(outcome);
    }, seconds * 1000);
  });
}

async function measure(browser, command, { size, ahead }) {
  const server = await Limen.start({
    command,
    files: {
      "janus.jcfg": { general: { debug_level: 3 } },
      "janus.transport.http.jcfg": { general: { https: false } },
      "janus.transport.websockets.jcfg": { general: { ws: false, wss: false } },
    },
  });
  try {
    const { page, context } = await openPage(browser, `${server.apiUrl}/info`);
    const before = cpuSeconds(server.process.pid);
    const outcome = await page.evaluate(echo, { api: server.apiUrl, size, ahead, seconds: Number(options.seconds) });
    const cpu = cpuSeconds(server.process.pid) - before;
    await context.close();
    return { ...outcome, cpuPerMegabyte: (cpu * 1000) / (outcome.back / 1e6) };
  } finally {
    await server.stop();
  }
}

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const servers = [["Limen", options.limen], ["reference", options.reference]].filter(([name, path]) => existsSync(path) || console.error(`${name} is left out: no ${path}`));
const browser = await launchChromium();
console.log("| message | server | back, MB/s | messages/s | server CPU, ms per MB |\n|---|---|---|---|---|");
for (const one of cases) {
  const rounds = servers.map(() => []);
  for (let round = 0; round < Number(options.rounds); ++round) {
    for (const [i, [, command]] of servers.entries()) rounds[i].push(await measure(browser, command, one));
  }
  for (const [i, [name]] of servers.entries()) {
    const of = (key) => median(rounds[i].map((outcome) => outcome[key]));
    console.log(`| ${one.name} | ${name} | ${(of("bytesPerSecond") / 1e6).toFixed(1)} | ${of("messagesPerSecond").toFixed(0)} | ${of("cpuPerMegabyte").toFixed(2)} |`);
  }
}
await browser.close();
