// Debian's unmodified room pages against Limen with several participants: VideoRoom, TextRoom, VideoCall.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, site;
before(async () => {
  limen = await Limen.start({
    files: {
      "janus.plugin.videoroom.jcfg": {
        "room-1234": { description: "Demo Room", secret: "adminpwd", publishers: 6, bitrate: 128000, fir_freq: 10 },
        "room-5678": { description: "VP9 Room", secret: "adminpwd", publishers: 6, bitrate: 512000, fir_freq: 10, videocodec: "vp9", video_svc: true },
      },
      "janus.plugin.textroom.jcfg": { "room-1234": { description: "Demo Room", secret: "adminpwd" } },
      "janus.plugin.videocall.jcfg": { general: { events: true } },
    },
  });
  browser = await launchChromium();
  site = await serveDemos(`ws://127.0.0.1:${limen.ws}`);
});
after(async () => {
  site?.close();
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const decoded = (page, selector) =>
  page.evaluate((s) => [...document.querySelectorAll(s)].filter((v) => v.videoWidth > 0 && v.getVideoPlaybackQuality().totalVideoFrames > 10).length, selector);

async function join(pageName, name) {
  const { page, context } = await openPage(browser, `${site.url}/${pageName}`);
  await page.waitForSelector("#start:not([disabled])");
  await page.click("#start");
  await page.waitForSelector("#username", { state: "visible" });
  await page.fill("#username", name);
  await page.click("#register");
  return { page, context };
}

for (const pageName of ["videoroomtest.html", "mvideoroomtest.html", "vp9svctest.html"]) {
  test(`${pageName}: three participants see each other`, async () => {
    const people = [];
    for (const name of ["anna", "bert", "carl"]) people.push(await join(pageName, name));
    for (const { page } of people) await until("two remote pictures", async () => (await decoded(page, "[id^=videoremote] video")) === 2, 40_000);
    await people.pop().context.close();
    for (const { page } of people) await until("one has left", async () => (await page.locator("[id^=videoremote] video:visible").count()) === 1, 15_000);
    for (const { context } of people) await context.close();
  });
}

test("textroomtest.html: two people chat", async () => {
  const anna = await join("textroomtest.html", "anna");
  const bert = await join("textroomtest.html", "bert");
  await bert.page.waitForSelector("#datasend:not([disabled])");
  await bert.page.fill("#datasend", "good morning");
  await bert.page.press("#datasend", "Enter");
  for (const { page } of [anna, bert]) await until("the message", async () => (await page.textContent("#chatroom")).includes("good morning"), 15_000);
  await anna.context.close();
  await bert.context.close();
});

test("videocalltest.html: one calls, the other accepts, both see each other", async () => {
  const anna = await join("videocalltest.html", "anna");
  const bert = await join("videocalltest.html", "bert");
  await bert.page.waitForSelector("#peer", { state: "visible" });
  await anna.page.waitForSelector("#peer", { state: "visible" });
  await anna.page.fill("#peer", "bert");
  await anna.page.click("#call");
  await bert.page.click(".bootbox .btn-success");
  for (const { page } of [anna, bert]) await until("the other's picture", async () => (await decoded(page, "#videoright video")) === 1, 30_000);
  await anna.context.close();
  await bert.context.close();
});
