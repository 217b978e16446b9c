// @ts-check
/** Audio room: the AudioBridge plugin. One stream up, the mix of all others down. */
import { Level, listDevices, openDevices } from "./devices.js";
import { el, idOf, make, placeIcons, query, setIcon, setText, toast, words } from "./dom.js";
import { Figures } from "./figures.js";
import { goOnline, mediaProblem, notice, shell, showServer } from "./shell.js";

shell("Audio room");
placeIcons();

const PLUGIN = "janus.plugin.audiobridge";
const notices = el("notices"), mix = el("mix", HTMLAudioElement), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
/** A notice that is over when what it tells has passed. @type {HTMLElement | undefined} */ let passing;
const input = (/** @type {string} */ id) => el(id, HTMLInputElement);

/** @typedef {{ id: number | string, display?: string, setup?: boolean, muted?: boolean, talking?: boolean, suspended?: boolean, spatial_position?: number }} Voice */
/**
 * @typedef {object} Talk
 * @property {import("./limen.js").Handle} handle @property {import("./limen.js").Peer} peer @property {MediaStream} stream @property {Level} level
 * @property {number | string} room @property {number | string} id @property {string} secret @property {Map<number | string, Voice>} voices @property {ReturnType<typeof setInterval>} timer
 */
/** @type {import("./limen.js").Session | undefined} */ let session;
/** @type {import("./limen.js").Handle | undefined} */ let desk;
/** @type {Talk | undefined} */ let talk;
/** Rooms opened here, with their secrets. @type {Map<string, string>} */ const secrets = new Map();
let roomMuted = false;

/** @param {"out" | "entering" | "in"} state */
function setState(state) {
  el("setup").hidden = state === "in";
  el("inside").hidden = state !== "in";
  el("join", HTMLButtonElement).disabled = state === "entering";
  document.body.dataset.state = state;
}

async function online() {
  if (session && session.state !== "closed") return session;
  const made = await goOnline();
  session = made;
  made.addEventListener("state", () => {
    if (made.state === "reconnecting") passing = notice(notices, "warn", "The connection to the server is lost", "Trying to come back; the sound goes on meanwhile.");
    if (made.state === "connected") passing?.remove();
    if (made.state === "closed" && made === session) {
      session = desk = undefined;
      leave("The server has gone");
    }
  });
  desk = await made.attach(PLUGIN);
  return made;
}

async function showRooms() {
  try {
    await online();
    const list = /** @type {any[]} */ ((await desk?.request({ request: "list" }))?.data.list ?? []);
    if (list.length === 0) return el("rooms").replaceChildren(make("p", { className: "muted" }, "No room is open to everybody. Open one below."));
    if (!input("room").value) input("room").value = String(list[0].room);
    el("rooms").replaceChildren(...list.sort((a, b) => b.num_participants - a.num_participants).slice(0, 100).map(roomButton));
    markRoom();
  } catch (error) {
    showServer(session ? session.state : "closed");
    el("rooms").replaceChildren(make("p", { className: "muted" }, "The rooms are not known."));
    notice(notices, "bad", "The rooms cannot be listed", words(error));
  }
}

/** @param {any} room */
function roomButton(room) {
  const facts = [`Room ${room.room}`, room.num_participants === 1 ? "1 person" : `${room.num_participants} people`, `${room.sampling_rate / 1000} kHz`, room.spatial_audio && "stereo", room.pin_required && "needs a PIN", room.muted && "muted"].filter(Boolean);
  const pick = () => {
    input("room").value = String(room.room);
    markRoom();
  };
  return make("button", { type: "button", className: "room", "data-room": room.room, onclick: pick }, make("strong", null, room.description), make("span", { className: "muted small" }, facts.join(" · ")));
}

function markRoom() {
  for (const button of document.querySelectorAll("[data-room]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-room") === input("room").value.trim()));
}

async function create() {
  try {
    await online();
    const secret = crypto.randomUUID(), pin = input("new-pin").value;
    const reply = await desk?.request({
      request: "create", description: input("new-description").value.trim(), sampling_rate: Number(el("new-rate", HTMLSelectElement).value), spatial_audio: input("new-spatial").checked,
      secret, audiolevel_event: true, audio_active_packets: 25, audio_level_average: 40, ...(pin && { pin }),
    });
    secrets.set(String(reply?.data.room), secret);
    input("room").value = String(reply?.data.room);
    input("pin").value = pin;
    el("new-room", HTMLDetailsElement).open = false;
    toast("The room is open. You moderate it as long as this page stays.");
    await showRooms();
  } catch (error) {
    notice(notices, "bad", "The room was not opened", words(error));
  }
}

async function join() {
  const room = idOf(input("room").value), name = input("name").value.trim(), pin = input("pin").value;
  localStorage.setItem("limen-name", name);
  notices.replaceChildren();
  setState("entering");
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await openDevices({ camera: "none", microphone: el("microphone", HTMLSelectElement).value });
  } catch (error) {
    setState("out");
    return notice(notices, "bad", ...mediaProblem(error));
  }
  try {
    const handle = await (await online()).attach(PLUGIN), secret = input("secret").value || (secrets.get(String(room)) ?? "");
    const peer = handle.peer(), muted = input("muted").checked || stream.getTracks().length === 0;
    talk = { handle, peer, stream, level: new Level(stream.getAudioTracks()[0]), room, id: 0, secret, voices: new Map(), timer: setInterval(tick, 100) };
    follow(talk);
    await enter(talk, { name, pin, muted });
    showMicrophone(!muted);
    setState("in");
    figures.watch(peer.pc);
    listDevices({ microphone: el("microphone", HTMLSelectElement) }).catch(() => {});  // only names for the next time
  } catch (error) {
    stream.getTracks().forEach((track) => track.stop());
    leave();
    notice(notices, "bad", "You are not in the room", words(error));
  }
}

/** @param {Talk} mine @param {{ name: string, pin: string, muted: boolean }} how */
async function enter(mine, { name, pin, muted }) {
  const { handle, peer, stream, room, secret } = mine;
  const joined = await handle.request({ request: "join", room, display: name, muted, audio_active_packets: 25, ...(pin && { pin }), ...(secret && { secret }) });
  mine.id = joined.data.id;
  mine.voices.set(mine.id, { id: mine.id, display: name, muted, setup: true });
  for (const voice of joined.data.participants ?? []) mine.voices.set(voice.id, voice);
  const [track] = stream.getAudioTracks();
  peer.pc.addTransceiver(track ?? "audio", { direction: track ? "sendrecv" : "recvonly", streams: [stream] });
  // Stereo is only received when it is asked for.
  await peer.offer({ request: "configure", muted }, { customize: (sdp) => sdp.replace(/useinbandfec=1/g, "useinbandfec=1;stereo=1") });
  const spatial = [...mine.voices.values()].some((voice) => voice.spatial_position !== undefined) || (await isSpatial(room));
  el("place-field").hidden = !spatial;
  if (spatial) /** @type {Voice} */ (mine.voices.get(mine.id)).spatial_position = 50;
  el("mute-room").hidden = !secret;
  showVoices();
}

/** @param {number | string} room */
async function isSpatial(room) {
  const list = /** @type {any[]} */ ((await desk?.request({ request: "list" }))?.data.list ?? []);
  return Boolean(list.find((one) => one.room === room)?.spatial_audio);
}

/** @param {Talk} mine */
function follow(mine) {
  const { handle, peer } = mine;
  peer.pc.ontrack = ({ track }) => {
    mix.srcObject = new MediaStream([track]);
    mix.play().catch(() => notice(notices, "warn", "The browser keeps the sound off", "Click anywhere on the page."));
  };
  peer.pc.oniceconnectionstatechange = () => {
    if (peer.pc.iceConnectionState === "failed" && talk === mine) mend(mine);
  };
  handle.addEventListener("message", (event) => talk === mine && told(mine, /** @type {CustomEvent} */ (event).detail.data ?? {}));
  handle.addEventListener("hangup", () => talk === mine && leave("The connection ended"));
}

/** A new path after a change of network. @param {Talk} mine */
async function mend(mine) {
  if (session?.state !== "connected") return;
  try {
    await mine.peer.offer({ request: "configure" }, { iceRestart: true });
  } catch (error) {
    notice(notices, "bad", "No new path could be made", words(error));
  }
}

/** @param {Talk} mine @param {any} data */
function told(mine, data) {
  if (data.room !== undefined && data.room !== mine.room) return;
  const { voices } = mine;
  if (data.audiobridge === "talking" || data.audiobridge === "stopped-talking") {
    const voice = voices.get(data.id);
    if (voice) voice.talking = data.audiobridge === "talking";
  }
  if (data.audiobridge === "destroyed") return leave("The room was closed");
  for (const voice of data.participants ?? []) {
    voices.set(voice.id, { ...voices.get(voice.id), ...voice });
    if (voice.id === mine.id) showMicrophone(!voice.muted);
  }
  if (data.kicked === mine.id || data.kicked_all !== undefined) return leave("A moderator removed you from the room");
  voices.delete(data.leaving ?? data.kicked);
  if (data.suspended !== undefined && voices.has(data.suspended)) /** @type {Voice} */ (voices.get(data.suspended)).suspended = true;
  if (data.resumed !== undefined && voices.has(data.resumed)) /** @type {Voice} */ (voices.get(data.resumed)).suspended = false;
  if (typeof data.muted === "boolean" && data.audiobridge === "event") {
    roomMuted = data.muted;
    setText(el("mute-room"), roomMuted ? "Let everybody talk" : "Mute everybody");
    toast(roomMuted ? "The room is muted: only moderators are heard." : "Everybody is heard again.");
  }
  showVoices();
}

function showVoices() {
  if (!talk) return;
  const mine = talk;
  const rows = [...mine.voices.values()].map((voice) => {
    const state = [voice.id === mine.id && "you", voice.muted && "microphone off", voice.suspended && "away", voice.setup === false && "connecting"].filter(Boolean).join(", ");
    const row = make("li", { className: `voice${voice.talking && !voice.muted ? " talking" : ""}`, "data-voice": voice.id }, make("span", { className: "avatar", "aria-hidden": "true" }, (voice.display?.trim()[0] ?? "?").toUpperCase()), make("strong", null, voice.display || `Guest ${voice.id}`), make("span", { className: "muted small" }, state || " "));
    if (voice.spatial_position !== undefined) row.append(make("meter", { min: 0, max: 100, value: voice.spatial_position, className: "place", "aria-label": "Place from left to right" }));
    if (mine.secret && voice.id !== mine.id) {
      const mute = make("button", { type: "button", onclick: () => moderate(voice.muted ? "unmute" : "mute", voice.id) }, voice.muted ? "Unmute" : "Mute");
      row.append(make("div", { className: "row" }, mute, make("button", { type: "button", className: "danger", onclick: () => moderate("kick", voice.id) }, "Remove")));
    }
    return row;
  });
  el("voices").replaceChildren(...rows);
}

/** @param {string} request @param {number | string} [id] */
async function moderate(request, id) {
  try {
    await talk?.handle.request({ request, room: talk.room, secret: talk.secret, ...(id !== undefined && { id }) });
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
}

/** @param {Record<string, any>} settings */
async function configure(settings) {
  try {
    await talk?.handle.request({ request: "configure", ...settings });
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
}

/** @param {boolean} on */
function showMicrophone(on) {
  const can = Boolean(talk?.stream.getAudioTracks().length), voice = talk?.voices.get(talk.id);
  if (voice) voice.muted = !on;
  el("mic", HTMLButtonElement).disabled = !can;
  el("mic").setAttribute("aria-pressed", String(on && can));
  setIcon(el("mic"), on && can ? "mic" : "mic-off");
}

function tick() {
  el("level", HTMLMeterElement).value = el("mic").getAttribute("aria-pressed") === "true" ? (talk?.level.now() ?? 0) : 0;
}

/** @param {string} [why] */
function leave(why) {
  const ending = talk;
  talk = undefined;
  roomMuted = false;
  figures.stop();
  mix.srcObject = null;
  if (ending) {
    clearInterval(ending.timer);
    ending.level.close();
    ending.stream.getTracks().forEach((track) => track.stop());
    ending.handle.detach().catch(() => {});  // gone with the session already
  }
  setState("out");
  if (why) notice(notices, "warn", why, "You can join again from here.");
  if (ending && session) showRooms();
}

for (const [id, act] of /** @type {[string, () => void][]} */ ([["join-form", join], ["create-form", create]])) {
  el(id, HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    act();
  };
}
el("refresh").onclick = showRooms;
input("room").oninput = markRoom;
el("mic").onclick = async () => {
  const on = el("mic").getAttribute("aria-pressed") !== "true";
  await configure({ muted: !on });
  showMicrophone(on);
  showVoices();
};
input("volume").oninput = () => (mix.volume = Number(input("volume").value) / 100);
input("place").onchange = () => {
  const spatial_position = Number(input("place").value), voice = talk?.voices.get(talk.id);
  if (voice) voice.spatial_position = spatial_position;
  configure({ spatial_position });
  showVoices();
};
el("mute-room").onclick = () => moderate(roomMuted ? "unmute_room" : "mute_room");
el("leave").onclick = () => leave();
document.addEventListener("click", () => mix.paused && mix.srcObject && mix.play().catch(() => {}));  // it was said already
addEventListener("online", async () => {
  await session?.wake();
  if (talk) await mend(talk);
});
addEventListener("pagehide", () => {
  const { session: ending } = { session };
  session = undefined;
  leave();
  ending?.close().catch(() => {});  // the page is going
});
input("name").value = localStorage.getItem("limen-name") ?? "";
input("room").value = query.get("room") ?? "";
setState("out");
showRooms();
