// @ts-check
/**
 * VideoRoom for pages: who is in a room, publishing, and any number of feeds over one peer connection.
 *
 *   const room = new Room(await session.attach("janus.plugin.videoroom"));
 *   await room.join({ room: 1234, display: "Ann" });               // room.feeds: who publishes what
 *   const watching = new Subscription(() => session.attach("janus.plugin.videoroom"), () => ({ room: 1234 }));
 *   watching.subscribe([{ feed: 11, mid: "0" }]);                  // event "changed": watching.lines
 */
import { LimenError } from "./limen.js";

export const PLUGIN = "janus.plugin.videoroom";

/**
 * @typedef {number | string} Id
 * @typedef {{ type: string, mindex: number, mid: string, codec?: string, disabled?: boolean, description?: string, simulcast?: boolean, svc?: boolean, moderated?: boolean, talking?: boolean }} FeedStream
 * @typedef {{ id: Id, display?: string, metadata?: Record<string, any>, streams: FeedStream[], talking?: boolean, dummy?: boolean }} Feed
 * @typedef {{ feed: Id, mid: string, substream?: number, temporal?: number }} Wanted
 * @typedef {{ type: string, active: boolean, mindex: number, mid: string, ready: boolean, send: boolean, feed_id?: Id, feed_mid?: string, codec?: string,
 *   simulcast?: { substream: number, "substream-target": number }, svc?: object }} Line
 */

/** A handle as participant. Events: "feeds" (who publishes changed), "talking" ({id, talking}), "moderated" ({id, mid, muted}), "renamed" (id), "gone" (why). */
export class Room extends EventTarget {
  /** @type {Map<Id, Feed>} */ feeds = new Map();
  /** @type {Set<string>} streams that a moderator muted, as `${id}/${mid}` */ moderated = new Set();
  /** @type {Id} */ id = 0;
  /** @type {Id} */ privateId = 0;
  description = "";
  /** @type {Record<string, any>} what join() was given */ joined = {};

  /** @param {import("./limen.js").Handle} handle */
  constructor(handle) {
    super();
    this.handle = handle;
    handle.addEventListener("message", (event) => this.#told(/** @type {CustomEvent} */ (event).detail.data ?? {}));
    handle.addEventListener("detached", () => {
      // With the whole session gone there is another story to tell: it says so by its state.
      queueMicrotask(() => handle.session.state === "closed" || this.#gone("The server ended the connection"));
    });
  }

  /** @param {{ room: Id, display?: string, pin?: string, token?: string, metadata?: Record<string, any>, [key: string]: any }} how */
  async join(how) {
    const { data } = await this.handle.request({ request: "join", ptype: "publisher", ...how });
    this.joined = how;
    this.id = data.id;
    this.privateId = data.private_id;
    this.description = data.description ?? "";
    for (const feed of data.publishers ?? []) this.#learn(feed);
    this.dispatchEvent(new Event("feeds"));
    return data;
  }

  /** @param {Record<string, any>} body */
  async configure(body) {
    return this.handle.request({ request: "configure", ...body });
  }

  /** @param {Feed} feed */
  #learn(feed) {
    const before = this.feeds.get(feed.id);
    this.feeds.set(feed.id, { ...feed, metadata: feed.metadata ?? before?.metadata, display: feed.display ?? before?.display });
    for (const stream of feed.streams ?? []) if (stream.moderated) this.moderated.add(`${feed.id}/${stream.mid}`);
  }

  /** @param {any} data */
  #told(data) {
    const { videoroom } = data;
    if (videoroom === "talking" || videoroom === "stopped-talking") {
      return void this.dispatchEvent(new CustomEvent("talking", { detail: { id: data.id, talking: videoroom === "talking" } }));
    }
    if (videoroom === "destroyed") return this.#gone("The room was closed");
    if (videoroom !== "event") return;
    if (data.publishers) for (const feed of data.publishers) this.#learn(feed);
    if (data.moderation) this.#wasModerated(data);
    if (data.leaving === "ok") return data.reason === "kicked" ? this.#gone("A moderator removed you from the room") : undefined;
    const left = data.unpublished ?? data.leaving ?? data.kicked;
    if (left !== undefined && left !== "ok") this.feeds.delete(left);
    const feed = data.id === undefined ? undefined : this.feeds.get(data.id);
    if (feed && data.moderation === undefined) {
      if (data.display !== undefined) feed.display = data.display;
      if (data.metadata !== undefined) feed.metadata = data.metadata;
      this.dispatchEvent(new CustomEvent("renamed", { detail: data.id }));
    }
    if (data.publishers || left !== undefined) this.dispatchEvent(new Event("feeds"));
  }

  /** @param {{ id: Id, mid: string, moderation: string }} data */
  #wasModerated({ id, mid, moderation }) {
    const key = `${id}/${mid}`, muted = moderation === "muted";
    if (muted) this.moderated.add(key);
    else this.moderated.delete(key);
    this.dispatchEvent(new CustomEvent("moderated", { detail: { id, mid, muted } }));
  }

  /** @param {string} why */
  #gone(why) {
    this.dispatchEvent(new CustomEvent("gone", { detail: why }));
  }
}

/**
 * All feeds of a room over one peer connection. Requests are made one after the other, and what is
 * asked for meanwhile goes together into the next one. Events: "changed" (lines), "peer"
 * (RTCPeerConnection), "layer" ({mid, substream, temporal}), "trouble" (Error), "channel" (RTCDataChannel).
 */
export class Subscription extends EventTarget {
  /** @type {Map<string, Line>} by the subscription's mid */ lines = new Map();
  /** @type {import("./limen.js").Handle | undefined} */ handle;
  /** @type {import("./limen.js").Peer | undefined} */ peer;
  /** @type {Wanted[]} */ #add = [];
  /** @type {({ feed: Id, mid?: string } | { sub_mid: string })[]} */ #remove = [];
  /** @type {Promise<void>} */ #work = Promise.resolve();
  #planned = false;
  #closed = false;

  /**
   * @param {() => Promise<import("./limen.js").Handle>} attach
   * @param {() => Record<string, any>} credentials room, pin, private_id as the join needs them
   */
  constructor(attach, credentials) {
    super();
    this.attach = attach;
    this.credentials = credentials;
  }

  /** @param {Wanted[]} streams */
  subscribe(streams) {
    this.#add.push(...streams);
    this.#plan();
  }

  /** @param {({ feed: Id, mid?: string } | { sub_mid: string })[]} streams */
  unsubscribe(streams) {
    // What was not asked for yet need not be taken back.
    this.#add = this.#add.filter((wanted) => !streams.some((gone) => "feed" in gone && gone.feed === wanted.feed && (gone.mid === undefined || gone.mid === wanted.mid)));
    this.#remove.push(...streams);
    this.#plan();
  }

  /** The line that a stream comes on. @param {Id} feed @param {string} mid */
  lineOf(feed, mid) {
    for (const line of this.lines.values()) if (line.active && line.feed_id === feed && line.feed_mid === mid) return line;
    return undefined;
  }

  /** @param {string} mid of the subscription @returns {RTCRtpReceiver | undefined} */
  receiver(mid) {
    return this.peer?.pc.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
  }

  /** Size, frame rate, pause of lines: {mid, substream, temporal, send, ...}. @param {Record<string, any>[]} streams */
  configure(streams) {
    return this.#next(async () => {
      if (this.handle) await this.handle.request({ request: "configure", streams });
      for (const { mid, send } of streams) {
        const line = this.lines.get(mid);
        if (line && send !== undefined) line.send = send;
      }
    });
  }

  /** Other sources on the same lines, without negotiation: {feed, mid, sub_mid}. @param {Record<string, any>[]} streams */
  switch(streams) {
    return this.#next(async () => void (await this.#ask({ request: "switch", streams })));
  }

  pause() {
    return this.#next(async () => void (await this.handle?.request({ request: "pause" })));
  }

  resume() {
    return this.#next(async () => void (await this.handle?.request({ request: "start" })));
  }

  /** A new path for the same media, after a change of network. */
  restart() {
    return this.#next(async () => void (this.peer && (await this.#ask({ request: "configure", restart: true }))));
  }

  async close() {
    this.#closed = true;
    this.#add = [];
    this.#remove = [];
    this.handle?.closePeers();
    await this.handle?.detach().catch(() => {});  // the session may be gone already
  }

  /** @param {() => Promise<void>} step */
  #next(step) {
    const done = this.#work.then(async () => {
      if (!this.#closed) await step();
    });
    this.#work = done.catch((error) => {
      if (!this.#closed) this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
    });
    return done;
  }

  #plan() {
    if (this.#planned) return;
    this.#planned = true;
    this.#next(async () => {
      this.#planned = false;
      const unsubscribe = this.#remove.splice(0), subscribe = this.#add.splice(0);
      if (!this.handle) return this.#begin(subscribe);
      if (subscribe.length + unsubscribe.length === 0) return;
      const ask = (/** @type {Wanted[]} */ streams, some = unsubscribe) =>
        this.#ask({ request: "update", ...(streams.length && { subscribe: streams }), ...(some.length && { unsubscribe: some }) });
      await this.#forgiving(subscribe, ask, async () => {
        if (unsubscribe.length) await ask([]);
      });
    }).catch(() => {});  // told as "trouble"
  }

  /** @param {Wanted[]} streams */
  async #begin(streams) {
    if (streams.length === 0) return;
    const handle = await this.attach();
    handle.addEventListener("message", (event) => this.#told(/** @type {CustomEvent} */ (event).detail));
    handle.addEventListener("detached", () => {
      queueMicrotask(() => this.#closed || handle.session.state === "closed" || this.dispatchEvent(new CustomEvent("trouble", { detail: new LimenError(0, "The subscription ended") })));
    });
    this.peer = handle.peer();
    this.peer.pc.createDataChannel("JanusDataChannel");  // the server sends data once a channel of ours is open
    this.peer.pc.ondatachannel = ({ channel }) => this.dispatchEvent(new CustomEvent("channel", { detail: channel }));
    this.handle = handle;
    const begun = await this.#forgiving(streams, (some) => this.#ask({ request: "join", ptype: "subscriber", ...this.credentials(), streams: some }));
    if (begun) return void this.dispatchEvent(new CustomEvent("peer", { detail: this.peer.pc }));
    this.handle = undefined;
    await handle.detach();
  }

  /**
   * A feed may leave between its announcement and our request, which then fails as a whole: the
   * others are asked for one by one. False: nothing was left to ask for.
   * @param {Wanted[]} streams @param {(streams: Wanted[]) => Promise<void>} ask @param {() => Promise<void>} [rest] what else was asked for
   * @returns {Promise<boolean>}
   */
  async #forgiving(streams, ask, rest) {
    try {
      await ask(streams);
      return true;
    } catch (error) {
      if (!(error instanceof LimenError) || error.code !== 428) throw error;
    }
    await rest?.();
    let some = false;
    for (const stream of streams) {
      try {
        if (some || this.lines.size > 0) await this.#ask({ request: "subscribe", streams: [stream] });
        else await ask([stream]);
        some = true;
      } catch (error) {
        if (!(error instanceof LimenError) || error.code !== 428) throw error;
      }
    }
    return some;
  }

  /** @param {Record<string, any>} body */
  async #ask(body) {
    const handle = /** @type {import("./limen.js").Handle} */ (this.handle);
    const reply = await handle.request(body);
    this.#learn(reply.data);
    if (reply.jsep) await this.#answer(reply.jsep);
    else this.dispatchEvent(new Event("changed"));
  }

  /** @param {import("./limen.js").Jsep} jsep */
  async #answer(jsep) {
    await this.peer?.answer(jsep, { request: "start" });
    for (const line of this.lines.values()) line.ready ||= line.active;
    this.dispatchEvent(new Event("changed"));
  }

  /** @param {{ streams?: Line[] }} data */
  #learn(data) {
    if (data.streams) this.lines = new Map(data.streams.map((line) => [line.mid, line]));
  }

  /** @param {{ data: any, jsep?: import("./limen.js").Jsep, pushed: boolean }} message */
  #told({ data, jsep, pushed }) {
    if (!pushed || !data) return;
    this.#learn(data);
    if (jsep?.type === "offer") this.#next(() => this.#answer(jsep)).catch(() => {});
    if (data.mid !== undefined && ["substream", "temporal", "spatial_layer", "temporal_layer"].some((key) => key in data)) {
      this.dispatchEvent(new CustomEvent("layer", { detail: data }));
    }
  }
}
