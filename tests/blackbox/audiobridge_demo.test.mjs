// Debian's unmodified AudioBridge page against Limen: three participants hear the others, and not themselves.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, site;
before(async () => {
  limen = await Limen.start({
    files: {
      "janus.plugin.audiobridge.jcfg": {
        "room-1234": { description: "Demo Room", secret: "adminpwd", sampling_rate: 48000, audiolevel_event: true, audio_active_packets: 10, audio_level_average: 60 },
      },
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

async function join(name) {
  const { page, context } = await openPage(browser, `${site.url}/audiobridgetest.html`);
  await page.waitForSelector("#start:not([disabled])");
  await page.click("#start");
  await page.waitForSelector("#username", { state: "visible" });
  await page.fill("#username", name);
  await page.click("#register");
  return { page, context };
}

// What the page's PeerConnection has received: packets, and the energy of what it played.
const heard = (page) =>
  page.evaluate(async () => {
    for (const report of (await mixertest.webrtcStuff.pc.getStats()).values()) {
      if (report.type === "inbound-rtp" && report.kind === "audio") return { packets: report.packetsReceived, energy: report.totalAudioEnergy ?? 0, lost: report.packetsLost, concealed: report.concealedSamples ?? 0 };
    }
    return { packets: 0, energy: 0, lost: 0, concealed: 0 };
  });

// The energy that arrives during the next `packets` packets (20 ms each).
async function energyOf(page, packets) {
  const first = await heard(page);
  let last = first;
  await until("more packets", async () => (last = await heard(page)).packets >= first.packets + packets, 20_000);
  return last.energy - first.energy;
}

test("audiobridgetest.html: three participants hear the others, and nobody else", async () => {
  const people = [];
  for (const name of ["anna", "bert", "carl"]) people.push(await join(name));
  const [anna, bert, carl] = people;
  for (const { page } of people) await until("packets of the mix", async () => (await heard(page)).packets > 50, 30_000);
  // Everybody's list shows the two others.
  for (const { page } of people) await until("two others in the list", async () => (await page.locator("#list li").count()) === 2, 10_000);
  for (const { page } of people) {
    await until("the others' beeps", async () => (await energyOf(page, 25)) > 1e-6, 20_000);
  }
  // With the others muted there is nothing to hear, although anna herself goes on beeping.
  for (const { page } of [bert, carl]) await page.click("#toggleaudio");
  await until("silence", async () => (await energyOf(anna.page, 100)) < 1e-7, 20_000);
  await until("anna is still heard", async () => (await energyOf(bert.page, 25)) > 1e-6, 20_000);
  await bert.page.click("#toggleaudio");
  await until("bert again", async () => (await energyOf(anna.page, 25)) > 1e-6, 20_000);
  const all = await heard(anna.page);
  assert.ok(all.lost === 0, `lost ${all.lost} packets on the loopback`);
  await carl.context.close();
  await until("carl has left", async () => (await anna.page.locator("#list li").count()) === 1, 15_000);
  for (const { context } of [anna, bert]) await context.close();
});
