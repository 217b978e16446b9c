// @ts-check
/** Chat: the TextRoom plugin over a data channel. */
import { el } from "./dom.js";
import { goOnline, notice, shell } from "./shell.js";

shell("Chat");

const notices = el("notices", HTMLElement), log = el("log", HTMLElement), people = el("people", HTMLElement), text = el("text", HTMLInputElement);
const ANSWER_MS = 10_000;

/**
 * @typedef {{ textroom: string, transaction?: string, from?: string, username?: string, display?: string, text?: string, date?: string,
 *   whisper?: boolean, error?: string, participants?: { username: string, display?: string }[], sent?: Record<string, boolean> }} RoomMessage
 */

/** One room over one data channel. Event "message" (detail: RoomMessage) for what the server pushes. */
class RoomChannel extends EventTarget {
  /** @type {Map<string, { resolve: (message: RoomMessage) => void, reject: (error: Error) => void }>} */ #waiting = new Map();
  #next = 0;

  /** @param {RTCDataChannel} channel */
  constructor(channel) {
    super();
    this.channel = channel;
    channel.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    channel.onclose = () => this.dispatchEvent(new Event("closed"));
  }

  /** @returns {Promise<void>} */
  opened() {
    if (this.channel.readyState === "open") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("The data channel did not open: are the server's UDP ports reachable?")), ANSWER_MS);
      this.channel.onopen = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** @param {Record<string, any>} message @returns {Promise<RoomMessage>} */
  ask(message) {
    const transaction = String(++this.#next);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(transaction);
        reject(new Error("The room did not answer in time"));
      }, ANSWER_MS);
      const settled = () => {
        clearTimeout(timer);
        this.#waiting.delete(transaction);
      };
      this.#waiting.set(transaction, {
        resolve: (answer) => (settled(), resolve(answer)),
        reject: (error) => (settled(), reject(error)),
      });
      this.channel.send(JSON.stringify({ ...message, transaction }));
    });
  }

  /** @param {RoomMessage} message */
  #receive(message) {
    const waiting = message.transaction === undefined ? undefined : this.#waiting.get(message.transaction);
    if (!waiting) return void this.dispatchEvent(new CustomEvent("message", { detail: message }));
    if (message.textroom === "error") waiting.reject(new Error(message.error));
    else waiting.resolve(message);
  }
}

/** @type {{ session: import("./limen.js").Session, channel: RoomChannel, room: number | string, name: string } | undefined} */
let chat;
/** Who is here: what to show for a user name. @type {Map<string, string>} */
const here = new Map();
/** Whom the next message is for; undefined: everybody. @type {string | undefined} */
let whom;

/** @param {"idle" | "starting" | "running"} state */
function setState(state) {
  el("setup", HTMLFormElement).hidden = state === "running";
  el("chat", HTMLElement).hidden = state !== "running";
  const join = el("join", HTMLButtonElement);
  join.disabled = state === "starting";
  join.textContent = state === "starting" ? "Joining …" : "Join";
  document.body.dataset.state = state;
}

/** @param {string} kind @param {string} words @param {string} [who] @param {string} [date] */
function line(kind, words, who, date) {
  const row = document.createElement("p");
  row.dataset.kind = kind;
  if (who) {
    const name = document.createElement("strong");
    name.textContent = who;
    row.append(name, " ");
  }
  if (date) {
    const time = document.createElement("span");
    time.className = "muted small figure";
    time.textContent = date.slice(11, 16);
    row.append(time, " ");
  }
  row.append(words);
  log.append(row);
  while (log.children.length > 500) log.firstElementChild?.remove();
  log.scrollTop = log.scrollHeight;
}

function showPeople() {
  const buttons = [...here].map(([username, shown]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = username === chat?.name ? `${shown} (you)` : shown;
    button.disabled = username === chat?.name;
    button.setAttribute("aria-pressed", String(username === whom));
    button.onclick = () => {
      whom = username === whom ? undefined : username;
      showPeople();
      text.focus();
    };
    return button;
  });
  people.replaceChildren(...buttons);
  el("to-whom", HTMLElement).textContent = whom === undefined ? "To everybody" : `Only to ${here.get(whom)}`;
}

/** @param {RoomMessage} message */
function heard(message) {
  const username = message.username ?? "";
  switch (message.textroom) {
    case "message":
      return line(message.whisper ? "whisper" : "message", message.text ?? "", message.display ?? here.get(message.from ?? "") ?? message.from, message.date);
    case "announcement":
      return line("announcement", message.text ?? "", "Announcement", message.date);
    case "join":
      here.set(username, message.display ?? username);
      line("news", `${here.get(username)} came in`);
      return showPeople();
    case "leave":
    case "kicked":
      line("news", `${here.get(username) ?? username} ${message.textroom === "kicked" ? "had to go" : "left"}`);
      here.delete(username);
      if (whom === username) whom = undefined;
      if (username === chat?.name && message.textroom === "kicked") return end("You had to leave the room");
      return showPeople();
    case "destroyed":
      return end("The room is closed");
  }
}

async function run() {
  const name = el("name", HTMLInputElement).value.trim(), wanted = el("room", HTMLInputElement).value.trim(), pin = el("pin", HTMLInputElement).value;
  const room = /^\d+$/.test(wanted) ? Number(wanted) : wanted;
  notices.replaceChildren();
  setState("starting");
  try {
    const session = await goOnline();
    const handle = await session.attach("janus.plugin.textroom");
    const peer = handle.peer();
    const channel = new RoomChannel(peer.pc.createDataChannel("JanusDataChannel"));
    chat = { session, channel, room, name: `${name}-${crypto.randomUUID().slice(0, 8)}` };
    const setup = await handle.request({ request: "setup" });
    if (!setup.jsep) throw new Error("The server made no offer");
    await peer.answer(setup.jsep, { request: "ack" });
    await channel.opened();
    channel.addEventListener("message", (event) => heard(/** @type {CustomEvent} */ (event).detail));
    channel.addEventListener("closed", () => chat && end("The connection ended"));
    session.addEventListener("state", () => session.state === "closed" && chat && end("The server has gone"));
    log.replaceChildren();
    const answer = await channel.ask({ textroom: "join", room, username: chat.name, display: name, ...(pin && { pin }) });
    for (const { username, display } of answer.participants ?? []) here.set(username, display ?? username);
    setState("running");
    showPeople();
    text.focus();
  } catch (error) {
    end();
    notice(notices, "bad", "The room could not be joined", error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} [why] */
function end(why) {
  const ending = chat;
  chat = undefined;
  whom = undefined;
  here.clear();
  ending?.session.close().catch(() => {});
  setState("idle");
  if (why) notice(notices, "warn", why, "Join again, or choose another room.");
}

async function say() {
  const words = text.value.trim();
  if (!chat || !words) return;
  text.value = "";
  try {
    const answer = await chat.channel.ask({ textroom: "message", room: chat.room, text: words, ...(whom !== undefined && { to: whom }) });
    if (whom !== undefined && answer.sent?.[whom]) line("whisper", words, `You to ${here.get(whom)}`);
  } catch (error) {
    text.value ||= words;
    notice(notices, "bad", "The message was not sent", error instanceof Error ? error.message : String(error));
  }
}

el("setup", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  run();
};
el("say", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  say();
};
el("leave", HTMLButtonElement).onclick = () => end();
addEventListener("pagehide", () => end());
setState("idle");
