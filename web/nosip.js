// @ts-check
/** Plain RTP: two handles of the NoSIP plugin call each other, and this page carries their descriptions. */
import { listDevices, openDevices } from "./devices.js";
import { el, placeIcons, query, setText, toast, words } from "./dom.js";
import { Figures } from "./figures.js";
import { goOnline, mediaProblem, notice, shell } from "./shell.js";
import { Meter } from "./stats.js";
import { Tile } from "./tiles.js";

shell("Plain RTP");
placeIcons();

const notices = el("notices"), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
const choice = (/** @type {string} */ id) => el(id, HTMLSelectElement).value;

/** @typedef {{ handle: import("./limen.js").Handle, peer: import("./limen.js").Peer, tile: Tile, meter: Meter }} Side */
/** @type {{ session: import("./limen.js").Session, stream: MediaStream, sides: Side[] } | undefined} */ let call;
/** A notice that is over when what it tells has passed. @type {HTMLElement | undefined} */ let passing;

/** @param {"idle" | "starting" | "running"} state */
function setState(state) {
  el("setup").hidden = state === "running";
  el("tiles").hidden = el("inside").hidden = state !== "running";
  el("start", HTMLButtonElement).disabled = state === "starting";
  document.body.dataset.state = state;
}

async function start() {
  notices.replaceChildren();
  setState("starting");
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await openDevices({ camera: choice("camera"), microphone: choice("microphone") });
  } catch (error) {
    setState("idle");
    return notice(notices, "bad", ...mediaProblem(error));
  }
  /** @type {import("./limen.js").Session | undefined} */
  let session;
  try {
    if (stream.getTracks().length === 0) throw new Error("Choose a camera or a microphone.");
    session = await goOnline();
    call = { session, stream, sides: [] };
    follow(session);
    const caller = await side("The caller sees"), callee = await side("The callee sees");
    await negotiate(caller, callee);
    setState("running");
    figures.watch(caller.peer.pc);
    listDevices({ camera: el("camera", HTMLSelectElement), microphone: el("microphone", HTMLSelectElement) }).catch(() => {});  // only names for the next time
  } catch (error) {
    stream.getTracks().forEach((track) => track.stop());
    session?.close().catch(() => {});  // nothing to keep
    end();
    notice(notices, "bad", "The call could not be made", words(error));
  }
}

/** One end: a handle, a peer connection that sends the devices, a picture of what comes. @param {string} name @returns {Promise<Side>} */
async function side(name) {
  if (!call) throw new Error("The call has ended");
  const handle = await call.session.attach("janus.plugin.nosip"), peer = handle.peer(), tile = new Tile(name, { silent: true });
  /** @type {MediaStreamTrack[]} */
  const tracks = [];
  peer.pc.ontrack = ({ track }) => {
    tracks.push(track);
    tile.play([...tracks]);
    tile.show({ name, picture: tracks.some((one) => one.kind === "video"), fill: true });
  };
  for (const track of call.stream.getTracks()) peer.pc.addTrack(track, call.stream);
  tile.show({ name, picture: false });
  el("tiles").append(tile.node);
  const meter = new Meter(peer.pc), one = { handle, peer, tile, meter };
  meter.addEventListener("figures", () => {
    const lines = [...meter.latest.lines.values()].filter((line) => line.bufferMs !== undefined);
    tile.figures(lines.find((line) => line.kind === "video"), lines.find((line) => line.kind === "audio"));
  });
  handle.addEventListener("hangup", (event) => call?.sides.includes(one) && end(/** @type {CustomEvent} */ (event).detail.reason ?? "The other side hung up"));
  call.sides.push(one);
  return one;
}

/** WebRTC offer, plain offer, WebRTC offer; and the answers all the way back. @param {Side} caller @param {Side} callee */
async function negotiate(caller, callee) {
  const srtp = choice("srtp"), secure = srtp ? { srtp } : {};
  const offered = await caller.peer.offer({ request: "generate", ...secure });
  const offer = offered.data.result;
  setText(el("offer"), offer.sdp);
  const incoming = await callee.handle.request({ request: "process", type: offer.type, sdp: offer.sdp, ...secure });
  if (!incoming.jsep) throw new Error("The server made no offer for the callee");
  const answered = await callee.peer.answer(incoming.jsep, { request: "generate", ...secure });
  const answer = answered.data.result;
  setText(el("answer"), answer.sdp);
  const accepted = await caller.handle.request({ request: "process", type: answer.type, sdp: answer.sdp, ...secure });
  if (!accepted.jsep) throw new Error("The server made no answer for the caller");
  await caller.peer.accept(accepted.jsep);
}

/** @param {import("./limen.js").Session} session */
function follow(session) {
  session.addEventListener("state", () => {
    if (session.state === "reconnecting") passing = notice(notices, "warn", "The connection to the server is lost", "Trying to come back; the media goes on meanwhile.");
    if (session.state === "connected") passing?.remove();
    if (session.state === "closed" && call?.session === session) end("The server has gone");
  });
}

/** @param {string} [why] */
function end(why) {
  const ending = call;
  call = undefined;
  figures.stop();
  for (const { tile, meter } of ending?.sides ?? []) {
    meter.stop();
    tile.remove();
  }
  ending?.stream.getTracks().forEach((track) => track.stop());
  ending?.session.close().catch(() => {});  // the server forgets it anyway
  setState("idle");
  if (why) notice(notices, "warn", "The call ended", why);
}

el("setup", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  start();
};
el("end").onclick = () => end();
el("keyframe").onclick = async () => {
  try {
    await Promise.all((call?.sides ?? []).map(({ handle }) => handle.request({ request: "keyframe", user: true, peer: true })));
    toast("Both sides were asked for a key frame.");
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
};
addEventListener("pagehide", () => end());
setState("idle");
listDevices({ camera: el("camera", HTMLSelectElement), microphone: el("microphone", HTMLSelectElement) }).catch(() => {});  // names come with the permission
