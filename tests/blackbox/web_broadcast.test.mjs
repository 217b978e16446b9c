// The Broadcast and Watch pages in Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, strict;
before(async () => {
  limen = await Limen.start();
  browser = await launchChromium(["--use-fake-device-for-media-stream=fps=10"]);
  strict = await launchChromium(["--autoplay-policy=document-user-activation-required"]);
});
after(async () => {
  await browser?.close();
  await strict?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const open = (path, options) => openPage(browser, `https://localhost:${limen.https}/${path}`, options);
const state = (page, wanted) => page.waitForFunction((name) => document.body.dataset.state === name, wanted, { timeout: 15_000 });
const frames = (page, selector) => page.$eval(selector, (video) => video.getVideoPlaybackQuality().totalVideoFrames).catch(() => 0);
const plays = async (page, selector) => {
  const before = await frames(page, selector);
  await until(`frames in ${selector}`, async () => (await frames(page, selector)) > before + 8);
};

test("a broadcast reaches viewers by its link, tells their number and the delay, and ends for all", async () => {
  const host = await open("broadcast.html");
  await host.page.fill("#title", "Launch");
  await host.page.fill("#pin", "7");
  await host.page.click("#start");
  await state(host.page, "live");
  const link = await host.page.inputValue("#link");
  assert.match(link, /watch\.html\?room=\d+&pin=7$/);
  const viewers = [await openPage(browser, link), await openPage(strict, link, { viewport: { width: 390, height: 844 } })];
  for (const { page } of viewers) {
    await state(page, "playing");
    await plays(page, "#video");
    assert.equal(await page.textContent("h1"), "Launch");
  }
  await viewers[1].page.click("#unmute");  // a browser that starts no sound by itself
  await viewers[1].page.waitForFunction(() => !document.querySelector("#video").muted && !document.querySelector("#video").paused);
  assert.equal(await viewers[0].page.isVisible("#unmute"), false);
  await host.page.waitForFunction(() => document.querySelector("#viewers").textContent === "2");
  await viewers[0].page.waitForFunction(() => /^\d+ ms$/.test(document.querySelector("#latency").textContent) && document.querySelector("#viewers").textContent === "2 viewers");
  await viewers[0].page.click('[data-size="0"]');
  await until("the small size", () => viewers[0].page.$eval("#video", (video) => video.videoWidth === 320));
  await host.page.evaluate(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    setInterval(() => canvas.getContext("2d").fillText(String(performance.now()), 10, 50), 50);
    navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(15);
  });
  await host.page.click("#swap");
  await until("the screen instead of the camera", () => viewers[1].page.$eval("#video", (video) => Math.abs(video.videoWidth / video.videoHeight - 4 / 3) < 0.01));
  await viewers[1].context.close();
  await host.page.waitForFunction(() => document.querySelector("#viewers").textContent === "1");
  await host.page.click("#stop");
  await state(viewers[0].page, "ended");
  assert.deepEqual([...host.errors, ...viewers[0].errors], []);
  await host.context.close();
  await viewers[0].context.close();
});
