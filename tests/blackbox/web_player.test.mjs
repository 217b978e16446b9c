// The Player page in Chromium: a stream of ffmpeg's, one with a PIN, one in three sizes.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, sizes;
const encoders = [];
const encode = (port, size) =>
  encoders.push(spawn("ffmpeg", ["-loglevel", "error", "-re", "-f", "lavfi", "-i", `testsrc=size=${size}:rate=10`, "-threads", "1", "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "10", "-b:v", "300k", "-f", "rtp", `rtp://127.0.0.1:${port}?pkt_size=1200`], { stdio: "ignore" }));
const streaming = async (request) => (await limen.adminApi("", { janus: "message_plugin", plugin: "janus.plugin.streaming", request })).response;

before(async () => {
  limen = await Limen.start({ files: { "janus.plugin.streaming.jcfg": { general: { events: true } } } });
  const media = [{ type: "video", mid: "v", port: 0, pt: 96, codec: "vp8" }];
  const made = await streaming({ request: "create", type: "rtp", id: 7, description: "Harbour", media });
  await streaming({ request: "create", type: "rtp", id: 8, description: "Vault", pin: "1", media });
  sizes = await streaming({ request: "create", type: "rtp", id: 9, description: "Three sizes", media: [{ type: "video", mid: "v", port: 0, port2: 0, port3: 0, pt: 96, codec: "vp8", simulcast: true }] });
  encode(made.stream.ports[0].port, "320x240");
  browser = await launchChromium();
});
after(async () => {
  for (const encoder of encoders) encoder.kill("SIGKILL");
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const open = (path) => openPage(browser, `https://localhost:${limen.https}/${path}`);
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

test("sizes are chosen by hand; a new network gets a new path", async () => {
  const [{ port, port_2, port_3 }] = sizes.stream.ports;
  for (const [one, size] of [[port, "160x120"], [port_2, "320x240"], [port_3, "640x480"]]) encode(one, size);
  const { page, errors, context } = await open("player.html");
  await page.click('[data-stream="9"]');
  const width = (wanted) => until(`a picture ${wanted} wide`, () => page.$eval("#video", (video, w) => video.videoWidth === w, wanted));
  await page.waitForSelector('[data-layer="substream 0"]');
  await page.click('[data-layer="substream 0"]');
  await width(160);
  await page.click('[data-layer="substream 2"]');
  await width(640);
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await plays(page);
  assert.equal(await page.locator(".notice").count(), 0);
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
