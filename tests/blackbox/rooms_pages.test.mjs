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

const pluginState = async (user) => {
  const { sessions } = await limen.adminApi("", { janus: "list_sessions" });
  for (const session of sessions) {
    const { handles } = await limen.adminApi(`/${session}`, { janus: "list_handles" });
    for (const handle of handles) {
      const { info } = await limen.adminApi(`/${session}/${handle}`, { janus: "handle_info" });
      if (info.plugin_specific?.username === user) return info.plugin_specific;
    }
  }
};

test("two people call each other, use the controls, and hang up", async () => {
  const ann = await beReachable("ann");
  const bob = await beReachable("bob");
  await ann.page.fill("#callee", "bob");
  await ann.page.press("#callee", "Enter");
  await bob.page.waitForSelector("#accept:visible", { timeout: 15_000 });
  await bob.page.click("#accept");
  for (const { page } of [ann, bob]) await until("30 frames", async () => (await frames(page)) > 30);
  await ann.page.click("#video");
  await until("ann's camera is off", async () => (await pluginState("ann")).video_active === false);
  await ann.page.click("#audio");
  await until("and her microphone", async () => (await pluginState("ann")).audio_active === false);
  await ann.page.selectOption("#bitrate", { index: 1 });
  await until("her bitrate is limited", async () => (await pluginState("ann")).bitrate > 0);
  const still = await frames(bob.page);
  await ann.page.click("#video");
  await until("the picture comes back", async () => (await frames(bob.page)) > still + 20);
  await bob.page.click("#hangup");
  for (const { page } of [ann, bob]) {
    await page.waitForFunction(() => document.body.dataset.state === "free", null, { timeout: 10_000 });
  }
  assert.deepEqual([...ann.errors, ...bob.errors], []);
  await ann.context.close();
  await bob.context.close();
});

test("a call can be declined, and who is in a call is busy", async () => {
  const [ann, bob, eve] = [await beReachable("ann2"), await beReachable("bob2"), await beReachable("eve2")];
  const dial = async ({ page }, name) => {
    await page.fill("#callee", name);
    await page.press("#callee", "Enter");
  };
  const isFree = ({ page }) => page.waitForFunction(() => document.body.dataset.state === "free", null, { timeout: 10_000 });
  await dial(ann, "bob2");
  await bob.page.waitForSelector("#decline:visible", { timeout: 15_000 });
  await dial(eve, "bob2");
  await eve.page.waitForSelector("#notices :text('bob2 is busy')", { timeout: 15_000 });
  await isFree(eve);
  await bob.page.click("#decline");
  await Promise.all([isFree(ann), isFree(bob)]);
  assert.deepEqual([...ann.errors, ...bob.errors, ...eve.errors], []);
  for (const { context } of [ann, bob, eve]) await context.close();
});
