// @ts-check
/** Admin: the page. Polls while it is open; a server that goes away and comes back is followed. */
import { AdminApi, findAdmin } from "./admin_api.js";
import { conspicuous, factsOf, pathOf, readingOf } from "./admin_connection.js";
import { drainPanel } from "./admin_drain.js";
import { Streams, showCandidates, showPath } from "./admin_streams.js";
import { el, make, placeIcons, setText, showTab, tabs, toast, words } from "./dom.js";
import { LimenError } from "./limen.js";
import { notice, shell, showServer } from "./shell.js";

shell("Admin");
placeIcons();

const notices = el("notices");
const input = (/** @type {string} */ id) => el(id, HTMLInputElement);
const POLL_MS = 1000, MOST_SESSIONS = 200;

/** @typedef {{ session: number, handle: number }} Choice @typedef {{ plugin: string, name: string }} Label */
/** @type {AdminApi | undefined} */ let api;
/** @type {Choice | undefined} */ let chosen;
/** @typedef {{ info: any, streams: Streams }} Watched */
/** @type {Watched | undefined} */ let watched;
/** Handles do not change what they are: asked once. @type {Map<number, Label>} */ const labels = new Map();
/** @type {Map<number, number[]>} */ let tree = new Map();
let tab = "sessions", away = false, round = 0;

/** @param {string} plugin */
const short = (plugin) => plugin.replace(/^janus\.(plugin|transport|eventhandler|logger)\./, "");

// Coming in -----------------------------------------------------------------------------------------

async function enter() {
  const button = el("enter", HTMLButtonElement);
  button.disabled = true;
  notices.replaceChildren();
  const one = new AdminApi(input("url").value, input("secret").value);
  try {
    await one.ask("list_sessions");
    await begin(one);
  } catch (error) {
    notice(notices, "bad", ...(error instanceof LimenError && error.code === 403 ? /** @type {[string, string]} */ (["The secret is wrong", "It is admin_secret in janus.jcfg."]) : /** @type {[string, string]} */ (["The admin API cannot be used", `${words(error)}. Is it on (admin_http in janus.transport.http.jcfg), and may this page reach its port?`])));
  } finally {
    button.disabled = false;
  }
}

/** @param {AdminApi} one */
async function begin(one) {
  api = one;
  input("secret").value = "";
  el("login").hidden = true;
  el("inside").hidden = false;
  document.body.dataset.state = "in";
  await greet();
  openTab(tab);
  poll();
}

/** What is the same until the server starts again. */
async function greet() {
  const info = await api?.info();
  setText(el("about"), `${info.name} ${info.dependencies?.limen ?? info.version_string} · ${info["server-name"] ?? ""}`);
  const kinds = [["message_plugin", "plugins"], ["query_transport", "transports"], ["query_eventhandler", "events"], ["query_logger", "loggers"]];
  const groups = kinds.map(([verb, member]) => make("optgroup", { label: member === "events" ? "event handlers" : member }, ...Object.keys(info[member] ?? {}).map((name) => make("option", { value: `${verb} ${name}` }, short(name)))));
  el("module", HTMLSelectElement).replaceChildren(...groups.filter((group) => group.children.length));
  plugins = Object.keys(info.plugins ?? {});
  el("token-plugins", HTMLSelectElement).replaceChildren(make("option", { value: "" }, "all plugins"), ...plugins.map((plugin) => make("option", { value: plugin }, `only ${short(plugin)}`)));
}
/** @type {string[]} */ let plugins = [];

// Once a second ----------------------------------------------------------------------------------------

async function poll() {
  if (!api) return;
  const began = performance.now();
  try {
    if (away) await greet();
    if (round % 2 === 0) await readTree();
    else await api.ask("ping");
    showServer("connected", performance.now() - began);
    if (away) back();
    if (chosen && tab === "sessions") await readHandle(chosen);
    if (tab === "settings" && round % 3 === 0) await Promise.all([readLoops(), readDrain()]);
    round++;
  } catch (error) {
    lost(error);
  }
  setTimeout(poll, away ? 2 * POLL_MS : POLL_MS);
}

/** @param {unknown} error */
function lost(error) {
  if (error instanceof LimenError && error.code === 403) {
    api = undefined;
    away = false;
    el("inside").hidden = true;
    el("login").hidden = false;
    document.body.dataset.state = "out";
    return notice(notices, "warn", "The server does not take the secret any more", "Enter the present one.");
  }
  showServer("closed");
  if (away) return;
  away = true;
  notice(notices, "warn", "The server does not answer", `${words(error)}. Trying again every two seconds.`);
}

function back() {
  away = false;
  labels.clear();
  notices.replaceChildren();
  toast("The server is back.");
  openTab(tab);
}

async function readTree() {
  const { sessions } = await ask("list_sessions");
  /** @type {Map<number, number[]>} */
  const found = new Map();
  await Promise.all(
    sessions.slice(0, MOST_SESSIONS).map(async (/** @type {number} */ session) => {
      const handles = await gone(ask("list_handles", {}, [session]));
      if (handles) found.set(session, handles.handles);
    }),
  );
  for (const [session, handles] of found) {
    for (const handle of handles) {
      if (labels.has(handle)) continue;
      const reply = await gone(ask("handle_info", { plugin_only: true }, [session, handle]));
      if (reply) labels.set(handle, { plugin: short(reply.info.plugin ?? "none"), name: labelOf(reply.info) });
    }
  }
  tree = new Map([...found].sort(([a], [b]) => sessions.indexOf(a) - sessions.indexOf(b)));
  for (const handle of labels.keys()) if (![...tree.values()].some((handles) => handles.includes(handle))) labels.delete(handle);
  showTree(sessions.length);
}

/** @param {any} info */
function labelOf(info) {
  const { display, username, room, type } = info.plugin_specific ?? {};
  return [display ?? username, type, room !== undefined && `room ${room}`, info.opaque_id].filter(Boolean).join(" · ");
}

/** A session or handle may end between two questions: undefined then. @template T @param {Promise<T>} asked @returns {Promise<T | undefined>} */
async function gone(asked) {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof LimenError && (error.code === 458 || error.code === 459)) return undefined;
    throw error;
  }
}

/** @param {string} verb @param {Record<string, any>} [members] @param {(number | string)[]} [ids] @returns {Promise<any>} */
async function ask(verb, members, ids) {
  if (!api) throw new LimenError(0, "Not connected");
  return api.ask(verb, members, ids);
}

/** @param {number} total */
function showTree(total) {
  const handles = [...tree.values()].reduce((sum, list) => sum + list.length, 0);
  el("totals").hidden = false;
  setText(el("totals"), `${total} ${total === 1 ? "session" : "sessions"} · ${handles} ${handles === 1 ? "handle" : "handles"}`);
  const focused = document.activeElement?.getAttribute("data-handle");
  const rows = [...tree].map(([session, list]) => make("li", null, make("div", { className: "muted small figure" }, `Session ${session}`), make("ul", { className: "tree" }, ...list.map((handle) => handleRow(session, handle)))));
  if (rows.length === 0) rows.push(make("li", { className: "muted" }, "Nobody is connected now."));
  if (total > MOST_SESSIONS) rows.push(make("li", { className: "muted small" }, `The first ${MOST_SESSIONS} of ${total} sessions are shown.`));
  el("tree").replaceChildren(...rows);
  if (focused) /** @type {HTMLElement | null} */ (document.querySelector(`[data-handle="${focused}"]`))?.focus();
  if (chosen && !tree.get(chosen.session)?.includes(chosen.handle)) {
    choose(undefined);
    toast("The chosen handle has gone.");
  }
}

/** @param {number} session @param {number} handle */
function handleRow(session, handle) {
  const { plugin, name } = labels.get(handle) ?? { plugin: "?", name: "" };
  const button = make("button", { type: "button", "data-handle": handle, "aria-pressed": String(chosen?.handle === handle), onclick: () => choose({ session, handle }) }, make("strong", null, plugin), make("span", { className: "muted small" }, name || String(handle)));
  return make("li", null, button);
}

/** @param {Choice | undefined} one */
function choose(one) {
  chosen = one;
  watched = undefined;
  el("nothing").hidden = Boolean(one);
  el("handle").hidden = true;
  for (const button of document.querySelectorAll("[data-handle]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-handle") === String(one?.handle)));
  if (one) readHandle(one).catch(lost);
  if (one && innerWidth <= 820) el("detail").scrollIntoView({ behavior: "smooth" });
}

/** @param {Choice} one */
async function readHandle(one) {
  const reply = await gone(ask("handle_info", {}, [one.session, one.handle]));
  if (!reply || chosen !== one) return;
  watched ??= { info: undefined, streams: new Streams(el("streams")) };
  showHandle(one, reply.info, watched);
  watched.info = reply.info;
}

/** @param {Choice} one @param {any} info @param {Watched} seen */
function showHandle(one, info, seen) {
  const reading = readingOf(info, seen.info), { lines } = reading;
  el("handle").hidden = false;
  setText(el("handle-title"), `${short(info.plugin ?? "")} ${one.handle}`);
  el("facts").replaceChildren(...factsOf(info).flatMap(([name, text]) => [make("dt", null, name), make("dd", { className: "figure" }, text)]));
  const remarks = conspicuous(info, reading);
  el("conspicuous").replaceChildren(...(remarks.length ? remarks.map(({ kind, text }) => make("p", { className: "notice", "data-kind": kind }, text)) : [make("p", { className: "muted small" }, info.webrtc ? "Nothing conspicuous." : "No peer connection.")]));
  el("streams").hidden = el("way").hidden = !info.webrtc;
  showPath(el("path"), pathOf(info));
  showCandidates(el("candidates-remote"), info.webrtc?.ice?.["remote-candidates"] ?? []);
  showCandidates(el("candidates-local"), info.webrtc?.ice?.["local-candidates"] ?? []);
  seen.streams.add(lines);
  const file = info["pcap-file"] ?? info["text2pcap-file"];
  el("capturing").hidden = !file;
  setText(el("capturing"), file ? `Capturing to ${file}` : "");
  setText(el("sdp-remote"), info.sdps?.remote ?? "");
  setText(el("sdp-local"), info.sdps?.local ?? "");
  if (/** @type {HTMLDetailsElement} */ (el("raw").parentElement).open) setText(el("raw"), JSON.stringify(info, null, 2));
}

// Settings, tokens, messages, tools ---------------------------------------------------------------------

/** Member of the status, verb, name of its parameter, what it is. @type {[string, string, string, string][]} */
const SETTINGS = [
  ["log_level", "set_log_level", "level", "Log level, 0 to 7"],
  ["session_timeout", "set_session_timeout", "timeout", "Sessions without a sign of life end after, seconds"],
  ["min_nack_queue", "set_min_nack_queue", "min_nack_queue", "Packets kept to be sent again, at least, milliseconds"],
  ["no_media_timer", "set_no_media_timer", "no_media_timer", "Tell clients that nothing arrives after, seconds"],
  ["slowlink_threshold", "set_slowlink_threshold", "slowlink_threshold", "Tell clients of losses from, packets a second"],
  ["log_timestamps", "set_log_timestamps", "timestamps", "Times in the log"],
  ["log_colors", "set_log_colors", "colors", "Colours in the log"],
  ["nack-optimizations", "set_nack_optimizations", "nack_optimizations", "Keep fewer packets after keyframes"],
  ["locking_debug", "set_locking_debug", "debug", "Debug locks"],
  ["refcount_debug", "set_refcount_debug", "debug", "Debug reference counts"],
];

async function readSettings() {
  const { status } = await ask("get_status");
  const fields = SETTINGS.filter(([member]) => member in status).map(([member, verb, parameter, text]) => {
    const value = status[member], on = typeof value === "boolean";
    const field = on ? make("input", { type: "checkbox", checked: value, "data-setting": member }) : make("input", { type: "number", min: "0", value: String(value), "data-setting": member });
    field.onchange = () => tryTo(async () => {
      await ask(verb, { [parameter]: on ? field.checked : Number(field.value) });
      toast(`${text}: set.`);
    }, readSettings);
    return on ? make("label", { className: "check" }, field, text) : make("label", { className: "field" }, make("span", null, text), field);
  });
  el("settings").replaceChildren(...fields);
}

async function readLoops() {
  const { loops } = await ask("loops_info");
  const rows = loops.map((/** @type {any} */ loop) => make("tr", null, make("td", null, loop.id), make("td", { className: "figure" }, loop.handles)));
  if (rows.length === 0) rows.push(make("tr", null, make("td", { colSpan: 2, className: "muted" }, "Told only when event_loops in janus.jcfg gives their number.")));
  el("loops").replaceChildren(...rows);
}

async function readTokens() {
  /** @type {{ token: string, allowed_plugins: string[] }[]} */
  let list = [];
  let note = "A token may use the plugins that are pressed.";
  try {
    list = (await ask("list_tokens")).data.tokens;
  } catch (error) {
    if (!(error instanceof LimenError) || error.code !== 490) throw error;
    note = "Stored tokens are off: set token_auth = true in janus.jcfg (and no token_auth_secret) to use them.";
  }
  el("add-token").hidden = note.startsWith("Stored");
  setText(el("token-note"), note);
  el("tokens").replaceChildren(...list.map(tokenRow));
}

async function addToken() {
  const only = el("token-plugins", HTMLSelectElement).value, field = input("token");
  await ask("add_token", { token: field.value, ...(only && { plugins: [only] }) });
  toast("The token counts from now on.");
  field.value = "";
}

/** @param {{ token: string, allowed_plugins: string[] }} one */
function tokenRow({ token, allowed_plugins }) {
  const buttons = plugins.map((plugin) => {
    const allowed = allowed_plugins.includes(plugin);
    return make("button", { type: "button", className: "switch", "aria-pressed": String(allowed), onclick: () => tryTo(() => ask(allowed ? "disallow_token" : "allow_token", { token, plugins: [plugin] }), readTokens) }, short(plugin));
  });
  const remove = make("button", { type: "button", className: "danger", onclick: async () => (await sure("Remove this token? Who has it is refused from then on.", "Remove")) && tryTo(() => ask("remove_token", { token }), readTokens) }, "Remove");
  return make("tr", null, make("td", null, make("code", null, token)), make("td", null, make("div", { className: "row" }, ...buttons)), make("td", null, remove));
}

async function sendMessage() {
  const [verb, name] = el("module", HTMLSelectElement).value.split(" "), place = el("response");
  /** @type {any} */
  let request;
  try {
    request = JSON.parse(/** @type {HTMLTextAreaElement} */ (el("request")).value);
  } catch (error) {
    return setText(place, `This is not JSON: ${words(error)}`);
  }
  const key = verb === "message_plugin" ? "plugin" : verb.replace("query_", "").replace("eventhandler", "handler");
  try {
    setText(place, JSON.stringify((await ask(verb, { [key]: name, request })).response, null, 2));
  } catch (error) {
    setText(place, words(error));
  }
}

/** @param {HTMLFormElement} form */
async function runTool(form) {
  const place = /** @type {HTMLElement} */ (form.querySelector("pre"));
  const members = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, name === "port" ? Number(value) : value]));
  setText(place, "…");
  try {
    const { janus, transaction, ...answer } = await ask(form.dataset.tool ?? "", members);
    setText(place, Object.keys(answer).length ? JSON.stringify(answer, null, 2) : "Done.");
  } catch (error) {
    setText(place, words(error));
  }
}

/** @param {() => Promise<any>} act @param {() => Promise<any>} [then] */
async function tryTo(act, then) {
  try {
    await act();
  } catch (error) {
    notice(notices, "bad", "The server refused", words(error));
  }
  await then?.().catch(lost);
}

/** @param {string} text @param {string} yes @returns {Promise<boolean>} */
function sure(text, yes) {
  const dialog = el("sure", HTMLDialogElement);
  setText(el("sure-text"), text);
  setText(el("sure-yes"), yes);
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }));
}

/** @param {string} name */
function openTab(name) {
  tab = name;
  showTab(name);
  const read = { settings: () => Promise.all([readSettings(), readLoops(), readDrain()]), tokens: readTokens }[name];
  read?.().catch(lost);
}

// What is clicked -----------------------------------------------------------------------------------

for (const [id, act] of /** @type {[string, () => Promise<void>][]} */ ([["login", enter], ["message", sendMessage], ["add-token", () => tryTo(addToken, readTokens)]])) {
  el(id, HTMLFormElement).onsubmit = (event) => {
    event.preventDefault();
    act();
  };
}
for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("[data-tool]"))) {
  form.onsubmit = (event) => {
    event.preventDefault();
    runTool(form);
  };
}
tabs(/** @type {HTMLElement} */ (document.querySelector("[role=tablist]")), openTab);
for (const [id, verb, text, yes] of [["do-hangup", "hangup_webrtc", "End this peer connection? The handle stays.", "Hang up"], ["do-detach", "detach_handle", "Detach this handle from its plugin?", "Detach"], ["do-destroy", "destroy_session", "Destroy the whole session with all its handles?", "Destroy"]]) {
  el(id).onclick = async () => {
    const one = chosen;
    if (!one || !(await sure(text, yes))) return;
    await tryTo(() => ask(verb, {}, verb === "destroy_session" ? [one.session] : [one.session, one.handle]), readTree);
  };
}
for (const button of document.querySelectorAll("[data-capture]")) {
  /** @type {HTMLElement} */ (button).onclick = () => {
    const one = chosen, verb = /** @type {HTMLElement} */ (button).dataset.capture ?? "";
    if (!one) return;
    const folder = input("folder").value, filename = input("filename").value, truncate = Number(input("truncate").value);
    const members = verb.startsWith("start") ? { ...(folder && { folder }), ...(filename && { filename }), truncate } : {};
    tryTo(() => ask(verb, members, [one.session, one.handle]), () => readHandle(one));
  };
}
/** @type {HTMLElement} */ (el("raw").parentElement).addEventListener("toggle", () => watched && setText(el("raw"), JSON.stringify(watched.info, null, 2)));
const readDrain = drainPanel({ ask, tryTo, sure });
el("refuse-on").onclick = () => tryTo(async () => {
  await ask("accept_new_sessions", { accept: false });
  toast("New sessions are refused.");
});
el("refuse-off").onclick = () => tryTo(async () => {
  await ask("accept_new_sessions", { accept: true });
  toast("New sessions are taken.");
});
document.body.dataset.state = "out";
findAdmin().then(({ url, problem }) => {
  input("url").value = url;
  if (problem) notice(notices, "warn", "The admin API is not within reach", problem);
  el("secret").focus();
});
