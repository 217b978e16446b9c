// The Publish page (WHIP) with the Player page (plugin and WHEP) in Chromium, on a phone and on a desk.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser;
before(async () => {
  limen = await Limen.start({
    files: {
      "janus.plugin.streaming.jcfg": { studio: { type: "whip", id: 5, secret: "studio", description: "Studio" } },
      "janus.plugin.videoroom.jcfg": { "room-1234": { publishers: 6, pin: "4711" } },
    },
  });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const open = (path, width = 1280) => openPage(browser, `https://localhost:${limen.https}/${path}`, { viewport: { width, height: 800 } });
const frames = (page) => page.$eval("#video", (video) => video.getVideoPlaybackQuality().totalVideoFrames);
const plays = async (page) => {
  const before = await frames(page);
  await until("frames", async () => (await frames(page)) > before + 8);
};

for (const width of [390, 1280]) {
  test(`a camera goes on the air and is played by both ways (${width} px)`, async () => {
    const publisher = await open("publish.html?id=5", width);
    await publisher.page.fill("#secret", "wrong");
    await publisher.page.click("#start");
    await publisher.page.waitForSelector(".notice:has-text('wrong')");
    await publisher.page.fill("#secret", "studio");
    await publisher.page.click("#start");
    await publisher.page.waitForSelector("#state:text-is('On the air')");
    const overflow = await publisher.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0);
    assert.equal(await publisher.page.inputValue("#play"), `https://localhost:${limen.https}/whep/stream/5`);
    assert.doesNotMatch(await publisher.page.inputValue("#address"), /studio/);

    const player = await open("player.html", width);
    await player.page.waitForSelector('[data-live="5"]:text-is("live")');
    await player.page.click('[data-stream="5"]');
    await plays(player.page);
    await player.page.click("#stop");
    await player.page.check("#whep");
    await player.page.click('[data-stream="5"]');
    await plays(player.page);
    await player.page.waitForSelector("#pause", { state: "hidden" });

    await publisher.page.click("#stop");
    await player.page.waitForSelector(".notice:has-text('Nobody publishes')");
    await publisher.page.click("#start");
    await plays(player.page);
    await player.page.waitForSelector(".notice", { state: "detached" });
    for (const { errors, context } of [publisher, player]) {
      assert.deepEqual(errors, []);
      await context.close();
    }
    await until("no publisher", async () => (await limen.adminApi("", { janus: "list_sessions" })).sessions.length === 0);
  });
}

test("a screen's worth of simulcast goes into a room with a PIN", async () => {
  const { page, errors, context } = await open("publish.html?room=1234");
  await page.click("#start");
  await page.waitForSelector(".notice:has-text('token, secret or PIN')");
  await page.fill("#secret", "4711");
  await page.check("#simulcast");
  await page.click("#start");
  await page.waitForSelector("#state:text-is('On the air')");
  const feed = new URL(await page.inputValue("#play")).pathname.split("/").at(-1);
  const list = await limen.adminApi("", { janus: "message_plugin", plugin: "janus.plugin.videoroom", request: { request: "listparticipants", room: 1234 } });
  const member = list.response.participants.find(({ id }) => String(id) === feed);
  assert.equal(member?.publisher, true);
  assert.deepEqual(errors, []);
  await context.close();
});
