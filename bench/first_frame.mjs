#!/usr/bin/env node
// From the click on "Start" to the first decoded picture of the echo: Limen's Echo page in Chromium against Limen and against the
// reference server, in turn, over WebSocket and over long poll.
//
//   node bench/first_frame.mjs [--rounds 9] [--limen build/release/limen] [--reference /usr/bin/janus]
//
// The page comes from a web server of this script, as Limen's own forbids pages to talk to other servers. Each call is on a page of its own.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { parseArgs } from "node:util";
import { launchChromium, openPage } from "../tests/blackbox/support/chromium.mjs";
import { Limen } from "../tests/blackbox/support/limen.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "9" },
    limen: { type: "string", default: new URL("../build/release/limen", import.meta.url).pathname },
    reference: { type: "string", default: "/usr/bin/janus" },
  },
});
for (const path of [options.limen, options.reference]) {
  if (existsSync(path)) continue;
  console.error(`${path} is missing: ./run --build-only, apt-get install janus`);
  process.exit(2);
}

const quiet = {
  "janus.jcfg": { general: { debug_level: 3 } },
  "janus.transport.http.jcfg": { general: { https: false } },
  "janus.transport.websockets.jcfg": { general: { wss: false } },
};
const limen = await Limen.start({ command: options.limen, files: quiet });
const reference = await Limen.start({ command: options.reference, files: quiet });
const browser = await launchChromium();
const web = new URL("../web/", import.meta.url);
const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const pages = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const content = await readFile(new URL(`.${pathname}`, web)).catch(() => undefined);
  response.writeHead(content ? 200 : 404, { "content-type": types[extname(pathname)] ?? "text/plain" }).end(content);
});
await new Promise((ready) => pages.listen(0, "127.0.0.1", ready));

/** Milliseconds from the click to the first decoded frame. */
async function call(api) {
  const { page, context } = await openPage(browser, `http://localhost:${pages.address().port}/echo.html?server=${api}`);
  try {
    await page.click("#start");
    await page.waitForFunction(() => document.body.dataset.firstFrame, null, { timeout: 20_000, polling: 20 });
    return Number(await page.evaluate(() => document.body.dataset.firstFrame));
  } catch (error) {
    throw new Error(`No picture from ${api}. The page says: ${await page.innerText("body")}`, { cause: error });
  } finally {
    await context.close();
  }
}

const ways = [
  ["WebSocket", (server) => `ws://localhost:${server.ws}/`],
  ["HTTP long poll", (server) => `http://localhost:${server.http}/janus`],
];
const row = (times) => {
  const sorted = [...times].sort((a, b) => a - b);
  return `${sorted[Math.floor(sorted.length / 2)]} (${sorted[0]}–${sorted.at(-1)})`;
};
try {
  await call(ways[0][1](limen)); // the browser's own first use of everything
  console.log("| way | Limen, median ms (least–most) | reference |\n|---|---|---|");
  for (const [name, url] of ways) {
    const times = [[], []];
    for (let round = 0; round < Number(options.rounds); ++round) {
      for (const [i, server] of [limen, reference].entries()) times[i].push(await call(url(server)));
    }
    console.log(`| ${name} | ${row(times[0])} | ${row(times[1])} |`);
  }
} finally {
  await browser.close();
  pages.close();
  await Promise.all([limen.stop(), reference.stop()]);
}
