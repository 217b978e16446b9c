// Debian's unmodified Streaming page against Limen: live RTP from ffmpeg (VP8, H.264, Opus, data, simulcast), files, and a
// camera by RTSP; and a viewer that brings its own offer.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { sendAudio, sendVideo } from "./support/encoder.mjs";
import { Limen, freePort, root, until } from "./support/limen.mjs";

const encoders = [];
let limen, browser, site, ports;

before(async () => {
  limen = await Limen.start({
    files: {
      "janus.plugin.streaming.jcfg": {
        general: { rtp_port_range: "30000-31000" },
        live: {
          type: "rtp", id: 1, description: "Live", metadata: "From ffmpeg", audio: true, audioport: 0, audiopt: 111, audiocodec: "opus",
          video: true, videoport: 0, videopt: 100, videocodec: "vp8", bufferkf_bytes: 16000000, data: true, dataport: 0, databuffermsg: true,
        },
        file: { type: "live", id: 2, description: "File", filename: `${root}/conf/streams/tune.alaw`, audio: true },
        demand: { type: "ondemand", id: 3, description: "Demand", filename: `${root}/conf/streams/tune.mulaw`, audio: true },
        layers: {
          type: "rtp", id: 4, description: "Layers", video: true, videoport: 0, videoport2: 0, videoport3: 0, videosimulcast: true,
          videopt: 100, videocodec: "vp8",
        },
        avc: { type: "rtp", id: 5, description: "H.264", video: true, videoport: 0, videopt: 126, videocodec: "h264", videofmtp: "profile-level-id=42e01f;packetization-mode=1" },
      },
    },
  });
  ports = {};
  for (const id of [1, 4, 5]) ports[id] = (await ask({ request: "info", id })).info.media;
  // The first one sends a single key frame, at its beginning: who comes late must get that one.
  encoders.push(sendVideo(ports[1][1].port, { gop: 100000 }), sendAudio(ports[1][0].port), sendVideo(ports[5][0].port, { codec: "h264" }));
  encoders.push(sendVideo(ports[4][0].port, { size: "160x120", gop: 8 }), sendVideo(ports[4][0].port2, { size: "320x240", gop: 8 }), sendVideo(ports[4][0].port3, { size: "640x480", gop: 8 }));
  browser = await launchChromium();
  site = await serveDemos(`ws://127.0.0.1:${limen.ws}`);
});
after(async () => {
  site?.close();
  await browser?.close();
  for (const encoder of encoders) await encoder.stop();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

// A request to the plugin by the admin API.
const ask = async (request) => (await limen.adminApi("", { janus: "message_plugin", plugin: "janus.plugin.streaming", request })).response;

async function watch(id) {
  const { page, context, errors } = await openPage(browser, `${site.url}/streamingtest.html`);
  await page.waitForSelector("#start:not([disabled])");
  await page.click("#start");
  await page.waitForSelector("#watch:not([disabled])");
  await page.evaluate((own) => document.getElementById(own).click(), `${id}`);
  await page.click("#watch");
  return { page, context, errors };
}

const video = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll("#videos video")].find((v) => v.videoWidth > 0);
    return shown ? { width: shown.videoWidth, frames: shown.getVideoPlaybackQuality().totalVideoFrames } : { width: 0, frames: 0 };
  });
const received = (page, kind) =>
  page.evaluate(async (wanted) => {
    for (const report of (await streaming.webrtcStuff.pc.getStats()).values()) if (report.type === "inbound-rtp" && report.kind === wanted) return report;
    return {};
  }, kind);

test("a late viewer of live RTP sees the picture at once, hears the tone, and gets data", async (t) => {
  await until("packets from the encoders", async () => (await ask({ request: "info", id: 1 })).info.media.slice(0, 2).every((m) => m.age_ms < 100));
  const messages = createSocket("udp4");
  t.after(() => messages.close());
  messages.send("kept for you", ports[1][2].port, "127.0.0.1");
  await until("the message has come in", async () => (await ask({ request: "info", id: 1 })).info.media[2].age_ms < 1000);
  const { page, context, errors } = await watch(1);
  await until("20 frames", async () => (await video(page)).frames > 20);
  await until("sound", async () => (await received(page, "audio")).totalAudioEnergy > 0.001);
  await until("the message kept", () => page.evaluate(() => document.querySelector("#datarecv")?.value === "kept for you")).catch(async (late) => {
    throw new Error(`${late.message}; the page has ${await page.evaluate(() => JSON.stringify(document.querySelector("#datarecv")?.value) ?? "no field for it")}`);
  });
  messages.send("and a new one", ports[1][2].port, "127.0.0.1");
  await until("the new message", () => page.evaluate(() => document.querySelector("#datarecv").value === "and a new one"));
  assert.equal(await page.textContent("#metadata"), "From ffmpeg");
  assert.equal((await ask({ request: "info", id: 1 })).info.viewers, 1);
  await page.click("#watch");  // it says Stop now
  await until("nobody watches", async () => (await ask({ request: "info", id: 1 })).info.viewers === 0);
  assert.deepEqual(errors, []);
  await context.close();
});

for (const id of [2, 3]) {
  test(`file mountpoint ${id} is heard`, async () => {
    const { page, context } = await watch(id);
    await until("sound", async () => (await received(page, "audio")).totalAudioEnergy > 0.001);
    await context.close();
  });
}

test("H.264 is seen", async () => {
  const { page, context } = await watch(5);
  await until("20 frames", async () => (await video(page)).frames > 20);
  await context.close();
});

test("a camera by RTSP is seen and heard", async () => {
  const port = await freePort();
  const camera = spawn("/usr/bin/python3", [`${root}/tests/blackbox/rtsp_server.py`, `${port}`], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    let said = "";
    camera.stdout.on("data", (chunk) => (said += chunk));
    await until("the camera is ready", () => said.includes("ready"));
    const create = { request: "create", type: "rtsp", id: 6, description: "Camera", audio: true, video: true, url: `rtsp://127.0.0.1:${port}/test` };
    // GStreamer's server may answer 503 while it starts its encoders.
    await until("the mountpoint", async () => (await ask(create)).streaming === "created", 30_000);
    const { page, context } = await watch(6);
    await until("20 frames", async () => (await video(page)).frames > 20);
    await until("sound", async () => (await received(page, "audio")).totalAudioEnergy > 0.001);
    await context.close();
    assert.equal((await ask({ request: "destroy", id: 6 })).streaming, "destroyed");
  } finally {
    camera.kill();
  }
});

test("of simulcast ports the viewer chooses the quality", async () => {
  const { page, context } = await watch(4);
  const began = Date.now();
  const told = (what) => console.log(`# ${what} after ${Date.now() - began} ms`);
  await until("the best quality", async () => (await video(page)).width === 640);
  told("best");
  await page.waitForSelector("#m-v-sl-0, [id^=m-][id$=-sl-0]", { state: "visible" });
  await page.click("[id^=m-][id$=-sl-0]");
  await until("the small picture", async () => (await video(page)).width === 160);
  told("small");
  await page.click("[id^=m-][id$=-sl-1]");
  await until("the middle one", async () => (await video(page)).width === 320);
  told("middle");
  await context.close();
});

test("a viewer that offers is answered with its own payload types", async () => {
  const { page, context } = await openPage(browser, `${site.url}/streamingtest.html`);
  await page.evaluate(async (api) => {
    const post = async (path, body) => (await fetch(api + path, { method: "POST", body: JSON.stringify({ transaction: "t", ...body }) })).json();
    const session = (await post("", { janus: "create" })).data.id;
    const handle = (await post(`/${session}`, { janus: "attach", plugin: "janus.plugin.streaming" })).data.id;
    const pc = new RTCPeerConnection();
    window.own = pc;
    pc.addTransceiver("video", { direction: "recvonly" });
    pc.addTransceiver("audio", { direction: "recvonly" });
    pc.addTransceiver("audio", { direction: "recvonly" });
    const element = document.body.appendChild(document.createElement("video"));
    element.muted = true;
    pc.ontrack = ({ track }) => track.kind === "video" && ((element.srcObject = new MediaStream([track])), element.play());
    await pc.setLocalDescription(await pc.createOffer());
    await new Promise((resolve) => (pc.iceGatheringState === "complete" ? resolve() : (pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && resolve())));
    await post(`/${session}/${handle}`, { janus: "message", body: { request: "watch", id: 1 }, jsep: pc.localDescription });
    for (let i = 0; i < 10 && !pc.remoteDescription; ++i) {
      const event = await (await fetch(`${api}/${session}?rid=${Date.now()}`)).json();
      if (event.jsep) await pc.setRemoteDescription(event.jsep);
    }
    window.element = element;
  }, limen.apiUrl);
  await until("frames", () => page.evaluate(() => window.element.getVideoPlaybackQuality().totalVideoFrames > 10));
  const directions = await page.evaluate(() => window.own.getTransceivers().map((t) => t.currentDirection));
  assert.deepEqual(directions, ["recvonly", "recvonly"], "the second audio was refused: there is one stream only");
  await context.close();
});
