// The Echo page in Chromium, run inside a network namespace against a server in another (PREFIX starts it there, at ADDRESS),
// with keys of its configuration (FILES). The last line says how they connected.
import { launchChromium, openPage } from "./chromium.mjs";
import { Limen, until } from "./limen.mjs";

const { PREFIX, ADDRESS, FILES } = process.env;
const limen = await Limen.start({ prefix: JSON.parse(PREFIX), address: ADDRESS, files: JSON.parse(FILES) });
const browser = await launchChromium();
try {
  const { page } = await openPage(browser, `https://${limen.host}:${limen.https}/echo.html`);
  await page.click("#start");
  await page.waitForFunction(() => document.body.dataset.firstFrame, null, { timeout: 45_000 });
  const frames = () => page.evaluate(() => document.querySelector("#remote").getVideoPlaybackQuality().totalVideoFrames);
  await until("60 frames", async () => (await frames()) > 60, 45_000);
  const [session] = (await limen.adminApi("", { janus: "list_sessions" })).sessions;
  const [handle] = (await limen.adminApi(`/${session}`, { janus: "list_handles" })).handles;
  const { ice } = (await limen.adminApi(`/${session}/${handle}`, { janus: "handle_info" })).info.webrtc;
  console.log(JSON.stringify({ frames: await frames(), pair: ice["selected-pair"], local: ice["local-candidates"] }));
} finally {
  await browser.close();
  const how = await limen.stop();
  if (how.code !== 0) throw new Error(`the server ended with ${JSON.stringify(how)}:\n${limen.log}`);
}
