// Debian's unmodified VoiceMail page against Limen: ten seconds are recorded, and ffprobe finds them in the file.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, site;
before(async () => {
  limen = await Limen.start({ files: { "janus.plugin.voicemail.jcfg": { general: { path: "voices", base: "/recordings" } } } });
  browser = await launchChromium();
  site = await serveDemos(`ws://127.0.0.1:${limen.ws}`);
});
after(async () => {
  site?.close();
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

test("voicemailtest.html: ten seconds are recorded", async () => {
  const { page, context } = await openPage(browser, `${site.url}/voicemailtest.html`);
  await page.waitForSelector("#start:not([disabled])");
  await page.click("#start");
  await page.click("#record:not([disabled])");
  await until("the recording is done", async () => (await page.textContent("#record").catch(() => "")) === "Done!", 30_000);
  const address = await page.getAttribute("#download", "href");
  assert.match(address, /^\/recordings\/janus-voicemail-\d+\.opus$/);
  const file = join(limen.folder, "voices", basename(address));
  await access(file);
  assert.equal((await readFile(file)).subarray(0, 4).toString(), "OggS");
  const probe = await promisify(execFile)("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name:format=duration", "-of", "json", file]);
  const facts = JSON.parse(probe.stdout);
  assert.equal(facts.streams[0].codec_name, "opus");
  assert.ok(Math.abs(Number(facts.format.duration) - 10) < 1, `${facts.format.duration} seconds`);
  const decoded = await promisify(execFile)("ffmpeg", ["-v", "error", "-xerror", "-i", file, "-f", "null", "-"]);
  assert.equal(decoded.stderr, "");
  await context.close();
});
