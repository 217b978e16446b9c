// Serves Debian's janus-demos as they are; settings.js, which every
// installation edits, gets our address appended.
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

// (Debian's pages use globals that nothing defines: `token` and `apisecret` in echotest.js, `doSimulcast` in vp9svctest.js.)
const DEMOS = "/usr/share/janus/demos";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".png": "image/png", ".webp": "image/webp" };

/** `server` is what the pages' global of that name is to be: an address or a list. */
export async function serveDemos(server) {
  const site = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    if (path === "/settings.js" || path === "/adminconfig.js") {
      response.setHeader("Content-Type", "text/javascript");
      const mine = path === "/settings.js" ? "iceServers = []; var token, apisecret, doSimulcast;" : 'secret = "blackbox";';
      return response.end(`${await readFile(join(DEMOS, path), "utf8")}\nserver = ${JSON.stringify(server)};\n${mine}\n`);
    }
    const file = join(DEMOS, path);
    const found = await stat(file).catch(() => undefined);
    if (!found?.isFile()) return response.writeHead(404).end();
    response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  return { url: `http://localhost:${site.address().port}`, close: () => site.close() };
}
