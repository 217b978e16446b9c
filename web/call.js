// @ts-check
/** Call: register a name, ring, accept, talk: the VideoCall plugin. */
import { el, words } from "./dom.js";
import { goOnline, mediaProblem, notice, shell } from "./shell.js";
import { Figures } from "./figures.js";

shell("Call");

const notices = el("notices", HTMLElement), localVideo = el("local", HTMLVideoElement), remoteVideo = el("remote", HTMLVideoElement);
const figures = /** @type {Figures} */ (document.querySelector("limen-figures"));

/** @typedef {import("./limen.js").Jsep} Jsep */
/** @type {{ session: import("./limen.js").Session, handle: import("./limen.js").Handle } | undefined} */
let line;
/** @type {{ other: string, peer?: import("./limen.js").Peer, stream?: MediaStream, offer?: Jsep } | undefined} */
let call;

/** @param {"away" | "free" | "ringing" | "calling" | "talking"} state */
function setState(state) {
  el("register", HTMLElement).hidden = state !== "away";
  el("dial", HTMLElement).hidden = state !== "free";
  el("ringing", HTMLElement).hidden = state !== "ringing";
  const inCall = state === "calling" || state === "talking";
  for (const id of ["tiles", "controls"]) el(id, HTMLElement).hidden = !inCall;
  el("figures", HTMLElement).hidden = state !== "talking";
  document.body.dataset.state = state;
}

async function enter() {
  const name = el("name", HTMLInputElement).value.trim(), button = el("enter", HTMLButtonElement);
  notices.replaceChildren();
  button.disabled = true;
  /** @type {import("./limen.js").Session | undefined} */
  let session;
  try {
    session = await goOnline();
    const handle = await session.attach("janus.plugin.videocall");
    await handle.request({ request: "register", username: name });
    line = { session, handle };
    follow(line);
    el("known-as", HTMLElement).textContent = `You are reachable as ${name}`;
    setState("free");
    await showNames(name);
  } catch (error) {
    line = undefined;
    session?.close().catch(() => {});
    setState("away");
    notice(notices, "bad", "You are not reachable", words(error));
  } finally {
    button.disabled = false;
  }
}

/** @param {string} [own] */
async function showNames(own = el("name", HTMLInputElement).value.trim()) {
  const names = (await line?.handle.request({ request: "list" }))?.data.result.list ?? [];
  el("callees", HTMLDataListElement).replaceChildren(...names.filter((/** @type {string} */ name) => name !== own).map((/** @type {string} */ name) => new Option(name)));
}

/** @param {NonNullable<typeof line>} on */
function follow({ session, handle }) {
  handle.addEventListener("message", (event) => {
    const { data, jsep } = /** @type {CustomEvent} */ (event).detail;
    told(data?.result ?? {}, jsep).catch((error) => finish("bad", "The call failed", words(error)));
  });
  handle.addEventListener("hangup", () => call?.peer && finish("warn", "The call ended"));
  session.addEventListener("state", () => {
    if (session.state === "reconnecting") notice(notices, "warn", "The connection to the server is lost", "Trying to come back; a call goes on meanwhile.");
    if (session.state === "connected") notices.replaceChildren();
    if (session.state !== "closed" || !line) return;
    line = undefined;
    finish("bad", "The server has gone", "Register again when it is back.");
  });
}

/** @param {{ event?: string, username?: string, reason?: string }} result @param {Jsep} [jsep] */
async function told({ event, username = "", reason }, jsep) {
  switch (event) {
    case "incomingcall":
      call = { other: username, offer: jsep };
      el("who-rings", HTMLElement).textContent = `${username} calls you`;
      notices.replaceChildren();
      setState("ringing");
      return el("accept", HTMLButtonElement).focus();
    case "accepted":
      if (jsep && call?.peer) await call.peer.accept(jsep);
      return call && talking();
    case "update":
      if (jsep?.type === "offer") await call?.peer?.answer(jsep, { request: "set" });
      else if (jsep) await call?.peer?.accept(jsep);
      return;
    case "hangup":
      // An end is told more than once; the first one counts.
      if (call) finish("warn", reason === "User busy" ? `${call.other} is busy` : "The call ended", reason === "User busy" ? undefined : reason);
  }
}

/** @returns {Promise<MediaStream>} */
async function openDevices() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: { ideal: 1280 }, height: { ideal: 720 } } });
  localVideo.srcObject = stream;
  localVideo.hidden = stream.getVideoTracks().length === 0;
  return stream;
}

/** The peer connection of the call. @param {MediaStream} stream */
function begin(stream) {
  if (!line || !call) throw new Error("The call is over");
  const peer = line.handle.peer();
  const remote = new MediaStream();
  remoteVideo.srcObject = remote;
  peer.pc.ontrack = ({ track }) => {
    remote.addTrack(track);
    if (track.kind === "video") remoteVideo.hidden = false;
  };
  peer.pc.onconnectionstatechange = () => {
    if (peer.pc.connectionState === "failed") notice(notices, "bad", "No media connection to the server", "Its UDP ports cannot be reached from here.");
  };
  Object.assign(call, { peer, stream });
  el("remote-name", HTMLElement).textContent = call.other;
  el("remote-empty", HTMLElement).textContent = `Calling ${call.other} …`;
  return peer;
}

function talking() {
  el("remote-empty", HTMLElement).textContent = call?.other ?? "";
  setState("talking");
  if (call?.peer) figures.watch(call.peer.pc);
}

async function dial() {
  if (call) return;
  call = { other: el("callee", HTMLInputElement).value.trim() };
  notices.replaceChildren();
  const stream = await devicesOrNotice();
  if (!stream || !call) return;
  try {
    const peer = begin(stream);
    for (const track of stream.getTracks()) peer.pc.addTrack(track, stream);
    setState("calling");
    await peer.offer({ request: "call", username: call.other });
  } catch (error) {
    finish("bad", "The call could not be made", words(error));
  }
}

async function accept() {
  const offer = call?.offer;
  if (!offer) return;
  const stream = await devicesOrNotice();
  if (!stream || !call) return stream?.getTracks().forEach((track) => track.stop());
  try {
    const peer = begin(stream);
    for (const track of stream.getTracks()) peer.pc.addTrack(track, stream);
    await peer.answer(offer, { request: "accept" });
    talking();
  } catch (error) {
    finish("bad", "The call could not be accepted", words(error));
  }
}

/** @returns {Promise<MediaStream | undefined>} */
async function devicesOrNotice() {
  try {
    return await openDevices();
  } catch (error) {
    hangUp();
    notice(notices, "bad", ...mediaProblem(error));
  }
}

function hangUp() {
  line?.handle.request({ request: "hangup" }).catch(() => {});
  finish();
}

/** @param {"bad" | "warn"} [kind] @param {string} [title] @param {string} [advice] */
function finish(kind, title, advice) {
  figures.stop();
  const ending = call;
  call = undefined;
  ending?.stream?.getTracks().forEach((track) => track.stop());
  line?.handle.closePeers();
  localVideo.srcObject = remoteVideo.srcObject = null;
  localVideo.hidden = remoteVideo.hidden = true;
  for (const id of ["audio", "video"]) el(id, HTMLButtonElement).setAttribute("aria-pressed", "true");
  el("bitrate", HTMLSelectElement).value = "0";
  setState(line ? "free" : "away");
  if (kind && title) notice(notices, kind, title, advice);
}

/** @param {Record<string, any>} settings */
async function set(settings) {
  try {
    await line?.handle.request({ request: "set", ...settings });
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
}

for (const [id, action] of /** @type {const} */ ([["register", enter], ["dial", dial]])) {
  el(id, HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    action();
  };
}
el("callee", HTMLInputElement).onfocus = () => showNames().catch(() => {});
el("accept", HTMLButtonElement).onclick = accept;
el("decline", HTMLButtonElement).onclick = hangUp;
el("hangup", HTMLButtonElement).onclick = hangUp;
for (const id of /** @type {const} */ (["audio", "video"])) {
  const button = el(id, HTMLButtonElement);
  button.onclick = () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    set({ [id]: on });
  };
}
el("bitrate", HTMLSelectElement).onchange = () => set({ bitrate: Number(el("bitrate", HTMLSelectElement).value) });
figures.addEventListener("sample", (event) => {
  const sample = /** @type {import("./figures.js").Sample} */ (/** @type {CustomEvent} */ (event).detail);
  el("local-chip", HTMLElement).textContent = `${Math.round(sample.sendKbps ?? 0)} kbit/s`;
  el("remote-chip", HTMLElement).textContent = [sample.resolution, `${Math.round(sample.receiveKbps ?? 0)} kbit/s`].filter(Boolean).join(" · ");
});
addEventListener("pagehide", () => {
  const { session } = line ?? {};
  line = undefined;
  finish();
  session?.close().catch(() => {});
});
setState("away");
