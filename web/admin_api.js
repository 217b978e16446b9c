// @ts-check
/** The admin API over HTTP. The secret stays in memory: nothing is stored. */
import { LimenError } from "./limen.js";

const ANSWER_MS = 6000;

export class AdminApi {
  #secret;
  #requests = 0;

  /** @param {string} url such as http://host:7088/admin @param {string} secret */
  constructor(url, secret) {
    this.url = url.replace(/\/$/, "");
    this.#secret = secret;
  }

  /**
   * @param {string} verb @param {Record<string, any>} [members] @param {(number | string)[]} [ids] session, handle
   * @returns {Promise<any>} Rejects with LimenError; code 0: the server does not answer
   */
  async ask(verb, members = {}, ids = []) {
    const body = { janus: verb, transaction: String(++this.#requests), ...(this.#secret && { admin_secret: this.#secret }), ...members };
    /** @type {any} */
    let answer;
    try {
      const response = await fetch([this.url, ...ids].join("/"), {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (!response.ok) throw new LimenError(0, `The admin API answered HTTP ${response.status}`);
      answer = await response.json();
    } catch (error) {
      if (error instanceof LimenError) throw error;
      throw new LimenError(0, error instanceof DOMException && error.name === "TimeoutError" ? "The admin API did not answer in time" : `There is no admin API at ${this.url}`);
    }
    if (answer.janus === "error") throw new LimenError(answer.error.code, answer.error.reason);
    return answer;
  }

  /** What the server says of itself, without a secret. @returns {Promise<any>} */
  async info() {
    const response = await fetch(`${this.url}/info`, { signal: AbortSignal.timeout(ANSWER_MS) });
    return response.json();
  }
}

/**
 * Where the admin API of this page's server is, and why it may be out of reach.
 * @returns {Promise<{ url: string, problem?: string }>}
 */
export async function findAdmin() {
  const host = location.hostname, secure = location.protocol === "https:";
  const near = host === "localhost" || host === "[::1]" || host.startsWith("127.");
  /** @type {any} */
  let facts = {};
  try {
    facts = await (await fetch("/limen.json", { cache: "no-store" })).json();
  } catch {
    return { url: "", problem: "This page's server does not say where its admin API is." };
  }
  if (!facts.admin) return { url: "", problem: "The admin API is off. Set admin_http = true (or admin_https) under admin in janus.transport.http.jcfg, and admin_secret in janus.jcfg." };
  const { path, http, https } = facts.admin;
  if (secure && https) return { url: `https://${host}:${https}${path}` };
  if (http && (!secure || near)) return { url: `http://${host}:${http}${path}` };
  if (https) return { url: `https://${host}:${https}${path}` };
  return { url: `http://${host}:${http}${path}`, problem: "The admin API is there over http only, and browsers do not let an https page use that. Open this page over http, or set admin_https = true." };
}
