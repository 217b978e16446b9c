// @ts-check
/** What each m-line of a peer connection does: two readings of getStats() to figures per mid. */

/**
 * Undefined: not known (yet). lossPercent of what is sent is what the other side reported.
 * @typedef {object} LineFigures
 * @property {string} kind @property {number} kbps @property {number} [lossPercent] @property {number} [framesPerSecond]
 * @property {number} [width] @property {number} [height] @property {string} [codec] @property {number} [jitterMs]
 * @property {number} [bufferMs] mean time in the jitter buffer @property {number} [decodeMs] per frame @property {number} [encodeMs] per frame
 * @property {number} [freezes] @property {number} [loudness] of the last second, 0 to 1 @property {number} [layers] sizes that are being sent
 * @typedef {{ lines: Map<string, LineFigures>, roundTripMs?: number }} Figures
 */

/** @param {any} now @param {any} last @param {string} sum @param {string} count @returns {number | undefined} mean milliseconds per unit */
function mean(now, last, sum, count) {
  const units = now[count] - (last?.[count] ?? 0);
  return units > 0 ? (1000 * (now[sum] - (last?.[sum] ?? 0))) / units : undefined;
}

/** @param {RTCStatsReport} report @param {RTCStatsReport | undefined} before @returns {Figures} */
export function figuresOf(report, before) {
  /** @type {Figures} */
  const out = { lines: new Map() };
  report.forEach((stat) => {
    const last = /** @type {any} */ (before?.get(stat.id));
    if (stat.type === "transport") {
      const pair = /** @type {any} */ (report.get(stat.selectedCandidatePairId));
      if (pair?.currentRoundTripTime !== undefined) out.roundTripMs = pair.currentRoundTripTime * 1000;
    }
    if ((stat.type !== "inbound-rtp" && stat.type !== "outbound-rtp") || stat.mid === undefined) return;
    const inbound = stat.type === "inbound-rtp", seconds = last ? (stat.timestamp - last.timestamp) / 1000 : 0;
    const bytes = inbound ? "bytesReceived" : "bytesSent";
    const kbps = seconds > 0 ? ((stat[bytes] - last[bytes]) * 0.008) / seconds : 0;
    const line = out.lines.get(stat.mid) ?? /** @type {LineFigures} */ ({ kind: stat.kind, kbps: 0 });
    out.lines.set(stat.mid, line);
    line.kbps += kbps;
    line.codec ??= /** @type {any} */ (report.get(stat.codecId))?.mimeType?.split("/")[1];
    if (stat.frameWidth && stat.frameWidth >= (line.width ?? 0) && (inbound || kbps > 0)) Object.assign(line, { width: stat.frameWidth, height: stat.frameHeight });
    if (stat.framesPerSecond !== undefined) line.framesPerSecond = Math.max(line.framesPerSecond ?? 0, stat.framesPerSecond);
    if (inbound) readInbound(line, stat, last);
    else readOutbound(line, stat, last, report, kbps);
  });
  return out;
}

/** @param {LineFigures} line @param {any} stat @param {any} last */
function readInbound(line, stat, last) {
  const lost = stat.packetsLost - (last?.packetsLost ?? 0), received = stat.packetsReceived - (last?.packetsReceived ?? 0);
  line.lossPercent = lost + received > 0 ? Math.max(0, (100 * lost) / (lost + received)) : 0;
  line.jitterMs = (stat.jitter ?? 0) * 1000;
  line.bufferMs = mean(stat, last, "jitterBufferDelay", "jitterBufferEmittedCount");
  line.decodeMs = stat.totalDecodeTime === undefined ? undefined : mean(stat, last, "totalDecodeTime", "framesDecoded");
  line.freezes = stat.freezeCount;
  const heard = stat.totalSamplesDuration - (last?.totalSamplesDuration ?? 0);
  if (heard > 0) line.loudness = Math.sqrt((stat.totalAudioEnergy - (last?.totalAudioEnergy ?? 0)) / heard);
}

/** @param {LineFigures} line @param {any} stat @param {any} last @param {RTCStatsReport} report @param {number} kbps */
function readOutbound(line, stat, last, report, kbps) {
  const remote = /** @type {any} */ (report.get(stat.remoteId));
  if (remote?.fractionLost !== undefined) line.lossPercent = Math.max(line.lossPercent ?? 0, 100 * remote.fractionLost);
  if (stat.totalEncodeTime !== undefined) line.encodeMs = mean(stat, last, "totalEncodeTime", "framesEncoded") ?? line.encodeMs;
  if (kbps > 1 && stat.kind === "video") line.layers = (line.layers ?? 0) + 1;
}

/** Reads a connection every second and tells what each line does. Event "figures" (detail: Figures). */
export class Meter extends EventTarget {
  /** @type {Figures} */ latest = { lines: new Map() };
  /** @type {RTCStatsReport | undefined} */ #before;

  /** @param {RTCPeerConnection} pc */
  constructor(pc) {
    super();
    this.pc = pc;
    this.timer = setInterval(() => this.#look(), 1000);
  }

  async #look() {
    if (this.pc.connectionState === "closed") return this.stop();
    const report = await this.pc.getStats();
    this.latest = figuresOf(report, this.#before);
    this.#before = report;
    this.dispatchEvent(new CustomEvent("figures", { detail: this.latest }));
  }

  stop() {
    clearInterval(this.timer);
  }
}
