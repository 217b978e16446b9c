// @ts-check
/** Small tools of all pages: elements, words for errors, icons, short messages. */

/** @template {HTMLElement} T @param {string} id @param {new () => T} [type] @returns {T} */
export function el(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof (type ?? HTMLElement))) throw new Error(`No ${type?.name ?? "element"} #${id}`);
  return /** @type {T} */ (found);
}

/**
 * Makes an element. Properties are set as such, "data-", "aria-" and role as attributes; null: left out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag @param {Record<string, any> | null} [props] @param {...(Node | string | number | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null) continue;
    if (key.includes("-") || key === "role" || key === "for" || key === "list") node.setAttribute(key, String(value));
    else /** @type {any} */ (node)[key] = value;
  }
  for (const child of children) if (child !== null && child !== undefined && child !== false) node.append(typeof child === "number" ? String(child) : child);
  return node;
}

/** @param {unknown} error */
export const words = (error) => (error instanceof Error ? error.message : String(error));

/** Sets text only when it differs, so that screen readers and selections are left alone. @param {Element} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @type {Record<string, string>} Strokes in a 20 by 20 box. */
const ICONS = {
  mic: `<rect x="7.2" y="2.5" width="5.6" height="9.5" rx="2.8"/><path d="M4.5 9.5a5.5 5.5 0 0 0 11 0M10 15v2.5"/>`,
  "mic-off": `<path d="M7.2 7.5V5.3a2.8 2.8 0 0 1 5.6 0v4.2M7.4 10.6A2.8 2.8 0 0 0 11 11.8M4.5 9.5a5.5 5.5 0 0 0 8.6 4.6M15.5 9.5a5.4 5.4 0 0 1-.5 2.2M10 15v2.5M3 3l14 14"/>`,
  camera: `<rect x="2.5" y="5.5" width="10" height="9" rx="2"/><path d="m12.5 9 5-2.8v7.6l-5-2.8"/>`,
  "camera-off": `<path d="M5.5 5.5h5a2 2 0 0 1 2 2V9l5-2.8v7.6l-2.2-1.2M12 14a2 2 0 0 1-1.5.5h-6a2 2 0 0 1-2-2v-5c0-.6.3-1.2.7-1.5M3 3l14 14"/>`,
  screen: `<rect x="2.5" y="3.5" width="15" height="10" rx="1.5"/><path d="M7 17h6M10 11V6.5m-2 2 2-2 2 2"/>`,
  chat: `<path d="M3 5.5a2 2 0 0 1 2-2h10a2 2 0 0 1 2 2v6a2 2 0 0 1-2 2H9l-4 3v-3a2 2 0 0 1-2-2z"/>`,
  people: `<circle cx="7.5" cy="7" r="2.8"/><path d="M2.5 16.5a5 5 0 0 1 10 0M13 4.4a2.8 2.8 0 0 1 0 5.2M14.5 12a5 5 0 0 1 3 4.5"/>`,
  leave: `<path d="M3 12.5c4-4.5 10-4.5 14 0l-2.5 2-2.8-1.4v-2.2a9 9 0 0 0-3.4 0v2.2l-2.8 1.4z"/>`,
  grid: `<rect x="3" y="3" width="6" height="6" rx="1.2"/><rect x="11" y="3" width="6" height="6" rx="1.2"/><rect x="3" y="11" width="6" height="6" rx="1.2"/><rect x="11" y="11" width="6" height="6" rx="1.2"/>`,
  stage: `<rect x="3" y="3" width="14" height="9" rx="1.5"/><path d="M3.5 16.5h3M8.5 16.5h3M13.5 16.5h3"/>`,
  more: `<circle cx="4.5" cy="10" r=".9"/><circle cx="10" cy="10" r=".9"/><circle cx="15.5" cy="10" r=".9"/>`,
  copy: `<rect x="7" y="7" width="9.5" height="9.5" rx="2"/><path d="M13 4.5a2 2 0 0 0-1.5-1h-6a2 2 0 0 0-2 2v6a2 2 0 0 0 1 1.5"/>`,
  close: `<path d="m5 5 10 10M15 5 5 15"/>`,
  full: `<path d="M3.5 7.5v-4h4M16.5 7.5v-4h-4M3.5 12.5v4h4M16.5 12.5v4h-4"/>`,
  play: `<path d="M6 4v12l10-6z"/>`,
  pause: `<path d="M7 4v12M13 4v12"/>`,
  stop: `<rect x="5" y="5" width="10" height="10" rx="1.5"/>`,
  record: `<circle cx="10" cy="10" r="6.5"/><circle cx="10" cy="10" r="3" fill="currentColor"/>`,
  chart: `<path d="M3 3v14h14M6 13l3-4 3 2 4-6"/>`,
  volume: `<path d="M3.5 8v4h3l4 3.5v-11L6.5 8zM13 7.5a3.5 3.5 0 0 1 0 5M15 5a7 7 0 0 1 0 10"/>`,
  "volume-off": `<path d="M3.5 8v4h3l4 3.5v-11L6.5 8zM13.5 8l4 4M17.5 8l-4 4"/>`,
  live: `<circle cx="10" cy="10" r="2"/><path d="M6 6a5.7 5.7 0 0 0 0 8M14 6a5.7 5.7 0 0 1 0 8M3.5 3.5a9 9 0 0 0 0 13M16.5 3.5a9 9 0 0 1 0 13"/>`,
  refresh: `<path d="M16 8a6.5 6.5 0 1 0 .5 3M16.5 4v4h-4"/>`,
};

/** @param {string} name @returns {SVGElement} */
export function icon(name) {
  const holder = document.createElement("div");
  holder.innerHTML = `<svg width="20" height="20" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${ICONS[name]}</svg>`;
  return /** @type {SVGElement} */ (holder.firstElementChild);
}

/** Puts icons into elements that ask for one with data-icon. @param {ParentNode} [within] */
export function placeIcons(within = document) {
  for (const node of within.querySelectorAll("[data-icon]")) {
    if (!node.querySelector("svg")) node.prepend(icon(/** @type {HTMLElement} */ (node).dataset.icon ?? ""));
  }
}

/** @param {HTMLElement} button @param {string} name */
export function setIcon(button, name) {
  if (button.dataset.icon === name && button.querySelector("svg")) return;
  button.dataset.icon = name;
  button.querySelector("svg")?.remove();
  button.prepend(icon(name));
}

/** A short message at the bottom of the page, read by screen readers, gone after some seconds. @param {string} text */
export function toast(text) {
  let place = document.querySelector(".toasts");
  if (!place) document.body.append((place = make("div", { className: "toasts", role: "status", "aria-live": "polite" })));
  const note = make("div", { className: "toast" }, text);
  place.append(note);
  while (place.children.length > 3) place.firstElementChild?.remove();
  setTimeout(() => note.remove(), 4000);
}

/** @param {string} text @param {string} done what to say */
export async function copyText(text, done) {
  try {
    await navigator.clipboard.writeText(text);
    toast(done);
  } catch {
    toast("The browser did not allow copying.");
  }
}

/** Rooms, feeds and participants are numbers, or strings where the server is set so. @param {string} text @returns {number | string} */
export const idOf = (text) => (/^\d{1,16}$/.test(text.trim()) ? Number(text.trim()) : text.trim());

/** What this page was asked for in its address. */
export const query = new URLSearchParams(location.search);

/** @param {number | undefined} kbps */
export const bitrateText = (kbps) => (kbps === undefined ? "–" : kbps >= 1000 ? `${(kbps / 1000).toFixed(kbps >= 10_000 ? 0 : 1)} Mbit/s` : `${Math.round(kbps)} kbit/s`);

/**
 * Tabs: a click or the arrow keys choose one; only the chosen one is a stop of the Tab key.
 * @param {HTMLElement} list with role="tablist" and buttons with data-tab @param {(name: string) => void} choose
 */
export function tabs(list, choose) {
  const buttons = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-tab]")]);
  for (const [i, button] of buttons.entries()) {
    button.onclick = () => choose(button.dataset.tab ?? "");
    button.onkeydown = ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const next = buttons[(i + step + buttons.length) % buttons.length];
      choose(next.dataset.tab ?? "");
      next.focus();
    };
  }
}

/** Shows the pane of one tab. @param {string | undefined} name undefined: none */
export function showTab(name) {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-tab]"))) {
    const chosen = button.dataset.tab === name;
    button.setAttribute("aria-selected", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
    if (name) el(`pane-${button.dataset.tab}`).hidden = !chosen;
  }
}
