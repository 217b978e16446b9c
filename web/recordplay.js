// @ts-check
/** Record & play: the RecordPlay plugin. We offer to record, the server offers to play. */
import { listDevices, openDevices } from "./devices.js";
import { el, make, placeIcons, query, setIcon, setText, toast, words } from "./dom.js";
import { Figures } from "./figures.js";
import { goOnline, mediaProblem, notice, shell, showServer } from "./shell.js";
import { Stage } from "./stage.js";
import { Meter } from "./stats.js";

shell("Record & play");
placeIcons();

const PLUGIN = "janus.plugin.recordplay";
const notices = el("notices"), stage = new Stage(el("screen"), "Choose a recording, or make one."), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
/** A notice that is over when what it tells has passed. @type {HTMLElement | undefined} */ let passing;
const value = (/** @type {string} */ id) => /** @type {HTMLInputElement | HTMLSelectElement} */ (el(id)).value;

/**
 * @typedef {object} Work
 * @property {"recording" | "playing"} what @property {number} id @property {import("./limen.js").Handle} handle @property {import("./limen.js").Peer} peer
 * @property {MediaStream} [stream] @property {Meter} meter @property {number} began @property {boolean} paused @property {ReturnType<typeof setInterval>} timer
 */
/** @type {import("./limen.js").Session | undefined} */ let session;
/** @type {import("./limen.js").Handle | undefined} */ let desk;
/** @type {Work | undefined} */ let work;

/** @param {"idle" | "starting" | "recording" | "playing"} state */
function setState(state) {
  const busy = state === "recording" || state === "playing";
  el("busy").hidden = !busy;
  el("record-form").hidden = busy;
  el("figures").hidden = !busy;
  el("pause").hidden = state !== "recording";
  el("record", HTMLButtonElement).disabled = state === "starting";
  setText(el("what"), state === "recording" ? "Recording" : "Playing");
  el("what").className = state === "recording" ? "pill on-air" : "pill";
  for (const button of document.querySelectorAll("[data-recording]")) /** @type {HTMLButtonElement} */ (button).disabled = state !== "idle";
  document.body.dataset.state = state;
}

async function online() {
  if (session && session.state !== "closed") return session;
  const made = await goOnline();
  session = made;
  made.addEventListener("state", () => {
    if (made.state === "reconnecting") passing = notice(notices, "warn", "The connection to the server is lost", "Trying to come back; the media goes on meanwhile.");
    if (made.state === "connected") passing?.remove();
    if (made.state !== "closed" || made !== session) return;
    session = desk = undefined;
    finish();
    notice(notices, "bad", "The server has gone", "What was recorded until then is on its disk.");
  });
  desk = await made.attach(PLUGIN);
  return made;
}

/** @returns {Promise<any[]>} */
async function showList() {
  try {
    await online();
    const list = /** @type {any[]} */ ((await desk?.request({ request: "list" }))?.data.list ?? []).sort((a, b) => String(b.date).localeCompare(String(a.date)));
    el("list").replaceChildren(...(list.length ? list.slice(0, 200).map(row) : [make("p", { className: "muted" }, "Nothing is recorded yet.")]));
    return list;
  } catch (error) {
    showServer(session ? session.state : "closed");
    el("list").replaceChildren(make("p", { className: "muted" }, "The recordings are not known."));
    notice(notices, "bad", "The recordings cannot be listed", words(error));
    return [];
  }
}

/** @param {any} one */
function row(one) {
  const media = [one.audio && (one.audio_codec ?? "audio"), one.video && (one.video_codec ?? "video"), one.data && "data"].filter(Boolean).join(", ");
  return make("button", { type: "button", className: "room", "data-recording": one.id, onclick: () => play(one.id, one.name), disabled: Boolean(work) }, make("strong", null, one.name), make("span", { className: "muted small figure" }, `${one.date} · ${media} · ${one.id}`));
}

/** @param {Work["what"]} what @param {number} id @param {import("./limen.js").Handle} handle @param {import("./limen.js").Peer} peer @param {MediaStream} [stream] */
function begin(what, id, handle, peer, stream) {
  const mine = (work = { what, id, handle, peer, stream, meter: new Meter(peer.pc), began: Date.now(), paused: false, timer: setInterval(tick, 500) });
  mine.meter.addEventListener("figures", (event) => {
    const lines = [.../** @type {import("./stats.js").Figures} */ (/** @type {CustomEvent} */ (event).detail).lines.values()];
    stage.figures(lines.find((line) => line.kind === "video"), lines.find((line) => line.kind === "audio"));
  });
  figures.watch(peer.pc);
  setState(what);
}

async function record() {
  notices.replaceChildren();
  setState("starting");
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await openDevices({ camera: value("camera"), microphone: value("microphone") });
  } catch (error) {
    setState("idle");
    return notice(notices, "bad", ...mediaProblem(error));
  }
  try {
    if (stream.getTracks().length === 0) throw new Error("Choose a camera or a microphone.");
    const handle = await (await online()).attach(PLUGIN), peer = handle.peer();
    follow(handle, peer);
    await handle.request({ request: "configure", "video-bitrate-max": Number(value("bitrate")), "video-keyframe-interval": 15000 });
    for (const track of stream.getTracks()) peer.pc.addTransceiver(track, { direction: "sendonly", streams: [stream] });
    const isPrivate = /** @type {HTMLInputElement} */ (el("private")).checked;
    const { data } = await peer.offer({ request: "record", name: value("name").trim(), is_private: isPrivate, ...(value("vcodec") && { videocodec: value("vcodec") }) });
    begin("recording", data.result.id, handle, peer, stream);
    const preview = stream.getVideoTracks();
    if (preview.length) await stage.play(preview);
    if (isPrivate) toast(`Its number is ${data.result.id}.`);
    listDevices({ camera: el("camera", HTMLSelectElement), microphone: el("microphone", HTMLSelectElement) }).catch(() => {});  // only names for the next time
  } catch (error) {
    stream.getTracks().forEach((track) => track.stop());
    finish();
    notice(notices, "bad", "Nothing is recorded", words(error));
  }
}

/** @param {number} id @param {string} name */
async function play(id, name) {
  if (work) return;
  notices.replaceChildren();
  setState("starting");
  try {
    const handle = await (await online()).attach(PLUGIN), peer = handle.peer();
    follow(handle, peer);
    /** @type {MediaStreamTrack[]} */
    const tracks = [];
    peer.pc.ontrack = ({ track }) => tracks.push(track);
    const offer = await handle.request({ request: "play", id });
    if (!offer.jsep) throw new Error("The server made no offer");
    if (offer.data.result?.warning) notice(notices, "warn", "The recording is not complete", offer.data.result.warning);
    begin("playing", id, handle, peer);
    await peer.answer(offer.jsep, { request: "start" });
    setText(el("what"), `Playing ${name}`);
    if (!(await stage.play(tracks))) notice(notices, "warn", "The browser does not start by itself", "Press the sound sign on the picture.");
  } catch (error) {
    finish();
    notice(notices, "bad", "The recording cannot be played", words(error));
  }
}

/** @param {import("./limen.js").Handle} handle @param {import("./limen.js").Peer} peer */
function follow(handle, peer) {
  handle.addEventListener("message", (event) => {
    const { data } = /** @type {CustomEvent} */ (event).detail, { result } = data ?? {};
    if (work?.handle !== handle) return;
    if (result === "done" || result?.status === "done") finish();
    if (result?.status === "slow_link") toast("Packets get lost on the way.");
  });
  handle.addEventListener("hangup", () => work?.handle === handle && finish());
  peer.pc.addEventListener("connectionstatechange", () => {
    if (peer.pc.connectionState === "failed" && work?.peer === peer) notice(notices, "bad", "No media connection to the server", "Its UDP ports cannot be reached from here.");
  });
}

function tick() {
  if (!work || work.paused) return;
  const seconds = Math.floor((Date.now() - work.began) / 1000);
  setText(el("duration"), `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
}

async function pause() {
  const mine = work;
  if (!mine) return;
  try {
    await mine.handle.request({ request: mine.paused ? "resume" : "pause" });
    mine.paused = !mine.paused;
    setText(el("pause"), mine.paused ? "Go on" : "Pause");
    setIcon(el("pause"), mine.paused ? "record" : "pause");
    setText(el("what"), mine.paused ? "Paused" : "Recording");
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
}

async function stop() {
  const mine = work;
  if (!mine) return;
  try {
    await mine.handle.request({ request: "stop" });
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
  if (work === mine) finish();
}

/** Everything is closed; a new recording is awaited in the list, for it is written a moment later. */
function finish() {
  const ending = work;
  work = undefined;
  figures.stop();
  stage.clear("Choose a recording, or make one.");
  setText(el("pause"), "Pause");
  setIcon(el("pause"), "pause");
  setText(el("duration"), "0:00");
  if (ending) {
    clearInterval(ending.timer);
    ending.meter.stop();
    ending.stream?.getTracks().forEach((track) => track.stop());
    ending.handle.detach().catch(() => {});  // gone with the session already
  }
  setState("idle");
  if (ending && session) awaitInList(ending);
}

/** @param {Work} ended */
async function awaitInList(ended) {
  for (let attempt = 0; attempt < 5; attempt++) {
    const list = await showList();
    if (ended.what === "playing" || list.some((one) => one.id === ended.id)) return;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
}

for (const [id, act] of /** @type {[string, () => void][]} */ ([["record-form", record], ["play-form", () => play(Number(value("number")), value("number"))]])) {
  el(id, HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    act();
  };
}
el("refresh").onclick = showList;
el("pause").onclick = pause;
el("stop").onclick = stop;
addEventListener("pagehide", () => {
  const ending = session;
  session = undefined;
  finish();
  ending?.close().catch(() => {});  // the page is going
});
setState("idle");
showList();
listDevices({ camera: el("camera", HTMLSelectElement), microphone: el("microphone", HTMLSelectElement) }).catch(() => {});  // names come with the permission
