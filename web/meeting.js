// @ts-check
/** Meeting: the page. The call itself is in meeting_call.js, the way in is in lobby.js. */
import { Level, openDevices } from "./devices.js";
import { bitrateText, copyText, el, make, placeIcons, query, setIcon, setText, showTab, tabs, toast, words } from "./dom.js";
import { Figures } from "./figures.js";
import { Lobby, failed, lobbyHandle } from "./lobby.js";
import { Call } from "./meeting_call.js";
import { goOnline, mediaProblem, notice, shell, showServer } from "./shell.js";
import { Meter } from "./stats.js";
import { Gallery, Tile } from "./tiles.js";

shell("Meeting");
placeIcons();

const notices = el("notices"), figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
const sheet = el("sheet", HTMLDialogElement);
const gallery = new Gallery(el("gallery"));
const lobby = new Lobby();

/** @typedef {import("./videoroom.js").Id} Id @typedef {"auto" | "0" | "1" | "2" | "off"} Choice */
/** @type {import("./limen.js").Session | undefined} */ let session;
/** @type {import("./limen.js").Handle | undefined} */ let desk;
/** @type {Call | undefined} */ let call;
/** Whose events count: also while going in. @type {Call | undefined} */ let followed;
/** @type {MediaStream} */ let stream = new MediaStream();
/** Tiles by feed id; "me" and "screen" are our own. @type {Map<Id, Tile>} */ const tiles = new Map();
/** What was chosen for a tile. @type {Map<Id, Choice>} */ const choices = new Map();
/** What the server was last asked to send. @type {Map<string, string>} */ const askedFor = new Map();
/** Small sizes that stopped coming, as a browser does when its picture gets smaller: by feed. @type {Map<Id, { smallest: number, stalled: number }>} */ const gaps = new Map();
/** Tiles that are on screen. @type {WeakMap<Element, boolean>} */ const inSight = new WeakMap();
/** @type {Id | undefined} */ let pinned;
/** @type {Id | undefined} */ let speaker;
/** A notice that is over when what it tells has passed. @type {HTMLElement | undefined} */ let passing;
let speakerView = false, unread = 0, level = new Level(undefined);
/** @type {Map<RTCPeerConnection, Meter>} */ const meters = new Map();
/** @type {ReturnType<typeof setInterval> | undefined} */ let ticking;
/** @type {Id | undefined} */ let sheetFor;

const sight = new IntersectionObserver((entries) => {
  for (const entry of entries) inSight.set(entry.target, entry.isIntersecting);
});

/** @param {"lobby" | "entering" | "call"} state */
function setState(state) {
  el("lobby").hidden = state === "call";
  el("call").hidden = state !== "call";
  document.body.classList.toggle("in-call", state === "call");
  const join = el("join", HTMLButtonElement);
  join.disabled = state === "entering";
  join.textContent = state === "entering" ? "Going in …" : "Join";
  document.body.dataset.state = state;
}

/** One session for the page: it lists rooms, and carries the call. @returns {Promise<import("./limen.js").Session>} */
async function online() {
  if (session && session.state !== "closed") return session;
  const made = await goOnline();
  session = made;
  made.addEventListener("state", () => {
    if (made.state === "reconnecting") passing = notice(notices, "warn", "The connection to the server is lost", "Trying to come back; pictures and sound go on meanwhile.");
    if (made.state === "connected") passing?.remove();
    if (made.state === "closed" && made === session) serverGone();
  });
  desk = await lobbyHandle(made);
  return made;
}

async function showRooms() {
  try {
    await online();
    if (desk) await lobby.listRooms(desk);
  } catch (error) {
    showServer("closed");
    el("rooms").replaceChildren(make("p", { className: "muted" }, "The rooms are not known."));
    failed(error, "The server does not answer");
  }
}

async function join() {
  notices.replaceChildren();
  setState("entering");
  const taken = await lobby.take();
  if (!taken) return setState("lobby");
  stream = taken;
  try {
    await enter(lobby.ticket());
  } catch (error) {
    stopDevices();
    setState("lobby");
    failed(error, "You are not in the room");
  }
}

/** @param {import("./meeting_call.js").Ticket} ticket */
async function enter(ticket) {
  choices.clear();
  askedFor.clear();
  gaps.clear();
  call = await Call.enter(await online(), ticket, stream, follow);
  setState("call");
  document.title = `${call.room.description || "Meeting"} · Limen`;
  history.replaceState(null, "", `?${linkQuery(ticket)}`);
  level = new Level(stream.getAudioTracks()[0]);
  clearInterval(ticking);
  ticking = setInterval(tick, 250);
  passing?.remove();
  if (call.watching) notice(notices, "warn", "You are not seen or heard", call.watching);
  showOwn();
  showTiles();
}

/** @param {import("./meeting_call.js").Ticket} ticket */
function linkQuery(ticket) {
  const link = new URLSearchParams({ room: String(ticket.room) });
  if (query.get("server")) link.set("server", query.get("server") ?? "");
  return link;
}

/** @param {Call} one */
function follow(one) {
  followed = one;
  const on = (/** @type {string} */ kind, /** @type {(detail: any) => void} */ act) => one.addEventListener(kind, (event) => one === followed && act(/** @type {CustomEvent} */ (event).detail));
  on("feeds", showTiles);
  on("lines", showTiles);
  on("talking", ({ id, talking }) => tiles.get(id === one.room.id ? "me" : id)?.talking(talking));
  on("moderated", wasModerated);
  on("said", ({ from, text }) => showMessage(one.room.feeds.get(from)?.display ?? String(from), text));
  on("channel", () => el("text", HTMLInputElement).toggleAttribute("disabled", !one.canChat));
  on("screen", showScreen);
  on("path", (state) => {
    if (state === "mending") passing = notice(notices, "warn", "The path of the media is broken", "Looking for a new one.");
    else passing?.remove();
  });
  on("trouble", (text) => notice(notices, "bad", "Something went wrong", text));
  on("ended", (why) => ended(why));
}

// Tiles --------------------------------------------------------------------------------------------

/** @param {Id} key @param {{ mirror?: boolean, silent?: boolean }} [options] @returns {Tile} */
function tileOf(key, options) {
  let tile = tiles.get(key);
  if (!tile) {
    tiles.set(key, (tile = new Tile(String(key), { ...options, onopen: () => openSheet(key) })));
    sight.observe(tile.node);
  }
  return tile;
}

function showTiles() {
  if (!call || el("call").hidden) return;
  const { room, subscription } = call;
  for (const feed of room.feeds.values()) {
    if (feed.dummy || feed.id === call.screen?.publishing.room.id) continue;
    const audio = feed.streams.find((s) => s.type === "audio"), video = feed.streams.find((s) => s.type === "video");
    const tracks = [];
    for (const one of [audio, video]) {
      const line = one && subscription.lineOf(feed.id, one.mid);
      const track = line && subscription.receiver(line.mid)?.track;
      if (track) tracks.push(track);
    }
    const tile = tileOf(feed.id);
    tile.play(tracks);
    const told = feed.metadata ?? {};
    const moderated = Boolean(audio && room.moderated.has(`${feed.id}/${audio.mid}`)), dark = Boolean(video && room.moderated.has(`${feed.id}/${video.mid}`));
    tile.show({
      name: feed.display || `Guest ${feed.id}`,
      picture: tracks.some((track) => track.kind === "video") && told.video !== false && !dark && choices.get(feed.id) !== "off",
      microphone: told.kind === "screen" || (Boolean(audio) && told.audio !== false),
      moderated,
      fill: told.kind !== "screen",
    });
  }
  for (const [key, tile] of tiles) {
    if (key === "me" || key === "screen" || room.feeds.has(key)) continue;
    sight.unobserve(tile.node);
    tile.remove();
    tiles.delete(key);
    gaps.delete(key);
    if (pinned === key) pinned = undefined;
  }
  arrange();
  showPeople();
}

/** A shared screen, a pinned tile or, if wanted, the speaker is shown large. */
function arrange() {
  const shared = [...(call?.room.feeds.values() ?? [])].find((feed) => feed.metadata?.kind === "screen" && tiles.has(feed.id));
  const stagedKey = pinned ?? shared?.id ?? (speakerView ? (speaker ?? [...tiles.keys()].find((key) => key !== "me")) : undefined);
  const order = [...tiles].sort(([a], [b]) => Number(a === "me") - Number(b === "me")).map(([, tile]) => tile);
  gallery.arrange(order, stagedKey === undefined ? undefined : tiles.get(stagedKey));
}

function showOwn() {
  const audio = stream.getAudioTracks()[0]?.enabled ?? false, video = Boolean(stream.getVideoTracks()[0]);
  const moderated = (/** @type {string} */ kind) => Boolean(call?.own && call.room.moderated.has(`${call.room.id}/${call.own.mids[kind]}`));
  const tile = tileOf("me", { mirror: true, silent: true });
  tile.play(stream.getVideoTracks());
  tile.show({ name: `${call?.ticket.name ?? ""} (you)`, picture: video, microphone: audio, moderated: moderated("audio"), fill: true });
  for (const [id, icon, on, kind] of /** @type {const} */ ([["mic", "mic", audio, "audio"], ["cam", "camera", video, "video"]])) {
    const button = el(id, HTMLButtonElement);
    setIcon(button, on && !moderated(kind) ? icon : `${icon}-off`);
    button.setAttribute("aria-pressed", String(on));
    button.disabled = !call?.own;
    button.title = moderated(kind) ? "A moderator switched it off" : "";
  }
  el("share", HTMLButtonElement).disabled = !call?.own;
  el("text", HTMLInputElement).toggleAttribute("disabled", !call?.canChat);
}

function showScreen() {
  const { screen } = call ?? {};
  el("share").setAttribute("aria-pressed", String(Boolean(screen)));
  if (screen) {
    const tile = tileOf("screen", { silent: true });
    tile.play(screen.stream.getVideoTracks());
    tile.show({ name: "Your screen", picture: true });
  } else {
    tiles.get("screen")?.remove();
    tiles.delete("screen");
  }
  showTiles();
}

/** @param {{ id: Id, mid: string, muted: boolean }} event */
function wasModerated({ id, mid, muted }) {
  if (id === call?.room.id) {
    const what = mid === call.own?.mids.audio ? "microphone" : "camera";
    toast(muted ? `A moderator switched your ${what} off.` : `A moderator let your ${what} on again.`);
    showOwn();
  }
  showTiles();
}

// Four times a second: levels, figures, sizes -----------------------------------------------------

function tick() {
  if (!call) return;
  const own = tiles.get("me");
  own?.talking(level.now() > 0.05 && Boolean(stream.getAudioTracks()[0]?.enabled));
  let loudest = { key: speaker, at: 0 };
  for (const feed of call.room.feeds.values()) {
    const tile = tiles.get(feed.id), audio = feed.streams.find((s) => s.type === "audio"), line = audio && call.subscription.lineOf(feed.id, audio.mid);
    if (!tile) continue;
    const pc = call.subscription.peer?.pc;
    const packet = line && call.subscription.receiver(line.mid)?.getSynchronizationSources()[0]?.audioLevel;
    const second = line && pc && meters.get(pc)?.latest.lines.get(line.mid)?.loudness;
    tile.talking(Math.max(packet ?? 0, second ?? 0) > 0.02);
    if (tile.heardAt > loudest.at && feed.metadata?.kind !== "screen") loudest = { key: feed.id, at: tile.heardAt };
  }
  // The stage changes when the present speaker was silent for a while.
  const present = speaker === undefined ? 0 : (tiles.get(speaker)?.heardAt ?? 0);
  if (loudest.key !== speaker && loudest.at > present + 1500) {
    speaker = loudest.key;
    if (speakerView) arrange();
  }
  measure();
  chooseLayers();
}

function measure() {
  if (!call) return;
  const peers = { in: call.subscription.peer?.pc, out: call.own?.pc };
  for (const pc of [peers.in, peers.out]) {
    if (!pc || meters.has(pc)) continue;
    const meter = new Meter(pc);
    meters.set(pc, meter);
    if (pc === peers.in) meter.addEventListener("figures", () => noteGaps(meter.latest));
  }
  const received = peers.in && meters.get(peers.in)?.latest, sent = peers.out && meters.get(peers.out)?.latest;
  for (const feed of call.room.feeds.values()) {
    const line = (/** @type {string} */ type) => {
      const stream = feed.streams.find((s) => s.type === type), found = stream && call?.subscription.lineOf(feed.id, stream.mid);
      return found && received?.lines.get(found.mid);
    };
    tiles.get(feed.id)?.figures(line("video"), line("audio"));
  }
  const { mids } = call.own ?? {};
  if (mids) tiles.get("me")?.figures(sent?.lines.get(mids.video), sent?.lines.get(mids.audio));
  if (sheet.open && sheetFor !== undefined) showSheetFigures();
}

/** While the path is well, a picture that has stood still for three seconds is asked for one size larger. @param {import("./stats.js").Figures} seen */
function noteGaps(seen) {
  if (!call || ![...seen.lines.values()].some((line) => line.kbps > 1)) return;
  for (const feed of call.room.feeds.values()) {
    const video = feed.streams.find((s) => s.type === "video"), line = video && call.subscription.lineOf(feed.id, video.mid);
    if (!video?.simulcast || !line?.send || feed.metadata?.video === false || call.room.moderated.has(`${feed.id}/${video.mid}`)) continue;
    const gap = gaps.get(feed.id) ?? { smallest: 0, stalled: 0 };
    gaps.set(feed.id, gap);
    gap.stalled = (seen.lines.get(line.mid)?.kbps ?? 0) < 1 ? gap.stalled + 1 : 0;
    if (gap.stalled < 3) continue;
    gap.smallest = Math.min(2, gap.smallest + 1);
    gap.stalled = 0;
  }
}

/** Asks for the size that fits each tile, and for nothing where the tile is out of sight. */
function chooseLayers() {
  if (!call) return;
  /** @type {Record<string, any>[]} */
  const changes = [];
  for (const feed of call.room.feeds.values()) {
    const tile = tiles.get(feed.id), video = feed.streams.find((s) => s.type === "video"), line = video && call.subscription.lineOf(feed.id, video.mid);
    if (!tile || !line?.ready) continue;
    const choice = choices.get(feed.id) ?? "auto";
    const send = choice !== "off" && (choice !== "auto" || inSight.get(tile.node) !== false);
    const substream = Math.max(gaps.get(feed.id)?.smallest ?? 0, choice === "auto" || choice === "off" ? tile.wantedSubstream : Number(choice));
    const wanted = `${feed.id} ${send} ${video?.simulcast ? substream : ""}`;
    if (askedFor.get(line.mid) === wanted) continue;
    const first = !askedFor.has(line.mid);
    askedFor.set(line.mid, wanted);
    if (first && send && !video?.simulcast) continue;  // as it comes
    changes.push({ mid: line.mid, send, ...(video?.simulcast && { substream }) });
  }
  if (changes.length) call.subscription.configure(changes).catch(() => {});  // told as "trouble"
}

// One participant's sheet: figures, size, moderation ------------------------------------------------

/** @type {[Choice, string][]} */
const CHOICES = [["auto", "Automatic"], ["2", "Large"], ["1", "Medium"], ["0", "Small"], ["off", "No picture"]];

/** @param {Id} key */
function openSheet(key) {
  if (!call) return;
  sheetFor = key;
  const feed = call.room.feeds.get(key), tile = tiles.get(key);
  setText(el("sheet-title"), tile?.name.textContent ?? "");
  /** @type {HTMLElement[]} */
  const parts = [make("dl", { className: "facts", id: "sheet-figures" })];
  const video = feed?.streams.find((s) => s.type === "video");
  if (feed && video) {
    const radios = CHOICES.filter(([value]) => video.simulcast || value === "auto" || value === "off").map(([value, name]) =>
      make("label", { className: "check" }, make("input", { type: "radio", name: "layer", value, checked: (choices.get(key) ?? "auto") === value, onchange: () => choose(key, value) }), name),
    );
    parts.push(make("fieldset", null, make("legend", null, video.simulcast ? "Size to receive" : "Picture (sent in one size)"), make("div", { className: "row" }, ...radios)));
  }
  parts.push(make("button", { type: "button", onclick: () => pin(key) }, pinned === key ? "Back to the grid" : "Show large"));
  if (feed && call.ticket.secret) parts.push(moderation(feed));
  el("sheet-body").replaceChildren(...parts);
  showSheetFigures();
  sheet.showModal();
}

/** @param {Id} key @param {Choice} choice */
function choose(key, choice) {
  choices.set(key, choice);
  chooseLayers();
  showTiles();
}

/** @param {Id} key */
function pin(key) {
  pinned = pinned === key ? undefined : key;
  sheet.close();
  arrange();
}

/** @param {import("./videoroom.js").Feed} feed */
function moderation(feed) {
  const row = make("div", { className: "row" });
  for (const [type, name] of /** @type {const} */ ([["audio", "microphone"], ["video", "camera"]])) {
    const stream = feed.streams.find((s) => s.type === type);
    if (!stream) continue;
    const muted = Boolean(call?.room.moderated.has(`${feed.id}/${stream.mid}`));
    row.append(make("button", { type: "button", "data-moderate": type, onclick: () => tryTo(() => call?.moderate(feed.id, stream.mid, !muted)) }, muted ? `Allow ${name}` : `Switch ${name} off`));
  }
  row.append(make("button", { type: "button", className: "danger", "data-moderate": "kick", onclick: () => tryTo(() => call?.kick(feed.id)) }, "Remove"));
  return make("fieldset", null, make("legend", null, "Moderation"), row);
}

/** @param {() => Promise<void> | undefined} act */
async function tryTo(act) {
  try {
    await act();
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
  if (sheet.open) sheet.close();
}

function showSheetFigures() {
  const place = document.getElementById("sheet-figures");
  if (!place || !call || sheetFor === undefined) return;
  const rows = sheetFor === "me" ? ownFigures() : feedFigures(sheetFor);
  place.replaceChildren(...rows.flatMap(([name, value]) => [make("dt", null, name), make("dd", { className: "figure" }, value)]));
}

/** @param {import("./stats.js").LineFigures | undefined} line */
const lineText = (line) =>
  line ? [line.codec, line.height && `${line.width}×${line.height}`, line.framesPerSecond && `${Math.round(line.framesPerSecond)} fps`, bitrateText(line.kbps), `${(line.lossPercent ?? 0).toFixed(1)} % lost`].filter(Boolean).join(" · ") : "–";
const msText = (/** @type {number | undefined} */ ms) => (ms === undefined ? "–" : `${ms.toFixed(ms < 10 ? 1 : 0)} ms`);

/** @returns {[string, string][]} */
function ownFigures() {
  const pc = call?.own?.pc, seen = pc && meters.get(pc)?.latest, mids = call?.own?.mids ?? {};
  if (!seen) return [["Sending", "nothing"]];
  const video = seen.lines.get(mids.video);
  return [["Video", lineText(video)], ["Sizes sent", String(video?.layers ?? 0)], ["Audio", lineText(seen.lines.get(mids.audio))], ["Round trip", msText(seen.roundTripMs)], ["Encoding", msText(video?.encodeMs)]];
}

/** @param {Id} key @returns {[string, string][]} */
function feedFigures(key) {
  const pc = call?.subscription.peer?.pc, seen = pc && meters.get(pc)?.latest, feed = call?.room.feeds.get(key);
  const line = (/** @type {string} */ type) => {
    const stream = feed?.streams.find((s) => s.type === type);
    return stream && call?.subscription.lineOf(key, stream.mid);
  };
  const video = seen?.lines.get(line("video")?.mid ?? ""), audio = seen?.lines.get(line("audio")?.mid ?? "");
  const size = line("video")?.simulcast ? askedFor.get(line("video")?.mid ?? "")?.split(" ")[2] : undefined;
  return [
    ["Video", lineText(video)], ["Audio", lineText(audio)], ["Round trip", msText(seen?.roundTripMs)], ["Jitter", msText(video?.jitterMs ?? audio?.jitterMs)],
    ["Waiting", `${msText(video?.bufferMs ?? audio?.bufferMs)} in the jitter buffer`], ...(size ? [/** @type {[string, string]} */ (["Size asked for", ["small", "medium", "large"][Number(size)]])] : []),
    ["Freezes", String(video?.freezes ?? 0)],
  ];
}

// Controls ----------------------------------------------------------------------------------------

async function toggleMicrophone() {
  const [track] = stream.getAudioTracks();
  if (track) track.enabled = !track.enabled;
  else if (!(await addDevice("audio"))) return;
  showOwn();
  await call?.tellPresence();
}

/** The camera is closed when it is off, so that its light goes out. */
async function toggleCamera() {
  const [track] = stream.getVideoTracks();
  if (track) {
    track.stop();
    stream.removeTrack(track);
    await call?.use("video", null);
  } else if (!(await addDevice("video"))) {
    return;
  }
  showOwn();
}

/** @param {"audio" | "video"} kind @returns {Promise<boolean>} */
async function addDevice(kind) {
  const chosen = el(kind === "audio" ? "microphone" : "camera", HTMLSelectElement).value, device = chosen === "none" ? "default" : chosen;
  try {
    const more = await openDevices({ camera: "none", microphone: "none", [kind === "audio" ? "microphone" : "camera"]: device });
    const [track] = more.getTracks();
    stream.addTrack(track);
    await call?.use(kind, track);
    if (kind === "audio") {
      level.close();
      level = new Level(track);
    }
    return true;
  } catch (error) {
    notice(notices, "bad", ...mediaProblem(error));
    return false;
  }
}

async function toggleScreen() {
  if (!call) return;
  if (call.screen) return call.stopScreen();
  /** @type {MediaStream} */
  let picture;
  try {
    picture = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 15 }, audio: true });
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "NotAllowedError")) notice(notices, "bad", "The screen could not be captured", words(error));
    return;
  }
  for (const track of picture.getVideoTracks()) track.contentHint = "detail";
  try {
    await call.shareScreen(picture);
  } catch (error) {
    picture.getTracks().forEach((track) => track.stop());
    notice(notices, "bad", "The screen is not shared", words(error));
  }
}

/** @param {string | undefined} tab undefined: close */
function showSide(tab) {
  el("side").hidden = !tab;
  showTab(tab);
  for (const name of ["chat", "people", "figures"]) el(`open-${name}`).setAttribute("aria-expanded", String(name === tab));
  if (tab === "chat") {
    unread = 0;
    el("unread").hidden = true;
    if (!document.activeElement?.matches("[role=tab]")) el("text").focus();
  }
  if (tab === "figures") watchFigures("in");
  else figures.stop();
}

/** @param {string} which */
function watchFigures(which) {
  const pc = which === "in" ? call?.subscription.peer?.pc : call?.own?.pc;
  for (const button of document.querySelectorAll("[data-watch]")) button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.watch === which));
  figures.stop();
  if (pc) figures.watch(pc);
}

/** @param {string} who @param {string} text @param {boolean} [own] */
function showMessage(who, text, own = false) {
  const time = new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const log = el("log");
  log.append(make("p", { className: own ? "own" : "" }, make("strong", null, who), " ", make("span", { className: "muted small figure" }, time), make("span", { className: "said" }, text)));
  while (log.children.length > 500) log.firstElementChild?.remove();
  log.scrollTop = log.scrollHeight;
  if (own || (!el("side").hidden && !el("pane-chat").hidden)) return;
  setText(el("unread"), String(++unread));
  el("unread").hidden = false;
}

function showPeople() {
  if (!call) return;
  const rows = [...tiles].map(([key, tile]) => {
    const button = make("button", { type: "button", onclick: () => openSheet(key), disabled: key === "screen" }, tile.name.textContent ?? "");
    if (tile.signs.dataset.shows) setIcon(button, "mic-off");
    return make("li", null, button);
  });
  el("people").replaceChildren(...rows);
  setText(el("count"), String(rows.length));
  el("count").hidden = false;
}

// Endings -----------------------------------------------------------------------------------------

function stopDevices() {
  stream.getTracks().forEach((track) => track.stop());
  stream = new MediaStream();
  level.close();
}

function clearCall() {
  clearInterval(ticking);
  for (const meter of meters.values()) meter.stop();
  meters.clear();
  figures.stop();
  for (const tile of tiles.values()) tile.remove();
  tiles.clear();
  pinned = speaker = sheetFor = undefined;
  if (sheet.open) sheet.close();
  call = followed = undefined;
}

/** @param {string | undefined} why undefined: we left */
function ended(why) {
  clearCall();
  stopDevices();
  showSide(undefined);
  el("log").replaceChildren();
  document.title = "Meeting · Limen";
  setState("lobby");
  if (why) notice(notices, "warn", why, "You can join again from here.");
  else notices.replaceChildren();
  showRooms();
}

/** The session is over. In a meeting: try to get in again with the same devices. */
async function serverGone() {
  session = desk = undefined;
  const ticket = call?.ticket;
  if (!call || !ticket) return notice(notices, "bad", "The server has gone", "The rooms are listed again when it is back.");
  const ending = call;
  clearCall();
  ending.end().catch(() => {});  // nothing is left to tell the server
  document.body.dataset.state = "rejoining";
  for (let attempt = 0; attempt < 12; attempt++) {
    passing = notice(notices, "warn", "The server has gone", `Going back into the room as soon as it answers (attempt ${attempt + 1}).`);
    await new Promise((resolve) => setTimeout(resolve, Math.min(500 * 2 ** attempt, 5000)));
    try {
      return await enter(ticket);
    } catch {
      call = undefined;  // still away: told above
    }
  }
  ended("The server did not come back");
}

// What is clicked -----------------------------------------------------------------------------------

const submit = (/** @type {string} */ id, /** @type {() => void} */ act) => {
  el(id, HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    act();
  };
};
submit("join-form", join);
submit("create-form", async () => {
  try {
    await online();
    if (desk) await lobby.create(desk);
  } catch (error) {
    failed(error, "The room was not opened");
  }
});
submit("say", () => {
  const text = el("text", HTMLInputElement), said = text.value.trim();
  if (!said || !call) return;
  try {
    call.say(said);
    text.value = "";
    showMessage("You", said, true);
  } catch (error) {
    notice(notices, "bad", "The message was not sent", words(error));
  }
});
el("refresh").onclick = showRooms;
el("mic").onclick = () => tryTo(toggleMicrophone);
el("cam").onclick = () => tryTo(toggleCamera);
el("share").onclick = () => tryTo(toggleScreen);
el("leave").onclick = () => call?.end();
el("layout").onclick = () => {
  speakerView = !speakerView;
  pinned = undefined;
  el("layout").setAttribute("aria-pressed", String(speakerView));
  arrange();
};
el("link").onclick = () => call && copyText(`${location.origin}${location.pathname}?${linkQuery(call.ticket)}`, "The link is copied.");
el("side-close").onclick = () => showSide(undefined);
tabs(/** @type {HTMLElement} */ (document.querySelector("[role=tablist]")), showSide);
for (const name of ["chat", "people", "figures"]) el(`open-${name}`).onclick = () => showSide(el(`open-${name}`).getAttribute("aria-expanded") === "true" ? undefined : name);
for (const button of document.querySelectorAll("[data-watch]")) /** @type {HTMLElement} */ (button).onclick = () => watchFigures(/** @type {HTMLElement} */ (button).dataset.watch ?? "in");
sheet.addEventListener("close", () => (sheetFor = undefined));
addEventListener("pagehide", () => {
  stopDevices();
  lobby.stop();
  session?.close().catch(() => {});  // the page is going
});
setState("lobby");
showRooms();
