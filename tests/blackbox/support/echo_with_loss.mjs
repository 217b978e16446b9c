// The Echo page in Chromium, run inside a network namespace; the server is in another (PREFIX starts it there, at ADDRESS).
// The last line is what namespaces_test.py and nat_test.py judge.
import { launchChromium, openPage } from "./chromium.mjs";
import { Limen, until } from "./limen.mjs";

// FILES adds to its configuration.
const { PREFIX, ADDRESS, FILES = "{}" } = process.env;
const limen = await Limen.start({ prefix: JSON.parse(PREFIX), address: ADDRESS, files: JSON.parse(FILES) });
const browser = await launchChromium();
try {
  const { page } = await openPage(browser, `https://${ADDRESS}:${limen.https}/echo.html`);
  await page.click("#start");
  await page.waitForFunction(() => document.body.dataset.firstFrame, null, { timeout: 30_000 });
  const frames = () => page.evaluate(() => document.querySelector("#remote").getVideoPlaybackQuality().totalVideoFrames);
  await until("200 frames", async () => (await frames()) > 200, 60_000);
  const [session] = (await limen.adminApi("", { janus: "list_sessions" })).sessions;
  const [handle] = (await limen.adminApi(`/${session}`, { janus: "list_handles" })).handles;
  const { media, ice } = (await limen.adminApi(`/${session}/${handle}`, { janus: "handle_info" })).info.webrtc;
  const { stats } = Object.values(media).find((m) => m.type === "video");
  console.log(JSON.stringify({
    frames: await frames(),
    pair: ice["selected-pair"],
    nacksToBrowser: stats.in.nacks,
    retransmissionsFromBrowser: stats.in.retransmissions,
    nacksFromBrowser: stats.out.nacks,
  }));
} finally {
  await browser.close();
  const how = await limen.stop();
  if (how.code !== 0) throw new Error(`the server ended with ${JSON.stringify(how)}:\n${limen.log}`);
}
