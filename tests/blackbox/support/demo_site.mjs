// Serves Debian's janus-demos as they are; only settings.js, which every installation edits, is ours.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const DEMOS = "/usr/share/janus/demos";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".png": "image/png", ".webp": "image/webp" };

/** `server` is what the pages' global of that name is to be: an address or a list. */
export async function serveDemos(server) {
  const site = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://localhost").pathname);
    if (path === "/settings.js" || path === "/adminconfig.js") {
      response.setHeader("Content-Type", "text/javascript");
      return response.end(path === "/settings.js" ? `var server = ${JSON.stringify(server)}; var iceServers = [];` : `var server = ${JSON.stringify(server)}; var secret = "blackbox";`);
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
