// @ts-check
/** A small line chart over time: several series, an axis that fits, values under the pointer. */
import { make, setText } from "./dom.js";

const WIDTH = 600, HEIGHT = 140, COLOURS = 6;

/** The next round number: 1, 2 or 5 times a power of ten. Pure. @param {number} value */
export function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}

export class Chart {
  /** @type {Map<string, (number | undefined)[]>} */ #series = new Map();
  /** @type {Map<string, SVGPathElement>} */ #paths = new Map();
  #top = 1;

  /** @param {string} title @param {(value: number) => string} format @param {number} [length] values kept */
  constructor(title, format, length = 120) {
    this.format = format;
    this.length = length;
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    this.svg.setAttribute("preserveAspectRatio", "none");
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("aria-label", title);
    this.topText = make("span", { className: "axis figure" });
    this.legend = make("div", { className: "legend" });
    this.cursor = make("div", { className: "cursor", hidden: true });
    const plot = make("div", { className: "plot" }, this.svg, this.topText, this.cursor);
    this.node = make("figure", { className: "chart" }, make("figcaption", null, title), plot, this.legend);
    plot.addEventListener("pointermove", (event) => this.#point((event.clientX - plot.getBoundingClientRect().left) / plot.clientWidth));
    plot.addEventListener("pointerleave", () => this.#point(undefined));
  }

  /** One moment: what each series is now; undefined or missing: not known. @param {Record<string, number | undefined>} values */
  add(values) {
    const before = Math.max(0, ...[...this.#series.values()].map((list) => list.length));
    for (const name of Object.keys(values)) if (!this.#series.has(name)) this.#begin(name, before);
    for (const [name, list] of this.#series) {
      list.push(values[name]);
      if (list.length > this.length) list.shift();
    }
    this.#draw();
    this.#show(-1);
  }

  /** @param {string} name @param {number} missed */
  #begin(name, missed) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("class", `c${this.#series.size % COLOURS}`);
    this.svg.append(path);
    this.#paths.set(name, path);
    this.#series.set(name, new Array(missed).fill(undefined));
    this.legend.append(make("span", { className: `key c${(this.#series.size - 1) % COLOURS}` }, `${name} `, make("b", { className: "figure" })));
  }

  #draw() {
    let most = 0;
    for (const list of this.#series.values()) for (const value of list) if (value !== undefined && value > most) most = value;
    this.#top = roundUp(most);
    setText(this.topText, this.format(this.#top));
    for (const [name, list] of this.#series) {
      const start = this.length - list.length;
      let line = "", pen = "M";
      list.forEach((value, i) => {
        if (value === undefined) return void (pen = "M");
        line += `${pen}${(((start + i) / (this.length - 1)) * WIDTH).toFixed(1)} ${(HEIGHT - 2 - (value / this.#top) * (HEIGHT - 6)).toFixed(1)}`;
        pen = "L";
      });
      this.#paths.get(name)?.setAttribute("d", line);
    }
  }

  /** @param {number | undefined} share of the width */
  #point(share) {
    this.cursor.hidden = share === undefined;
    if (share === undefined) return this.#show(-1);
    this.cursor.style.left = `${share * 100}%`;
    this.#show(Math.round(share * (this.length - 1)));
  }

  /** Values of one moment in the legend. @param {number} at -1: now */
  #show(at) {
    if (at < 0 && !this.cursor.hidden) return;
    let i = 0;
    for (const list of this.#series.values()) {
      const value = at < 0 ? list.at(-1) : list[at - (this.length - list.length)];
      setText(/** @type {Element} */ (this.legend.children[i++].querySelector("b")), value === undefined ? "–" : this.format(value));
    }
  }
}
