// The Meeting page when things break: the WebSocket, the media path, the server, the camera, the room.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, ann, bob;
before(async () => {
  limen = await Limen.start({
    files: {
      "janus.jcfg": { general: { reclaim_session_timeout: 10 } },
      "janus.plugin.videoroom.jcfg": { "room-1234": { description: "Tuesday", publishers: 2, bitrate: 1_000_000 } },
    },
  });
  browser = await launchChromium(["--use-fake-device-for-media-stream=fps=8"]);
  ann = await enter("Ann");
  bob = await enter("Bob");
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

async function enter(name) {
  const opened = await openPage(browser, "about:blank");
  await opened.page.addInitScript(() => {
    const Native = WebSocket;
    window.sockets = [];
    window.WebSocket = class extends Native {
      constructor(...args) {
        super(...args);
        window.sockets.push(this);
      }
    };
  });
  await opened.page.goto(`https://localhost:${limen.https}/meeting.html?room=1234`);
  await opened.page.fill("#name", name);
  await opened.page.click("#join");
  await opened.page.waitForFunction(() => document.body.dataset.state === "call", null, { timeout: 15_000 });
  return opened;
}

const frames = (page, name) => page.$eval(`.tile:has(.name:text-is("${name}")) video`, (video) => video.getVideoPlaybackQuality().totalVideoFrames).catch(() => 0);
async function sees(page, name) {
  const before = await frames(page, name);
  await until(`frames of ${name}`, async () => (await frames(page, name)) > before + 8);
}

test("a lost WebSocket is replaced and the session claimed; the meeting goes on", async () => {
  await sees(bob.page, "Ann");
  const before = (await limen.adminApi("", { janus: "list_sessions" })).sessions;
  await bob.page.evaluate(() => window.sockets.at(-1).close());
  await bob.page.waitForFunction(() => window.sockets.length > 1 && document.querySelector(".dot").dataset.state === "connected");
  assert.deepEqual((await limen.adminApi("", { janus: "list_sessions" })).sessions.sort(), before.sort());
  await bob.page.click("#mic");
  await ann.page.waitForSelector('.tile[aria-label*="Bob, microphone off"]');
  await sees(bob.page, "Ann");
});

test("a third publisher is told that the room is full, and watches", async () => {
  const cem = await enter("Cem");
  await cem.page.waitForSelector(".notice:has-text('not seen or heard')");
  await sees(cem.page, "Ann");
  await sees(cem.page, "Bob");
  await cem.page.click("#leave");
  await cem.page.waitForFunction(() => document.body.dataset.state === "lobby");
  await cem.context.close();
});

test("a camera that gives a smaller picture, so that the small size stops, does not stand still", async () => {
  await ann.page.setViewportSize({ width: 390, height: 844 });
  await ann.page.click('.tile:has(.name:text-is("Bob")) .chip');
  await ann.page.check('input[name="layer"][value="0"]');
  await ann.page.click("#sheet [aria-label='Close']");
  const shape = () => ann.page.$eval('.tile:has(.name:text-is("Bob")) video', (video) => video.videoWidth / video.videoHeight);
  await bob.page.click("#cam");
  await bob.page.evaluate(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
    setInterval(() => canvas.getContext("2d").fillText(String(performance.now()), 10, 50), 50);
    navigator.mediaDevices.getUserMedia = async () => canvas.captureStream(10);
  });
  await bob.page.click("#cam");
  await until("the new shape", async () => Math.abs((await shape()) - 4 / 3) < 0.01);
  await sees(ann.page, "Bob");
});

test("a refused camera is explained, and one can go in without", async () => {
  const { page, context } = await openPage(browser, `https://localhost:${limen.https}/meeting.html?room=1234`);
  await page.evaluate(() => (navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"))));
  await page.fill("#name", "Dot");
  await page.click("#join");
  await page.waitForSelector(".notice:has-text('did not allow')");
  await page.selectOption("#camera", "none");
  await page.selectOption("#microphone", "none");
  await page.click("#join");
  await page.waitForFunction(() => document.body.dataset.state === "call");
  await sees(page, "Ann");
  await context.close();
});

test("a wrong room is refused in words", async () => {
  const { page, context } = await openPage(browser, `https://localhost:${limen.https}/meeting.html?room=99`);
  await page.fill("#name", "Eve");
  await page.click("#join");
  await page.waitForSelector(".notice:has-text('No such room')");
  assert.equal(await page.evaluate(() => document.body.dataset.state), "lobby");
  await context.close();
});

test("when the server starts again everybody is back in the room", async () => {
  for (const { page } of [ann, bob]) await page.evaluate(() => (window.old = document.querySelector(".gallery .tile")));
  limen.process.kill("SIGKILL");
  await limen.exited;
  await ann.page.waitForFunction(() => document.querySelector(".notice"));
  const [command, ...args] = limen.process.spawnargs;
  limen.process = spawn(command, args, { cwd: limen.folder, stdio: "ignore" });
  limen.ended = undefined;
  limen.exited = new Promise((resolve) => limen.process.on("exit", (code, signal) => resolve({ code, signal })));
  for (const { page } of [ann, bob]) await page.waitForFunction(() => !window.old.isConnected && document.body.dataset.state === "call" && document.querySelectorAll(".gallery .tile").length === 2, null, { timeout: 20_000 });
  await sees(ann.page, "Bob");
  await sees(bob.page, "Ann");
  assert.deepEqual([...ann.errors, ...bob.errors], []);
});
