// @ts-check
/** The streams of one connection, a card each: what it carries, and its charts over time. */
import { Chart } from "./chart.js";
import { bitrateText, make, setText } from "./dom.js";

/** @typedef {import("./admin_connection.js").LineNow} LineNow @typedef {Record<string, number | undefined>} Values */

const percent = (/** @type {number} */ value) => `${value.toFixed(1)} %`;
const ms = (/** @type {number} */ value) => `${value.toFixed(0)} ms`;
const perSecond = (/** @type {number} */ value) => `${value.toFixed(0)}/s`;

/** Title, how values are written, what is drawn, and for which lines. @type {[string, (value: number) => string, (line: LineNow) => Values, boolean][]} */
const CHARTS = [
  ["Bitrate", bitrateText, (line) => ({ "from the client": line.inKbps, ...line.layersKbps, "to the client": line.outKbps }), true],
  ["Packets lost", percent, (line) => ({ "from the client": line.inLoss, "to the client": line.outLoss }), false],
  ["Jitter and round trip", ms, (line) => ({ "jitter from the client": line.inJitter, "jitter to the client": line.outJitter, "round trip": line.rtt }), false],
  ["Asked again", perSecond, (line) => ({ "by the client": line.inNacks, "by the server": line.outNacks }), false],
];

/** Good, and what it is worse than: kinds of a pill. Pure. @param {number | undefined} quality 0 to 100 */
export const kindOfQuality = (quality) => (quality === undefined ? undefined : quality >= 90 ? "good" : quality >= 70 ? "warn" : "bad");

class StreamCard {
  /** @param {LineNow} line */
  constructor(line) {
    const media = line.type !== "data";
    this.charts = CHARTS.filter(([, , , always]) => media || always).map(([title, format, values]) => ({ chart: new Chart(title, format), values }));
    this.facts = make("div", { className: "row pills" });
    const name = `${line.type[0].toUpperCase()}${line.type.slice(1)} ${line.mid}`;
    this.node = make("section", { className: "panel stream", "aria-label": name, "data-mid": line.mid },
      make("div", { className: "row" }, make("h2", null, name), make("span", { className: "space" }), this.facts),
      make("div", { className: "charts" }, ...this.charts.map(({ chart }) => chart.node)));
  }

  /** @param {LineNow} line */
  add(line) {
    const pills = [line.codec, line.way, line.layers > 1 ? `${line.layers} layers` : "", line.ssrc ? `SSRC ${line.ssrc}` : ""].filter(Boolean).map((text) => ({ text, kind: "" }));
    for (const [way, quality] of /** @type {[string, number | undefined][]} */ ([["from", line.receives ? line.inQuality : undefined], ["to", line.sends ? line.outQuality : undefined]])) {
      if (quality) pills.push({ text: `${quality} % ${way} the client`, kind: kindOfQuality(quality) ?? "" });
    }
    const wanted = JSON.stringify(pills);
    if (this.facts.dataset.pills !== wanted) {
      this.facts.dataset.pills = wanted;
      this.facts.replaceChildren(...pills.map(({ text, kind }) => make("span", { className: "pill", ...(kind && { "data-kind": kind }) }, text)));
    }
    for (const { chart, values } of this.charts) chart.add(values(line));
  }
}

export class Streams {
  /** @type {Map<string, StreamCard>} */ #cards = new Map();

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    place.replaceChildren();
  }

  /** One moment. @param {LineNow[]} lines */
  add(lines) {
    for (const line of lines) {
      let card = this.#cards.get(line.mid);
      if (!card) {
        card = new StreamCard(line);
        this.#cards.set(line.mid, card);
        this.place.append(card.node);
      }
      card.add(line);
    }
    for (const [mid, card] of this.#cards) card.node.hidden = !lines.some((line) => line.mid === mid);
  }
}

/** Draws the way between client and server. @param {HTMLElement} place @param {import("./admin_connection.js").Path} path */
export function showPath(place, path) {
  const end = (/** @type {string} */ name, /** @type {import("./admin_connection.js").PathEnd | undefined} */ one) =>
    make("div", { className: "path-end" }, make("strong", null, name), make("span", { className: "figure" }, one?.address ?? "not known yet"), make("span", { className: "muted small" }, one?.words ?? ""));
  const wire = make("div", { className: "path-wire", "data-kind": path.kind }, make("span", { className: "small figure" }, path.wire));
  const steps = path.steps.map(({ name, text, kind }) => make("li", { "data-kind": kind }, make("strong", null, name), make("span", { className: "muted small" }, text)));
  place.replaceChildren(make("div", { className: "path" }, end("Client", path.remote), wire, end("Server", path.local)), make("ol", { className: "steps" }, ...steps));
}

/** @param {HTMLElement} place @param {string[]} candidates */
export function showCandidates(place, candidates) {
  setText(place, candidates.length ? candidates.join("\n") : "none");
}
