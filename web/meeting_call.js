// @ts-check
/**
 * A meeting without its looks: a participant who publishes, a screen as second publisher, everybody
 * else over one subscription; networks that change and servers that come back.
 */
import { simulcastEncodings } from "./devices.js";
import { LimenError } from "./limen.js";
import { PLUGIN, Room, Subscription } from "./videoroom.js";

/**
 * @typedef {import("./videoroom.js").Id} Id
 * @typedef {{ room: Id, name: string, pin: string, secret: string, bitrate: number, simulcast: boolean }} Ticket
 * @typedef {{ from: Id, text: string }} Said
 */

/** How long a path may be broken before a new one is looked for, milliseconds. */
const PATIENCE_MS = 2500;

/** One published set of tracks: the participant, or the screen. */
export class Publishing {
  /** @type {Record<string, string>} mid of "audio" and "video" */ mids = {};
  /** @type {Record<string, RTCRtpSender>} */ senders = {};

  /** @param {Room} room */
  constructor(room) {
    this.room = room;
    this.peer = room.handle.peer();
    this.pc = this.peer.pc;
  }

  /**
   * Both lines are there from the start, so that a device can be turned on later without negotiation.
   * @param {MediaStream} stream @param {{ bitrate: number, simulcast: boolean, kinds?: string[], data?: boolean }} how @returns {Promise<RTCDataChannel | undefined>}
   */
  async start(stream, { bitrate, simulcast, kinds = ["audio", "video"], data = false }) {
    for (const kind of kinds) {
      const track = stream.getTracks().find((one) => one.kind === kind);
      const sendEncodings = kind !== "video" ? undefined : simulcast ? simulcastEncodings(bitrate) : [{ maxBitrate: bitrate }];
      const transceiver = this.pc.addTransceiver(track ?? kind, { direction: "sendonly", streams: [stream], ...(sendEncodings && { sendEncodings }) });
      this.senders[kind] = transceiver.sender;
    }
    const channel = data ? this.pc.createDataChannel("JanusDataChannel") : undefined;
    await this.peer.offer({ request: "publish" });
    for (const transceiver of this.pc.getTransceivers()) {
      const kind = Object.keys(this.senders).find((one) => this.senders[one] === transceiver.sender);
      if (kind && transceiver.mid) this.mids[kind] = transceiver.mid;
    }
    return channel;
  }

  /** @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track */
  async replace(kind, track) {
    await this.senders[kind]?.replaceTrack(track);
  }

  restart() {
    return this.peer.offer({ request: "configure" }, { iceRestart: true });
  }
}

/**
 * Events: "feeds", "lines" (what comes over the subscription changed), "talking" ({id, talking}), "moderated" ({id, mid, muted}), "said" (Said), "channel" (chat is possible),
 * "screen" (own screen on or off), "path" (whether media flow: "connected", "mending"), "trouble" (text), "ended" (why).
 */
export class Call extends EventTarget {
  /** @type {Publishing | undefined} */ own;
  /** @type {{ publishing: Publishing, stream: MediaStream } | undefined} */ screen;
  /** @type {RTCDataChannel | undefined} */ channel;
  /** Why nothing is published; "" when it is. */ watching = "";
  #mending = false;
  #over = false;
  #listening = new AbortController();
  /** @type {Set<string>} streams asked for, as `${feed}/${mid}` */ #asked = new Set();
  /** @type {Map<RTCPeerConnection, ReturnType<typeof setTimeout>>} */ #broken = new Map();

  /** @param {import("./limen.js").Session} session @param {Ticket} ticket @param {Room} room */
  constructor(session, ticket, room) {
    super();
    this.session = session;
    this.ticket = ticket;
    this.room = room;
    this.subscription = new Subscription(
      () => session.attach(PLUGIN),
      () => ({ room: ticket.room, private_id: room.privateId, ...(ticket.pin && { pin: ticket.pin }) }),
    );
  }

  /**
   * @param {import("./limen.js").Session} session @param {Ticket} ticket @param {MediaStream} stream
   * @param {(call: Call) => void} follow is called before anything happens
   */
  static async enter(session, ticket, stream, follow) {
    const room = new Room(await session.attach(PLUGIN));
    const call = new Call(session, ticket, room);
    follow(call);
    try {
      await room.join({ room: ticket.room, display: ticket.name, metadata: call.#presence(stream), audio_active_packets: 25, ...(ticket.pin && { pin: ticket.pin }) });
      call.#follow();
      await call.#publish(stream);
      call.#subscribe();
      return call;
    } catch (error) {
      call.#over = true;
      await room.handle.detach().catch(() => {});  // gone with the session already
      throw error;
    }
  }

  /** @param {MediaStream} stream */
  #presence(stream) {
    return { kind: "person", audio: stream.getAudioTracks().length > 0, video: stream.getVideoTracks().length > 0 };
  }

  /** @param {MediaStream} stream */
  async #publish(stream) {
    const own = new Publishing(this.room);
    try {
      this.channel = await own.start(stream, { ...this.ticket, data: true });
    } catch (error) {
      if (!(error instanceof LimenError) || error.code !== 432) throw error;
      own.pc.close();
      this.watching = "The room already has as many publishers as it takes: you can watch and listen.";
      return;
    }
    this.own = own;
    this.#guard(own.pc);
    this.channel?.addEventListener("open", () => this.#tell("channel"));
    this.channel?.addEventListener("close", () => this.#tell("channel"));
  }

  #follow() {
    const { room, subscription, session } = this;
    room.addEventListener("feeds", () => this.#subscribe());
    for (const kind of ["talking", "moderated"]) room.addEventListener(kind, (event) => this.#tell(kind, /** @type {CustomEvent} */ (event).detail));
    room.addEventListener("renamed", () => this.#tell("feeds"));
    room.addEventListener("gone", (event) => this.end(/** @type {CustomEvent} */ (event).detail));
    subscription.addEventListener("changed", () => this.#tell("lines"));
    subscription.addEventListener("layer", (event) => this.#tell("layer", /** @type {CustomEvent} */ (event).detail));
    subscription.addEventListener("peer", (event) => this.#guard(/** @type {CustomEvent} */ (event).detail));
    subscription.addEventListener("trouble", (event) => this.#tell("trouble", /** @type {CustomEvent} */ (event).detail.message));
    subscription.addEventListener("channel", (event) => this.#hear(/** @type {CustomEvent} */ (event).detail));
    const { signal } = this.#listening;
    session.addEventListener("state", () => session.state === "connected" && this.mend(), { signal });
    addEventListener("online", () => this.networkChanged(), { signal });
    /** @type {any} */ (navigator).connection?.addEventListener("change", () => this.networkChanged(), { signal });
  }

  /** Somebody else's messages come on a channel named like the sender's id. @param {RTCDataChannel} channel */
  #hear(channel) {
    channel.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      const from = [...this.room.feeds.keys()].find((id) => String(id) === channel.label);
      if (from !== undefined) this.#tell("said", { from, text: data.slice(0, 4000) });
    });
  }

  /** Asks for what is published and not ours, and gives back what has gone. */
  #subscribe() {
    if (this.#over) return;
    const wanted = new Set();
    const add = [];
    for (const feed of this.room.feeds.values()) {
      if (feed.id === this.screen?.publishing.room.id || feed.dummy) continue;
      for (const stream of feed.streams ?? []) {
        if (stream.disabled || stream.codec === "none") continue;
        const key = `${feed.id}/${stream.mid}`;
        wanted.add(key);
        if (!this.#asked.has(key)) add.push({ feed: feed.id, mid: stream.mid, ...(stream.simulcast && { substream: 0 }) });
      }
    }
    this.#asked = wanted;
    if (add.length) {
      // Lines of somebody who was removed are not freed by the server: given back, they are used again.
      const stale = [...this.subscription.lines.values()].filter((line) => line.active && line.feed_id !== undefined && !this.room.feeds.has(line.feed_id));
      if (stale.length) this.subscription.unsubscribe(stale.map((line) => ({ sub_mid: line.mid })));
      this.subscription.subscribe(add);
    }
    this.#tell("feeds");
  }

  /** @param {"audio" | "video"} kind @param {MediaStreamTrack | null} track null: off */
  async use(kind, track) {
    await this.own?.replace(kind, track);
    await this.tellPresence();
  }

  /** Others see from this what is on. */
  async tellPresence() {
    const on = (/** @type {string} */ kind) => this.own?.senders[kind]?.track?.enabled ?? false;
    if (this.own) await this.room.configure({ metadata: { kind: "person", audio: on("audio"), video: on("video") } });
  }

  /** @param {MediaStream} stream */
  async shareScreen(stream) {
    const room = new Room(await this.session.attach(PLUGIN));
    try {
      const { room: number, pin, name, bitrate } = this.ticket;
      await room.join({ room: number, display: `${name}'s screen`, metadata: { kind: "screen", owner: this.room.id }, ...(pin && { pin }) });
      const publishing = new Publishing(room);
      this.screen = { publishing, stream };
      await publishing.start(stream, { bitrate: Math.max(bitrate, 1_500_000), simulcast: false, kinds: stream.getTracks().map((track) => track.kind) });
      this.#guard(publishing.pc);
    } catch (error) {
      await this.stopScreen();
      throw error;
    }
    room.addEventListener("gone", () => this.stopScreen());
    stream.getVideoTracks()[0].addEventListener("ended", () => this.stopScreen());
    this.#subscribe();
    this.#tell("screen");
  }

  async stopScreen() {
    const { screen } = this;
    if (!screen) return;
    this.screen = undefined;
    screen.stream.getTracks().forEach((track) => track.stop());
    this.room.feeds.delete(screen.publishing.room.id);
    this.#tell("screen");
    await screen.publishing.room.handle.detach().catch(() => {});  // gone with the session already
  }

  get canChat() {
    return this.channel?.readyState === "open";
  }

  /** @param {string} text */
  say(text) {
    if (!this.canChat) throw new Error("The data channel is not open");
    this.channel?.send(text);
  }

  /** @param {Id} id @param {string} mid @param {boolean} mute */
  async moderate(id, mid, mute) {
    await this.room.handle.request({ request: "moderate", room: this.ticket.room, secret: this.ticket.secret, id, mid, mute });
  }

  /** @param {Id} id */
  async kick(id) {
    await this.room.handle.request({ request: "kick", room: this.ticket.room, secret: this.ticket.secret, id });
  }

  /** Notices a broken path, waits a little whether it heals, and asks for a new one. @param {RTCPeerConnection} pc */
  #guard(pc) {
    pc.addEventListener("iceconnectionstatechange", () => {
      clearTimeout(this.#broken.get(pc));
      const state = pc.iceConnectionState;
      if (state === "failed") this.mend();
      if (state === "disconnected") this.#broken.set(pc, setTimeout(() => this.mend(), PATIENCE_MS));
      this.#tell("path", this.#peers().every((one) => ["connected", "completed", "new", "checking"].includes(one.iceConnectionState)) ? "connected" : "mending");
    });
  }

  #peers() {
    return [this.own?.pc, this.screen?.publishing.pc, this.subscription.peer?.pc].filter((pc) => pc !== undefined);
  }

  /** The device is on another network now: look whether the server is still there, and find new paths. */
  async networkChanged() {
    if (this.#over) return;
    await this.session.wake();
    await this.mend(true);
  }

  /** New paths for what is broken; `all`: also for what still looks well. @param {boolean} [all] */
  async mend(all = false) {
    if (this.#over || this.#mending || this.session.state !== "connected") return;
    const bad = (/** @type {RTCPeerConnection | undefined} */ pc) => pc && (all || ["failed", "disconnected"].includes(pc.iceConnectionState));
    this.#mending = true;
    try {
      if (bad(this.own?.pc)) await this.own?.restart();
      if (bad(this.screen?.publishing.pc)) await this.screen?.publishing.restart();
      if (bad(this.subscription.peer?.pc)) await this.subscription.restart();
    } catch (error) {
      this.#tell("trouble", `No new path could be made: ${error instanceof Error ? error.message : error}`);
    } finally {
      this.#mending = false;
    }
  }

  /** @param {string} [why] told to the page */
  async end(why) {
    if (this.#over) return;
    this.#over = true;
    this.#listening.abort();
    for (const timer of this.#broken.values()) clearTimeout(timer);
    this.screen?.stream.getTracks().forEach((track) => track.stop());
    this.#tell("ended", why);
    const handles = [this.subscription.close(), this.room.handle.detach(), this.screen?.publishing.room.handle.detach()];
    await Promise.allSettled(handles);
  }

  /** @param {string} kind @param {any} [detail] */
  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
