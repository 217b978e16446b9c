// @ts-check
/**
 * <limen-figures>: what a peer connection is doing, once a second, with a minute of history.
 *
 *   document.querySelector("limen-figures").watch(peer.pc);
 */

const HISTORY = 60;

/**
 * One second of one connection. Undefined: not known (yet).
 * @typedef {object} Sample
 * @property {number} [sendKbps] @property {number} [receiveKbps] @property {number} [lossPercent]
 * @property {number} [roundTripMs] @property {number} [jitterMs] @property {number} [framesPerSecond]
 * @property {string} [resolution] @property {string} [codec] @property {string} [cipher] @property {string} [path]
 * @property {number} [freezes] @property {number} [framesDecoded]
 */

/** @type {{ key: keyof Sample, name: string, unit: string, digits: number }[]} */
const GRAPHS = [
  { key: "sendKbps", name: "Sending", unit: "kbit/s", digits: 0 },
  { key: "receiveKbps", name: "Receiving", unit: "kbit/s", digits: 0 },
  { key: "framesPerSecond", name: "Frames", unit: "fps", digits: 0 },
  { key: "lossPercent", name: "Packet loss", unit: "%", digits: 1 },
  { key: "roundTripMs", name: "Round trip", unit: "ms", digits: 1 },
  { key: "jitterMs", name: "Jitter", unit: "ms", digits: 1 },
];

/** @type {[keyof Sample, string][]} */
const FACTS = [["resolution", "Picture"], ["codec", "Codecs"], ["cipher", "Encryption"], ["path", "Path"], ["freezes", "Freezes"]];

/**
 * @param {RTCStatsReport} report @param {RTCStatsReport | undefined} before @returns {Sample}
 */
export function sampleOf(report, before) {
  /** @type {Sample} */
  const out = { sendKbps: 0, receiveKbps: 0 };
  /** @type {string[]} */
  const codecs = [];
  let lost = 0, received = 0;
  report.forEach((stat) => {
    const last = /** @type {any} */ (before?.get(stat.id));
    const seconds = last ? (stat.timestamp - last.timestamp) / 1000 : 0;
    /** @param {string} key */
    const rate = (key) => (seconds > 0 ? (stat[key] - last[key]) / seconds : 0);
    if (stat.type === "outbound-rtp") out.sendKbps = (out.sendKbps ?? 0) + rate("bytesSent") * 0.008;
    if (stat.type === "inbound-rtp") {
      out.receiveKbps = (out.receiveKbps ?? 0) + rate("bytesReceived") * 0.008;
      if (last) lost += Math.max(0, stat.packetsLost - last.packetsLost);
      if (last) received += stat.packetsReceived - last.packetsReceived;
      const codec = /** @type {any} */ (report.get(stat.codecId))?.mimeType?.split("/")[1];
      if (codec && !codecs.includes(codec)) codecs.push(codec);
      if (stat.kind === "video") {
        out.framesPerSecond = stat.framesPerSecond ?? 0;
        out.framesDecoded = stat.framesDecoded;
        out.freezes = stat.freezeCount;
        out.jitterMs = (stat.jitter ?? 0) * 1000;
        if (stat.frameWidth) out.resolution = `${stat.frameWidth} × ${stat.frameHeight}`;
      } else if (out.jitterMs === undefined) {
        out.jitterMs = (stat.jitter ?? 0) * 1000;
      }
    }
    if (stat.type === "transport") {
      if (stat.srtpCipher) out.cipher = `${stat.srtpCipher}, ${stat.dtlsCipher ?? "DTLS"}`;
      const pair = /** @type {any} */ (report.get(stat.selectedCandidatePairId));
      if (pair?.currentRoundTripTime !== undefined) out.roundTripMs = pair.currentRoundTripTime * 1000;
      const local = /** @type {any} */ (report.get(pair?.localCandidateId)), remote = /** @type {any} */ (report.get(pair?.remoteCandidateId));
      if (local && remote) out.path = `${local.candidateType} → ${remote.address ?? "hidden"}:${remote.port} ${remote.candidateType}, ${remote.protocol}`;
    }
  });
  out.lossPercent = lost + received > 0 ? (100 * lost) / (lost + received) : 0;
  if (codecs.length) out.codec = codecs.join(", ");
  return out;
}

export class Figures extends HTMLElement {
  /** @type {Sample[]} */ history = [];
  /** @type {ReturnType<typeof setInterval> | undefined} */ #timer;
  /** @type {RTCStatsReport | undefined} */ #before;

  connectedCallback() {
    const graphs = GRAPHS.map(({ key, name }) => `<div class="graph"><span class="name">${name}</span><span class="value" data-value="${key}">–</span>
      <svg viewBox="0 0 ${HISTORY - 1} 36" preserveAspectRatio="none" aria-hidden="true"><path class="area" data-area="${key}"/><path data-line="${key}"/></svg></div>`);
    const facts = FACTS.map(([key, name]) => `<dt>${name}</dt><dd data-value="${key}">–</dd>`);
    this.innerHTML = `<div class="graphs">${graphs.join("")}</div><dl class="facts">${facts.join("")}</dl>
      <div class="row"><button type="button">Copy as JSON</button><span class="muted small" role="status"></span></div>`;
    /** @type {HTMLButtonElement} */ (this.querySelector("button")).onclick = () => this.#copy();
  }

  disconnectedCallback() {
    this.stop();
  }

  /** @param {RTCPeerConnection} pc */
  watch(pc) {
    this.stop();
    this.history = [];
    this.#before = undefined;
    const look = async () => {
      if (pc.connectionState === "closed") return this.stop();
      const report = await pc.getStats();
      this.history.push(sampleOf(report, this.#before));
      if (this.history.length > HISTORY) this.history.shift();
      this.#before = report;
      this.#draw();
      this.dispatchEvent(new CustomEvent("sample", { detail: this.history.at(-1) }));
    };
    this.#timer = setInterval(look, 1000);
    look();
  }

  stop() {
    clearInterval(this.#timer);
  }

  #draw() {
    const now = this.history.at(-1) ?? {};
    for (const { key, unit, digits } of GRAPHS) {
      const value = /** @type {number | undefined} */ (now[key]);
      this.#text(key, value === undefined ? "–" : `${value.toFixed(digits)} ${unit}`);
      const values = this.history.map((sample) => /** @type {number} */ (sample[key]) ?? 0);
      const top = Math.max(...values, 1e-9);
      const start = HISTORY - values.length;
      const line = values.map((v, i) => `${i === 0 ? "M" : "L"}${start + i} ${(35 - (33 * v) / top).toFixed(1)}`).join("");
      this.querySelector(`[data-line="${key}"]`)?.setAttribute("d", line);
      this.querySelector(`[data-area="${key}"]`)?.setAttribute("d", `${line}L${HISTORY - 1} 36L${start} 36Z`);
    }
    for (const [key] of FACTS) this.#text(key, String(now[key] ?? "–"));
  }

  /** @param {string} key @param {string} text */
  #text(key, text) {
    const element = this.querySelector(`[data-value="${key}"]`);
    if (element && element.textContent !== text) element.textContent = text;
  }

  async #copy() {
    const status = /** @type {HTMLElement} */ (this.querySelector("[role=status]"));
    try {
      await navigator.clipboard.writeText(JSON.stringify({ page: location.pathname, browser: navigator.userAgent, samples: this.history }, null, 1));
      status.textContent = "Copied.";
    } catch {
      status.textContent = "The browser did not allow copying.";
    }
  }
}

customElements.define("limen-figures", Figures);
