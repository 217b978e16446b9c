// The Meeting page in Chromium: three people, a screen, chat, moderation, sizes, and a server that comes back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser;
const people = [];
before(async () => {
  limen = await Limen.start({
    files: {
      "janus.jcfg": { general: { reclaim_session_timeout: 10 } },
      "janus.plugin.videoroom.jcfg": { "room-1234": { description: "Tuesday", secret: "boss", publishers: 6, bitrate: 2_000_000, audiolevel_event: true } },
    },
  });
  browser = await launchChromium(["--use-fake-device-for-media-stream=fps=8"]);
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

async function enter(name, { secret = "", options = {} } = {}) {
  const opened = await openPage(browser, `https://localhost:${limen.https}/meeting.html?room=1234`, options);
  const { page } = opened;
  await page.fill("#name", name);
  if (secret) {
    await page.click("summary:has-text('More')");
    await page.fill("#secret", secret);
  }
  await page.click("#join");
  await page.waitForFunction(() => document.body.dataset.state === "call", null, { timeout: 15_000 });
  people.push(opened);
  return opened;
}

const tile = (name) => `.gallery .tile:has(.name:text-is("${name}"))`;
const frames = (page, name) => page.$eval(`${tile(name)} video`, (video) => video.getVideoPlaybackQuality().totalVideoFrames).catch(() => 0);
const width = (page, name) => page.$eval(`${tile(name)} video`, (video) => video.videoWidth);
const sees = (page, name, more = 10) => until(`the picture of ${name}`, async () => (await frames(page, name)) > more);

async function sheetOf(page, name) {
  await page.click(`${tile(name)} .chip`);
  await page.waitForSelector("#sheet[open]");
}

test("three people see each other over one subscription each", async () => {
  await enter("Ann", { secret: "boss" });
  await enter("Bob");
  await enter("Cem", { options: { viewport: { width: 390, height: 844 }, colorScheme: "dark" } });
  const names = ["Ann", "Bob", "Cem"];
  for (const [i, { page }] of people.entries()) for (const name of names.filter((_, j) => j !== i)) await sees(page, name);
  const sessions = (await limen.adminApi("", { janus: "list_sessions" })).sessions;
  for (const session of sessions) {
    const { handles } = await limen.adminApi(`/${session}`, { janus: "list_handles" });
    assert.equal(handles.length, 3, "a desk, a participant, one subscription");
  }
  await people[0].page.waitForSelector(`${tile("Bob")}.talking`);
});

test("somebody switches the microphone and the camera off and on, others see that", async () => {
  const [{ page: ann }, { page: bob }] = people;
  await bob.click("#mic");
  await ann.waitForSelector(`${tile("Bob")}[aria-label*="microphone off"]`);
  await bob.click("#mic");
  await bob.click("#cam");
  await ann.waitForSelector(`${tile("Bob")} .avatar:visible`);
  await bob.click("#cam");
  await ann.waitForSelector(`${tile("Bob")} video:visible`);
  await sees(ann, "Bob", (await frames(ann, "Bob")) + 5);
});

test("sizes: small on request, large when shown large", async () => {
  const { page } = people[0];
  await sheetOf(page, "Bob");
  await page.check('input[name="layer"][value="0"]');
  await until("the small picture", async () => (await width(page, "Bob")) === 320, 10_000);
  await page.waitForFunction(() => /320×180/.test(document.querySelector("#sheet-figures").textContent));
  await page.check('input[name="layer"][value="auto"]');
  await page.click("text=Show large");
  await until("the large picture", async () => (await width(page, "Bob")) >= 640, 15_000);
  await sheetOf(page, "Bob");
  await page.click("text=Back to the grid");
});

test("a screen comes on the stage of the others and goes again; the chat arrives", async () => {
  const [{ page: ann }, { page: bob }, { page: cem }] = people;
  await bob.evaluate(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
    setInterval(() => canvas.getContext("2d").fillText(String(performance.now()), 10, 50), 50);
    navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(15);
  });
  await bob.click("#share");
  await ann.waitForSelector(`.stage-tile ${tile("Bob's screen").replace(".gallery ", "")}`);
  await sees(cem, "Bob's screen", 3);
  await bob.click("#share");
  await ann.waitForSelector(".gallery:not(.staged)");
  await bob.click("#open-chat");
  await bob.fill("#text", "good <i>morning</i>");
  await bob.press("#text", "Enter");
  await cem.waitForSelector("#unread:visible");
  await ann.waitForFunction(() => document.querySelector("#log").textContent.includes("good <i>morning</i>"));
});

test("a moderator mutes and removes", async () => {
  const [{ page: ann }, , { page: cem }] = people;
  await sheetOf(ann, "Cem");
  await ann.click('[data-moderate="audio"]');
  await cem.waitForSelector(".toast:has-text('microphone off')");
  await cem.waitForSelector('#mic[data-icon="mic-off"]');
  await sheetOf(ann, "Cem");
  await ann.click('[data-moderate="kick"]');
  await cem.waitForSelector(".notice:has-text('removed you')");
  await ann.waitForSelector(tile("Cem"), { state: "detached" });
});

test("a new network gets new paths", async () => {
  const [{ page: ann }, { page: bob }] = people;
  await bob.evaluate(() => dispatchEvent(new Event("online")));
  await sees(bob, "Ann", (await frames(bob, "Ann")) + 15);
  await sees(ann, "Bob", (await frames(ann, "Bob")) + 15);
  for (const { errors } of people) assert.deepEqual(errors, []);
});
