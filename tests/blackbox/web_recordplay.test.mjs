// The Record & play page in Chromium.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser;
before(async () => {
  limen = await Limen.start({ files: { "janus.plugin.recordplay.jcfg": { general: { path: "recordings" } } } });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const state = (page, wanted) => page.waitForFunction((name) => document.body.dataset.state === name, wanted, { timeout: 15_000 });

test("what is recorded is in the list, plays, and ends by itself", async () => {
  const { page, errors } = await openPage(browser, `https://localhost:${limen.https}/recordplay.html`);
  await page.waitForSelector("#list:has-text('Nothing is recorded')");
  await page.fill("#name", "Take <1>");
  await page.click("#record");
  await state(page, "recording");
  await until("three seconds", async () => (await page.textContent("#duration")) === "0:03");
  await page.click("#pause");
  await page.waitForSelector("#what:text-is('Paused')");
  await page.click("#pause");
  await page.click("#stop");
  await state(page, "idle");
  await page.click('[data-recording]:has-text("Take <1>")');
  await state(page, "playing");
  await until("frames", () => page.$eval("#video", (video) => video.videoWidth > 0 && video.getVideoPlaybackQuality().totalVideoFrames > 20));
  await state(page, "idle");
  assert.deepEqual(errors, []);
});

test("an unknown recording is explained", async () => {
  const { page } = await openPage(browser, `https://localhost:${limen.https}/recordplay.html`);
  await page.fill("#number", "99");
  await page.click("#play-form button");
  await page.waitForSelector(".notice:has-text('cannot be played')");
  await state(page, "idle");
});
