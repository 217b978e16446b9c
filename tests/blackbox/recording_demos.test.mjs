// Debian's unmodified pages of RecordPlay and NoSIP against Limen.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, site;
before(async () => {
  limen = await Limen.start({
    files: {
      "janus.plugin.recordplay.jcfg": { general: { path: "recordings" } },
      "janus.plugin.nosip.jcfg": { general: { local_ip: "127.0.0.1", rtp_port_range: "21000-29000" } },
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

// How many pictures the videos of that part of the page have shown, and whether they are large enough to be real.
const pictures = (page, where) =>
  page.evaluate((selector) => {
    const videos = [...document.querySelectorAll(`${selector} video`)].filter((v) => v.videoWidth > 0);
    return Math.max(0, ...videos.map((v) => v.getVideoPlaybackQuality().totalVideoFrames));
  }, where);

// Energy of the sound that came over the page's PeerConnection.
const sound = (page, handle) =>
  page.evaluate(async (name) => {
    const pc = { recordplay: () => recordplay, caller: () => caller }[name]().webrtcStuff.pc;
    for (const report of (await pc.getStats()).values()) if (report.type === "inbound-rtp" && report.kind === "audio") return report.totalAudioEnergy ?? 0;
    return 0;
  }, handle);

for (const query of ["?simulcast=true&opusred=true", "?vcodec=h264&acodec=pcmu"]) {
  test(`recordplaytest.html${query}: a recording is made and played`, async () => {
    const { page, context } = await openPage(browser, `${site.url}/recordplaytest.html${query}`);
    await page.waitForSelector("#start:not([disabled])");
    await page.click("#start");
    await page.waitForSelector("#record:not([disabled])");
    await page.click("#record");
    const name = `Take ${query || "one"}`;
    await page.fill(".bootbox-input-text", name);
    await page.click(".bootbox-accept, .bootbox .btn-primary");
    await until("the page records", () => page.evaluate(() => recordplay.webrtcStuff.pc?.connectionState === "connected"), 20_000);
    await until("pictures are sent", () => page.evaluate(async () => {
      for (const r of (await recordplay.webrtcStuff.pc.getStats()).values()) if (r.type === "outbound-rtp" && r.kind === "video" && r.framesSent > 45) return true;
      return false;
    }), 20_000);
    await page.click("#stop");
    await page.waitForSelector(".bootbox-alert");
    await page.click(".bootbox-alert .btn-primary");
    await until("it is in the list", async () => {
      await page.click("#list").catch(() => {});
      return page.evaluate((text) => [...document.querySelectorAll("#recslist a")].some((a) => a.textContent.startsWith(`${text} [`)), name);
    }, 15_000);
    await page.evaluate((text) => [...document.querySelectorAll("#recslist a")].find((a) => a.textContent.startsWith(`${text} [`)).click(), name);
    await page.click("#play");
    await until("pictures of the recording", async () => (await pictures(page, "#videobox")) > 20, 20_000);
    assert.ok((await sound(page, "recordplay")) > 1e-6, "the recording's beeps are heard");
    await until("the recording ends", () => page.evaluate(() => !recordplay.webrtcStuff.pc), 20_000);
    await context.close();
  });
}

// The page does not play what the callee hears, so there are packets to look at only.
const packets = (page, kind) =>
  page.evaluate(async (wanted) => {
    for (const report of (await callee.webrtcStuff.pc.getStats()).values()) if (report.type === "inbound-rtp" && report.kind === wanted) return report.packetsReceived;
    return 0;
  }, kind);

for (const srtp of [undefined, "sdes_mandatory"]) {
  test(`nosiptest.html: a call over plain ${srtp ? "SRTP" : "RTP"}, with and without video`, async () => {
    const { page, context, errors } = await openPage(browser, `${site.url}/nosiptest.html`);
    await page.waitForSelector("#start:not([disabled])");
    if (srtp) await page.evaluate((value) => (window.srtp = value), srtp);
    await page.click("#start");
    await until("the callee's pictures", async () => (await pictures(page, "#videoright")) > 20, 30_000);
    await until("the callee's beeps", async () => (await sound(page, "caller")) > 1e-6, 20_000);
    for (const kind of ["audio", "video"]) await until(`the caller's ${kind}`, async () => (await packets(page, kind)) > 30, 20_000);
    assert.equal(/a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:/.test(await page.textContent("#localsdp")), Boolean(srtp));
    assert.equal(/RTP\/SAVP/.test(await page.textContent("#remotesdp")), Boolean(srtp));
    await page.click("#togglevideo:not([disabled])");
    await until("the video is off", async () => (await page.textContent("#togglevideo:not([disabled])").catch(() => "")) === "Enable video", 20_000);
    await page.click("#togglevideo:not([disabled])");
    await until("the video is on", async () => (await page.textContent("#togglevideo:not([disabled])").catch(() => "")) === "Disable video", 20_000);
    const before = await pictures(page, "#videoright");
    await until("pictures go on", async () => (await pictures(page, "#videoright")) > before + 20, 20_000);
    assert.deepEqual(errors, []);
    await context.close();
  });
}
