// Debian's unmodified VP9 SVC page: a viewer chooses layers with its buttons. (Chromium makes layers if it is told to; the page relies
// on a command line flag for that.)
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, site;
before(async () => {
  limen = await Limen.start({
    files: { "janus.plugin.videoroom.jcfg": { "room-5678": { description: "VP9 Room", publishers: 6, bitrate: 2000000, fir_freq: 1, videocodec: "vp9", video_svc: true } } },
  });
  browser = await launchChromium();
  site = await serveDemos(`ws://127.0.0.1:${limen.ws}`);
});
after(async () => {
  site?.close();
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

async function join(name) {
  const context = await browser.newContext({ permissions: ["camera", "microphone"] });
  const page = await context.newPage();
  await page.goto(`${site.url}/vp9svctest.html`);
  await page.waitForSelector("#start:not([disabled])");
  await page.click("#start");
  await page.waitForSelector("#username", { state: "visible" });
  await page.fill("#username", name);
  await page.click("#register");
  return { page, context };
}

// As the command line flag would.
async function sendLayers(page) {
  await until("the camera is sent", () => page.evaluate(() => sfutest?.webrtcStuff.pc?.connectionState === "connected"), 20_000);
  await page.evaluate(async () => {
    const sender = sfutest.webrtcStuff.pc.getSenders().find((one) => one.track?.kind === "video");
    const parameters = sender.getParameters();
    parameters.encodings[0].scalabilityMode = "L3T3";
    await sender.setParameters(parameters);
  });
}

test("a viewer goes down to the lowest spatial layer and up again", async () => {
  const anna = await join("anna");
  await sendLayers(anna.page);
  const bert = await join("bert");
  const { page } = bert;
  const width = () => page.evaluate(() => document.querySelector("#videoremote1 video")?.videoWidth ?? 0);
  // How many layers there are depends on the bandwidth that Chromium believes in.
  const above = "#sl1-1.btn-success, #sl1-2.btn-success";
  await page.waitForSelector(above, { timeout: 30_000 });
  const full = await until("a picture", width, 20_000);
  await page.dispatchEvent("#sl1-0", "click");
  await page.waitForSelector("#sl1-0.btn-success", { timeout: 15_000 });
  await until("a smaller picture", async () => (await width()) <= full / 2);
  await page.dispatchEvent("#sl1-2", "click");
  await page.waitForSelector(above, { timeout: 15_000 });
  await until("a larger picture again", async () => (await width()) >= full);
  await anna.context.close();
  await bert.context.close();
});
