// Debian's unmodified screen sharing page with three participants; and a simulcast publisher whose layers are forwarded to ffmpeg.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createSocket } from "node:dgram";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, site;
before(async () => {
  limen = await Limen.start({
    files: { "janus.plugin.videoroom.jcfg": { "room-1234": { description: "Demo Room", publishers: 6, bitrate: 2000000, fir_freq: 1 } } },
  });
  browser = await launchChromium(["--auto-select-desktop-capture-source=Entire screen"]);
  site = await serveDemos(`ws://127.0.0.1:${limen.ws}`);
});
after(async () => {
  site?.close();
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const room = (request) => limen.adminApi("", { janus: "message_plugin", plugin: "janus.plugin.videoroom", request }).then((reply) => reply.response);

async function screenMenu() {
  const { page, context } = await openPage(browser, `${site.url}/screensharingtest.html`);
  await page.waitForSelector("#start:not([disabled])");
  await page.click("#start");
  await page.waitForSelector("#desc", { state: "visible" });
  return { page, context };
}

test("screensharingtest.html: one shares a screen, two watch it", async () => {
  const host = await screenMenu();
  await host.page.fill("#desc", "my screen");
  await host.page.click("#create");
  const session = await until("the session's number", async () => (await host.page.textContent("#session")).match(/\d+/)?.[0], 20_000);
  const watchers = [];
  for (let i = 0; i < 2; ++i) {
    const watcher = await screenMenu();
    await watcher.page.fill("#roomid", session);
    await watcher.page.click("#join");
    watchers.push(watcher);
  }
  for (const { page } of watchers) {
    await until("the screen", () => page.evaluate(() => [...document.querySelectorAll("#screencapture video")].some((v) => v.videoWidth > 0 && v.getVideoPlaybackQuality().totalVideoFrames > 5)), 30_000);
  }
  await host.context.close();
  for (const { page } of watchers) await until("told that it is over", async () => (await page.textContent("body")).includes("session is over"), 15_000);
  for (const { context } of watchers) await context.close();
});

/** What ffmpeg sees on a UDP port: the size of the pictures it decodes. */
async function decodedSize() {
  const port = await new Promise((resolve) => {
    const probe = createSocket("udp4").bind(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
  const sdp = join(limen.folder, `${port}.sdp`);
  await writeFile(sdp, `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=video ${port} RTP/AVP 96\na=rtpmap:96 VP8/90000\n`);
  const ffmpeg = spawn("ffmpeg", ["-protocol_whitelist", "file,udp,rtp", "-analyzeduration", "1000000", "-i", sdp, "-frames:v", "10", "-f", "rawvideo", "-y", "/dev/null"], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  ffmpeg.stderr.on("data", (chunk) => (log += chunk));
  const timer = setTimeout(() => ffmpeg.kill("SIGKILL"), 30_000);
  const size = new Promise((resolve) =>
    ffmpeg.on("exit", (code) => {
      clearTimeout(timer);
      resolve(code === 0 ? log.match(/Video: rawvideo.*?, (\d+)x\d+/s)?.[1] : log);
    }),
  );
  return { port, size };
}

test("videoroomtest.html with simulcast: each layer, or the best one, is forwarded", async () => {
  const { page, context } = await openPage(browser, `${site.url}/videoroomtest.html?simulcast=true`);
  await page.waitForSelector("#start:not([disabled])");
  await page.click("#start");
  await page.waitForSelector("#username", { state: "visible" });
  await page.fill("#username", "anna");
  await page.click("#register");
  const anna = await until("a publisher", async () => (await room({ request: "listparticipants", room: 1234 })).participants.find((p) => p.publisher), 20_000);
  const [low, middle, high, best] = await Promise.all([0, 0, 0, 0].map(decodedSize));
  const forward = (stream) => room({ request: "rtp_forward", room: 1234, publisher_id: anna.id, host: "127.0.0.1", streams: [{ mid: "1", pt: 96, ...stream }] });
  const layers = await forward({ port: low.port, port_2: middle.port, port_3: high.port, pt_2: 96, pt_3: 96 });
  assert.deepEqual(layers.forwarders.map((f) => f.substream ?? 0), [0, 1, 2]);
  assert.equal((await forward({ port: best.port, simulcast: true })).forwarders.length, 1);
  const sizes = (await Promise.all([low, middle, high, best].map((one) => one.size))).map((size) => (/^\d+$/.test(size) ? Number(size) : size));
  assert.ok(sizes[0] * 2 === sizes[1] && sizes[1] * 2 === sizes[2], String(sizes));
  assert.ok(sizes.slice(0, 3).includes(sizes[3]), String(sizes));

  // All layers of it in another room, as if that were another server's.
  const streams = [{ mid: "0", mindex: 0, type: "audio", codec: "opus" }, { mid: "1", mindex: 1, type: "video", codec: "vp8", simulcast: true }];
  await room({ request: "create", room: 99, fir_freq: 1 });
  const copy = await room({ request: "add_remote_publisher", room: 99, id: 7, streams });
  await room({ request: "publish_remotely", room: 1234, publisher_id: anna.id, remote_id: "copy", host: "127.0.0.1", port: copy.port, rtcp_port: copy.rtcp_port });
  const far = await Promise.all([0, 0, 0].map(decodedSize));
  await room({ request: "rtp_forward", room: 99, publisher_id: 7, host: "127.0.0.1", streams: [{ mid: "1", pt: 96, port: far[0].port, port_2: far[1].port, port_3: far[2].port, pt_2: 96, pt_3: 96 }] });
  assert.deepEqual((await Promise.all(far.map((one) => one.size))).map(Number), sizes.slice(0, 3));
  await context.close();
});
