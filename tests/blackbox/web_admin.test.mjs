// The Admin page in Chromium, over a server with a call on it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, until } from "./support/limen.mjs";

let limen, browser, admin, call;
before(async () => {
  limen = await Limen.start({
    files: { "janus.jcfg": { general: { token_auth: true, event_loops: 2 } }, "janus.plugin.videoroom.jcfg": { "room-1234": { description: "Tuesday" } } },
  });
  await limen.adminApi("", { janus: "add_token", token: "guest" });
  browser = await launchChromium();
  admin = await openPage(browser, `https://localhost:${limen.https}/admin.html`);
  call = await openPage(browser, "about:blank");
  // The echo page with a token: what a page of somebody's own would pass to connect().
  await call.page.addInitScript(() => {
    const { send } = WebSocket.prototype;
    WebSocket.prototype.send = function (text) {
      return send.call(this, JSON.stringify({ ...JSON.parse(text), token: "guest" }));
    };
  });
  await call.page.goto(`https://localhost:${limen.https}/echo.html`);
  await call.page.click("#start");
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

async function enter(secret) {
  await admin.page.waitForFunction(() => document.querySelector("#url").value);
  await admin.page.fill("#secret", secret);
  await admin.page.click("#enter");
}
const tab = (name) => admin.page.click(`[data-tab="${name}"]`);

test("only the right secret opens the page, and it is kept nowhere", async () => {
  const { page } = admin;
  await enter("wrong");
  await page.waitForSelector(".notice:has-text('secret is wrong')");
  await enter("blackbox");
  await page.waitForSelector('[data-handle]:has-text("echotest")');
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.querySelector("#secret").value]));
  assert.ok(!kept.includes("blackbox"), kept);
});

test("a connection is shown with its path, its charts and a capture", async () => {
  const { page } = admin;
  await page.click("[data-handle]");
  await page.waitForFunction(() => /UDP, IPv4/.test(document.querySelector("#path").textContent) && /AES/i.test(document.querySelector("#path").textContent));
  assert.deepEqual(await page.$$eval("#path .steps li", (steps) => steps.map((step) => [step.querySelector("strong").textContent, step.dataset.kind])),
    [["ICE ready", "good"], ["DTLS connected", "good"], ["SRTP", "good"]]);
  await page.waitForFunction(() => [...document.querySelectorAll("#streams .legend b")].some((value) => /[1-9]\d* kbit\/s|Mbit/.test(value.textContent)));
  // A card for each stream, with a line in each of its charts that grows.
  const cards = await page.$$eval("#streams .stream", (list) => list.map((card) => [card.querySelector("h2").textContent, card.querySelectorAll(".chart").length]));
  assert.deepEqual(cards.slice(0, 2), [["Audio 0", 4], ["Video 1", 4]]);
  const points = () => page.$eval('#streams [data-mid="1"] path', (path) => path.getAttribute("d").split("L").length);
  const before = await points();
  await until("the chart grows", async () => (await points()) > before + 2);
  await page.waitForFunction(() => document.querySelector('#streams [data-mid="1"]').textContent.includes("both ways"));
  assert.match(await page.textContent("#candidates-remote"), /typ /);
  await page.fill("#filename", "look.pcap");
  await page.click('[data-capture="start_pcap"]');
  await page.waitForSelector("#capturing:visible");
  await page.click('[data-capture="start_pcap"]');
  await page.waitForSelector('.notice:has-text("already started")');
  await page.click('[data-capture="stop_pcap"]');
  await page.waitForSelector("#capturing", { state: "hidden" });
  assert.ok((await readdir(limen.folder)).includes("look.pcap"));
});

test("settings, tokens, messages and tools reach the server", async () => {
  const { page } = admin;
  await tab("settings");
  await page.fill('[data-setting="session_timeout"]', "77");
  await page.press('[data-setting="session_timeout"]', "Tab");
  await until("the setting", async () => (await limen.adminApi("", { janus: "get_status" })).status.session_timeout === 77);
  await page.waitForSelector("#loops tr");
  await tab("tokens");
  await page.fill("#token", "<b>visitor</b>");
  await page.click("#add-token button");
  await page.waitForSelector('tr:has(code:text-is("<b>visitor</b>"))');
  await page.fill("#token", "of one plugin");
  await page.selectOption("#token-plugins", "janus.plugin.echotest");
  await page.click("#add-token button");
  const row = 'tr:has(code:text-is("of one plugin"))';
  await page.click(`${row} button:text-is("videoroom")`);
  await until("the token gets a second plugin", async () => {
    const { data } = await limen.adminApi("", { janus: "list_tokens" });
    return data.tokens.find(({ token }) => token === "of one plugin")?.allowed_plugins.join() === "janus.plugin.echotest,janus.plugin.videoroom";
  });
  await page.click(`${row} button:text-is("Remove")`);
  await page.click("#sure-yes");
  await page.waitForSelector(row, { state: "detached" });
  await page.click('tr:has(code:text-is("<b>visitor</b>")) button:text-is("echotest")');
  await until("the token loses a plugin", async () => {
    const { data } = await limen.adminApi("", { janus: "list_tokens" });
    return !data.tokens.find(({ token }) => token === "<b>visitor</b>").allowed_plugins.includes("janus.plugin.echotest");
  });
  await tab("messages");
  await page.selectOption("#module", "message_plugin janus.plugin.videoroom");
  await page.click("#message button");
  await page.waitForFunction(() => document.querySelector("#response").textContent.includes("Tuesday"));
  await tab("tools");
  await page.fill('[data-tool="resolve_address"] input', "localhost");
  await page.click('[data-tool="resolve_address"] button');
  await page.waitForFunction(() => /127\.0\.0\.1|::1/.test(document.querySelector('[data-tool="resolve_address"] pre').textContent));
});

test("a connection is hung up, after a question", async () => {
  const { page } = admin;
  await tab("sessions");
  await page.click("#do-hangup");
  await page.click("#sure-yes");
  await call.page.waitForSelector(".notice:has-text('call ended')");
});

test("a drain is begun, shown and undone", async () => {
  const { page } = admin;
  const { data } = await limen.api("", { janus: "create", token: "guest" });
  await tab("settings");
  await page.fill("#drain-limit", "600");
  await page.click("#drain-on");
  await page.click("#sure-yes");
  await page.waitForSelector("#drain-state:has-text('Draining: ')");
  assert.equal((await limen.api("", { janus: "create", token: "guest" })).error.code, 472);
  assert.equal((await fetch(`http://127.0.0.1:${limen.admin}/readyz`)).status, 503);
  await page.click("#drain-off");
  await page.waitForSelector("#drain-form:visible");
  assert.equal((await fetch(`http://127.0.0.1:${limen.admin}/readyz`)).status, 200);
  await limen.api(`/${data.id}`, { janus: "destroy", token: "guest" });
});

test("a server that starts again is followed", async () => {
  const { page, errors } = admin;
  limen.process.kill("SIGTERM");
  await limen.exited;
  await page.waitForSelector(".notice:has-text('does not answer')");
  const [command, ...args] = limen.process.spawnargs;
  limen.process = spawn(command, args, { cwd: limen.folder, stdio: "ignore" });
  limen.ended = undefined;
  limen.exited = new Promise((resolve) => limen.process.on("exit", (code, signal) => resolve({ code, signal })));
  await page.waitForFunction(() => !document.querySelector(".notice") && document.querySelector(".dot").dataset.state === "connected", null, { timeout: 15_000 });
  assert.deepEqual(errors, []);
});
