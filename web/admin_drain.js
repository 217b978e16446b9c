// @ts-check
/** Admin, the part that drains: begins, shows and undoes it (the server's admin request `drain`). */
import { el, setText, toast } from "./dom.js";

/**
 * @param {{ ask: (verb: string, members?: Record<string, any>) => Promise<any>,
 *   tryTo: (act: () => Promise<any>, then?: () => Promise<any>) => Promise<void>,
 *   sure: (text: string, yes: string) => Promise<boolean> }} page
 * @returns {() => Promise<void>} shows what is
 */
export function drainPanel({ ask, tryTo, sure }) {
  /** @param {any} status */
  const show = ({ draining, sessions, ends_in }) => {
    el("drain-state").hidden = !draining;
    el("drain-off").hidden = !draining;
    el("drain-form").hidden = draining;
    const left = ends_in === undefined ? "" : `, ${ends_in} s at most`;
    if (draining) setText(el("drain-state"), `Draining: ${sessions} ${sessions === 1 ? "session" : "sessions"} left${left}`);
  };
  const read = async () => show(await ask("drain_status"));
  el("drain-form", HTMLFormElement).onsubmit = async (event) => {
    event.preventDefault();
    const limit = el("drain-limit", HTMLInputElement).value;
    const end = limit === "0" ? "when the last session has gone" : limit ? `when the last session has gone, or in ${limit} s` : "when the last session has gone, or at the configured limit";
    if (!(await sure(`Take no new sessions, and end the server ${end}?`, "Drain"))) return;
    await tryTo(async () => {
      show(await ask("drain", limit === "" ? {} : { timeout: Number(limit) }));
      toast("The server drains.");
    });
  };
  el("drain-off").onclick = () => tryTo(async () => {
    show(await ask("drain", { drain: false }));
    toast("New sessions are taken again.");
  });
  return read;
}
