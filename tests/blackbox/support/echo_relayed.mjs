// The Echo page in Chromium, which may use nothing but the TURN server in ICE; the server's own is in NAT.
// The last line is what turn_test.py judges.
import { launchChromium, openPage } from "./chromium.mjs";
import { Limen, until } from "./limen.mjs";

const limen = await Limen.start({ files: { "janus.jcfg": { nat: JSON.parse(process.env.NAT) } } });
const browser = await launchChromium();
try {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, permissions: ["camera", "microphone"] });
  await context.addInitScript((server) => {
    const Native = window.RTCPeerConnection;
    window.RTCPeerConnection = class extends Native {
      constructor(config = {}) {
        super({ ...config, iceServers: [server], iceTransportPolicy: "relay" });
        window.connection = this;
      }
    };
  }, JSON.parse(process.env.ICE));
  const page = await context.newPage();
  await page.goto(`https://localhost:${limen.https}/echo.html`);
  await page.click("#start");
  await page.waitForFunction(() => document.body.dataset.firstFrame, null, { timeout: 30_000 });
  const frames = () => page.evaluate(() => document.querySelector("#remote").getVideoPlaybackQuality().totalVideoFrames);
  await until("30 frames", async () => (await frames()) > 30, 30_000);
  const localType = await page.evaluate(async () => {
    const stats = await window.connection.getStats();
    const transport = [...stats.values()].find((one) => one.type === "transport");
    return stats.get(stats.get(transport.selectedCandidatePairId).localCandidateId).candidateType;
  });
  console.log(JSON.stringify({ frames: await frames(), localType }));
} finally {
  await browser.close();
  const how = await limen.stop();
  if (how.code !== 0) throw new Error(`the server ended with ${JSON.stringify(how)}:\n${limen.log}`);
}
