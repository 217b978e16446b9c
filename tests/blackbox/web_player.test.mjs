// The Player page in Chromium: a stream of ffmpeg's, one with a PIN, browsers that want a click.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, encoder;
const streaming = async (request) => (await limen.adminApi("", { janus: "message_plugin", plugin: "janus.plugin.streaming", request })).response;

before(async () => {
  limen = await Limen.start({ files: { "janus.plugin.streaming.jcfg": { general: { events: true } } } });
  const media = [{ type: "video", mid: "v", port: 0, pt: 96, codec: "vp8" }];
  const made = await streaming({ request: "create", type: "rtp", id: 7, description: "Harbour", media });
  await streaming({ request: "create", type: "rtp", id: 8, description: "Vault", pin: "1", media });
  const { port } = made.stream.ports[0];
  encoder = spawn("ffmpeg", ["-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=20", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "20", "-b:v", "400k", "-f", "rtp", `rtp://127.0.0.1:${port}?pkt_size=1200`], { stdio: "ignore" });
  browser = await launchChromium();
});
after(async () => {
  encoder?.kill("SIGKILL");
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const open = (path, on = browser) => openPage(on, `https://localhost:${limen.https}/${path}`);
const frames = (page) => page.$eval("#video", (video) => video.getVideoPlaybackQuality().totalVideoFrames);
const plays = async (page) => {
  const before = await frames(page);
  await until("frames", async () => (await frames(page)) > before + 8);
};

test("a stream plays with its figures, pauses, goes on and stops", async () => {
  const { page, errors, context } = await open("player.html");
  await page.waitForSelector('[data-live="7"]:text-is("live")');
  await page.click('[data-stream="7"]');
  await plays(page);
  await page.waitForFunction(() => /^\d+ ms$/.test(document.querySelector("#latency").textContent) && /320 × 240/.test(document.querySelector("#quality").textContent));
  await page.click("#pause");
  await page.waitForSelector('#pause[aria-pressed="true"]');
  let last = -1;
  await until("the picture stands still", async () => {
    const now = await frames(page), still = now === last;
    last = now;
    if (!still) await page.waitForTimeout(300);
    return still;
  });
  await page.click("#pause");
  await plays(page);
  await page.click("#stop");
  await page.waitForSelector("#controls", { state: "hidden" });
  await page.click('[data-stream="8"]');
  await page.waitForSelector(".notice:has-text('PIN')");
  assert.deepEqual(errors, []);
  await context.close();
});

test("a link plays at once; a stream that is closed says so", async () => {
  const { page, errors, context } = await open("player.html?id=7");
  await plays(page);
  await streaming({ request: "destroy", id: 7 });
  await page.waitForSelector(".notice:has-text('closed')");
  assert.deepEqual(errors, []);
  await context.close();
});
