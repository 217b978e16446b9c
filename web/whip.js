// @ts-check
/**
 * WHIP and WHEP (RFC 9725, draft-ietf-wish-whep): one POST publishes or plays, PATCH trickles candidates and restarts ICE,
 * DELETE ends. Works with every such server.
 */

const SDP = "application/sdp", FRAGMENT = "application/trickle-ice-sdpfrag", EXTENSION = "urn:ietf:params:whep:ext:core:";

/** Where this server's endpoints are; undefined: it has none. @returns {Promise<{ whip: string, whep: string } | undefined>} */
export async function endpoints() {
  const response = await fetch("/limen.json", { cache: "no-store" });
  return response.ok ? (await response.json()).whip : undefined;
}

/** A refusal: status and what the server says about it. */
export class WhipError extends Error {
  /** @param {number} status @param {string} text */
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

/** Links of an answer by their rel. @param {string} header @returns {Map<string, { url: string, params: Map<string, string> }[]>} */
export function readLinks(header) {
  const links = new Map();
  for (const [, url, rest] of header.matchAll(/<([^>]*)>((?:\s*;\s*[\w-]+=(?:"(?:[^"\\]|\\.)*"|[^";,\s]+))*)/g)) {
    const params = new Map();
    for (const [, key, quoted, plain] of rest.matchAll(/;\s*([\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^";,\s]+))/g)) params.set(key, quoted?.replace(/\\(.)/g, "$1") ?? plain);
    const rel = params.get("rel") ?? "";
    links.set(rel, [...(links.get(rel) ?? []), { url, params }]);
  }
  return links;
}

/** One session. Events: "active", "inactive", "layers" (detail: what the server says), "gone". */
export class WhipSession extends EventTarget {
  pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  /** @type {string} */ #url = "";
  /** @type {string | null} */ #etag = null;
  /** @type {RTCIceCandidate[]} */ #candidates = [];
  /** @type {string | undefined} */ #layerUrl;
  /** @type {EventSource | undefined} */ #events;
  #token;

  /** @param {string} [token] a bearer token */
  constructor(token = "") {
    super();
    this.#token = token;
    this.pc.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate) this.#candidates.push(candidate);
      if (this.#url) this.#trickle(!candidate).catch(() => this.dispatchEvent(new Event("gone")));
    });
  }

  /** @param {string} url @param {string} method @param {string | undefined} body @param {Record<string, string>} [headers] */
  async #ask(url, method, body, headers = {}) {
    const response = await fetch(url, { method, body, headers: { ...headers, ...(this.#token && { Authorization: `Bearer ${this.#token}` }) } }).catch(() => {
      throw new WhipError(0, "The server cannot be reached"); // the browser's words say less
    });
    if (response.ok) return response;
    const text = await response.text();
    let detail = `HTTP ${response.status}`;
    try {
      detail = JSON.parse(text).detail || detail;
    } catch {
      // Another server's words, or none: the status has to do.
    }
    throw new WhipError(response.status, detail);
  }

  /** Offers what the peer connection has been given. @param {string} endpoint */
  async open(endpoint) {
    await this.pc.setLocalDescription();
    const began = this.pc.localDescription?.sdp ?? "";
    const response = await this.#ask(endpoint, "POST", began, { "Content-Type": SDP });
    const answer = await response.text(), links = readLinks(response.headers.get("Link") ?? "");
    this.#etag = response.headers.get("ETag");
    const location = response.headers.get("Location");
    if (!location) throw new WhipError(response.status, "The server named no session");
    this.#url = new URL(location, response.url || endpoint).href;
    const servers = (links.get("ice-server") ?? []).map(({ url, params }) => ({ urls: url, username: params.get("username"), credential: params.get("credential") }));
    if (servers.length) this.pc.setConfiguration({ ...this.pc.getConfiguration(), iceServers: servers });
    await this.pc.setRemoteDescription({ type: "answer", sdp: answer });
    await this.#trickle(this.pc.iceGatheringState === "complete");
    this.#layerUrl = this.#extension(links, "layer");
    const events = this.#extension(links, "server-sent-events");
    if (events) await this.#listen(events);
  }

  /** @param {ReturnType<typeof readLinks>} links @param {string} name */
  #extension(links, name) {
    const link = links.get(EXTENSION + name)?.[0];
    return link && new URL(link.url, this.#url).href;
  }

  /** @param {string} url */
  async #listen(url) {
    const made = await this.#ask(url, "POST", JSON.stringify(["active", "inactive", "layers"]), { "Content-Type": "application/json" });
    this.#events = new EventSource(new URL(made.headers.get("Location") ?? "", url));
    for (const kind of ["active", "inactive", "layers"]) {
      this.#events.addEventListener(kind, ({ data }) => this.dispatchEvent(new CustomEvent(kind, { detail: JSON.parse(data) })));
    }
  }

  #credentials() {
    const sdp = this.pc.localDescription?.sdp ?? "";
    return ["ice-ufrag", "ice-pwd"].map((name) => new RegExp(`^a=${name}:.*$`, "m").exec(sdp)?.[0].trim() ?? "").join("\r\n") + "\r\n";
  }

  /** @param {boolean} complete */
  async #trickle(complete) {
    const candidates = this.#candidates.splice(0);
    if (!candidates.length && !complete) return;
    // Everything is bundled with the first m-line.
    const mid = this.pc.getTransceivers()[0]?.mid ?? "0";
    const lines = candidates.filter(({ candidate, sdpMid }) => candidate && sdpMid === mid).map(({ candidate }) => `a=${candidate}`);
    const body = [`m=audio 9 UDP/TLS/RTP/SAVPF 0`, `a=mid:${mid}`, ...lines, ...(complete ? ["a=end-of-candidates"] : []), ""].join("\r\n");
    await this.#ask(this.#url, "PATCH", this.#credentials() + body, { "Content-Type": FRAGMENT, ...(this.#etag && { "If-Match": this.#etag }) });
  }

  /** A new path after a change of network. */
  async restart() {
    const old = this.pc.remoteDescription?.sdp ?? "", url = this.#url;
    this.#url = "";  // candidates wait for the answer
    try {
      await this.pc.setLocalDescription(await this.pc.createOffer({ iceRestart: true }));
      const response = await this.#ask(url, "PATCH", this.#credentials(), { "Content-Type": FRAGMENT, "If-Match": "*" });
      const fragment = await response.text();
      this.#etag = response.headers.get("ETag");
      let sdp = old.replace(/^a=candidate:.*\r\n/gm, "");
      for (const name of ["ice-ufrag", "ice-pwd"]) {
        const line = new RegExp(`^a=${name}:.*$`, "m");
        sdp = sdp.replace(new RegExp(line.source, "gm"), line.exec(fragment)?.[0].trim() ?? "");
      }
      const candidates = (fragment.match(/^a=candidate:.*$/gm) ?? []).map((candidate) => `${candidate.trim()}\r\n`).join("");
      sdp = sdp.replace(/^a=mid:.*\r\n/m, (mid) => mid + candidates);
      await this.pc.setRemoteDescription({ type: "answer", sdp });
    } finally {
      this.#url = url;
    }
    await this.#trickle(this.pc.iceGatheringState === "complete");
  }

  /** WHEP: which layer is wanted; {} the server's choice. @param {{ mediaId?: string, encodingId?: string, spatialLayerId?: number, temporalLayerId?: number }} layer */
  async chooseLayer(layer) {
    if (this.#layerUrl) await this.#ask(this.#layerUrl, "POST", JSON.stringify(layer), { "Content-Type": "application/json" });
  }

  async close() {
    const url = this.#url;
    this.#url = "";
    this.#events?.close();
    this.pc.close();
    if (url) await fetch(url, { method: "DELETE", keepalive: true, headers: this.#token ? { Authorization: `Bearer ${this.#token}` } : {} });
  }
}
