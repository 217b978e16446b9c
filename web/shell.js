// @ts-check
/** The bar at the top of every page: mark, page name, state of the server, theme. */
import { connect } from "./limen.js";

const MARK = `<svg width="22" height="22" viewBox="0 0 22 22" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" aria-hidden="true"><path d="M5 19V7M17 19V7M2.5 4h17"/></svg>`;
const THEME_ICON = `<svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true"><circle cx="9" cy="9" r="6.5"/><path d="M9 2.5a6.5 6.5 0 0 1 0 13z" fill="currentColor" stroke="none"/></svg>`;

/** @type {Record<string, string>} */
const STATE_TEXT = { connecting: "Connecting", connected: "Connected", reconnecting: "Reconnecting", closed: "Not connected" };

const stored = localStorage.getItem("limen-theme");
if (stored) document.documentElement.dataset.theme = stored;

/**
 * Builds the bar. Call once, first.
 * @param {string} title name of the page; "" on the landing page
 */
export function shell(title) {
  const bar = document.createElement("header");
  bar.className = "bar";
  bar.innerHTML = `<a class="skip" href="#content">Skip to content</a>
    <a class="mark" href="/" aria-label="Limen, start page">${MARK}<span>Limen</span></a>
    <span class="title"></span><span class="space"></span>
    <span class="dot" role="status" aria-live="polite" hidden><span class="text"></span><span class="figure"></span></span>
    <button class="icon" type="button" aria-label="Switch between light and dark">${THEME_ICON}</button>`;
  const name = /** @type {HTMLElement} */ (bar.querySelector(".title"));
  name.textContent = title;
  name.hidden = !title;
  document.body.prepend(bar);
  document.querySelector("main")?.setAttribute("id", "content");
  /** @type {HTMLElement} */ (bar.querySelector("button")).onclick = switchTheme;
}

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  localStorage.setItem("limen-theme", root.dataset.theme);
}

/**
 * Shows the server's state in the bar.
 * @param {import("./limen.js").SessionState} state @param {number} [roundTrip] milliseconds
 */
export function showServer(state, roundTrip) {
  const dot = /** @type {HTMLElement} */ (document.querySelector(".bar .dot"));
  dot.hidden = false;
  dot.dataset.state = state;
  /** @type {HTMLElement} */ (dot.querySelector(".text")).textContent = STATE_TEXT[state];
  /** @type {HTMLElement} */ (dot.querySelector(".figure")).textContent =
    state === "connected" && roundTrip !== undefined ? `${roundTrip < 10 ? roundTrip.toFixed(1) : Math.round(roundTrip)} ms` : "";
}

/**
 * A session with the page's server, or the one that the address names (`?server=`), as the bar shows.
 * @param {import("./limen.js").Cancel} [options] @returns {Promise<import("./limen.js").Session>}
 */
export async function goOnline(options) {
  showServer("connecting");
  try {
    const session = await connect(new URLSearchParams(location.search).get("server") ?? undefined, options);
    followSession(session);
    return session;
  } catch (error) {
    showServer("closed");
    throw error;
  }
}

/** Follows a session in the bar. @param {import("./limen.js").Session} session */
function followSession(session) {
  const show = () => showServer(session.state, session.roundTrip);
  session.addEventListener("state", show);
  session.addEventListener("roundtrip", show);
  show();
  session.measure().catch(() => {});
}

/**
 * Says what happened and what to do, in the page's notice area.
 * @param {HTMLElement} where @param {"bad" | "warn" | "info"} kind @param {string} title @param {string} [advice]
 * @returns {HTMLElement} to be removed when it is over; others may have taken its place by then
 */
export function notice(where, kind, title, advice) {
  const box = document.createElement("div");
  box.className = "notice";
  box.dataset.kind = kind;
  box.setAttribute("role", kind === "bad" ? "alert" : "status");
  const head = document.createElement("strong");
  head.textContent = title;
  box.append(head);
  if (advice) {
    const text = document.createElement("span");
    text.textContent = advice;
    box.append(text);
  }
  where.replaceChildren(box);
  return box;
}

/** Words for a refusal or lack of camera and microphone. @param {unknown} error @returns {[string, string]} */
export function mediaProblem(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return ["The browser did not allow camera and microphone", "Allow them for this page in the address bar (the camera sign), then start again."];
  if (name === "NotFoundError") return ["No camera or microphone was found", "Connect one, or start with the one you have: choose \"None\" for the other."];
  if (name === "NotReadableError") return ["Camera or microphone is in use", "Close the other program that uses it, then start again."];
  if (!window.isSecureContext) return ["Browsers give cameras only to HTTPS pages and to localhost", `Open this page with https:// instead of ${location.protocol}//.`];
  return ["Camera and microphone could not be opened", error instanceof Error ? error.message : String(error)];
}
