// All of Limen's pages as they open: widths, names of controls, contrast, no script errors.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, root } from "./support/limen.mjs";

let limen, browser;
before(async () => {
  limen = await Limen.start({ files: { "janus.plugin.recordplay.jcfg": { general: { path: "recordings" } } } });
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

/** Runs in the page, with everything unfolded: what is wrong with it. */
function faults() {
  const found = [];
  for (const node of document.querySelectorAll("[hidden]")) if (!node.matches("dialog, dialog *")) node.hidden = false;
  for (const node of document.querySelectorAll("details")) node.open = true;
  const { scrollWidth, clientWidth } = document.documentElement;
  if (scrollWidth > clientWidth) found.push(`wider than the window by ${scrollWidth - clientWidth}`);
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  const nameOf = (node) => (node.getAttribute("aria-label") ?? (node.labels?.[0] ?? node).textContent).trim();
  for (const node of document.querySelectorAll("button:not(#sure-yes), input, select, textarea, a")) if (!nameOf(node)) found.push(`no name: ${node.outerHTML.slice(0, 90)}`);
  const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) found.push(`id twice: ${id}`);
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour, under) => {
    canvas.globalAlpha = 1;
    canvas.fillStyle = under;
    canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => colour.map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  for (const node of document.querySelectorAll("h1, h2, p, span, strong, button, label, summary, dt, dd, legend, a, .pill")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || node.matches(":disabled, .tile *, .skip, .sr, .sr *") || node.closest("dialog, [aria-disabled]")) continue;
    let under = "rgb(255,255,255)";
    const above = [];
    for (let at = node; at; at = at.parentElement) above.unshift(getComputedStyle(at).backgroundColor);
    for (const colour of above) under = `rgb(${rgb(colour, under)})`;
    const [a, b] = [light(rgb(getComputedStyle(node).color, under)), light(rgb(under, under))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(`contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}: ${node.className} ${node.textContent.slice(0, 30)}`);
  }
  return found;
}

test("every page fits a phone and a desk, names its controls and is legible, dark and light", async () => {
  const pages = (await readdir(join(root, "web"))).filter((name) => name.endsWith(".html"));
  assert.ok(pages.length >= 12, String(pages));
  const wrong = [];
  const { page, errors } = await openPage(browser, "about:blank");
  for (const name of pages) {
    await page.goto(`https://localhost:${limen.https}/${name}`);
    await page.waitForSelector(".bar");
    for (const [width, colorScheme] of [[360, "dark"], [1280, "light"]]) {
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      for (const fault of [...(await page.evaluate(faults)), ...errors.splice(0)]) wrong.push(`${name} ${width}: ${fault}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("the start page leads to what is here and marks what is not", async () => {
  const { page } = await openPage(browser, `https://localhost:${limen.https}/`);
  await page.route("**/janus/info", async (route) => {
    const info = await (await route.fetch()).json();
    delete info.plugins["janus.plugin.videoroom"];
    await route.fulfill({ json: info });
  });
  await page.reload();
  await page.waitForSelector('.card[aria-disabled="true"]:has-text("Meeting"):has-text("Not here")');
  assert.equal(await page.getAttribute('.card:has-text("Meeting")', "href"), null);
  assert.equal(await page.getAttribute('.card:has-text("Echo")', "href"), "echo.html");
});

test("the pages' arithmetic: grids, axes, readings of a connection and remarks about it", async () => {
  const { page } = await openPage(browser, `https://localhost:${limen.https}/`);
  const got = await page.evaluate(async () => {
    const [{ bestGrid }, { roundUp }, { readingOf, conspicuous, pathOf }] = await Promise.all(["/tiles.js", "/chart.js", "/admin_connection.js"].map((name) => import(name)));
    const line = (bytes, packets, lost) => ({ type: "video", mid: "1", direction: { send: false, recv: true }, stats: { in: { packets, bytes }, out: { packets: 0, bytes: 0 } }, rtcp: { main: { lost, rtt: 400, "lost-by-remote": 0 } } });
    const info = (time, media, ice = "ready", dtls = "connected", pair = undefined) => ({ current_time: time * 1e6, webrtc: { ice: { state: ice, "remote-candidates": ["x"], "selected-pair": pair }, dtls: { "dtls-state": dtls }, media: { 1: media } } });
    const before = info(10, line(1000, 100, 0)), now = info(12, line(251_000, 180, 20));
    const reading = readingOf(now, before);
    const silent = info(14, line(251_000, 180, 20));
    return {
      grids: [[1, 800, 600], [4, 1600, 900], [3, 400, 800], [50, 390, 700]].map((args) => bestGrid(...args).columns),
      axes: [0, 0.3, 1.2, 42, 730].map(roundUp),
      line: reading.lines[0],
      remarks: conspicuous(now, reading).map(({ kind }) => kind),
      silent: conspicuous(silent, readingOf(silent, now)).map(({ text }) => text.slice(0, 15)),
      failed: conspicuous(info(1, line(0, 0, 0), "failed", "created"), { lines: [] }).map(({ text }) => text.slice(0, 17)),
      none: conspicuous({}, { lines: [] }),
      relayed: conspicuous(info(1, line(0, 0, 0), "ready", "connected", "192.0.2.2:1 [host,udp] <-> [2001:db8::1]:2 [relay,tcp]"), { lines: [] }).map(({ text }) => text.slice(0, 25)),
      paths: [info(1, line(0, 0, 0), "ready", "connected", "192.0.2.2:1 [host,udp] <-> 192.0.2.9:2 [srflx,udp]"), info(1, line(0, 0, 0), "failed", "created"), {}].map((one) => pathOf(one)).map(({ kind, wire, remote, steps }) => [kind, wire, remote?.words ?? "", ...steps.map((step) => step.kind)]),
    };
  });
  assert.deepEqual(got.grids, [1, 2, 1, 2]);
  assert.deepEqual(got.axes.map((axis) => Number(axis.toFixed(6))), [1, 0.5, 2, 50, 1000]);
  assert.equal(got.line.inKbps, 1000);
  assert.equal(got.line.inLoss, 20);
  assert.deepEqual(got.remarks, ["bad", "warn"]);
  assert.deepEqual(got.silent, ["Nothing arrives", "The round trip "]);
  assert.deepEqual(got.failed, ["No path was found"]);
  assert.deepEqual(got.none, []);
  assert.deepEqual(got.relayed, ["Media go through a relay ", "Media go over TCP: what i"]);
  assert.deepEqual(got.paths, [
    ["good", "UDP, IPv4", "seen through a NAT", "good", "good", "good"],
    ["bad", "no path", "", "bad", "warn", "warn"],
    ["warn", "no path", "", "warn", "warn", "warn"],
  ]);
});
