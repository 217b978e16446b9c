// @ts-check
/** Before a meeting: devices, the list of rooms, opening a new one. */
import { Level, listDevices, openDevices } from "./devices.js";
import { el, idOf, make, query, setIcon, toast, words } from "./dom.js";
import { PLUGIN } from "./videoroom.js";
import { mediaProblem, notice } from "./shell.js";

const notices = el("notices");
const input = (/** @type {string} */ id) => el(id, HTMLInputElement);
const select = (/** @type {string} */ id) => el(id, HTMLSelectElement);

/** What is wanted on going in; devices can be off from the start. */
export class Lobby {
  /** @type {MediaStream | undefined} */ stream;
  /** Rooms opened here, with their secrets, for as long as the page lives. @type {Map<string, string>} */ secrets = new Map();
  /** @type {ReturnType<typeof setInterval> | undefined} */ #meter;
  #level = new Level(undefined);
  #on = { audio: true, video: true };

  constructor() {
    input("name").value = localStorage.getItem("limen-name") ?? "";
    input("room").value = query.get("room") ?? "";
    input("pin").value = query.get("pin") ?? "";
    el("check").onclick = () => this.check();
    for (const id of ["camera", "microphone"]) select(id).onchange = () => this.stream && this.check();
    for (const [id, kind] of /** @type {const} */ ([["pre-mic", "audio"], ["pre-cam", "video"]])) el(id).onclick = () => this.#toggle(id, kind);
    listDevices({ camera: select("camera"), microphone: select("microphone") }).catch(() => {});  // names come with the permission
  }

  /** Opens the chosen devices and shows them. @returns {Promise<boolean>} */
  async check() {
    this.stop();
    notices.replaceChildren();
    try {
      this.stream = await openDevices({ camera: select("camera").value, microphone: select("microphone").value });
    } catch (error) {
      notice(notices, "bad", ...mediaProblem(error));
      return false;
    }
    await listDevices({ camera: select("camera"), microphone: select("microphone") });
    this.#show();
    return true;
  }

  #show() {
    const [video] = this.stream?.getVideoTracks() ?? [], [audio] = this.stream?.getAudioTracks() ?? [];
    for (const [kind, track] of /** @type {const} */ ([["audio", audio], ["video", video]])) if (track) track.enabled = this.#on[kind];
    const preview = el("preview", HTMLVideoElement), seen = Boolean(video && this.#on.video);
    preview.srcObject = this.stream ?? null;
    preview.hidden = !seen;
    el("preview-empty").textContent = this.stream ? "Your camera is off." : "Check how you look and sound before you go in.";
    el("level-field").hidden = !audio;
    this.#level = new Level(audio);
    this.#meter = setInterval(() => (el("level", HTMLMeterElement).value = this.#on.audio ? this.#level.now() : 0), 100);
  }

  /** @param {string} id @param {"audio" | "video"} kind */
  #toggle(id, kind) {
    this.#on[kind] = !this.#on[kind];
    const button = el(id, HTMLButtonElement), name = kind === "audio" ? "mic" : "camera";
    button.setAttribute("aria-pressed", String(this.#on[kind]));
    setIcon(button, this.#on[kind] ? name : `${name}-off`);
    if (!this.stream) return;
    for (const track of this.stream.getTracks()) if (track.kind === kind) track.enabled = this.#on[kind];
    el("preview").hidden = !(this.#on.video && this.stream.getVideoTracks().length);
    if (kind === "video") el("preview-empty").textContent = "Your camera is off.";
  }

  /** The devices for the call: what was switched off here is left closed. @returns {Promise<MediaStream | undefined>} */
  async take() {
    if (!this.stream && !(await this.check())) return undefined;
    const stream = /** @type {MediaStream} */ (this.stream);
    this.stream = undefined;
    this.stop();
    for (const track of stream.getTracks()) {
      if (this.#on[/** @type {"audio" | "video"} */ (track.kind)]) continue;
      track.stop();
      stream.removeTrack(track);
    }
    return stream;
  }

  stop() {
    clearInterval(this.#meter);
    this.#level.close();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = undefined;
    el("preview", HTMLVideoElement).srcObject = null;
    el("preview").hidden = true;
    el("level-field").hidden = true;
  }

  /** @returns {import("./meeting_call.js").Ticket} */
  ticket() {
    const room = idOf(input("room").value);
    localStorage.setItem("limen-name", input("name").value.trim());
    return {
      room,
      name: input("name").value.trim(),
      pin: input("pin").value,
      secret: input("secret").value || (this.secrets.get(String(room)) ?? ""),
      bitrate: Number(select("bitrate").value),
      simulcast: input("simulcast").checked,
    };
  }

  /** @param {import("./limen.js").Handle} handle */
  async listRooms(handle) {
    const { data } = await handle.request({ request: "list" });
    const rooms = /** @type {any[]} */ (data.list ?? []).sort((a, b) => b.num_participants - a.num_participants);
    const place = el("rooms");
    if (rooms.length === 0) return place.replaceChildren(make("p", { className: "muted" }, "No room is open to everybody. Open one below, or type the number of one that you know."));
    if (!input("room").value) input("room").value = String(rooms[0].room);
    place.replaceChildren(...rooms.slice(0, 100).map((room) => this.#roomButton(room)));
    this.#mark();
    input("room").oninput = () => this.#mark();
  }

  /** @param {any} room */
  #roomButton(room) {
    const people = room.num_participants;
    const facts = [`Room ${room.room}`, people === 0 ? "empty" : people === 1 ? "1 person" : `${people} people`, `up to ${room.max_publishers}`, room.pin_required && "needs a PIN"].filter(Boolean);
    const pick = () => {
      input("room").value = String(room.room);
      this.#mark();
      if (room.pin_required) input("pin").focus();
    };
    return make("button", { type: "button", className: "room", "data-room": room.room, onclick: pick }, make("strong", null, room.description), make("span", { className: "muted small" }, facts.join(" · ")));
  }

  #mark() {
    for (const button of document.querySelectorAll("[data-room]")) button.setAttribute("aria-pressed", String(button.getAttribute("data-room") === input("room").value.trim()));
  }

  /** @param {import("./limen.js").Handle} handle */
  async create(handle) {
    const secret = crypto.randomUUID(), pin = input("new-pin").value;
    const { data } = await handle.request({
      request: "create",
      description: input("new-description").value.trim(),
      secret,
      ...(pin && { pin }),
      publishers: Number(input("new-publishers").value),
      bitrate: Number(select("new-bitrate").value),
      is_private: input("new-private").checked,
      audiolevel_event: true,
      audio_active_packets: 25,
      audio_level_average: 40,
      videocodec: "vp8,h264,vp9",
    });
    this.secrets.set(String(data.room), secret);
    input("room").value = String(data.room);
    input("pin").value = pin;
    el("new-room", HTMLDetailsElement).open = false;
    toast("The room is open. You moderate it as long as this page stays.");
    await this.listRooms(handle);
  }
}

/** @param {import("./limen.js").Session} session */
export const lobbyHandle = (session) => session.attach(PLUGIN);

/** @param {unknown} error @param {string} title */
export function failed(error, title) {
  notice(notices, "bad", title, words(error));
}
