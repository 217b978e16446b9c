// The Subscriber page in Chromium, with two people in a meeting.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser;
before(async () => {
  limen = await Limen.start({
    files: { "janus.plugin.videoroom.jcfg": { "room-1234": { description: "Tuesday", publishers: 6, bitrate: 2_000_000 } } },
  });
  browser = await launchChromium(["--use-fake-device-for-media-stream=fps=8"]);
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const open = (path, options) => openPage(browser, `https://localhost:${limen.https}/${path}`, options);
const state = (page, wanted) => page.waitForFunction((name) => document.body.dataset.state === name, wanted, { timeout: 15_000 });
const frames = (page, selector) => page.$eval(selector, (video) => video.getVideoPlaybackQuality().totalVideoFrames).catch(() => 0);
const plays = async (page, selector) => {
  const before = await frames(page, selector);
  await until(`frames in ${selector}`, async () => (await frames(page, selector)) > before + 8);
};

async function joinMeeting(name) {
  const { page } = await open("meeting.html?room=1234");
  await page.fill("#name", name);
  await page.click("#join");
  await state(page, "call");
}

test("the subscriber page takes, pauses, switches and gives back streams over one connection", async () => {
  await joinMeeting("Ann");
  await joinMeeting("Bob");
  const { page, errors } = await open("subscriber.html?room=1234");
  await page.click("#start");
  await state(page, "in");
  await page.check('fieldset:has(legend:text-is("Ann")) [data-stream="video"]');
  await plays(page, "#tiles video");
  const line = await page.getAttribute("[data-line]", "data-line");
  await page.click(`[data-layer="${line} size 0"]`);
  await until("the small size", () => page.$eval("#tiles video", (video) => video.videoWidth === 320));
  await page.waitForSelector(`[data-layer="${line} size 0"][aria-pressed="true"]`);
  const bob = await page.$eval(`[data-source="${line}"]`, (select) => [...select.options].find((option) => option.text.startsWith("Bob")).value);
  await page.selectOption(`[data-source="${line}"]`, bob);
  await page.waitForSelector('.tile .name:text-is("Bob")');
  await plays(page, "#tiles video");
  await page.click("#pause");
  await page.waitForSelector('#pause[aria-pressed="true"]');
  let last = -1;
  await until("the picture stands still", async () => {
    const now = await frames(page, "#tiles video"), still = now === last;
    last = now;
    if (!still) await page.waitForTimeout(400);
    return still;
  });
  await page.click("#pause");
  await plays(page, "#tiles video");
  await page.click("#all");
  await page.waitForFunction(() => document.querySelectorAll("[data-send]").length === 4);
  await page.click("#restart");
  await plays(page, "#tiles .tile:last-child video");
  await page.click("#none");
  await page.waitForFunction(() => document.querySelectorAll("[data-send]").length === 0);
  assert.deepEqual(errors, []);
});
