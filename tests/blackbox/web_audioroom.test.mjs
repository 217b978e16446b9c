// The Audio room page in Chromium: two people talk, places, moderation.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, ann, bob;
before(async () => {
  limen = await Limen.start({
    files: { "janus.plugin.audiobridge.jcfg": { "room-1234": { description: "Kitchen", secret: "boss", sampling_rate: 48000, spatial_audio: true, audiolevel_event: true, audio_level_average: 120 } } },
  });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

async function enter(name, secret = "") {
  const opened = await openPage(browser, `https://localhost:${limen.https}/audioroom.html`);
  await opened.page.click('[data-room="1234"]');
  await opened.page.fill("#name", name);
  await opened.page.fill("#secret", secret);
  await opened.page.click("#join");
  await opened.page.waitForFunction(() => document.body.dataset.state === "in", null, { timeout: 15_000 });
  return opened;
}

const voice = (name) => `.voice:has(strong:text-is("${name}"))`;
const heard = (page) =>
  page.evaluate(async () => {
    const context = new AudioContext(), analyser = context.createAnalyser();
    context.createMediaStreamSource(document.querySelector("#mix").srcObject).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    let loudest = 0;
    for (const end = performance.now() + 1500; performance.now() < end; await new Promise((resolve) => setTimeout(resolve, 20))) {
      analyser.getFloatTimeDomainData(samples);
      loudest = Math.max(loudest, ...samples.map(Math.abs));
    }
    await context.close();
    return loudest;
  });

test("two people hear each other, and see who talks", async () => {
  ann = await enter("Ann", "boss");
  bob = await enter("Bob");
  await ann.page.waitForSelector(voice("Bob"));
  await bob.page.waitForSelector(voice("Ann"));
  await until("Ann hears Bob", async () => (await heard(ann.page)) > 0.01);
  await until("Bob hears Ann", async () => (await heard(bob.page)) > 0.01);
  await ann.page.waitForSelector(`${voice("Bob")}.talking`);
});

test("switching the microphone off is told and heard", async () => {
  await bob.page.click("#mic");
  await ann.page.waitForSelector(`${voice("Bob")}:has-text("microphone off")`);
  await until("silence", async () => (await heard(ann.page)) < 0.003);
  await bob.page.click("#mic");
  await until("Bob again", async () => (await heard(ann.page)) > 0.01);
});

test("a new network gets a new path", async () => {
  await bob.page.evaluate(() => dispatchEvent(new Event("online")));
  await until("Ann hears Bob", async () => (await heard(ann.page)) > 0.01);
  await until("Bob hears Ann", async () => (await heard(bob.page)) > 0.01);
  assert.equal(await bob.page.locator(".notice").count(), 0);
});

test("a place in the stereo picture, and a moderator's mute and removal, reach the others", async () => {
  await bob.page.$eval("#place", (range) => {
    range.value = "90";
    range.dispatchEvent(new Event("change"));
  });
  await ann.page.waitForFunction(() => [...document.querySelectorAll(".voice meter")].some((meter) => meter.value === 90));
  await ann.page.click(`${voice("Bob")} button:text-is("Mute")`);
  await bob.page.waitForSelector('#mic[data-icon="mic-off"]');
  await ann.page.click(`${voice("Bob")} button:text-is("Remove")`);
  await bob.page.waitForSelector(".notice:has-text('removed you')");
  await ann.page.waitForSelector(voice("Bob"), { state: "detached" });
  assert.deepEqual([...ann.errors, ...bob.errors], []);
});
