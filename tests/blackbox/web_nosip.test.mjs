// The Plain RTP page in Chromium: two handles of NoSIP call each other, with and without SDES.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser;
before(async () => {
  limen = await Limen.start({ files: { "janus.plugin.nosip.jcfg": { general: { local_ip: "127.0.0.1" } } } });
  browser = await launchChromium(["--use-fake-device-for-media-stream=fps=10"]);
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

for (const [srtp, protocol] of [["", "RTP/AVP"], ["sdes_mandatory", "RTP/SAVP"]]) {
  test(`both sides see each other over ${protocol}`, async () => {
    const { page, errors, context } = await openPage(browser, `https://localhost:${limen.https}/nosip.html`);
    await page.selectOption("#srtp", srtp);
    await page.click("#start");
    await page.waitForFunction(() => document.body.dataset.state === "running", null, { timeout: 15_000 });
    await until("two pictures", () => page.$$eval("#tiles video", (videos) => videos.filter((video) => video.getVideoPlaybackQuality().totalVideoFrames > 10).length === 2));
    for (const id of ["#offer", "#answer"]) assert.match(await page.textContent(id), new RegExp(`m=video \\d+ ${protocol} `));
    await page.click("#keyframe");
    await page.waitForSelector(".toast:has-text('key frame')");
    await page.click("#end");
    await page.waitForFunction(() => document.body.dataset.state === "idle");
    assert.deepEqual(errors, []);
    await context.close();
  });
}
