// @ts-check
/** Video tiles: one picture with name, state and figures, and how many of them share a space. */
import { bitrateText, icon, make, setText } from "./dom.js";

const GAP = 8;

/** One participant's picture, or the letter of the name when there is none. */
export class Tile {
  /** @type {MediaStreamTrack[]} */ #tracks = [];
  #heard = 0;

  /** @param {string} key @param {{ onopen?: () => void, mirror?: boolean, silent?: boolean }} [options] onopen: the chip was chosen */
  constructor(key, { onopen, mirror = false, silent = false } = {}) {
    this.key = key;
    this.video = make("video", { autoplay: true, playsInline: true, muted: silent, className: mirror ? "mirror" : "" });
    this.letter = make("span", { className: "avatar", "aria-hidden": "true" });
    this.name = make("span", { className: "name" });
    this.signs = make("span", { className: "signs" });
    this.chip = make("button", { type: "button", className: "chip", onclick: () => onopen?.(), disabled: !onopen });
    this.node = make("article", { className: "tile", "data-key": key }, this.video, this.letter, make("div", { className: "label" }, make("span", { className: "who" }, this.signs, this.name), this.chip));
    this.show({ name: "", picture: false });
  }

  /** @param {{ name: string, picture: boolean, microphone?: boolean, moderated?: boolean, fill?: boolean }} state */
  show({ name, picture, microphone = true, moderated = false, fill = false }) {
    setText(this.name, name);
    setText(this.letter, (name.trim()[0] ?? "?").toUpperCase());
    this.node.setAttribute("aria-label", `${name}${picture ? "" : ", camera off"}${microphone ? "" : ", microphone off"}${moderated ? ", muted by a moderator" : ""}`);
    this.video.hidden = !picture;
    this.letter.hidden = picture;
    this.node.classList.toggle("fill", fill);
    this.chip.setAttribute("aria-label", `${name}: figures and settings`);
    const wanted = microphone && !moderated ? "" : moderated ? "moderated" : "off";
    if (this.signs.dataset.shows !== wanted) {
      this.signs.dataset.shows = wanted;
      this.signs.replaceChildren(...(wanted ? [icon("mic-off")] : []));
    }
  }

  /** Plays these tracks; nothing happens when they are the ones already playing. @param {MediaStreamTrack[]} tracks */
  play(tracks) {
    if (tracks.length === this.#tracks.length && tracks.every((track, i) => track === this.#tracks[i])) return;
    this.#tracks = tracks;
    this.video.srcObject = tracks.length ? new MediaStream(tracks) : null;
  }

  /** @param {import("./stats.js").LineFigures | undefined} video @param {import("./stats.js").LineFigures | undefined} audio */
  figures(video, audio) {
    const size = video?.height ? `${video.height}p` : "";
    setText(this.chip, [size, bitrateText((video?.kbps ?? 0) + (audio?.kbps ?? 0))].filter(Boolean).join(" · "));
  }

  /** Somebody who was heard keeps the ring for a second. @param {boolean} talking */
  talking(talking) {
    const now = performance.now();
    if (talking) this.#heard = now;
    this.node.classList.toggle("talking", talking || now - this.#heard < 1000);
  }

  /** @returns {number} when it was last heard, as performance.now() */
  get heardAt() {
    return this.#heard;
  }

  /** What size the server should send for the size on screen: 0, 1 or 2. */
  get wantedSubstream() {
    const pixels = this.node.clientWidth * Math.min(2, devicePixelRatio);
    return pixels <= 360 ? 0 : pixels <= 760 ? 1 : 2;
  }

  remove() {
    this.video.srcObject = null;
    this.node.remove();
  }
}

/**
 * The widest tiles with which all fit. Pure, so that it can be checked.
 * @param {number} count @param {number} width @param {number} height @param {number} [ratio]
 */
export function bestGrid(count, width, height, ratio = 16 / 9) {
  let best = { columns: 1, width: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns++) {
    const rows = Math.ceil(count / columns);
    const byWidth = (width - GAP * (columns - 1)) / columns;
    const byHeight = ((height - GAP * (rows - 1)) / rows) * ratio;
    const fits = Math.floor(Math.min(byWidth, byHeight));
    if (fits > best.width) best = { columns, width: fits };
  }
  // Too many for the space: readable ones, and the space scrolls.
  if (best.width < 150) best = { columns: Math.max(1, Math.floor((width + GAP) / (150 + GAP))), width: Math.min(150, Math.floor(width)) };
  return best;
}

/** Keeps tiles in a grid, or one on the stage and the others in a strip beside it. */
export class Gallery {
  /** @type {Tile | undefined} */ #staged;
  /** @type {Tile[]} */ #tiles = [];

  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.stage = make("div", { className: "stage-tile", hidden: true });
    this.strip = make("div", { className: "strip" });
    place.append(this.stage, this.strip);
    new ResizeObserver(() => this.measure()).observe(place);
  }

  /** @param {Tile[]} tiles in order @param {Tile | undefined} staged */
  arrange(tiles, staged) {
    this.#tiles = tiles;
    this.#staged = staged;
    this.stage.hidden = !staged;
    this.place.classList.toggle("staged", Boolean(staged));
    if (staged && staged.node.parentElement !== this.stage) this.stage.replaceChildren(staged.node);
    const others = tiles.filter((tile) => tile !== staged).map((tile) => tile.node);
    const same = others.length === this.strip.children.length && others.every((node, i) => node === this.strip.children[i]);
    if (!same) this.strip.replaceChildren(...others);
    for (const tile of tiles) if (tile.video.paused && tile.video.srcObject) tile.video.play().catch(() => {});  // moving in the document pauses
    this.measure();
  }

  measure() {
    if (this.#staged) {
      this.place.style.removeProperty("--tile");
      this.strip.style.maxWidth = "";
      return;
    }
    const { clientWidth, clientHeight } = this.place;
    if (!clientWidth || !clientHeight) return;
    const { columns, width } = bestGrid(this.#tiles.length, clientWidth, clientHeight);
    this.place.style.setProperty("--tile", `${width}px`);
    this.strip.style.maxWidth = `${columns * width + (columns - 1) * GAP}px`;
  }
}
