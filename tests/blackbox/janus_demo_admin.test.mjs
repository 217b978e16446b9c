// Debian's unmodified admin.html against Limen, tab by tab, with a call to look at.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { serveDemos } from "./support/demo_site.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, adminSite, echoSite, page, errors;
before(async () => {
  limen = await Limen.start({ files: { "janus.jcfg": { general: { token_auth: true } } } });
  await limen.adminApi("", { janus: "add_token", token: "guest" });
  browser = await launchChromium();
  adminSite = await serveDemos(limen.adminUrl);
  echoSite = await serveDemos(limen.apiUrl);
  ({ page, errors } = await openPage(browser, `${adminSite.url}/admin.html`));
  await load();
});
after(async () => {
  adminSite?.close();
  echoSite?.close();
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const load = async () => {
  await page.goto(`${adminSite.url}/admin.html`);
  await page.waitForSelector('#admintabs li:not(.disabled) a[href="#tokens"]');
};
const open = async (tab) => {
  await page.click(`#admintabs a[href="#${tab}"]`);
  await page.waitForSelector(`#${tab}.active.in`, { state: "attached" });
};
const confirm = async () => {
  await page.click('.bootbox.in .bootbox-accept');
  await page.waitForSelector(".bootbox", { state: "detached" });
};

test("Server Info: features, libraries and modules", async () => {
  await open("serverinfo");
  const text = await page.textContent("#serverinfo");
  for (const word of ["session-timeout:", "Limen WebRTC Server", "OpenSSL", "Limen EchoTest plugin", "JANUS REST (HTTP/HTTPS) transport plugin"])
    assert.match(text, new RegExp(word.replace(/[()]/g, "\\$&"), "i"));
  assert.ok(!text.includes("undefined"), text);
});

test("Stored Tokens: one is added with permissions, shown, used and removed", async () => {
  await open("tokens");
  await page.waitForSelector("#addtoken");
  assert.match(await page.textContent("#auth-tokens"), /guest/);
  await page.fill("#token", "visitor");
  await page.click("#addtoken");
  await confirm();
  await page.waitForSelector("#auth-tokens button#visitor");
  assert.equal((await limen.api("", { janus: "create", token: "visitor" })).janus, "success");
  await page.click("#auth-tokens button#visitor");
  await confirm();
  await page.waitForSelector("#auth-tokens button#visitor", { state: "detached" });
  assert.equal((await limen.api("", { janus: "create", token: "visitor" })).error.code, 403);
});

for (const [setting, value] of [["session_timeout", 77], ["log_level", 6], ["min_nack_queue", 300], ["no_media_timer", 3], ["slowlink_threshold", 9]]) {
  test(`Settings: ${setting} is changed`, async () => {
    await open("settings");
    await page.click(`#${setting}_button`);
    await page.fill(".bootbox.in input", String(value));
    await confirm();
    await until("the page shows the new value", () =>
      page.evaluate(([key, wanted]) => document.getElementById(key)?.previousElementSibling?.textContent === wanted, [setting, String(value)]));
    assert.equal((await limen.adminApi("", { janus: "get_status" })).status[setting], value);
  });
}

for (const setting of ["log_timestamps", "log_colors", "locking_debug", "refcount_debug"]) {
  test(`Settings: ${setting} is switched`, async () => {
    await open("settings");
    const before = (await limen.adminApi("", { janus: "get_status" })).status[setting];
    await page.click(`#${setting}_button`);
    await confirm();
    await until("the page shows the other value", () =>
      page.evaluate(([key, wanted]) => document.getElementById(key)?.previousElementSibling?.textContent === wanted, [setting, String(!before)]));
    assert.equal((await limen.adminApi("", { janus: "get_status" })).status[setting], !before);
  });
}

test("Plugins: VideoRoom answers a message", async () => {
  await open("plugins");
  await page.click('#plugins-list a:has-text("janus.plugin.videoroom")');
  await page.fill("#attrname0", "request");
  await page.fill("#attrvalue0", "list");
  await page.click("#plugins #sendmsg");
  await page.waitForFunction(() => /"videoroom": "success"/.test(document.querySelector("#plugin-response").textContent));
});

test("Transports: HTTP tells its connections", async () => {
  // The page gives the inputs of both tabs the same ids: only the first used one works.
  await load();
  await open("transports");
  await page.click('#transports-list a:has-text("janus.transport.http")');
  await page.fill("#transport-request #attrname0", "request");
  await page.fill("#transport-request #attrvalue0", "connections");
  await page.click("#transport-request #sendmsg");
  await page.waitForFunction(() => /"admin_http": [1-9]/.test(document.querySelector("#transport-response").textContent));
});

test("Handles: a call's handle is found, shown raw and as tables, and captured", async () => {
  const call = await browser.newContext({ permissions: ["camera", "microphone"] });
  const echo = await call.newPage();
  await echo.addInitScript(() => {
    window.token = "guest";
  });
  await echo.goto(`${echoSite.url}/echotest.html`);
  await echo.waitForSelector("#start:not([disabled])");
  await echo.click("#start");
  await until("the picture comes back", () =>
    echo.evaluate(() => [...document.querySelectorAll("#videoright video")].some((v) => v.videoWidth > 0)), 30_000);
  const session = await until("the session of the call", async () => {
    const { sessions } = await limen.adminApi("", { janus: "list_sessions" });
    for (const id of sessions) if ((await limen.adminApi(`/${id}`, { janus: "list_handles" })).handles.length) return id;
  });

  await open("handlesinfo");
  await until("the page lists the session", async () => {
    // Until a second after its last refresh the button does nothing.
    await page.click("#update-sessions");
    return page.$(`#session-${session}`);
  });
  await page.click(`#session-${session}`);
  await page.click("#handles-list a");
  const info = await until("the handle's info", () =>
    page.evaluate(() => {
      const text = document.querySelector("#handle-info pre")?.textContent;
      return text && JSON.parse(text);
    }));
  assert.equal(info.plugin, "janus.plugin.echotest");
  assert.equal(info.webrtc.ice["ready"] > 0 || info.webrtc.ice.state === "ready" || info.webrtc.ice.state === "connected", true, JSON.stringify(info.webrtc.ice));
  assert.ok(info.sdps.local.startsWith("v=0") && info.sdps.remote.startsWith("v=0"));

  await page.check("#prettify", { force: true });
  await page.waitForSelector("#plugin-specific td");
  await page.click("#sdps a#local");
  await page.waitForSelector(".bootbox.in :text('v=0')");
  await page.click(".bootbox.in .bootbox-close-button");
  await page.waitForSelector(".bootbox", { state: "detached" });

  await page.check("#capture", { force: true });
  await page.fill(".bootbox.in #folder", limen.folder);
  await page.fill(".bootbox.in #filename", "admin-page.pcap");
  await page.click('.bootbox.in button:has-text("Start")');
  const file = join(limen.folder, "admin-page.pcap");
  await until("the capture has packets", async () => (await readFile(file).catch(() => "")).length > 10_000);
  await page.waitForSelector(".bootbox", { state: "detached" });
  await page.uncheck("#capture", { force: true });
  const handle = info.handle_id;
  await until("the capture ends", async () =>
    (await limen.adminApi(`/${session}/${handle}`, { janus: "stop_pcap" })).error?.reason === "Capture not started");
  await call.close();
});

test("no script of the page failed", () => assert.deepEqual(errors, []));
