// @ts-check
/** Subscriber: feeds of a room over one peer connection, every choice the server offers within reach. */
import { bitrateText, el, idOf, make, placeIcons, query, setIcon, setText, words } from "./dom.js";
import { Figures } from "./figures.js";
import { goOnline, notice, shell } from "./shell.js";
import { Meter } from "./stats.js";
import { Tile } from "./tiles.js";
import { PLUGIN, Room, Subscription } from "./videoroom.js";

shell("Subscriber");
placeIcons();

const notices = el("notices"), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
/** A notice that is over when what it tells has passed. @type {HTMLElement | undefined} */ let passing;
/** @typedef {import("./videoroom.js").Line} Line @typedef {import("./videoroom.js").Feed} Feed @typedef {import("./videoroom.js").FeedStream} FeedStream */

/** @type {{ session: import("./limen.js").Session, room: Room, subscription: Subscription, meter?: Meter, audio: HTMLAudioElement } | undefined} */
let inside;
/** Tiles by the subscription's mid. @type {Map<string, Tile>} */ const tiles = new Map();
/** Layers as the server last told them, by mid. @type {Map<string, Record<string, number>>} */ const layers = new Map();
let paused = false;

/** @param {"out" | "entering" | "in"} state */
function setState(state) {
  el("setup").hidden = state === "in";
  el("inside").hidden = state !== "in";
  el("start", HTMLButtonElement).disabled = state === "entering";
  document.body.dataset.state = state;
}

async function enter() {
  const number = idOf(el("room", HTMLInputElement).value), pin = el("pin", HTMLInputElement).value;
  notices.replaceChildren();
  setState("entering");
  /** @type {import("./limen.js").Session | undefined} */
  let session;
  try {
    const made = (session = await goOnline());
    const room = new Room(await made.attach(PLUGIN)), secrets = { room: number, ...(pin && { pin }) };
    const subscription = new Subscription(() => made.attach(PLUGIN), () => ({ ...secrets, private_id: room.privateId }));
    inside = { session: made, room, subscription, audio: new Audio() };
    follow(inside);
    await room.join({ ...secrets, display: "Subscriber page" });
    setState("in");
    showFeeds();
  } catch (error) {
    session?.close().catch(() => {});  // nothing to keep
    inside = undefined;
    setState("out");
    notice(notices, "bad", "The room cannot be looked into", words(error));
  }
}

/** @param {NonNullable<typeof inside>} mine */
function follow(mine) {
  const { session, room, subscription } = mine;
  room.addEventListener("feeds", showFeeds);
  room.addEventListener("gone", (event) => inside === mine && leave(/** @type {CustomEvent} */ (event).detail));
  subscription.addEventListener("changed", () => inside === mine && (showFeeds(), showLines()));
  subscription.addEventListener("trouble", (event) => notice(notices, "bad", "The server refused", /** @type {CustomEvent} */ (event).detail.message));
  subscription.addEventListener("layer", (event) => {
    const { mid, substream, temporal, spatial_layer, temporal_layer } = /** @type {CustomEvent} */ (event).detail;
    const told = Object.fromEntries(Object.entries({ size: substream ?? spatial_layer, rate: temporal ?? temporal_layer }).filter(([, value]) => value !== undefined));
    layers.set(mid, { ...layers.get(mid), ...told });
    showLayers(mid);
  });
  subscription.addEventListener("peer", (event) => {
    const pc = /** @type {RTCPeerConnection} */ (/** @type {CustomEvent} */ (event).detail);
    figures.watch(pc);
    mine.meter = new Meter(pc);
    mine.meter.addEventListener("figures", showBitrates);
  });
  session.addEventListener("state", () => {
    if (session.state === "reconnecting") passing = notice(notices, "warn", "The connection to the server is lost", "Trying to come back; the media goes on meanwhile.");
    if (session.state === "connected") passing?.remove();
    if (session.state === "closed" && inside === mine) leave("The server has gone");
  });
}

/** Feeds with a box per stream. */
function showFeeds() {
  if (!inside) return;
  const { room, subscription } = inside;
  const rows = [...room.feeds.values()].map((feed) =>
    make("fieldset", { "data-feed": feed.id }, make("legend", null, feed.display || `Feed ${feed.id}`), make("div", { className: "row" }, ...feed.streams.map((stream) => box(feed, stream, subscription)))),
  );
  el("feeds").replaceChildren(...(rows.length ? rows : [make("p", { className: "muted" }, "Nobody publishes in this room now. Open the Meeting page beside this one.")]));
}

/** @param {Feed} feed @param {FeedStream} stream @param {Subscription} subscription */
function box(feed, stream, subscription) {
  const line = subscription.lineOf(feed.id, stream.mid);
  const text = [stream.type, stream.codec, stream.simulcast && "three sizes", stream.svc && "layers", stream.moderated && "muted", stream.disabled && "off"].filter(Boolean).join(", ");
  const input = make("input", { type: "checkbox", checked: Boolean(line), disabled: stream.disabled || stream.type === "data", "data-stream": stream.type });
  input.onchange = () => (input.checked ? subscription.subscribe([{ feed: feed.id, mid: stream.mid }]) : subscription.unsubscribe([{ feed: feed.id, mid: stream.mid }]));
  return make("label", { className: "check" }, input, text);
}

/** What each line carries, and what can be done with it. */
function showLines() {
  if (!inside) return;
  const { subscription, audio } = inside;
  const rows = [...subscription.lines.values()].filter((line) => line.type !== "data").map(lineRow);
  el("lines").replaceChildren(...(rows.length ? rows : [make("p", { className: "muted" }, "Nothing is subscribed yet.")]));
  const sounds = [];
  for (const line of subscription.lines.values()) {
    const track = line.active ? subscription.receiver(line.mid)?.track : undefined;
    if (line.type === "audio" && track) sounds.push(track);
    if (line.type === "video") showTile(line, track);
  }
  for (const [mid, tile] of tiles) {
    if (subscription.lines.get(mid)?.active) continue;
    tile.remove();
    tiles.delete(mid);
  }
  const playing = audio.srcObject instanceof MediaStream ? audio.srcObject.getTracks() : [];
  if (sounds.length !== playing.length || sounds.some((track) => !playing.includes(track))) {
    audio.srcObject = sounds.length ? new MediaStream(sounds) : null;
    if (sounds.length) audio.play().catch(() => notice(notices, "warn", "The browser keeps the sound off", "Click anywhere on the page."));
  }
}

/** @param {Line} line @param {MediaStreamTrack | undefined} track */
function showTile(line, track) {
  if (!track || line.feed_id === undefined) return;
  let tile = tiles.get(line.mid);
  if (!tile) {
    tiles.set(line.mid, (tile = new Tile(line.mid, { silent: true })));
    el("tiles").append(tile.node);
  }
  tile.play([track]);
  tile.show({ name: inside?.room.feeds.get(line.feed_id)?.display ?? `Feed ${line.feed_id}`, picture: true });
}

/** @param {Line} line */
function lineRow(line) {
  const title = make("strong", null, `${line.mid} · ${line.type}`);
  const row = make("div", { className: "line-row", "data-line": line.mid }, make("div", { className: "row" }, title, make("span", { className: "muted small" }, line.active ? (line.codec ?? "") : "empty"), make("span", { className: "space" }), make("span", { className: "pill", "data-rate": line.mid }), line.active && sendSwitch(line)));
  if (!line.active) return row;
  row.append(make("div", { className: "row" }, sourceChoice(line), ...layerChoices(line)));
  return row;
}

/** @param {Line} line */
function sendSwitch(line) {
  const button = make("button", { type: "button", className: "switch", "aria-pressed": String(line.send), "data-send": line.mid }, line.send ? "On" : "Off");
  button.onclick = async () => {
    await tryTo(() => inside?.subscription.configure([{ mid: line.mid, send: !line.send }]));
    button.setAttribute("aria-pressed", String(line.send));
    setText(button, line.send ? "On" : "Off");
  };
  return button;
}

/** Another feed on the same line: no negotiation, the picture just changes. @param {Line} line */
function sourceChoice(line) {
  const options = [];
  for (const feed of inside?.room.feeds.values() ?? []) {
    for (const stream of feed.streams) {
      if (stream.type !== line.type || stream.disabled || stream.codec !== line.codec) continue;
      options.push(make("option", { value: JSON.stringify([feed.id, stream.mid]), selected: feed.id === line.feed_id && stream.mid === line.feed_mid }, `${feed.display || feed.id} · ${stream.mid}`));
    }
  }
  const choice = make("select", { "aria-label": `What line ${line.mid} carries`, "data-source": line.mid }, ...options);
  choice.onchange = () => {
    const [feed, mid] = JSON.parse(choice.value);
    tryTo(() => inside?.subscription.switch([{ feed, mid, sub_mid: line.mid }]));
  };
  return make("label", { className: "field" }, make("span", null, "Carries"), choice);
}

/** @param {Line} line @returns {HTMLElement[]} */
function layerChoices(line) {
  if (!line.simulcast && !line.svc) return [];
  const names = line.simulcast ? ["substream", "temporal"] : ["spatial_layer", "temporal_layer"];
  const groups = [["Size", names[0], ["Small", "Medium", "Large"], "size"], ["Frame rate", names[1], ["Low", "Half", "Full"], "rate"]];
  return groups.map(([title, name, texts, kind]) => {
    const buttons = /** @type {string[]} */ (texts).map((text, value) =>
      make("button", { type: "button", "data-layer": `${line.mid} ${kind} ${value}`, "aria-pressed": String(layers.get(line.mid)?.[/** @type {string} */ (kind)] === value), onclick: () => tryTo(() => inside?.subscription.configure([{ mid: line.mid, [/** @type {string} */ (name)]: value }])) }, text),
    );
    return make("div", { className: "field" }, make("span", null, /** @type {string} */ (title)), make("div", { className: "group", role: "group", "aria-label": /** @type {string} */ (title) }, ...buttons));
  });
}

/** @param {string} mid */
function showLayers(mid) {
  for (const [kind, value] of Object.entries(layers.get(mid) ?? {})) {
    for (const button of document.querySelectorAll(`[data-layer^="${CSS.escape(mid)} ${kind} "]`)) button.setAttribute("aria-pressed", String(button.getAttribute("data-layer") === `${mid} ${kind} ${value}`));
  }
}

function showBitrates() {
  for (const [mid, line] of inside?.meter?.latest.lines ?? []) {
    const pill = document.querySelector(`[data-rate="${CSS.escape(mid)}"]`);
    if (pill) setText(pill, [line.height && `${line.height}p`, bitrateText(line.kbps)].filter(Boolean).join(" · "));
    tiles.get(mid)?.figures(line, undefined);
  }
}

/** @param {() => Promise<void> | undefined} act */
async function tryTo(act) {
  try {
    await act();
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
}

/** @param {string} [why] */
function leave(why) {
  const ending = inside;
  inside = undefined;
  figures.stop();
  ending?.meter?.stop();
  if (ending) ending.audio.srcObject = null;
  ending?.session.close().catch(() => {});  // the server forgets it anyway
  for (const tile of tiles.values()) tile.remove();
  tiles.clear();
  layers.clear();
  showPaused(false);
  setState("out");
  if (why) notice(notices, "warn", why, "Look into the room again when it is back.");
}

/** @param {boolean} now */
function showPaused(now) {
  paused = now;
  el("pause").setAttribute("aria-pressed", String(now));
  setIcon(el("pause"), now ? "play" : "pause");
}

el("setup", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  enter();
};
el("all").onclick = () => {
  if (!inside) return;
  const { room, subscription } = inside;
  const missing = [...room.feeds.values()].flatMap((feed) => feed.streams.filter((one) => one.type !== "data" && !one.disabled && !subscription.lineOf(feed.id, one.mid)).map((one) => ({ feed: feed.id, mid: one.mid })));
  if (missing.length) subscription.subscribe(missing);
};
el("none").onclick = () => {
  const lines = [...(inside?.subscription.lines.values() ?? [])].filter((line) => line.active);
  if (lines.length) inside?.subscription.unsubscribe(lines.map((line) => ({ sub_mid: line.mid })));
};
el("pause").onclick = () =>
  tryTo(async () => {
    await (paused ? inside?.subscription.resume() : inside?.subscription.pause());
    showPaused(!paused);
  });
el("restart").onclick = () => tryTo(() => inside?.subscription.restart());
el("leave").onclick = () => leave();
document.addEventListener("click", () => inside?.audio.paused && inside.audio.srcObject && inside.audio.play().catch(() => {}));  // it was said already
addEventListener("pagehide", () => leave());
if (query.get("room")) el("room", HTMLInputElement).value = query.get("room") ?? "";
setState("out");
