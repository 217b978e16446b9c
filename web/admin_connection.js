// @ts-check
/** One connection as the server sees it: handle_info readings to figures, and what is conspicuous in them. */

/**
 * @typedef {{ type: string, mid: string, inKbps?: number, outKbps?: number, inLoss?: number, outLoss?: number, rtt?: number, nacks?: number, silent: boolean }} LineNow
 * @typedef {{ lines: LineNow[] }} Reading
 */

/** @param {any} now @param {any} last @param {number} seconds @param {string} way @returns {number | undefined} */
function kbps(now, last, seconds, way) {
  const bytes = (now.stats?.[way]?.bytes ?? 0) - (last?.stats?.[way]?.bytes ?? 0);
  return last && seconds > 0 ? Math.max(0, (bytes * 0.008) / seconds) : undefined;
}

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
    return {
      type: now.type,
      mid: now.mid,
      inKbps: kbps(now, last, seconds, "in"),
      outKbps: kbps(now, last, seconds, "out"),
      inLoss: loss(now, last, "in", "lost"),
      outLoss: loss(now, last, "out", "lost-by-remote"),
      rtt: now.rtcp?.main?.rtt,
      nacks: last && seconds > 0 ? ((now.stats?.in?.nacks ?? 0) + (now.stats?.out?.nacks ?? 0) - (last.stats?.in?.nacks ?? 0) - (last.stats?.out?.nacks ?? 0)) / seconds : undefined,
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
  }
  return out;
}

/** The facts of a connection in rows. Pure. @param {any} info @returns {[string, string][]} */
export function factsOf(info) {
  const { webrtc } = info;
  const seconds = (/** @type {number} */ since) => `${Math.max(0, Math.round((info.current_time - since) / 1e6))} s`;
  /** @type {[string, string | undefined][]} */
  const rows = [
    ["Plugin", info.plugin], ["Name given", info.opaque_id], ["Token", info.token && "given"], ["Transport", info.session_transport], ["Here for", seconds(info.created)],
    ["ICE", webrtc && [webrtc.ice?.state, info["ice-mode"], info["ice-role"]].filter(Boolean).join(", ")],
    ["Path", webrtc?.ice?.["selected-pair"]],
    ["DTLS", webrtc && `${webrtc.dtls?.["dtls-state"]}, ${webrtc.dtls?.["dtls-role"]}${webrtc.dtls?.retransmissions ? `, ${webrtc.dtls.retransmissions} retransmissions` : ""}`],
    ["SRTP", webrtc?.dtls?.["srtp-profile"]], ["Data channels", webrtc && (webrtc.dtls?.["sctp-association"] ? "yes" : "no")],
    ["Lines", Object.values(webrtc?.media ?? {}).map((/** @type {any} */ line) => `${line.mid} ${line.type}${line.codecs?.codec ? ` ${line.codecs.codec}` : ""} ${line.direction?.send ? (line.direction.recv ? "both ways" : "to the client") : line.direction?.recv ? "from the client" : "off"}`).join("; ")],
    ["Packets waiting", info["queued-packets"] === undefined ? undefined : String(info["queued-packets"])],
    ["Capture", info["pcap-file"] ?? info["text2pcap-file"]],
  ];
  return rows.filter(/** @returns {row is [string, string]} */ (row) => Boolean(row[1]));
}
