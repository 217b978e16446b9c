// @ts-check
/**
 * Limen's client library: sessions, plugins and peer connections over the Janus API.
 *
 *   import { connect } from "./limen.js";
 *   const session = await connect();                               // finds the server of this page
 *   const echo = await session.attach("janus.plugin.echotest");
 *   const peer = echo.peer();                                      // an RTCPeerConnection that trickles
 *   for (const track of stream.getTracks()) peer.pc.addTrack(track, stream);
 *   const reply = await peer.offer({ audio: true, video: true });  // offer, request, answer
 *   echo.addEventListener("message", (e) => console.log(e.detail.data));
 *
 * WebSocket first, HTTP long poll as fallback. When the connection is lost it is made again and the
 * session is claimed; peer connections go on meanwhile. Every waiting call takes an AbortSignal.
 * No dependencies.
 */

/**
 * @typedef {{ type: string, sdp: string, e2ee?: boolean }} Jsep
 * @typedef {{ data: any, jsep?: Jsep }} PluginMessage
 * @typedef {{ janus: string, transaction?: string, session_id?: number, sender?: number, [key: string]: any }} ApiMessage
 * @typedef {{ signal?: AbortSignal }} Cancel
 * @typedef {{ token?: string, apisecret?: string, iceServers?: RTCIceServer[], reconnectFor?: number }} ConnectOptions
 * @typedef {"connecting" | "connected" | "reconnecting" | "closed"} SessionState
 */

const KEEPALIVE_MS = 25_000;
const REQUEST_TIMEOUT_MS = 15_000;
const SESSIONLESS = new Set(["create", "info", "ping"]);

/** An error that the server answered, or the loss of the server (code 0). */
export class LimenError extends Error {
  /** @param {number} code @param {string} reason */
  constructor(code, reason) {
    super(reason);
    this.name = "LimenError";
    this.code = code;
  }
}

/** @returns {string} */
function transactionId() {
  const raw = crypto.getRandomValues(new Uint8Array(9));
  return btoa(String.fromCharCode(...raw));
}

/** @param {AbortSignal | undefined} signal */
function throwIfAborted(signal) {
  if (signal?.aborted) throw signal.reason ?? new DOMException("Aborted", "AbortError");
}

/** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, ms);
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}

// Links to the server ---------------------------------------------------------------------------

/**
 * One way to the server. `onmessage` gets what arrives, `onclose` is called once when it is lost.
 * @typedef {object} Link
 * @property {string} kind
 * @property {(message: object, signal?: AbortSignal) => Promise<void>} send
 * @property {(session: number) => void} watch
 * @property {() => void} close
 * @property {(message: ApiMessage) => void} onmessage
 * @property {() => void} onclose
 */

/** @implements {Link} */
class WebSocketLink {
  kind = "websocket";
  /** @type {(message: ApiMessage) => void} */ onmessage = () => {};
  onclose = () => {};
  /** @type {WebSocket} */ #socket;

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.onmessage = (event) => this.onmessage(JSON.parse(event.data));
    socket.onclose = () => this.onclose();
  }

  /** @param {string} url @param {AbortSignal} [signal] @returns {Promise<WebSocketLink>} */
  static open(url, signal) {
    return new Promise((resolve, reject) => {
      throwIfAborted(signal);
      const socket = new WebSocket(url, "janus-protocol");
      const stop = () => {
        socket.close();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", stop, { once: true });
      socket.onopen = () => {
        signal?.removeEventListener("abort", stop);
        resolve(new WebSocketLink(socket));
      };
      socket.onerror = () => reject(new LimenError(0, `No WebSocket at ${url}`));
    });
  }

  /** @param {object} message */
  async send(message) {
    if (this.#socket.readyState !== WebSocket.OPEN) throw new LimenError(0, "The connection to the server is lost");
    this.#socket.send(JSON.stringify(message));
  }

  watch() {}

  close() {
    this.onclose = () => {};
    this.#socket.close();
  }
}

/** @implements {Link} */
class LongPollLink {
  kind = "long poll";
  /** @type {(message: ApiMessage) => void} */ onmessage = () => {};
  onclose = () => {};
  #ended = new AbortController();
  #failures = 0;

  /** @param {string} url @param {ConnectOptions} options */
  constructor(url, options) {
    this.url = url.replace(/\/$/, "");
    this.options = options;
  }

  /** @param {any} message @param {AbortSignal} [signal] */
  async send(message, signal) {
    const path = [this.url, message.session_id, message.handle_id].filter((part) => part !== undefined).join("/");
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(message),
      signal,
    });
    if (!response.ok) throw new LimenError(0, `The server answered HTTP ${response.status}`);
    this.onmessage(await response.json());
  }

  /** @param {number} session */
  async watch(session) {
    const { token, apisecret } = this.options;
    while (!this.#ended.signal.aborted) {
      const query = new URLSearchParams({ maxev: "10", rid: String(Date.now()) });
      if (token) query.set("token", token);
      if (apisecret) query.set("apisecret", apisecret);
      try {
        const response = await fetch(`${this.url}/${session}?${query}`, { signal: this.#ended.signal });
        if (!response.ok) throw new LimenError(0, `HTTP ${response.status}`);
        this.#failures = 0;
        const events = await response.json();
        for (const event of Array.isArray(events) ? events : [events]) this.onmessage(event);
      } catch {
        if (this.#ended.signal.aborted) return;
        if (++this.#failures > 3) return this.onclose();
        await pause(300 * this.#failures);
      }
    }
  }

  close() {
    this.onclose = () => {};
    this.#ended.abort();
  }
}

/**
 * Where the server of this page is: its own description, else the usual places on this host.
 * @returns {Promise<string[]>}
 */
export async function discover() {
  const here = new URL(location.href);
  const secure = here.protocol === "https:";
  /** @type {string[]} */
  const urls = [];
  let base = "/janus";
  try {
    const facts = await (await fetch("/limen.json", { cache: "no-store" })).json();
    base = facts.api?.path ?? base;
    const port = secure ? facts.websocket?.wss : facts.websocket?.ws;
    if (port) urls.push(`${secure ? "wss" : "ws"}://${here.hostname}:${port}`);
  } catch {
    // An older server or a page from elsewhere: the fallbacks below.
  }
  urls.push(`${here.origin}${base}`);
  return urls;
}

/**
 * @param {string[]} urls @param {ConnectOptions} options @param {AbortSignal} [signal]
 * @returns {Promise<Link>}
 */
async function openLink(urls, options, signal) {
  /** @type {unknown} */
  let problem = new LimenError(0, "No server address given");
  for (const url of urls) {
    try {
      if (url.startsWith("ws")) return await WebSocketLink.open(url, signal);
      const response = await fetch(`${url.replace(/\/$/, "")}/info`, { signal });
      if (!response.ok) throw new LimenError(0, `No Janus API at ${url} (HTTP ${response.status})`);
      return new LongPollLink(url, options);
    } catch (error) {
      throwIfAborted(signal);
      problem = error;
    }
  }
  throw problem instanceof LimenError ? problem : new LimenError(0, "The server cannot be reached");
}

// Session ------------------------------------------------------------------------------------------

/**
 * Connects and creates a session.
 * @param {string | string[]} [server] ws://, wss://, http:// or https:// addresses; default: discover()
 * @param {ConnectOptions & Cancel} [options]
 * @returns {Promise<Session>}
 */
export async function connect(server, options = {}) {
  const urls = server === undefined ? await discover() : [server].flat();
  const session = new Session(urls, options);
  await session.open(options.signal);
  return session;
}

/**
 * A session. Events: "state" (detail: SessionState), "roundtrip" (detail: milliseconds).
 */
export class Session extends EventTarget {
  /** @type {SessionState} */ state = "connecting";
  id = 0;
  /** @type {number | undefined} last round trip to the server, milliseconds */ roundTrip;
  /** @type {Map<number, Handle>} */ #handles = new Map();
  /** @type {Map<string, { done: (message: ApiMessage) => void, fail: (error: unknown) => void, event: boolean }>} */ #waiting = new Map();
  /** @type {Link | undefined} */ #link;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #keepalive;
  #closing = false;

  /** @param {string[]} urls @param {ConnectOptions} options */
  constructor(urls, options) {
    super();
    this.urls = urls;
    this.options = options;
  }

  /** How the server is reached: "websocket" or "long poll". */
  get linkKind() {
    return this.#link?.kind;
  }

  /** @param {AbortSignal} [signal] */
  async open(signal) {
    this.#use(await openLink(this.urls, this.options, signal));
    const reply = await this.request({ janus: "create" }, { signal });
    this.id = reply.data.id;
    this.#link?.watch(this.id);
    this.#keepalive = setInterval(() => this.measure().catch(() => {}), KEEPALIVE_MS);
    this.#setState("connected");
  }

  /**
   * Sends one request and waits for its reply; with `event`, for the plugin event that follows an ack.
   * @param {Record<string, any>} message @param {Cancel & { event?: boolean, timeout?: number }} [options]
   * @returns {Promise<ApiMessage>}
   */
  async request(message, { signal, event = false, timeout = REQUEST_TIMEOUT_MS } = {}) {
    throwIfAborted(signal);
    const transaction = transactionId();
    const { token, apisecret } = this.options;
    const full = { ...message, transaction, ...(token && { token }), ...(apisecret && { apisecret }) };
    if (!SESSIONLESS.has(message.janus)) Object.assign(full, { session_id: this.id });
    const link = this.#link;
    if (!link) throw new LimenError(0, "The connection to the server is lost");
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", stop);
        this.#waiting.delete(transaction);
      };
      /** @param {unknown} error */
      const fail = (error) => {
        finish();
        reject(error);
      };
      const stop = () => fail(signal?.reason);
      const timer = setTimeout(() => fail(new LimenError(0, "The server did not answer in time")), timeout);
      signal?.addEventListener("abort", stop, { once: true });
      this.#waiting.set(transaction, {
        event,
        fail,
        done: (reply) => {
          finish();
          resolve(reply);
        },
      });
      link.send(full, signal).catch(fail);
    });
  }

  /** @param {string} plugin @param {Cancel & { opaqueId?: string }} [options] @returns {Promise<Handle>} */
  async attach(plugin, { opaqueId, signal } = {}) {
    const reply = await this.request({ janus: "attach", plugin, ...(opaqueId && { opaque_id: opaqueId }) }, { signal });
    const handle = new Handle(this, reply.data.id, plugin);
    this.#handles.set(handle.id, handle);
    return handle;
  }

  /** @returns {Promise<any>} what the server says of itself */
  async info() {
    return this.request({ janus: "info" });
  }

  /** Keeps the session alive and measures the round trip. @param {{ timeout?: number }} [options] */
  async measure({ timeout } = {}) {
    const began = performance.now();
    await this.request({ janus: "keepalive" }, { timeout });
    this.roundTrip = performance.now() - began;
    this.dispatchEvent(new CustomEvent("roundtrip", { detail: this.roundTrip }));
    return this.roundTrip;
  }

  /** Call after a change of network or a sleep: a link that is silently dead is noticed now, and replaced. */
  async wake() {
    const link = this.#link;
    if (this.state !== "connected" || !link) return;
    try {
      await this.measure({ timeout: 3000 });
    } catch {
      if (this.#link !== link) return;
      link.close();
      await this.#lost();
    }
  }

  async close() {
    if (this.#closing) return;
    this.#closing = true;
    for (const handle of this.#handles.values()) handle.closePeers();
    try {
      if (this.state === "connected") await this.request({ janus: "destroy" }, { timeout: 2000 });
    } finally {
      this.#end();
    }
  }

  /** @param {Handle} handle */
  forget(handle) {
    this.#handles.delete(handle.id);
  }

  /** @param {Link} link */
  #use(link) {
    this.#link = link;
    link.onmessage = (message) => this.#receive(message);
    link.onclose = () => this.#lost();
  }

  /** @param {SessionState} state */
  #setState(state) {
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  /** @param {ApiMessage} message */
  #receive(message) {
    const waiting = message.transaction === undefined ? undefined : this.#waiting.get(message.transaction);
    if (waiting && message.janus === "error") return waiting.fail(new LimenError(message.error.code, message.error.reason));
    if (waiting && !(waiting.event && message.janus === "ack")) waiting.done(message);
    if (message.janus === "timeout") return this.#end();
    if (message.sender !== undefined && message.janus !== "success") this.#handles.get(message.sender)?.receive(message);
  }

  /** The link is gone: try to come back and claim the session. */
  async #lost() {
    this.#link = undefined;
    for (const { fail } of [...this.#waiting.values()]) fail(new LimenError(0, "The connection to the server is lost"));
    if (this.state !== "connected") return;
    this.#setState("reconnecting");
    const until = performance.now() + (this.options.reconnectFor ?? 30_000);
    for (let wait = 250; performance.now() < until; wait = Math.min(wait * 2, 4000)) {
      await pause(wait);
      if (this.#closing) return;
      try {
        this.#use(await openLink(this.urls, this.options));
        await this.request({ janus: "claim" });
        /** @type {Link | undefined} */ (this.#link)?.watch(this.id);
        return this.#setState("connected");
      } catch (error) {
        // The session itself is gone: nothing to come back to.
        if (error instanceof LimenError && error.code === 458) break;
      }
    }
    this.#end();
  }

  #end() {
    clearInterval(this.#keepalive);
    this.#link?.close();
    this.#link = undefined;
    for (const handle of [...this.#handles.values()]) handle.receive({ janus: "detached" });
    this.#setState("closed");
  }
}

// Handle and peer connection -----------------------------------------------------------------------

/**
 * An attachment to a plugin. Events, each with the server's message as `detail`: "message"
 * ({data, jsep, pushed}; pushed: not the answer to a request), "webrtcup", "media", "slowlink", "hangup", "detached", "ice-failed", "trickle".
 */
export class Handle extends EventTarget {
  /** @type {Set<Peer>} */ #peers = new Set();

  /** @param {Session} session @param {number} id @param {string} plugin */
  constructor(session, id, plugin) {
    super();
    this.session = session;
    this.id = id;
    this.plugin = plugin;
  }

  /**
   * A plugin request: resolves with the plugin's answer, also when it comes as an event later. Rejects
   * when the plugin answers with an error_code.
   * @param {Record<string, any>} body @param {Cancel & { jsep?: RTCSessionDescriptionInit & Record<string, any> }} [options]
   * @returns {Promise<PluginMessage>}
   */
  async request(body, { jsep, signal } = {}) {
    const message = { janus: "message", handle_id: this.id, body, ...(jsep && { jsep }) };
    const reply = await this.session.request(message, { signal, event: true });
    const data = reply.plugindata?.data ?? {};
    if (data.error_code !== undefined) throw new LimenError(data.error_code, data.error);
    return { data, jsep: reply.jsep };
  }

  /** A peer connection of this handle. @param {RTCConfiguration} [config] @returns {Peer} */
  peer(config) {
    const peer = new Peer(this, { iceServers: this.session.options.iceServers ?? [], ...config });
    this.#peers.add(peer);
    return peer;
  }

  /** @param {RTCIceCandidate | null} candidate null: no more */
  async trickle(candidate) {
    const { candidate: text, sdpMid, sdpMLineIndex } = candidate ?? {};
    const body = candidate ? { candidate: text, sdpMid, sdpMLineIndex } : { completed: true };
    await this.session.request({ janus: "trickle", handle_id: this.id, candidate: body });
  }

  async hangup() {
    this.closePeers();
    await this.session.request({ janus: "hangup", handle_id: this.id });
  }

  async detach() {
    this.closePeers();
    this.session.forget(this);
    await this.session.request({ janus: "detach", handle_id: this.id });
  }

  /** What the server pushes, as an async iterator; ends when the handle does. @param {Cancel} [options] */
  async *events({ signal } = {}) {
    /** @type {ApiMessage[]} */
    const queue = [];
    let wake = () => {};
    const onEvent = (/** @type {Event} */ event) => {
      queue.push(/** @type {CustomEvent} */ (event).detail);
      wake();
    };
    const kinds = ["message", "webrtcup", "media", "slowlink", "hangup", "detached", "ice-failed"];
    for (const kind of kinds) this.addEventListener(kind, onEvent);
    const stop = () => wake();
    signal?.addEventListener("abort", stop);
    try {
      while (!signal?.aborted) {
        const next = queue.shift();
        if (next === undefined) await new Promise((resolve) => (wake = () => resolve(undefined)));
        else yield next;
        if (next?.janus === "detached") return;
      }
    } finally {
      for (const kind of kinds) this.removeEventListener(kind, onEvent);
      signal?.removeEventListener("abort", stop);
    }
  }

  /** @param {ApiMessage} message */
  receive(message) {
    if (message.janus === "hangup" || message.janus === "detached") this.closePeers();
    if (message.janus === "detached") this.session.forget(this);
    if (message.janus === "trickle") for (const peer of this.#peers) peer.addRemoteCandidate(message.candidate);
    const kind = message.janus === "event" ? "message" : message.janus;
    const detail = message.janus === "event" ? { janus: "event", data: message.plugindata?.data, jsep: message.jsep, pushed: message.transaction === undefined } : message;
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }

  closePeers() {
    for (const peer of this.#peers) peer.pc.close();
    this.#peers.clear();
  }
}

/** An RTCPeerConnection that negotiates and trickles through its handle. */
export class Peer {
  /** @type {(RTCIceCandidateInit & { completed?: boolean })[]} */ #early = [];

  /** @param {Handle} handle @param {RTCConfiguration} config */
  constructor(handle, config) {
    this.handle = handle;
    this.pc = new RTCPeerConnection(config);
    this.pc.onicecandidate = ({ candidate }) => {
      if (candidate && !candidate.candidate) return;  // the browser's own end marker; null follows
      handle.trickle(candidate).catch(() => {});      // the handle has gone: its events say so
    };
  }

  /**
   * Makes an offer, sends it with `body`, applies the answer. Also for renegotiation and ICE restart.
   * @param {Record<string, any>} body @param {Cancel & RTCOfferOptions & { jsep?: Record<string, any>, customize?: (sdp: string) => string }} [options]
   * @returns {Promise<PluginMessage>}
   */
  async offer(body, { signal, jsep, customize, ...options } = {}) {
    const offer = await this.pc.createOffer(options);
    if (customize && offer.sdp) offer.sdp = customize(offer.sdp);
    await this.pc.setLocalDescription(offer);
    const reply = await this.handle.request(body, { jsep: { type: "offer", sdp: offer.sdp, ...jsep }, signal });
    if (reply.jsep) await this.accept(reply.jsep);
    return reply;
  }

  /** Applies the server's description. @param {Jsep} jsep */
  async accept(jsep) {
    await this.pc.setRemoteDescription(/** @type {RTCSessionDescriptionInit} */ (jsep));
    for (const candidate of this.#early.splice(0)) this.addRemoteCandidate(candidate);
  }

  /**
   * Answers an offer of the server and sends the answer with `body`.
   * @param {Jsep} jsep @param {Record<string, any>} body @param {Cancel} [options]
   */
  async answer(jsep, body, { signal } = {}) {
    await this.accept(jsep);
    const answer = await this.pc.createAnswer();
    await this.pc.setLocalDescription(answer);
    return this.handle.request(body, { jsep: { type: "answer", sdp: answer.sdp }, signal });
  }

  /** @param {RTCIceCandidateInit & { completed?: boolean }} candidate */
  addRemoteCandidate(candidate) {
    if (!this.pc.remoteDescription) return void this.#early.push(candidate);
    this.pc.addIceCandidate(candidate.completed ? undefined : candidate).catch(() => {});
  }
}
