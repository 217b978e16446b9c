// Glass to glass: how old a picture is when a WHEP player shows it, published by WHIP from the same page, so by one clock.
//   node bench/whip_latency.mjs [seconds] [room|stream]
// The picture carries the time when it was drawn, as a bar code of 24 bits of milliseconds; the player's frames are read back
// when the browser presents them (requestVideoFrameCallback, expectedDisplayTime). LIMEN names another program than build/release/limen.
import { launchChromium, openPage } from "../tests/blackbox/support/chromium.mjs";
import { Limen } from "../tests/blackbox/support/limen.mjs";

const seconds = Number(process.argv[2] ?? 20), into = process.argv[3] ?? "room";
const limen = await Limen.start({
  files: {
    "janus.plugin.videoroom.jcfg": { "room-1234": { publishers: 6, bitrate: 3000000 } },
    "janus.plugin.streaming.jcfg": { studio: { type: "whip", id: 5 } },
  },
});
const browser = await launchChromium();
try {
  const { page } = await openPage(browser, `https://localhost:${limen.https}/index.html`);
  const ages = await page.evaluate(measure, [seconds, into === "room" ? "room/1234/77" : "stream/5"]);
  const sorted = [...ages].sort((a, b) => a - b), at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
  console.log(`${into}: ${sorted.length} frames in ${seconds} s: median ${at(0.5)} ms, 95 % ${at(0.95)} ms, 99 % ${at(0.99)} ms, worst ${at(1)} ms`);
} finally {
  await browser.close();
  await limen.stop();
}

/** In the page. */
async function measure([seconds, target]) {
  const { WhipSession } = await import("/whip.js");
  const WIDTH = 640, HEIGHT = 360, BITS = 24, BAR = Math.floor(WIDTH / BITS);
  const source = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
  const pen = source.getContext("2d");
  let hue = 0;
  const draw = () => {
    pen.fillStyle = `hsl(${(hue += 3) % 360} 60% 50%)`;
    pen.fillRect(0, 0, WIDTH, HEIGHT);
    const now = Math.round(performance.now()) & 0xffffff;
    for (let bit = 0; bit < BITS; ++bit) {
      pen.fillStyle = (now >> bit) & 1 ? "#fff" : "#000";
      pen.fillRect(bit * BAR, 120, BAR, 120);
    }
  };
  setInterval(draw, 1000 / 30);
  draw();
  const publisher = new WhipSession();
  publisher.pc.addTransceiver(source.captureStream(30).getVideoTracks()[0], { direction: "sendonly", sendEncodings: [{ maxBitrate: 2_500_000 }] });
  await publisher.open(`/whip/${target}`);
  await new Promise((resolve) => (publisher.pc.onconnectionstatechange = () => publisher.pc.connectionState === "connected" && resolve()));

  const player = new WhipSession();
  const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true });
  document.body.append(video);
  player.pc.ontrack = ({ track }) => (video.srcObject = new MediaStream([track]));
  player.pc.addTransceiver("video", { direction: "recvonly" });
  await player.open(`/whep/${target}`);

  const reader = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { willReadFrequently: true });
  const ages = [];
  const settled = performance.now() + 3000;
  await new Promise((resolve) => {
    const frame = (_, { expectedDisplayTime }) => {
      const now = performance.now();
      if (video.videoWidth === WIDTH && now > settled) {
        reader.drawImage(video, 0, 0);
        const { data } = reader.getImageData(0, 180, WIDTH, 1);
        let drawn = 0;
        for (let bit = 0; bit < BITS; ++bit) if (data[4 * (bit * BAR + (BAR >> 1)) + 1] > 127) drawn |= 1 << bit;
        const age = ((Math.round(Math.max(now, expectedDisplayTime)) & 0xffffff) - drawn) & 0xffffff;
        if (age < 10_000) ages.push(age);
      }
      if (now > settled + seconds * 1000) resolve();
      else video.requestVideoFrameCallback(frame);
    };
    video.requestVideoFrameCallback(frame);
  });
  await Promise.all([publisher.close(), player.close()]);
  return ages;
}
