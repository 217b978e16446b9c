// @ts-check
/** One connection as the server sees it: handle_info readings to figures, and what is conspicuous in them. */

/**
 * @typedef {{ type: string, mid: string, codec: string, way: string, sends: boolean, receives: boolean, ssrc: number, layers: number,
 *   inKbps?: number, outKbps?: number, layersKbps: Record<string, number | undefined>, inLoss?: number, outLoss?: number, rtt?: number,
 *   inJitter?: number, outJitter?: number, inQuality?: number, outQuality?: number, inNacks?: number, outNacks?: number, silent: boolean }} LineNow
 * @typedef {{ lines: LineNow[] }} Reading
 * @typedef {{ address: string, words: string }} PathEnd
 * @typedef {{ kind: string, wire: string, local?: PathEnd, remote?: PathEnd, steps: { name: string, text: string, kind: string }[] }} Path
 */

/** @param {any} now @param {any} last @param {number} seconds @param {string} way @returns {number | undefined} */
function kbps(now, last, seconds, way) {
  const bytes = (now.stats?.[way]?.bytes ?? 0) - (last?.stats?.[way]?.bytes ?? 0);
  return last && seconds > 0 ? Math.max(0, (bytes * 0.008) / seconds) : undefined;
}

/** @param {any} now @param {any} last @param {number} seconds @param {string} way @returns {number | undefined} a second */
function nacks(now, last, seconds, way) {
  return last && seconds > 0 ? Math.max(0, (now.stats?.[way]?.nacks ?? 0) - (last.stats?.[way]?.nacks ?? 0)) / seconds : undefined;
}

/** Further simulcast layers of a line. @param {any} now @param {any} last @param {number} seconds @returns {Record<string, number | undefined>} */
function layers(now, last, seconds) {
  /** @type {Record<string, number | undefined>} */
  const out = {};
  for (const layer of [1, 2]) {
    const key = `video-simulcast-${layer}`, bytes = now.stats?.in?.[key]?.bytes;
    if (bytes === undefined) continue;
    out[`layer ${layer}`] = last && seconds > 0 ? Math.max(0, ((bytes - (last.stats?.in?.[key]?.bytes ?? 0)) * 0.008) / seconds) : undefined;
  }
  return out;
}

/** @param {any} line */
const wayOf = ({ direction = {} }) => (direction.send ? (direction.recv ? "both ways" : "to the client") : direction.recv ? "from the client" : "off");

/** @param {any} now @param {any} last @param {string} way @param {string} lostKey @returns {number | undefined} percent */
function loss(now, last, way, lostKey) {
  if (!last) return undefined;
  const lost = (now.rtcp?.main?.[lostKey] ?? 0) - (last.rtcp?.main?.[lostKey] ?? 0), packets = (now.stats?.[way]?.packets ?? 0) - (last.stats?.[way]?.packets ?? 0);
  return packets + lost > 0 ? Math.min(100, Math.max(0, (100 * lost) / (packets + lost))) : 0;
}

/** Two readings of handle_info to what happened between them. Pure. @param {any} info @param {any} before @returns {Reading} */
export function readingOf(info, before) {
  const seconds = before ? (info.current_time - before.current_time) / 1e6 : 0;
  const lines = Object.values(info.webrtc?.media ?? {}).map((/** @type {any} */ now) => {
    const last = before?.webrtc?.media?.[now.mid];
    const arrived = (now.stats?.in?.packets ?? 0) - (last?.stats?.in?.packets ?? 0);
    const main = now.rtcp?.main ?? {}, layersKbps = layers(now, last, seconds);
    return {
      type: now.type,
      mid: now.mid,
      codec: now.codecs?.codec ?? "",
      way: wayOf(now),
      sends: Boolean(now.direction?.send),
      receives: Boolean(now.direction?.recv),
      ssrc: now.ssrc?.["ssrc-peer"] ?? now.ssrc?.ssrc ?? 0,
      layers: 1 + Object.keys(layersKbps).length,
      layersKbps,
      inKbps: kbps(now, last, seconds, "in"),
      outKbps: kbps(now, last, seconds, "out"),
      inLoss: loss(now, last, "in", "lost"),
      outLoss: loss(now, last, "out", "lost-by-remote"),
      rtt: main.rtt,
      inJitter: main["jitter-local"],
      outJitter: main["jitter-remote"],
      inQuality: main["in-media-link-quality"],
      outQuality: main["out-media-link-quality"],
      inNacks: nacks(now, last, seconds, "in"),
      outNacks: nacks(now, last, seconds, "out"),
      silent: Boolean(last && now.direction?.recv && now.type !== "data" && arrived === 0),
    };
  });
  return { lines };
}

/**
 * What a person should look at, worst first; empty: nothing. Pure.
 * @param {any} info @param {Reading} reading @returns {{ kind: "bad" | "warn", text: string }[]}
 */
export function conspicuous(info, reading) {
  const { webrtc } = info;
  /** @type {{ kind: "bad" | "warn", text: string }[]} */
  const out = [];
  const add = (/** @type {"bad" | "warn"} */ kind, /** @type {string} */ text) => out.push({ kind, text });
  if (!webrtc) return [];
  const { ice = {}, dtls = {} } = webrtc;
  if (!(ice["remote-candidates"] ?? []).length) add("warn", "The client sent no candidate: it may be behind a firewall, or its trickles do not arrive.");
  if (ice.state === "failed") add("bad", "No path was found between client and server: are the server's UDP ports open, and is nat_1_1_mapping set if it is behind NAT?");
  else if (!["connected", "ready"].includes(ice.state)) add("warn", `ICE is ${ice.state}: no path yet.`);
  else if (dtls["dtls-state"] !== "connected") add("bad", `ICE has a path, but DTLS is ${dtls["dtls-state"]} (${dtls.retransmissions ?? 0} retransmissions): large packets may get lost on the way; dtls_mtu makes them smaller.`);
  for (const line of reading.lines) {
    const name = `${line.type} ${line.mid}`;
    if (line.silent) add("warn", `Nothing arrives on ${name} although the client may send: muted, or its device is gone.`);
    if ((line.inLoss ?? 0) > 5) add("bad", `${line.inLoss?.toFixed(0)} % of ${name} is lost on the way from the client.`);
    if ((line.outLoss ?? 0) > 5) add("bad", `${line.outLoss?.toFixed(0)} % of ${name} is lost on the way to the client.`);
    if ((line.rtt ?? 0) > 300) add("warn", `The round trip of ${name} is ${line.rtt} ms: talking gets awkward.`);
    if ((line.inJitter ?? 0) > 50) add("warn", `${name} arrives from the client unevenly (jitter ${line.inJitter} ms): its uplink is full, or its radio is weak.`);
    if ((line.outJitter ?? 0) > 50) add("warn", `${name} arrives at the client unevenly (jitter ${line.outJitter} ms): its downlink is full, or its radio is weak.`);
    if ((line.outNacks ?? 0) > 100) add("warn", `The server asks again for ${line.outNacks?.toFixed(0)} packets of ${name} a second.`);
    if ((line.inNacks ?? 0) > 100) add("warn", `The client asks again for ${line.inNacks?.toFixed(0)} packets of ${name} a second.`);
  }
  const { remote, local } = pairOf(ice["selected-pair"]);
  if (remote?.type === "relay" || local?.type === "relay") add("warn", `Media go through a relay (TURN): one more hop, and its bandwidth counts. ${remote?.type === "relay" ? "The client's" : "The server's"} network lets nothing else through.`);
  if (remote?.transport === "tcp" || local?.transport === "tcp") add("warn", "Media go over TCP: what is lost delays everything after it. UDP is closed somewhere on the way.");
  if (webrtc["too-large"]) add("warn", `${webrtc["too-large"]} packets were larger than 1500 bytes and were dropped.`);
  return out;
}

/** "IP:port [type,udp] <-> IP:port [type,udp]" taken apart. Pure. @param {string | undefined} text */
export function pairOf(text) {
  const [local, remote] = (text ?? "").split(" <-> ").map((end) => /^(.*) \[(\w+),(\w+)\]$/.exec(end)).map((found) => (found ? { address: found[1], type: found[2], transport: found[3] } : undefined));
  return { local, remote };
}

/** @type {Record<string, string>} */
const TYPE_WORDS = { host: "its own address", srflx: "seen through a NAT", prflx: "seen through a NAT, learned from its checks", relay: "a relay (TURN)" };

/** The way between client and server, and how far they have come on it. Pure. @param {any} info @returns {Path} */
export function pathOf(info) {
  const { ice = {}, dtls = {} } = info.webrtc ?? {};
  const { local, remote } = pairOf(ice["selected-pair"]);
  const ready = ["connected", "ready"].includes(ice.state), secured = dtls["dtls-state"] === "connected";
  const took = (/** @type {number | undefined} */ from, /** @type {number | undefined} */ to) => (from && to && to >= from ? ` after ${Math.round((to - from) / 1000)} ms` : "");
  const kind = (/** @type {boolean} */ good, /** @type {boolean} */ bad) => (good ? "good" : bad ? "bad" : "warn");
  const end = (/** @type {{ address: string, type: string } | undefined} */ one) => one && { address: one.address, words: TYPE_WORDS[one.type] ?? one.type };
  const theirs = (ice["remote-candidates"] ?? []).length;
  const counts = `${theirs} ${theirs === 1 ? "candidate" : "candidates"} of the client, ${(ice["local-candidates"] ?? []).length} of the server`;
  return {
    kind: kind(ready && secured, ice.state === "failed" || dtls["dtls-state"] === "failed"),
    wire: remote ? `${remote.transport.toUpperCase()}${/^\[|:.*:/.test(remote.address) ? ", IPv6" : ", IPv4"}` : "no path",
    local: end(local), remote: end(remote),
    steps: [
      { name: `ICE ${ice.state ?? "not begun"}`, text: `${[info["ice-mode"], info["ice-role"]].filter(Boolean).join(", ")}${took(info["agent-started"] ?? ice.gathered, ice.connected)}; ${counts}`, kind: kind(ready, ice.state === "failed") },
      { name: `DTLS ${dtls["dtls-state"] ?? "not begun"}`, text: `${dtls["dtls-role"] ?? ""}${took(dtls["handshake-started"], dtls.connected)}${dtls.retransmissions ? `, ${dtls.retransmissions} retransmissions` : ""}`, kind: kind(secured, dtls["dtls-state"] === "failed") },
      { name: secured ? "SRTP" : "SRTP waits", text: secured ? `${(dtls["srtp-profile"] ?? "").replace(/^SRTP_/, "").replaceAll("_", " ")}${dtls["sctp-association"] ? "; data channels" : ""}` : "for DTLS", kind: secured ? "good" : "warn" },
    ],
  };
}

/** The facts of a connection in rows. Pure. @param {any} info @returns {[string, string][]} */
export function factsOf(info) {
  const { webrtc } = info;
  const seconds = (/** @type {number} */ since) => `${Math.max(0, Math.round((info.current_time - since) / 1e6))} s`;
  /** @type {[string, string | undefined][]} */
  const rows = [
    ["Plugin", info.plugin], ["Name given", info.opaque_id], ["Token", info.jwt ? `of ${info.jwt.subject || "nobody named"}, until ${new Date(info.jwt.expires * 1000).toLocaleTimeString()}` : info.token && "given"], ["Transport", info.session_transport], ["Here for", seconds(info.created)],
    ["Lines", Object.values(webrtc?.media ?? {}).map((/** @type {any} */ line) => `${line.mid} ${line.type}${line.codecs?.codec ? ` ${line.codecs.codec}` : ""} ${wayOf(line)}`).join("; ")],
    ["Packets waiting", info["queued-packets"] === undefined ? undefined : String(info["queued-packets"])],
    ["Capture", info["pcap-file"] ?? info["text2pcap-file"]],
  ];
  return rows.filter(/** @returns {row is [string, string]} */ (row) => Boolean(row[1]));
}
