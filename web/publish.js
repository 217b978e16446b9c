// @ts-check
/** Publish: camera or screen by WHIP into a mountpoint or a room. No Janus session: one HTTP request. */
import { listDevices, openDevices, simulcastEncodings } from "./devices.js";
import { copyText, el, placeIcons, query, setText, words } from "./dom.js";
import { Figures } from "./figures.js";
import { mediaProblem, notice, shell } from "./shell.js";
import { WhipError, WhipSession, endpoints } from "./whip.js";

shell("Publish");
placeIcons();

const notices = el("notices"), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
const input = (/** @type {string} */ id) => el(id, HTMLInputElement), choice = (/** @type {string} */ id) => el(id, HTMLSelectElement).value;
const picked = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (document.querySelector(`[name="${name}"]:checked`)).value;

/** @type {{ session: WhipSession, stream: MediaStream } | undefined} */ let air;
/** @type {ReturnType<typeof setTimeout> | undefined} */ let retry;

/** @param {"idle" | "starting" | "live"} state */
function setState(state) {
  el("setup").hidden = state !== "idle";
  el("live").hidden = state === "idle";
  document.body.dataset.state = state;
}

/** @returns {Promise<MediaStream>} */
const openSource = () => (picked("source") === "screen" ? navigator.mediaDevices.getDisplayMedia({ video: true, audio: true }) : openDevices({ camera: choice("camera"), microphone: choice("microphone") }));

/** Where to publish, and where it can be played. @param {{ whip: string, whep: string }} paths */
function addresses(paths) {
  const id = encodeURIComponent(input("id").value.trim()), room = picked("into") === "room";
  const feed = room ? Math.floor(1e12 + Math.random() * 8e12) : 0;
  const target = room ? `room/${id}/${feed}` : `stream/${id}`;
  const publish = new URL(`${paths.whip}/${target}`, location.origin), play = new URL(`${paths.whep}/${target}`, location.origin);
  const shown = publish.href, secret = input("secret").value;
  if (secret) publish.searchParams.set(room ? "pin" : "secret", secret);
  return { publish: publish.href, shown, play: play.href, room, id };
}

/** @param {WhipSession} session @param {MediaStream} stream */
function addTracks({ pc }, stream) {
  const top = Number(choice("quality"));
  for (const track of stream.getTracks()) {
    const sendEncodings = track.kind === "audio" ? undefined : input("simulcast").checked ? simulcastEncodings(top) : [{ maxBitrate: top }];
    pc.addTransceiver(track, { direction: "sendonly", streams: [stream], ...(sendEncodings && { sendEncodings }) });
    track.onended = () => end("The source has ended");
  }
}

async function start() {
  notices.replaceChildren();
  setState("starting");
  setText(el("state"), "Connecting");
  /** @type {MediaStream} */ let stream;
  try {
    stream = await openSource();
  } catch (error) {
    setState("idle");
    return notice(notices, "bad", ...mediaProblem(error));
  }
  const session = new WhipSession(input("token").value.trim());
  air = { session, stream };
  el("local", HTMLVideoElement).srcObject = stream;
  try {
    const paths = await endpoints();
    if (!paths) throw new Error("This server has no WHIP endpoints (limen.whip.jcfg, enabled).");
    const to = addresses(paths);
    showAddresses(to);
    addTracks(session, stream);
    follow(session);
    await session.open(to.publish);
    if (air?.session !== session) return;
    setState("live");
    figures.watch(session.pc);
    listDevices({ camera: el("camera", HTMLSelectElement), microphone: el("microphone", HTMLSelectElement) });
  } catch (error) {
    end();
    notice(notices, "bad", ...refusal(error));
  }
}

/** @param {unknown} error @returns {[string, string]} */
function refusal(error) {
  const status = error instanceof WhipError ? error.status : 0;
  if (status === 401) return ["The server wants a token, secret or PIN", "Type it above, then publish again."];
  if (status === 403) return ["That secret, PIN or token is wrong", words(error)];
  if (status === 404) return ["There is no such stream or room", words(error)];
  if (status === 409) return ["Somebody publishes there already", words(error)];
  return ["It could not be published", words(error)];
}

/** @param {ReturnType<typeof addresses>} to */
function showAddresses(to) {
  input("address").value = to.shown;
  input("play").value = to.play;
  setText(el("where"), `${to.room ? "Room" : "Stream"} ${decodeURIComponent(to.id)}`);
  const open = el("open", HTMLAnchorElement);
  open.hidden = to.room;
  open.href = `player.html?id=${to.id}`;
}

/** @param {WhipSession} session */
function follow(session) {
  const { pc } = session;
  pc.onconnectionstatechange = () => {
    if (air?.session !== session) return;
    clearTimeout(retry);
    setText(el("state"), pc.connectionState === "connected" ? "On the air" : pc.connectionState === "connecting" ? "Connecting" : "No connection");
    if (pc.connectionState === "connected") notices.replaceChildren();
    if (pc.connectionState === "failed") mend(session);
    if (pc.connectionState === "disconnected") retry = setTimeout(() => mend(session), 2500);
  };
  session.addEventListener("gone", () => air?.session === session && end("The server ended the session"));
}

/** A new path after a change of network. @param {WhipSession} session */
async function mend(session) {
  if (air?.session !== session) return;
  try {
    await session.restart();
  } catch (error) {
    if (error instanceof WhipError) return end("The server ended the session");
    notice(notices, "warn", "The server cannot be reached", "Trying again every few seconds.");
    retry = setTimeout(() => mend(session), 3000);
  }
}

/** @param {string} [why] */
function end(why) {
  const ending = air;
  air = undefined;
  clearTimeout(retry);
  figures.stop();
  for (const track of ending?.stream.getTracks() ?? []) track.stop();
  ending?.session.close().catch(() => {});  // it has gone by itself
  el("local", HTMLVideoElement).srcObject = null;
  setState("idle");
  if (why) notice(notices, "info", why, "Publish again when it is there.");
}

el("setup", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  start();
};
el("stop").onclick = () => end();
el("copy").onclick = () => copyText(input("play").value, "The address is copied.");
addEventListener("online", () => air && mend(air.session));
addEventListener("pagehide", () => end());
setState("idle");
input("id").value = query.get("id") ?? "";
if (query.get("room")) {
  input("id").value = query.get("room") ?? "";
  /** @type {HTMLInputElement} */ (document.querySelector('[name="into"][value="room"]')).checked = true;
}
listDevices({ camera: el("camera", HTMLSelectElement), microphone: el("microphone", HTMLSelectElement) }).catch(() => {});  // names come with the permission
