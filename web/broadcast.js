// @ts-check
/** Broadcast: opens a room with one publisher, sends, and tells viewers how long its part of the way takes. */
import { listDevices, openDevices } from "./devices.js";
import { bitrateText, copyText, el, placeIcons, query, setIcon, setText, words } from "./dom.js";
import { Figures } from "./figures.js";
import { Publishing } from "./meeting_call.js";
import { goOnline, mediaProblem, notice, shell } from "./shell.js";
import { Meter } from "./stats.js";
import { PLUGIN, Room } from "./videoroom.js";

shell("Broadcast");
placeIcons();

const notices = el("notices"), local = el("local", HTMLVideoElement), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
/** A notice that is over when what it tells has passed. @type {HTMLElement | undefined} */ let passing;
const value = (/** @type {string} */ id) => /** @type {HTMLInputElement | HTMLSelectElement} */ (el(id)).value;

/**
 * @typedef {object} Show
 * @property {import("./limen.js").Session} session @property {Room} room @property {Publishing} publishing @property {MediaStream} stream
 * @property {RTCDataChannel} [channel] @property {Meter} meter @property {string} secret @property {number} began @property {ReturnType<typeof setInterval>} timer
 */
/** @type {Show | undefined} */ let show;
let source = "camera", viewers = 0;

/** @param {"idle" | "starting" | "live"} state */
function setState(state) {
  el("setup").hidden = state === "live";
  el("live").hidden = state !== "live";
  el("start", HTMLButtonElement).disabled = state === "starting";
  document.body.dataset.state = state;
}

/** @param {string} from @returns {Promise<MediaStream>} */
async function open(from) {
  if (from === "camera") return openDevices({ camera: value("camera"), microphone: value("microphone") });
  const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 }, audio: true });
  // With this hint browsers do not send several sizes: only where one is sent.
  const several = show && show.publishing.senders.video?.getParameters().encodings.length > 1;
  if (!several) for (const track of stream.getVideoTracks()) track.contentHint = "detail";
  return stream;
}

async function start() {
  source = /** @type {HTMLInputElement} */ (document.querySelector("[name=source]:checked")).value;
  notices.replaceChildren();
  setState("starting");
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await open(source);
  } catch (error) {
    setState("idle");
    return notice(notices, "bad", ...(source === "camera" ? mediaProblem(error) : /** @type {[string, string]} */ (["The screen was not shared", "Choose what to show in the browser's window, and allow it."])));
  }
  /** @type {import("./limen.js").Session | undefined} */
  let session;
  try {
    session = await goOnline();
    await goLive(session, stream);
  } catch (error) {
    stream.getTracks().forEach((track) => track.stop());
    session?.close().catch(() => {});  // nothing was started
    setState("idle");
    notice(notices, "bad", "The broadcast did not start", words(error));
  }
}

/** @param {import("./limen.js").Session} session @param {MediaStream} stream */
async function goLive(session, stream) {
  const handle = await session.attach(PLUGIN), secret = crypto.randomUUID(), pin = value("pin"), bitrate = Number(value("quality"));
  const opened = await handle.request({
    request: "create", description: value("title").trim(), secret, publishers: 1, is_private: true, bitrate: Math.round(bitrate * 1.5), videocodec: value("codec"), ...(pin && { pin }),
  });
  const room = new Room(handle);
  await room.join({ room: opened.data.room, display: value("title").trim(), metadata: { kind: "broadcast" }, ...(pin && { pin }) });
  const publishing = new Publishing(room);
  const simulcast = /** @type {HTMLInputElement} */ (el("simulcast")).checked && source === "camera";
  const channel = await publishing.start(stream, { bitrate, simulcast, data: true });
  show = { session, room, publishing, stream, channel, secret, meter: new Meter(publishing.pc), began: Date.now(), timer: setInterval(tick, 1000) };
  follow(show);
  const link = new URL("watch.html", location.href);
  link.searchParams.set("room", String(opened.data.room));
  if (pin) link.searchParams.set("pin", pin);
  if (query.get("server")) link.searchParams.set("server", query.get("server") ?? "");
  el("link", HTMLInputElement).value = el("open", HTMLAnchorElement).href = link.href;
  setText(el("local-name"), value("title"));
  showSource(stream);
  setState("live");
  figures.watch(publishing.pc);
}

/** @param {Show} one */
function follow({ session, room, publishing, meter }) {
  session.addEventListener("state", () => {
    if (session.state === "reconnecting") passing = notice(notices, "warn", "The connection to the server is lost", "Trying to come back; the broadcast goes on meanwhile.");
    if (session.state === "connected") passing?.remove();
    if (session.state === "closed" && show) end("The server has gone", "Start again when it is back; the link will be a new one.");
  });
  room.addEventListener("gone", (event) => show && end(/** @type {CustomEvent} */ (event).detail));
  const { pc } = publishing;
  const mend = async () => {
    if (session.state === "connected") await publishing.restart().catch((error) => notice(notices, "bad", "No new path could be made", words(error)));
  };
  pc.addEventListener("connectionstatechange", () => {
    if (pc.connectionState !== "failed" || !show) return;
    passing = notice(notices, "bad", "The media connection to the server is broken", "Looking for a new path.");
    mend();
  });
  pc.addEventListener("connectionstatechange", () => pc.connectionState === "connected" && passing?.remove());
  addEventListener("online", () => show && session.wake().then(mend));
  meter.addEventListener("figures", (event) => {
    const seen = /** @type {import("./stats.js").Figures} */ (/** @type {CustomEvent} */ (event).detail), video = seen.lines.get(publishing.mids.video), audio = seen.lines.get(publishing.mids.audio);
    setText(el("local-chip"), [video?.height && `${video.height}p`, bitrateText((video?.kbps ?? 0) + (audio?.kbps ?? 0))].filter(Boolean).join(" · "));
    tellViewers({ encodeMs: video?.encodeMs, roundTripMs: seen.roundTripMs });
  });
}

/** Viewers add this to their own part, so nobody's clock has to be right. @param {{ encodeMs?: number, roundTripMs?: number }} part */
function tellViewers(part) {
  if (show?.channel?.readyState === "open") show.channel.send(JSON.stringify({ limen: "broadcast", viewers, ...part }));
}

/** Counts who is in the room without publishing. */
async function tick() {
  if (!show) return;
  const seconds = Math.floor((Date.now() - show.began) / 1000);
  setText(el("duration"), `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`);
  if (show.session.state !== "connected" || seconds % 2) return;
  try {
    const { data } = await show.room.handle.request({ request: "listparticipants", room: show.room.joined.room });
    viewers = (data.participants ?? []).filter((/** @type {any} */ one) => !one.publisher).length;
  } catch {
    return;  // the connection is being made again: the state says so
  }
  setText(el("viewers"), String(viewers));
  setText(el("viewers-word"), viewers === 1 ? "viewer" : "viewers");
}

/** @param {MediaStream} stream */
function showSource(stream) {
  local.srcObject = stream;
  local.classList.toggle("mirror", source === "camera");
  setText(el("swap"), source === "camera" ? "Send a screen instead" : "Send the camera instead");
  setIcon(el("swap"), source === "camera" ? "screen" : "camera");
  const [audio] = stream.getAudioTracks();
  el("mute", HTMLButtonElement).disabled = !audio;
  el("mute").setAttribute("aria-pressed", String(Boolean(audio?.enabled)));
  stream.getVideoTracks()[0]?.addEventListener("ended", () => show?.stream === stream && end("The source has ended"));
}

/** Camera for screen or the other way, without a pause for viewers. */
async function swap() {
  if (!show) return;
  const other = source === "camera" ? "screen" : "camera";
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await open(other);
  } catch (error) {
    if (other === "camera") notice(notices, "bad", ...mediaProblem(error));
    return;
  }
  const before = show.stream;
  show.stream = stream;
  source = other;
  await show.publishing.replace("video", stream.getVideoTracks()[0] ?? null);
  await show.publishing.replace("audio", stream.getAudioTracks()[0] ?? null);
  before.getTracks().forEach((track) => track.stop());
  showSource(stream);
}

/** @param {string} [why] @param {string} [advice] */
function end(why, advice) {
  const ending = show;
  show = undefined;
  figures.stop();
  if (ending) {
    clearInterval(ending.timer);
    ending.meter.stop();
    ending.stream.getTracks().forEach((track) => track.stop());
    const room = ending.room.joined.room;
    const closing = ending.session.state === "connected" ? ending.room.handle.request({ request: "destroy", room, secret: ending.secret }) : Promise.resolve();
    closing.catch(() => {}).finally(() => ending.session.close().catch(() => {}));  // both may be gone already
  }
  local.srcObject = null;
  setState("idle");
  if (why) notice(notices, "warn", why, advice);
}

el("setup", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  start();
};
el("stop").onclick = () => end();
el("swap").onclick = () => swap().catch((error) => notice(notices, "bad", "The source was not changed", words(error)));
el("copy").onclick = () => copyText(value("link"), "The link is copied.");
el("mute").onclick = () => {
  const [track] = show?.stream.getAudioTracks() ?? [];
  if (!track) return;
  track.enabled = !track.enabled;
  el("mute").setAttribute("aria-pressed", String(track.enabled));
  setIcon(el("mute"), track.enabled ? "mic" : "mic-off");
};
addEventListener("pagehide", () => end());
setState("idle");
listDevices({ camera: el("camera", HTMLSelectElement), microphone: el("microphone", HTMLSelectElement) }).catch(() => {});  // names come with the permission
