// @ts-check
/** Watch: the viewer of a broadcast. It waits for a publisher, follows it, and says how old the picture is. */
import { LimenError } from "./limen.js";
import { bitrateText, el, idOf, placeIcons, query, setText, words } from "./dom.js";
import { Figures } from "./figures.js";
import { goOnline, notice, shell, showServer } from "./shell.js";
import { Stage, ms, showRows } from "./stage.js";
import { Meter } from "./stats.js";
import { PLUGIN, Room, Subscription } from "./videoroom.js";

shell("Watch");
placeIcons();

const notices = el("notices"), stage = new Stage(el("screen"), "Waiting for the broadcast …"), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
/** A notice that is over when what it tells has passed. @type {HTMLElement | undefined} */ let passing;
const input = (/** @type {string} */ id) => el(id, HTMLInputElement);

/**
 * @typedef {object} Viewing
 * @property {import("./limen.js").Session} session @property {Room} room @property {Subscription} subscription @property {Meter} [meter]
 * @property {import("./videoroom.js").Id} [feed] whom we watch
 */
/** @type {Viewing | undefined} */ let viewing;
/** What the publisher last said of its part of the way. */
let sender = { encodeMs: 0, roundTripMs: 0, known: false, at: 0 };
let size = "auto", asked = "";
/** The smallest size that is there, and for how many seconds nothing came: a browser that sends a smaller picture leaves sizes out. */
let smallest = 0, stalled = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */ let retry;

/** @param {"asking" | "connecting" | "waiting" | "playing" | "ended" | "gone"} state */
function setState(state) {
  el("setup").hidden = state !== "asking";
  el("watching").hidden = state === "asking";
  const shown = { asking: ["Not connected", ""], connecting: ["Connecting", "warn"], waiting: ["Waiting", "warn"], playing: ["Live", "good"], ended: ["Ended", ""], gone: ["Server gone", "bad"] }[state];
  setText(el("state"), shown[0]);
  el("state").dataset.kind = shown[1];
  if (state !== "playing") stage.clear(state === "ended" ? "The broadcast has ended." : state === "gone" ? "The server does not answer." : "Waiting for the broadcast …");
  document.body.dataset.state = state;
}

/** @param {boolean} [again] the server went away: keep trying */
async function start(again = false) {
  const room = idOf(input("room").value), pin = input("pin").value;
  notices.replaceChildren();
  setState("connecting");
  /** @type {import("./limen.js").Session | undefined} */
  let session;
  try {
    session = await goOnline();
    await enter(session, room, pin);
  } catch (error) {
    session?.close().catch(() => {});  // nothing to keep
    viewing = undefined;
    showServer("closed");
    if (again && error instanceof LimenError && error.code === 0) return leave("gone");
    setState("asking");
    notice(notices, "bad", "The broadcast cannot be watched", words(error));
  }
}

/** @param {import("./limen.js").Session} session @param {import("./videoroom.js").Id} number @param {string} pin */
async function enter(session, number, pin) {
  const room = new Room(await session.attach(PLUGIN));
  const secrets = { room: number, ...(pin && { pin }) };
  const subscription = new Subscription(() => session.attach(PLUGIN), () => ({ ...secrets, private_id: room.privateId }));
  const mine = (viewing = { session, room, subscription });
  room.addEventListener("feeds", () => viewing === mine && followFeed());
  room.addEventListener("gone", () => viewing === mine && leave("ended"));
  subscription.addEventListener("peer", (event) => watchPeer(/** @type {CustomEvent} */ (event).detail));
  subscription.addEventListener("changed", () => viewing === mine && showTracks());
  subscription.addEventListener("trouble", (event) => notice(notices, "bad", "Something went wrong", /** @type {CustomEvent} */ (event).detail.message));
  subscription.addEventListener("channel", (event) => {
    /** @type {CustomEvent<RTCDataChannel>} */ (event).detail.addEventListener("message", ({ data }) => heard(data));
  });
  session.addEventListener("state", () => {
    if (viewing !== mine) return;
    if (session.state === "reconnecting") passing = notice(notices, "warn", "The connection to the server is lost", "Trying to come back; the picture goes on meanwhile.");
    if (session.state === "connected") passing?.remove();
    if (session.state === "closed") leave("gone");
  });
  await room.join({ ...secrets, display: "Viewer", metadata: { kind: "viewer" } });
  setText(el("title"), room.description);
  document.title = `${room.description} · Limen`;
  setState(viewing?.feed === undefined ? "waiting" : "playing");
}

/** Watches whoever publishes; a feed that ends may come again. */
function followFeed() {
  if (!viewing) return;
  const { room, subscription } = viewing;
  if (viewing.feed !== undefined && !room.feeds.has(viewing.feed)) {
    viewing.feed = undefined;
    setState("waiting");
  }
  const [feed] = [...room.feeds.values()].filter((one) => !one.dummy);
  if (!feed || viewing.feed !== undefined) return;
  viewing.feed = feed.id;
  smallest = stalled = 0;
  subscription.subscribe(feed.streams.filter((one) => !one.disabled).map((one) => ({ feed: feed.id, mid: one.mid })));
}

function showTracks() {
  if (!viewing) return;
  const { subscription } = viewing;
  const lines = [...subscription.lines.values()].filter((line) => line.active && line.type !== "data");
  const tracks = lines.map((line) => subscription.receiver(line.mid)?.track).filter((track) => track !== undefined);
  el("sizes").hidden = !lines.some((line) => line.simulcast);
  if (tracks.length === 0) return;
  setState("playing");
  stage.play(tracks).then((plays) => plays || notice(notices, "warn", "The browser does not start the picture by itself", "Press the sound sign on it."));
}

/** @param {RTCPeerConnection} pc */
function watchPeer(pc) {
  if (!viewing) return;
  const mine = viewing, meter = (mine.meter = new Meter(pc));
  figures.watch(pc);
  meter.addEventListener("figures", (event) => viewing === mine && showFigures(/** @type {CustomEvent} */ (event).detail));
  pc.addEventListener("iceconnectionstatechange", () => {
    clearTimeout(retry);
    const mend = () => viewing === mine && mine.session.state === "connected" && mine.subscription.restart().catch(() => {});  // told as trouble
    if (pc.iceConnectionState === "failed") mend();
    if (pc.iceConnectionState === "disconnected") retry = setTimeout(mend, 2500);
  });
  addEventListener("online", () => viewing === mine && mine.session.wake().then(() => mine.subscription.restart()).catch(() => {}));  // told as trouble
}

/** @param {unknown} data */
function heard(data) {
  if (typeof data !== "string" || data.length > 1000) return;
  try {
    const told = JSON.parse(data);
    if (told.limen !== "broadcast") return;
    sender = { encodeMs: Number(told.encodeMs) || 0, roundTripMs: Number(told.roundTripMs) || 0, known: true, at: performance.now() };
    const count = Number(told.viewers) || 0;
    el("viewers").hidden = count === 0;
    setText(el("viewers"), count === 1 ? "1 viewer" : `${count} viewers`);
  } catch {
    // Not one of our messages: another publisher's data is none of our business.
  }
}

/** @param {import("./stats.js").Figures} seen */
function showFigures(seen) {
  const line = [...(viewing?.subscription.lines.values() ?? [])];
  const of = (/** @type {string} */ type) => seen.lines.get(line.find((one) => one.active && one.type === type)?.mid ?? "");
  const picture = of("video"), sound = of("audio");
  const there = sender.encodeMs + sender.roundTripMs / 2, path = (seen.roundTripMs ?? 0) / 2, buffer = picture?.bufferMs ?? sound?.bufferMs ?? 0, decode = picture?.decodeMs ?? 0;
  setText(el("latency"), sender.known && (picture || sound) ? ms(there + path + buffer + decode) : "–");
  /** @type {[string, string][]} */
  const parts = [["Camera to server", sender.known ? `${ms(there)} (encoding ${ms(sender.encodeMs)})` : "not told"], ["Server to here", ms(path)], ["Jitter buffer", ms(buffer)], ["Decoding", ms(decode)]];
  showRows("parts", parts);
  showRows("quality", [
    ["Picture", picture?.height ? `${picture.width} × ${picture.height}, ${Math.round(picture.framesPerSecond ?? 0)} fps, ${picture.codec ?? ""}` : "none yet"],
    ["Bitrate", bitrateText((picture?.kbps ?? 0) + (sound?.kbps ?? 0))],
    ["Lost", `${(picture?.lossPercent ?? 0).toFixed(1)} %`],
    ["Freezes", String(picture?.freezes ?? 0)],
  ]);
  stage.figures(picture, sound);
  const alive = performance.now() - sender.at < 2500;  // the path is there, only the picture is not
  stalled = alive && picture && picture.kbps < 1 ? stalled + 1 : 0;
  if (stalled === 3) {
    smallest = Math.min(2, smallest + 1);
    stalled = 0;
  }
  chooseSize();
}

function chooseSize() {
  const line = [...(viewing?.subscription.lines.values() ?? [])].find((one) => one.active && one.type === "video");
  if (!line?.simulcast || !line.ready) return;
  const substream = Math.max(smallest, size === "auto" ? stage.wantedSubstream : Number(size));
  if (asked === `${line.mid} ${substream}`) return;
  asked = `${line.mid} ${substream}`;
  viewing?.subscription.configure([{ mid: line.mid, substream }]).catch(() => {});  // told as trouble
}

/** @param {"ended" | "gone"} why */
function leave(why) {
  const ending = viewing;
  viewing = undefined;
  sender.known = false;
  asked = "";
  figures.stop();
  ending?.meter?.stop();
  setState(why);
  if (why === "ended") {
    ending?.session.close().catch(() => {});  // the server forgets it anyway
    return notice(notices, "info", "The broadcast has ended", "This page can be closed.");
  }
  notice(notices, "warn", "The server has gone", "Trying again every few seconds.");
  retry = setTimeout(() => start(true), 3000);
}

el("setup", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  start();
};
for (const button of document.querySelectorAll("[data-size]")) {
  /** @type {HTMLElement} */ (button).onclick = () => {
    size = /** @type {HTMLElement} */ (button).dataset.size ?? "auto";
    for (const one of document.querySelectorAll("[data-size]")) one.setAttribute("aria-pressed", String(one === button));
    chooseSize();
  };
}
addEventListener("pagehide", () => {
  const { session } = viewing ?? {};
  viewing = undefined;
  session?.close().catch(() => {});  // the page is going
});
input("room").value = query.get("room") ?? "";
input("pin").value = query.get("pin") ?? "";
if (query.get("room")) start();
else setState("asking");
