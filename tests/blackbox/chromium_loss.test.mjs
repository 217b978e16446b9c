// The Echo page in Chromium over a path that loses 5 % each way and delays 25 ms each way.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, ownAddress, until } from "./support/limen.mjs";
import { openRelay } from "./support/udp_relay.mjs";

let limen, browser, relay;
before(async () => {
  limen = await Limen.start({ files: { "janus.jcfg": { general: { event_loops: 1 } } } });
  const media = Number(/Media +UDP \S+ ports? (\d+)/.exec(limen.log)[1]);
  relay = await openRelay({ address: ownAddress(), server: { address: ownAddress(), port: media }, loss: 0.05, delay: 25 });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await relay?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

// The page is Limen's own; only where its packets go is bent: the server's candidate is the relay,
// and the server learns none of the browser's addresses, so that no direct path is found.
const bendPath = (port) => {
  const { setRemoteDescription } = RTCPeerConnection.prototype;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const sdp = description.sdp.replace(/(a=candidate:\S+ 1 udp \d+ \S+) \d+ typ host/g, `$1 ${port} typ host`);
    return setRemoteDescription.call(this, { type: description.type, sdp });
  };
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (text) {
    const message = JSON.parse(text);
    if (message.janus === "trickle" && !message.candidate.completed) message.candidate.candidate = "candidate:1 1 udp 1 192.0.2.254 9 typ host";
    return send.call(this, JSON.stringify(message));
  };
};

test("the echo keeps playing, losses are repaired", async () => {
  const { page, context } = await openPage(browser, "about:blank");
  await page.addInitScript(bendPath, relay.port);
  await page.goto(`https://localhost:${limen.https}/echo.html`);
  await page.click("#start");
  await page.waitForFunction(() => document.body.dataset.firstFrame, null, { timeout: 20_000 });
  const frames = () => page.evaluate(() => document.querySelector("#remote").getVideoPlaybackQuality().totalVideoFrames);
  const start = await frames();
  await until("200 more frames", async () => (await frames()) > start + 200, 40_000);
  const session = (await limen.adminApi("", { janus: "list_sessions" })).sessions[0];
  const handle = (await limen.adminApi(`/${session}`, { janus: "list_handles" })).handles[0];
  const { media } = (await limen.adminApi(`/${session}/${handle}`, { janus: "handle_info" })).info.webrtc;
  const video = Object.values(media).find((m) => m.type === "video");
  assert.ok(relay.dropped > 30, `the relay dropped ${relay.dropped}`);
  assert.ok(video.stats.in.nacks > 0, "the server asked for what was lost");
  assert.ok(video.stats.in.retransmissions > 0, "and got it");
  assert.ok(video.stats.out.nacks > 0, "the browser asked for what was lost");
  console.log(`# dropped ${relay.dropped} of ${relay.dropped + relay.passed}; NACKs in ${video.stats.in.nacks}, out ${video.stats.out.nacks}`);
  await context.close();
});
