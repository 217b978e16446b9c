// Limen's own pages in Chromium, over HTTPS as a person opens them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser;
before(async () => {
  limen = await Limen.start();
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  const how = await limen?.stop();
  assert.deepEqual(how, { code: 0, signal: null }, limen?.log);
});

const remoteFrames = (page) => page.evaluate(() => document.querySelector("#remote").getVideoPlaybackQuality().totalVideoFrames);

async function startEcho(page) {
  await page.click("#start");
  await page.waitForFunction(() => document.body.dataset.firstFrame, null, { timeout: 15_000 });
}

test("the start page names the server and leads to the echo in one click", async () => {
  const { page, context, errors } = await openPage(browser, `https://localhost:${limen.https}/`);
  await page.waitForFunction(() => document.querySelector("#modules").textContent.includes("echotest"));
  assert.match(await page.textContent("#listening"), new RegExp(`wss://localhost:${limen.wss}`));
  await page.click("text=Open Echo");
  await page.waitForURL("**/echo.html");
  assert.deepEqual(errors, []);
  await context.close();
});

test("a browser sees itself, on AES-GCM, over WebSocket", async () => {
  const { page, context, errors } = await openPage(browser, `https://localhost:${limen.https}/echo.html`);
  await startEcho(page);
  await page.waitForFunction(() => document.querySelector('[data-value="cipher"]').textContent.includes("GCM"), null, { timeout: 10_000 });
  const before = await remoteFrames(page);
  await until("30 more frames", async () => (await remoteFrames(page)) > before + 30);
  assert.equal(await page.getAttribute(".dot", "data-state"), "connected");
  assert.deepEqual(errors, []);
  console.log(`# first decoded frame ${await page.evaluate(() => document.body.dataset.firstFrame)} ms after the click`);
  await page.click("#stop");
  await until("the session is gone", async () => (await limen.adminApi("", { janus: "list_sessions" })).sessions.length === 0);
  await context.close();
});

test("the same over long poll", async () => {
  const { page, context } = await openPage(browser, `https://localhost:${limen.https}/echo.html?server=https://localhost:${limen.https}/janus`);
  await startEcho(page);
  const before = await remoteFrames(page);
  await until("30 more frames", async () => (await remoteFrames(page)) > before + 30);
  await context.close();
});

test("video off stops the picture, on again continues it", async () => {
  const { page, context } = await openPage(browser, `https://localhost:${limen.https}/echo.html`);
  await startEcho(page);
  await page.click("#video");
  let last = -1;
  await until("the picture stands still", async () => {
    const now = await remoteFrames(page);
    const still = now === last;
    last = now;
    if (!still) await page.waitForTimeout(400);
    return still;
  });
  await page.click("#video");
  await until("frames flow again", async () => (await remoteFrames(page)) > last + 10);
  await context.close();
});

test("simulcast: the chosen size is the one that comes back", async () => {
  const { page, context } = await openPage(browser, `https://localhost:${limen.https}/echo.html`);
  await page.selectOption("#layers", "simulcast");
  await startEcho(page);
  const width = () => page.evaluate(() => document.querySelector("#remote").videoWidth);
  await until("the large picture", async () => (await width()) === 1280, 30_000);
  await page.click('[data-substream="0"]');
  await until("the small picture", async () => (await width()) === 320, 15_000);
  await page.waitForFunction(() => document.querySelector('[data-substream="0"]').getAttribute("aria-pressed") === "true");
  await page.click('[data-substream="2"]');
  await until("the large picture again", async () => (await width()) === 1280, 30_000);
  await context.close();
});

for (const codec of ["vp9", "h264", "av1"]) {
  test(`forced ${codec} plays`, async (t) => {
    const { page, context } = await openPage(browser, `https://localhost:${limen.https}/echo.html`);
    const names = await page.evaluate(() => RTCRtpSender.getCapabilities("video").codecs.map((c) => c.mimeType.toLowerCase()));
    if (!names.includes(`video/${codec}`)) return t.skip(`this Chromium has no ${codec}`);
    await page.selectOption("#vcodec", codec);
    await startEcho(page);
    await page.waitForFunction((name) => document.querySelector('[data-value="codec"]').textContent.toLowerCase().includes(name), codec, { timeout: 15_000 });
    await context.close();
  });
}

test("no device and no permission are explained in words", async () => {
  const { page, context } = await openPage(browser, `https://localhost:${limen.https}/echo.html`, { permissions: [] });
  await page.evaluate(() => {
    navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await page.click("#start");
  await page.waitForSelector('.notice[data-kind="bad"]');
  assert.match(await page.textContent(".notice"), /did not allow camera and microphone/);
  await context.close();
});

test("a server that cannot be reached is said to be so", async () => {
  for (const server of ["ws://localhost:1/", "http://localhost:1/janus"]) {
    const { page, context } = await openPage(browser, `https://localhost:${limen.https}/echo.html?server=${server}`);
    await page.click("#start");
    await page.waitForSelector('.notice[data-kind="bad"]');
    assert.match(await page.textContent(".notice"), /could not be started.*(cannot be reached|No WebSocket)/s);
    assert.equal(await page.getAttribute(".dot", "data-state"), "closed");
    assert.ok(await page.isEnabled("#start"), "it can be tried again");
    await context.close();
  }
});

test("the page survives a phone's width, dark colours and the keyboard", async () => {
  const { page, context } = await openPage(browser, `https://localhost:${limen.https}/echo.html`, { viewport: { width: 360, height: 740 }, colorScheme: "dark" });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0);
  await page.focus("#start");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.body.dataset.firstFrame, null, { timeout: 15_000 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0);
  await context.close();
});
