// @ts-check
/** Player: the Streaming plugin. The server offers, we answer; one handle per stream that is watched. Or WHEP: we offer. */
import { LimenError } from "./limen.js";
import { bitrateText, copyText, el, idOf, make, placeIcons, query, setIcon, setText, words } from "./dom.js";
import { Figures } from "./figures.js";
import { goOnline, notice, shell, showServer } from "./shell.js";
import { Stage, ms, showRows } from "./stage.js";
import { Meter } from "./stats.js";
import { WhipSession, endpoints } from "./whip.js";

shell("Player");
placeIcons();

const PLUGIN = "janus.plugin.streaming", LIST_MS = 5000;
const notices = el("notices"), stage = new Stage(el("screen"), "Choose a stream."), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
/** A notice that is over when what it tells has passed. @type {HTMLElement | undefined} */ let passing;
const input = (/** @type {string} */ id) => el(id, HTMLInputElement);

/**
 * @typedef {object} Watch
 * @property {number | string} id @property {string} pin @property {string} name @property {any[]} media as `info` tells it
 * @property {import("./limen.js").Handle} handle @property {{ pc: RTCPeerConnection }} peer @property {Meter} [meter] @property {boolean} paused
 * @property {import("./limen.js").Peer} [janus] or, instead of `watch` on the handle, @property {WhipSession} [whep] @property {Record<string, any>} layer what was asked of it
 */
/** @type {import("./limen.js").Session | undefined} */ let session;
/** @type {import("./limen.js").Handle | undefined} */ let desk;
/** @type {Watch | undefined} */ let watch;
/** @type {ReturnType<typeof setTimeout> | undefined} */ let retry;
let size = "auto", asked = "";

/** @param {"idle" | "starting" | "playing"} state */
function setState(state) {
  for (const id of ["controls", "facts", "figures"]) el(id).hidden = state === "idle";
  setText(el("state"), state === "starting" ? "Starting" : watch?.paused ? "Paused" : "Live");
  el("state").dataset.kind = state === "playing" && !watch?.paused ? "good" : "warn";
  for (const button of document.querySelectorAll("[data-stream]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-stream") === String(watch?.id)));
  document.body.dataset.state = state;
}

async function online() {
  if (session && session.state !== "closed") return session;
  const made = await goOnline();
  session = made;
  made.addEventListener("state", () => {
    if (made.state === "reconnecting") passing = notice(notices, "warn", "The connection to the server is lost", "Trying to come back; the picture goes on meanwhile.");
    if (made.state === "connected") passing?.remove();
    if (made.state === "closed" && made === session) serverGone();
  });
  desk = await made.attach(PLUGIN);
  return made;
}

/** What was watched is watched again as soon as the server is back. */
function serverGone() {
  const again = watch;
  session = desk = undefined;
  stop();
  notice(notices, "warn", "The server has gone", again ? "Trying again every few seconds." : "The streams are listed when it is back.");
  const attempt = async () => {
    try {
      await online();
      notices.replaceChildren();
      if (again) await play(again.id, again.name, again.pin);
    } catch {
      retry = setTimeout(attempt, 3000);
    }
  };
  clearTimeout(retry);
  retry = setTimeout(attempt, 1500);
}

async function showList() {
  try {
    await online();
    const list = /** @type {any[]} */ ((await desk?.request({ request: "list" }))?.data.list ?? []);
    if (document.activeElement?.closest("#list")) return markLive(list);
    el("list").replaceChildren(...(list.length ? list.slice(0, 200).map(row) : [make("p", { className: "muted" }, "No stream is open to everybody.")]));
    setState(/** @type {"idle"} */ (document.body.dataset.state ?? "idle"));
  } catch (error) {
    if (session && session.state !== "closed") return;  // its state says so
    showServer("closed");
    el("list").replaceChildren(make("p", { className: "muted" }, "The streams are not known."));
    notice(notices, "bad", "The streams cannot be listed", words(error));
  }
}

/** @param {any} one @returns {[string, string]} words and kind */
function liveness(one) {
  if (!one.enabled) return ["disabled", "bad"];
  if (one.type === "on demand") return ["on demand", "good"];
  const ages = (one.media ?? []).filter((/** @type {any} */ line) => line.type !== "data" && line.age_ms !== undefined).map((/** @type {any} */ line) => line.age_ms);
  if (ages.length === 0) return ["live", "good"];
  return Math.min(...ages) < 5000 ? ["live", "good"] : ["nothing arrives", "warn"];
}

/** @param {any} one */
function row(one) {
  const [text, kind] = liveness(one), media = (one.media ?? []).map((/** @type {any} */ line) => line.label ?? line.type).join(", ");
  return make("button", { type: "button", className: "room", "data-stream": one.id, onclick: () => play(one.id, one.description, input("pin").value) },
    make("span", { className: "row" }, make("strong", null, one.description), make("span", { className: "pill", "data-kind": kind, "data-live": one.id }, text)), make("span", { className: "muted small" }, [`Stream ${one.id}`, media, one.metadata].filter(Boolean).join(" · ")));
}

/** Somebody is at the list with the keyboard: only what changes is touched. @param {any[]} list */
function markLive(list) {
  for (const one of list) {
    const pill = /** @type {HTMLElement | null} */ (document.querySelector(`[data-live="${CSS.escape(String(one.id))}"]`));
    if (!pill) continue;
    const [text, kind] = liveness(one);
    setText(pill, text);
    pill.dataset.kind = kind;
  }
}

/** @param {number | string} id @param {string} name @param {string} pin */
async function play(id, name, pin) {
  if (watch?.id === id) return;
  stop();
  notices.replaceChildren();
  try {
    const handle = await (await online()).attach(PLUGIN);
    const info = (await handle.request({ request: "info", id })).data.info ?? {};
    const media = Array.isArray(info.media) ? info.media : [];
    const whep = input("whep").checked ? new WhipSession() : undefined;
    const janus = whep ? undefined : handle.peer();
    /** @type {Watch} */
    const mine = { id, pin, name: name || info.description || `Stream ${id}`, media, handle, peer: /** @type {{ pc: RTCPeerConnection }} */ (whep ?? janus), paused: false, whep, janus, layer: {} };
    watch = mine;
    el("pause").hidden = !!whep;  // WHEP has no word for it
    setText(el("now"), mine.name);
    setState("starting");
    stage.clear("Starting …");
    follow(mine);
    if (whep) await playByWhep(mine, whep);
    else await answer(mine, {});
    if (watch !== mine) return;
    mine.meter = new Meter(mine.peer.pc);
    mine.meter.addEventListener("figures", (event) => watch === mine && showFigures(mine, /** @type {CustomEvent} */ (event).detail));
    figures.watch(mine.peer.pc);
    showLayers(mine);
    setState("playing");
  } catch (error) {
    stop();
    const pinned = error instanceof LimenError && (error.code === 453 || error.code === 457);
    notice(notices, "bad", pinned ? "This stream needs its PIN" : "The stream cannot be played", pinned ? "Type it below the list, then choose the stream again." : words(error));
  }
}

/** @param {Watch} mine @param {Record<string, any>} more */
async function answer({ handle, id, pin, janus }, more) {
  const offer = await handle.request({ request: "watch", id, ...more, ...(pin && { pin }) });
  if (!offer.jsep) throw new Error("The server made no offer");
  await janus?.answer(offer.jsep, { request: "start" });
}

/** @param {Watch} mine @param {WhipSession} whep */
async function playByWhep(mine, whep) {
  const paths = await endpoints();
  if (!paths) throw new Error("This server has no WHEP endpoints");
  for (const kind of ["audio", "video"]) if (mine.media.some((line) => line.type === kind)) whep.pc.addTransceiver(kind, { direction: "recvonly" });
  whep.addEventListener("inactive", () => watch === mine && (passing = notice(notices, "warn", "Nobody publishes this stream just now", "It goes on when somebody does.")));
  whep.addEventListener("active", () => watch === mine && passing?.remove());
  await whep.open(`${paths.whep}/stream/${encodeURIComponent(String(mine.id))}${mine.pin ? `?pin=${encodeURIComponent(mine.pin)}` : ""}`);
}

/** @param {Watch} mine */
function follow(mine) {
  const { handle, peer } = mine;
  /** @type {MediaStreamTrack[]} */
  const tracks = [];
  if (!mine.whep) peer.pc.createDataChannel("JanusDataChannel");
  peer.pc.ondatachannel = ({ channel }) => (channel.onmessage = ({ data }) => watch === mine && showMessage(data));
  peer.pc.ontrack = async ({ track }) => {
    tracks.push(track);
    if (watch === mine && !(await stage.play([...tracks]))) notice(notices, "warn", "The browser does not start by itself", "Press the sound sign on the picture.");
  };
  peer.pc.addEventListener("iceconnectionstatechange", () => {
    clearTimeout(retry);
    const { iceConnectionState } = peer.pc;
    if (watch !== mine) return;
    if (iceConnectionState === "failed") mend(mine);
    if (iceConnectionState === "disconnected") retry = setTimeout(() => mend(mine), 2500);
  });
  handle.addEventListener("message", (event) => watch === mine && told(/** @type {CustomEvent} */ (event).detail.data ?? {}));
  handle.addEventListener("hangup", () => watch === mine && stop("The stream has ended"));
}

/** A new path after a change of network. @param {Watch} mine */
async function mend(mine) {
  if (watch !== mine || (!mine.whep && session?.state !== "connected")) return;
  try {
    if (mine.whep) await mine.whep.restart();
    else await answer(mine, { restart: true });
  } catch (error) {
    notice(notices, "bad", "No new path could be made", words(error));
  }
}

/** @param {any} data */
function told(data) {
  const result = data.result ?? {};
  if (result.status === "stopped") return stop("The stream was closed");
  if (result.status === "kicked_all") return stop("The server sent all viewers away");
  if (data.event === "rtsp-disconnected") notice(notices, "warn", "The camera does not answer", "The server goes on trying.");
  if (data.event === "rtsp-reconnected") notices.replaceChildren();
  for (const key of ["substream", "temporal", "spatial_layer", "temporal_layer"]) {
    if (result[key] === undefined) continue;
    for (const button of document.querySelectorAll(`[data-layer^="${key} "]`)) button.classList.toggle("current", button.getAttribute("data-layer") === `${key} ${result[key]}`);
  }
}

/** @param {unknown} data */
function showMessage(data) {
  el("data").hidden = false;
  const text = typeof data === "string" ? data.slice(0, 1000) : `${data instanceof ArrayBuffer ? data.byteLength : data instanceof Blob ? data.size : 0} bytes`;
  el("log").append(make("p", null, text));
  while (el("log").children.length > 100) el("log").firstElementChild?.remove();
  el("log").scrollTop = el("log").scrollHeight;
}

/** Buttons for sizes and frame rates where the source has several. @param {Watch} mine */
function showLayers(mine) {
  const video = mine.media.find((line) => line.videosimulcast || line.videosvc);
  if (!video) return el("layers").replaceChildren();
  const [first, second] = video.videosimulcast ? ["substream", "temporal"] : ["spatial_layer", "temporal_layer"];
  /** @param {string} title @param {string} key @param {[string, string][]} options */
  const group = (title, key, options) =>
    make("div", { className: "field" }, make("span", null, title), make("div", { className: "group", role: "group", "aria-label": title }, ...options.map(([text, layer]) => make("button", { type: "button", "data-layer": `${key} ${layer}`, "aria-pressed": String(layer === (key === first ? "auto" : "2")), onclick: () => chooseLayer(mine, key, layer, key === first) }, text))));
  el("layers").replaceChildren(group("Size", first, [["Automatic", "auto"], ["Large", "2"], ["Medium", "1"], ["Small", "0"]]), group("Frame rate", second, [["Full", "2"], ["Half", "1"], ["Low", "0"]]));
}

/** @param {Watch} mine @param {string} key @param {string} layer @param {boolean} isSize */
async function chooseLayer(mine, key, layer, isSize) {
  for (const button of document.querySelectorAll(`[data-layer^="${key} "]`)) button.setAttribute("aria-pressed", String(button.getAttribute("data-layer") === `${key} ${layer}`));
  if (isSize) size = layer;
  await configure(mine, { [key]: layer === "auto" ? stage.wantedSubstream : Number(layer) });
}

/** @param {Watch} mine @param {Record<string, any>} settings */
async function configure(mine, settings) {
  try {
    if (!mine.whep) return void (await mine.handle.request({ request: "configure", ...settings }));
    const { substream, spatial_layer: spatialLayerId, temporal, temporal_layer: temporalLayerId = temporal } = settings;
    const wish = { encodingId: substream === undefined ? undefined : String(substream), spatialLayerId, temporalLayerId };
    for (const [key, value] of Object.entries(wish)) if (value !== undefined) mine.layer[key] = value;
    await mine.whep.chooseLayer(mine.layer);
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
}

/** @param {Watch} mine @param {import("./stats.js").Figures} seen */
function showFigures(mine, seen) {
  const lines = [...seen.lines.values()], picture = lines.find((line) => line.kind === "video"), sound = lines.find((line) => line.kind === "audio");
  const path = (seen.roundTripMs ?? 0) / 2, buffer = picture?.bufferMs ?? sound?.bufferMs, decode = picture?.decodeMs ?? 0;
  setText(el("latency"), buffer === undefined ? "–" : ms(path + buffer + decode));
  showRows("parts", [["On the way", ms(path)], ["Jitter buffer", buffer === undefined ? "–" : ms(buffer)], ["Decoding", picture ? ms(decode) : "–"], ["Jitter", picture || sound ? ms((picture ?? sound)?.jitterMs ?? 0) : "–"]]);
  showRows("quality", [
    ["Picture", picture?.height ? `${picture.width} × ${picture.height}, ${Math.round(picture.framesPerSecond ?? 0)} fps, ${picture.codec ?? ""}` : mine.media.some((line) => line.type === "video") ? "none yet" : "sound only"],
    ["Sound", sound?.codec ?? "none"], ["Bitrate", bitrateText((picture?.kbps ?? 0) + (sound?.kbps ?? 0))],
    ["Lost", `${Math.max(picture?.lossPercent ?? 0, sound?.lossPercent ?? 0).toFixed(1)} %`], ["Freezes", String(picture?.freezes ?? 0)],
  ]);
  stage.figures(picture, sound);
  const layered = mine.media.find((line) => line.videosimulcast || line.videosvc), wanted = `${mine.id} ${stage.wantedSubstream}`;
  if (!layered || size !== "auto" || asked === wanted) return;
  asked = wanted;
  configure(mine, { [layered.videosimulcast ? "substream" : "spatial_layer"]: stage.wantedSubstream });
}

async function pause() {
  const mine = watch;
  if (!mine) return;
  try {
    await mine.handle.request({ request: mine.paused ? "start" : "pause" });
  } catch (error) {
    return notice(notices, "bad", "The server refused", words(error));
  }
  mine.paused = !mine.paused;
  showPaused(mine.paused);
  setState("playing");
}

/** @param {boolean} paused */
function showPaused(paused) {
  setText(el("pause"), paused ? "Go on" : "Pause");
  setIcon(el("pause"), paused ? "play" : "pause");
  el("pause").setAttribute("aria-pressed", String(paused));
}

/** @param {string} [why] */
function stop(why) {
  const ending = watch;
  watch = undefined;
  clearTimeout(retry);
  figures.stop();
  asked = "";
  size = "auto";
  ending?.meter?.stop();
  ending?.whep?.close().catch(() => {});  // it has ended there
  ending?.handle.detach().catch(() => {});  // gone with the session already
  stage.clear("Choose a stream.");
  el("log").replaceChildren();
  el("data").hidden = true;
  showPaused(false);
  setState("idle");
  if (why) notice(notices, "info", why, "Choose another one, or this one again when it is back.");
}

el("by-id", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  if (input("id").value.trim()) play(idOf(input("id").value), "", input("pin").value);
};
el("refresh").onclick = showList;
el("pause").onclick = pause;
el("stop").onclick = () => stop();
el("link").onclick = () => {
  if (!watch) return;
  const link = new URL(location.pathname, location.origin);
  link.searchParams.set("id", String(watch.id));
  if (query.get("server")) link.searchParams.set("server", query.get("server") ?? "");
  copyText(link.href, "The link is copied.");
};
addEventListener("online", () => watch && session?.wake().then(() => watch && mend(watch)));
addEventListener("pagehide", () => {
  const ending = session;
  session = undefined;
  stop();
  ending?.close().catch(() => {});  // the page is going
});
setState("idle");
input("id").value = query.get("id") ?? "";
input("pin").value = query.get("pin") ?? "";
showList().then(async () => {
  if (query.get("id")) await play(idOf(query.get("id") ?? ""), "", query.get("pin") ?? "");
});
setInterval(() => document.visibilityState === "visible" && session?.state === "connected" && showList(), LIST_MS);
