// @ts-check
/** The start page: what this server is, what listens, what is built in. */
import { LimenError, discover } from "./limen.js";
import { notice, shell, showServer } from "./shell.js";

shell("");
const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} id @param {[string, string][]} facts */
function show(id, facts) {
  byId(id).replaceChildren(
    ...facts.flatMap(([name, value]) => {
      const dt = document.createElement("dt");
      dt.textContent = name;
      const dd = document.createElement("dd");
      dd.textContent = value;
      return [dt, dd];
    }),
  );
}

/** @param {Record<string, { name: string }>} [packages] */
const names = (packages) => Object.keys(packages ?? {}).map((p) => p.split(".").at(-1)).join(", ") || "none";

/** Demos whose plugin this server does not have say so, and lead nowhere. @param {Record<string, unknown>} plugins */
function markDemos(plugins) {
  for (const card of document.querySelectorAll("[data-plugin]")) {
    const plugin = card.getAttribute("data-plugin") ?? "";
    if (plugin in plugins) continue;
    card.removeAttribute("href");
    card.setAttribute("aria-disabled", "true");
    const go = /** @type {HTMLElement} */ (card.querySelector(".go"));
    go.removeAttribute("aria-hidden");
    go.className = "muted small";
    go.textContent = `Not here: ${plugin} is not in this server.`;
  }
}

async function load() {
  showServer("connecting");
  const base = (await discover()).find((url) => url.startsWith("http"));
  const began = performance.now();
  const response = await fetch(`${base}/info`);
  if (!response.ok) throw new LimenError(0, `The API answered HTTP ${response.status}`);
  const info = await response.json();
  showServer("connected", performance.now() - began);
  show("server", [
    ["Name", info["server-name"]],
    ["Version", `${info.dependencies?.limen ?? ""} (Janus API ${info.version_string})`.trim()],
    ["Address", [info["public-ip"], info["local-ip"]].filter(Boolean).join(", local ")],
    ["Media threads", info["static-event-loops"] ? String(info["static-event-loops"]) : "as many as fit"],
    ["ICE", info["ice-lite"] ? "lite" : info["full-trickle"] ? "full, full trickle" : "full, half trickle"],
    ["Secrets", info.api_secret || info.auth_token ? "required" : "none: everybody may use the API"],
  ]);
  markDemos(info.plugins ?? {});
  show("modules", [["Plugins", names(info.plugins)], ["Transports", names(info.transports)], ["Event handlers", names(info.events)]]);
}

async function listening() {
  const response = await fetch("/limen.json", { cache: "no-store" });
  if (!response.ok) return;
  const facts = await response.json();
  const host = location.hostname;
  /** @type {[string, string][]} */
  const rows = [];
  for (const { what, url, scheme, port, path } of facts.listening ?? []) rows.push([what, scheme ? `${scheme}://${host}:${port}${path ?? ""}` : url]);
  show("listening", rows);
}

load().catch((error) => {
  showServer("closed");
  show("server", [["State", "The API does not answer"]]);
  notice(byId("notices"), "bad", "The page is here, but the Janus API does not answer", `${error.message}. Look at the server's log; "limen --check-config" tells what is wrong with its configuration.`);
});
listening().catch(() => {});
