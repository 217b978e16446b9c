// Debian's unmodified janus-demos pages against Limen, over HTTP and over WebSocket.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, overHttp, overWs;
before(async () => {
  limen = await Limen.start();
  browser = await launchChromium();
  overHttp = await serveDemos(`http://127.0.0.1:${limen.http}/janus`);
  overWs = await serveDemos(`ws://127.0.0.1:${limen.ws}`);
});
after(async () => {
  overHttp?.close();
  overWs?.close();
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const playing = (page) =>
  page.evaluate(() => [...document.querySelectorAll("#videoright video")].some((v) => v.videoWidth > 0 && v.getVideoPlaybackQuality().totalVideoFrames > 20));

for (const [name, site] of [["HTTP", () => overHttp], ["WebSocket", () => overWs]]) {
  for (const query of ["", "?simulcast=true", "?vcodec=vp9", "?acodec=pcmu"]) {
    test(`echotest.html${query} over ${name}`, async () => {
      const { page, context } = await openPage(browser, `${site().url}/echotest.html${query}`);
      await page.waitForSelector("#start:not([disabled])");
      await page.click("#start");
      const began = Date.now();
      await until("the picture comes back", () => playing(page), 30_000);
      console.log(`# ${name}${query}: 20 frames after ${Date.now() - began} ms`);
      if (query === "?simulcast=true") {
        await page.waitForSelector("#sl-0", { state: "visible", timeout: 15_000 });
        await page.click("#sl-0");
        await until("the small picture", () => page.evaluate(() => [...document.querySelectorAll("#videoright video")].some((v) => v.videoWidth > 0 && v.videoWidth < 400)), 20_000);
      }
      await page.click("#start");  // it says Stop now
      await context.close();
    });
  }
}
