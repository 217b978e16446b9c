// Starts the release program with a private configuration folder on free ports, and ends it by its PID.
import { spawn } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

const given = new Set();

/**
 * A TCP port that is free now, another one each time. Not of those that the kernel gives to connections: one of another test
 * might have it before the server does.
 */
export async function freePort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 8_000);
    if (given.has(port)) continue;
    given.add(port);
    const free = await new Promise((resolve) => {
      const probe = createServer();
      probe.on("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}

/** Bounds of waiting are for a quiet machine: a busy one gets so many times as long. */
export const PATIENCE = 3;

/** Waits until `test` gives something true; the error says what for. */
export async function until(what, test, timeoutMs = 15_000) {
  const end = Date.now() + timeoutMs * PATIENCE;
  for (;;) {
    const value = await test();
    if (value) return value;
    if (Date.now() > end) throw new Error(`Not within ${timeoutMs * PATIENCE} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const text = (value) => (typeof value === "string" ? JSON.stringify(value) : Array.isArray(value) ? `[${value.map(text).join(", ")}]` : String(value));
const jcfg = (groups) =>
  Object.entries(groups)
    .map(([name, group]) => `${name}: {\n${Object.entries(group).map(([key, value]) => `  ${key} = ${text(value)}`).join("\n")}\n}\n`)
    .join("");

/**
 * A running server. `files` adds to or overrides groups of configuration files by name; `prefix` is a command that starts it
 * elsewhere (in a network namespace), where `address` reaches it.
 */
export class Limen {
  static async start({ args = [], files = {}, prefix = [], address = "127.0.0.1", command = process.env.LIMEN ?? join(root, "build/release/limen") } = {}) {
    const limen = new Limen();
    limen.address = address;
    limen.folder = await mkdtemp(join(tmpdir(), "limen-test-"));
    await mkdir(join(limen.folder, "conf"));
    const [http, https, ws, wss, admin] = await Promise.all([0, 0, 0, 0, 0].map(freePort));
    Object.assign(limen, { http, https, ws, wss, admin });
    const all = {
      "janus.jcfg": { general: { debug_level: 5, admin_secret: "blackbox" }, nat: { ice_ignore_list: "vmnet" } },
      "janus.transport.http.jcfg": {
        general: { http: true, port: http, https: true, secure_port: https },
        admin: { admin_http: true, admin_port: admin, admin_ip: address },
      },
      "janus.transport.websockets.jcfg": { general: { ws: true, ws_port: ws, wss: true, wss_port: wss } },
      "janus.plugin.echotest.jcfg": { general: { events: true } },
    };
    for (const [name, groups] of Object.entries(files)) {
      all[name] ??= {};
      for (const [group, keys] of Object.entries(groups)) all[name][group] = { ...all[name][group], ...keys };
    }
    for (const [name, groups] of Object.entries(all)) await writeFile(join(limen.folder, "conf", name), jcfg(groups));
    limen.log = "";
    const [program, ...before] = [...prefix, command];
    limen.process = spawn(program, [...before, "-F", join(limen.folder, "conf"), ...args], { cwd: limen.folder, stdio: ["ignore", "pipe", "pipe"] });
    limen.exited = new Promise((resolve) => limen.process.on("exit", (code, signal) => resolve({ code, signal })));
    for (const stream of [limen.process.stdout, limen.process.stderr]) stream.on("data", (chunk) => (limen.log += chunk));
    limen.exited.then((how) => (limen.ended = how));
    try {
      await until("the server answers", async () => {
        if (limen.ended) throw new Error(`the server ended with ${JSON.stringify(limen.ended)}:\n${limen.log}`);
        return fetch(`${limen.apiUrl}/info`).then((r) => r.ok, () => false);
      });
    } catch (error) {
      await limen.stop();
      throw error;
    }
    return limen;
  }

  /** The address as URLs have it. */
  get host() {
    return this.address.includes(":") ? `[${this.address}]` : this.address;
  }

  get apiUrl() {
    return `http://${this.host}:${this.http}/janus`;
  }

  get adminUrl() {
    return `http://${this.host}:${this.admin}/admin`;
  }

  /** SIGTERM, and its exit code. */
  async stop() {
    if (!this.ended) this.process.kill("SIGTERM");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), 10_000);
    const how = await this.exited;
    clearTimeout(timer);
    await rm(this.folder, { recursive: true, force: true });
    return how;
  }

  async api(path, body, base = this.apiUrl) {
    const response = await fetch(`${base}${path}`, { method: "POST", body: JSON.stringify({ transaction: "t", ...body }) });
    return response.json();
  }

  adminApi(path, body) {
    return this.api(path, { admin_secret: "blackbox", ...body }, this.adminUrl);
  }
}

/** An address that is not loopback: WebRTC media needs one. */
export function ownAddress() {
  for (const list of Object.values(networkInterfaces())) for (const i of list) if (i.family === "IPv4" && !i.internal) return i.address;
  return "127.0.0.1";
}
