// @ts-check
/** One large picture: starts by the browsers' rules, with sound when they allow it, and fills the screen. */
import { bitrateText, el, make, placeIcons, setIcon, setText } from "./dom.js";

export class Stage {
  /** @param {HTMLElement} tile is filled @param {string} waiting what to show before there is a picture */
  constructor(tile, waiting) {
    this.tile = tile;
    this.video = make("video", { id: "video", playsInline: true, autoplay: true, muted: true });
    this.empty = make("span", { className: "empty", id: "empty" }, waiting);
    this.unmute = make("button", { type: "button", className: "unmute primary", id: "unmute", "data-icon": "volume", hidden: true, onclick: () => this.#sound(true) }, "Turn the sound on");
    this.sound = make("button", { type: "button", className: "round small-round", id: "sound", "data-icon": "volume-off", "aria-label": "Sound", onclick: () => this.#sound(this.video.muted) });
    this.chip = make("span", { className: "chip", id: "chip" });
    const full = make("button", { type: "button", className: "round small-round", id: "full", "data-icon": "full", "aria-label": "Full screen", onclick: () => this.#full() });
    tile.classList.add("tile", "screen");
    tile.append(this.video, this.empty, this.unmute, make("div", { className: "label" }, make("span", { className: "row" }, this.sound), make("span", { className: "row" }, this.chip, full)));
    placeIcons(tile);
    this.#show();
  }

  /** Plays these tracks; those already playing go on. @param {MediaStreamTrack[]} tracks @returns {Promise<boolean>} false: only a click starts it */
  async play(tracks) {
    const playing = this.video.srcObject instanceof MediaStream ? this.video.srcObject.getTracks() : [];
    if (tracks.length === playing.length && tracks.every((track) => playing.includes(track))) return true;
    this.video.srcObject = new MediaStream(tracks);
    this.empty.hidden = true;
    this.video.muted = false;
    let plays = await this.#start();
    if (!plays) {
      // Without a click browsers start only what is mute: the sound waits behind a button.
      this.video.muted = true;
      plays = await this.#start();
    }
    this.#show();
    return plays;
  }

  async #start() {
    try {
      await this.video.play();
      return true;
    } catch (error) {
      return error instanceof DOMException && error.name === "AbortError";  // other tracks came meanwhile: they play
    }
  }

  /** @param {string} text */
  clear(text) {
    this.video.srcObject = null;
    setText(this.empty, text);
    this.empty.hidden = false;
    setText(this.chip, "");
    this.#show();
  }

  /** @param {import("./stats.js").LineFigures | undefined} picture @param {import("./stats.js").LineFigures | undefined} sound */
  figures(picture, sound) {
    setText(this.chip, [picture?.height && `${picture.height}p`, bitrateText((picture?.kbps ?? 0) + (sound?.kbps ?? 0))].filter(Boolean).join(" · "));
  }

  /** The size that fits the picture on screen: 0, 1 or 2. */
  get wantedSubstream() {
    const pixels = this.video.clientWidth * Math.min(2, devicePixelRatio);
    return pixels <= 360 ? 0 : pixels <= 760 ? 1 : 2;
  }

  /** @param {boolean} on */
  #sound(on) {
    this.video.muted = !on;
    this.#start();
    this.#show();
  }

  #show() {
    this.unmute.hidden = !this.video.muted || !this.video.srcObject;
    setIcon(this.sound, this.video.muted ? "volume-off" : "volume");
    this.sound.setAttribute("aria-pressed", String(!this.video.muted));
  }

  #full() {
    if (document.fullscreenElement) return void document.exitFullscreen();
    // Phones of one maker let only the video itself fill the screen.
    if (this.tile.requestFullscreen) this.tile.requestFullscreen();
    else /** @type {any} */ (this.video).webkitEnterFullscreen?.();
  }
}

/** Rows of a list of facts. @param {string} id @param {[string, string][]} rows */
export function showRows(id, rows) {
  el(id).replaceChildren(...rows.flatMap(([name, text]) => [make("dt", null, name), make("dd", { className: "figure" }, text)]));
}

/** @param {number} value */
export const ms = (value) => `${Math.round(value)} ms`;
