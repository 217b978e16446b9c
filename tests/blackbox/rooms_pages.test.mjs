// The Chat and Call pages in Chromium: two people each, over data channels and media.
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

const open = (name) => openPage(browser, `https://localhost:${limen.https}/${name}.html`);

async function createRoom(room) {
  const reply = await limen.adminApi("", {
    janus: "message_plugin",
    plugin: "janus.plugin.textroom",
    request: { request: "create", room, history: 10, transaction: "create" },
  });
  assert.equal(reply.response.textroom, "created", JSON.stringify(reply));
}

async function enterRoom(name, room) {
  const opened = await open("chat");
  await opened.page.fill("#name", name);
  await opened.page.fill("#room", String(room));
  await opened.page.click("#join");
  await opened.page.waitForFunction(() => document.body.dataset.state === "running", null, { timeout: 15_000 });
  return opened;
}

const logged = (page, text) => page.waitForFunction((t) => document.querySelector("#log").textContent.includes(t), text, { timeout: 10_000 });

test("two people chat, whisper, and late comers get the history", async () => {
  await createRoom(4711);
  const ann = await enterRoom("Ann", 4711);
  await ann.page.fill("#text", "first <b>words</b>");
  await ann.page.press("#text", "Enter");
  await logged(ann.page, "first <b>words</b>");
  const bob = await enterRoom("Bob", 4711);
  await logged(bob.page, "first <b>words</b>");
  await logged(ann.page, "Bob came in");
  await bob.page.click("#people button:has-text('Ann')");
  await bob.page.fill("#text", "only for you");
  await bob.page.press("#text", "Enter");
  await logged(ann.page, "only for you");
  await bob.page.click("#leave");
  await logged(ann.page, "Bob left");
  assert.deepEqual([...ann.errors, ...bob.errors], []);
  await ann.context.close();
  await bob.context.close();
});

async function beReachable(name) {
  const opened = await open("call");
  await opened.page.fill("#name", name);
  await opened.page.click("#enter");
  await opened.page.waitForFunction(() => document.body.dataset.state === "free", null, { timeout: 10_000 });
  return opened;
}

const frames = (page) => page.evaluate(() => document.querySelector("#remote").getVideoPlaybackQuality().totalVideoFrames);

test("two people call each other and hang up", async () => {
  const ann = await beReachable("ann");
  const bob = await beReachable("bob");
  await ann.page.fill("#callee", "bob");
  await ann.page.press("#callee", "Enter");
  await bob.page.waitForSelector("#accept:visible", { timeout: 15_000 });
  await bob.page.click("#accept");
  for (const { page } of [ann, bob]) await until("30 frames", async () => (await frames(page)) > 30);
  await bob.page.click("#hangup");
  for (const { page } of [ann, bob]) {
    await page.waitForFunction(() => document.body.dataset.state === "free", null, { timeout: 10_000 });
  }
  assert.deepEqual([...ann.errors, ...bob.errors], []);
  await ann.context.close();
  await bob.context.close();
});
