// WHIP and WHEP in Chromium with plain fetch and RTCPeerConnection, and with a client of npm's (whip-whep).
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launchChromium, openPage } from "./support/chromium.mjs";
import { Limen, root, until } from "./support/limen.mjs";

let limen, browser, site;
const SECRET = "let-me-in";

/** A page of another origin with the npm client beside it: so CORS is tested, too. */
function serveClient() {
  const server = createServer(async (request, response) => {
    const script = /^\/(whip|whep)\.js$/.exec(request.url);
    response.setHeader("Content-Type", script ? "text/javascript" : "text/html");
    response.end(script ? await readFile(join(root, "node_modules/whip-whep", `${script[1]}.js`)) : "<!doctype html><title>Client</title><body></body>");
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve({ url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() })));
}

before(async () => {
  limen = await Limen.start({
    files: {
      "janus.jcfg": { general: { api_secret: SECRET } },
      "janus.plugin.videoroom.jcfg": { "room-1234": { publishers: 6, bitrate: 2000000 }, "room-5678": { pin: "4711" } },
      "janus.plugin.streaming.jcfg": { studio: { type: "whip", id: 5, secret: "studio", description: "Studio" } },
      "limen.whip.jcfg": { ice: { servers: ["stun:127.0.0.1:1", "turn:127.0.0.1:1?transport=udp"], turn_secret: "shared" } },
    },
  });
  browser = await launchChromium();
  site = await serveClient();
});
after(async () => {
  site?.close();
  await browser?.close();
  assert.deepEqual(await limen?.stop(), { code: 0, signal: null }, limen?.log);
});

const base = () => `http://127.0.0.1:${limen.http}`;

/** What the tests use in the page; everything of one client hangs on `window.client`. */
async function client() {
  const { page, context, errors } = await openPage(browser, site.url);
  await page.evaluate(() => {
    const gathered = (pc) => new Promise((resolve) => (pc.iceGatheringState === "complete" ? resolve() : (pc.onicegatheringstatechange = () => pc.iceGatheringState === "complete" && resolve())));
    const show = (pc) => {
      pc.ontrack = ({ track }) => {
        if (track.kind !== "video") return;
        const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true, srcObject: new MediaStream([track]) });
        document.body.append(video);
      };
    };
    window.prepare = async (role) => {
      const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
      if (role === "publish") {
        const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
        for (const track of media.getTracks()) pc.addTransceiver(track, { direction: "sendonly", streams: [media] });
      } else {
        show(pc);
        for (const kind of ["audio", "video"]) pc.addTransceiver(kind, { direction: "recvonly" });
      }
      return pc;
    };
    window.begin = async (role, url, token, { wait = true } = {}) => {
      const pc = await window.prepare(role);
      await pc.setLocalDescription();
      if (wait) await gathered(pc);
      const response = await fetch(url, { method: "POST", body: pc.localDescription.sdp, headers: { "Content-Type": "application/sdp", ...(token && { Authorization: `Bearer ${token}` }) } });
      const body = await response.text();
      const headers = Object.fromEntries(response.headers);
      if (!response.ok) return { status: response.status, body, headers };
      await pc.setRemoteDescription({ type: "answer", sdp: body });
      window.client = { pc, url: new URL(headers.location, url).href, etag: headers.etag, token };
      return { status: response.status, headers };
    };
    window.patch = async (body, match) => {
      const { url, token } = window.client;
      const response = await fetch(url, { method: "PATCH", body, headers: { "Content-Type": "application/trickle-ice-sdpfrag", ...(match && { "If-Match": match }), ...(token && { Authorization: `Bearer ${token}` }) } });
      return { status: response.status, etag: response.headers.get("etag"), body: await response.text() };
    };
    window.remove = async () => (await fetch(window.client.url, { method: "DELETE", headers: { Authorization: `Bearer ${window.client.token}` } })).status;
  });
  return { page, context, errors };
}

const begin = (page, role, path, token = SECRET, options = {}) => page.evaluate(([role, url, token, options]) => window.begin(role, url, token, options), [role, base() + path, token, options]);
const frames = (page) => page.evaluate(() => [...document.querySelectorAll("video")].reduce((sum, video) => sum + video.getVideoPlaybackQuality().totalVideoFrames, 0));
const plays = async (page, what) => {
  const before = await frames(page);
  await until(`frames of ${what}`, async () => (await frames(page)) > before + 8);
};

test("publish by WHIP; watch by WHEP and as a subscriber of the room at once; DELETE ends it", async () => {
  const publisher = await client();
  const made = await begin(publisher.page, "publish", "/whip/room/1234/77?display=Camera");
  assert.equal(made.status, 201, made.body);
  assert.match(made.headers.location, /^\/whip\/session\/\w{32}$/);
  assert.match(made.headers.etag, /^".+"$/);
  assert.match(made.headers.link, /<stun:127\.0\.0\.1:1>; rel="ice-server".*<turn:.*username="\d+:\w+"; credential=".+"; credential-type="password"/);

  const viewer = await client();
  const seen = await begin(viewer.page, "play", "/whep/room/1234/77");
  assert.equal(seen.status, 201, seen.body);
  await plays(viewer.page, "the WHEP player");

  const member = await openPage(browser, `https://localhost:${limen.https}/index.html`);
  await member.page.evaluate(async ([server, secret]) => {
    const { connect } = await import("./limen.js");
    const session = await connect(server, { apisecret: secret });
    const handle = await session.attach("janus.plugin.videoroom");
    const offer = await handle.request({ request: "join", ptype: "subscriber", room: 1234, streams: [{ feed: 77 }] });
    const peer = handle.peer();
    peer.pc.ontrack = ({ track }) => track.kind === "video" && document.body.append(Object.assign(document.createElement("video"), { muted: true, autoplay: true, srcObject: new MediaStream([track]) }));
    await peer.answer(offer.jsep, { request: "start" });
  }, [`wss://localhost:${limen.wss}`, SECRET]);
  await plays(member.page, "the subscriber");
  await plays(viewer.page, "the WHEP player beside it");

  assert.equal(await publisher.page.evaluate(() => window.remove()), 200);
  assert.equal(await publisher.page.evaluate(() => window.remove()), 404);
  await until("the feed has gone", async () => (await begin(viewer.page, "play", "/whep/room/1234/77")).status === 404);
  for (const { context, errors } of [publisher, viewer, member]) {
    assert.deepEqual(errors, []);
    await context.close();
  }
});

test("candidates trickle; an ICE restart gets other credentials and the media go on", async () => {
  const publisher = await client();
  assert.equal((await begin(publisher.page, "publish", "/whip/room/1234/78")).status, 201);
  const viewer = await client();
  assert.equal((await begin(viewer.page, "play", "/whep/room/1234/78", SECRET, { wait: false })).status, 201);
  const fragment = await viewer.page.evaluate(async () => {
    const { pc } = window.client;
    await new Promise((resolve) => (pc.iceGatheringState === "complete" ? resolve() : pc.addEventListener("icegatheringstatechange", () => pc.iceGatheringState === "complete" && resolve())));
    const lines = pc.localDescription.sdp.split("\r\n"), first = lines.findIndex((line) => line.startsWith("m="));
    const wanted = lines.slice(first).filter((line) => /^(a=(candidate|ice-ufrag|ice-pwd)|m=)/.test(line));
    const end = wanted.findIndex((line, i) => i > 0 && line.startsWith("m="));
    const [m, ...rest] = wanted.slice(0, end);
    return [m, "a=mid:0", ...rest, "a=end-of-candidates", ""].join("\r\n");
  });
  const patch = (page, body, match) => page.evaluate(([body, match]) => window.patch(body, match), [body, match]);
  const etag = await viewer.page.evaluate(() => window.client.etag);
  assert.equal((await patch(viewer.page, "a=ice-ufrag:aaaa\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\r\n", "")).status, 428);
  assert.equal((await patch(publisher.page, "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=end-of-candidates\r\n", "")).status, 428);
  assert.equal((await patch(viewer.page, fragment, '"another"')).status, 412);
  assert.equal((await patch(viewer.page, "nonsense", etag)).status, 400);
  assert.equal((await patch(viewer.page, fragment, etag)).status, 204);
  await plays(viewer.page, "the trickling player");

  for (const [name, page] of [["player", viewer.page], ["publisher", publisher.page]]) {
    const outcome = await page.evaluate(async () => {
      const { pc, etag } = window.client;
      const answer = pc.remoteDescription.sdp;
      await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
      const sdp = pc.localDescription.sdp, line = (name) => new RegExp(`a=${name}:.*`).exec(sdp)[0];
      const restarted = await window.patch(`${line("ice-ufrag")}\r\n${line("ice-pwd")}\r\n`, "*");
      if (restarted.status !== 200) return restarted;
      const value = (name) => new RegExp(`a=${name}:(.*)\r\n`).exec(restarted.body)[1];
      const other = answer.replace(/a=ice-ufrag:.*\r\n/g, `a=ice-ufrag:${value("ice-ufrag")}\r\n`).replace(/a=ice-pwd:.*\r\n/g, `a=ice-pwd:${value("ice-pwd")}\r\n`);
      await pc.setRemoteDescription({ type: "answer", sdp: other });
      const same = other === answer;
      const old = (await window.patch("a=ice-ufrag:aaaa\r\na=ice-pwd:aaaaaaaaaaaaaaaaaaaaaa\r\n", etag)).status;
      window.client.etag = restarted.etag;
      return { status: restarted.status, same, old, changed: restarted.etag !== etag };
    });
    assert.deepEqual(outcome, { status: 200, same: false, old: 412, changed: true }, name);
    await until("connected again", () => page.evaluate(() => ["connected", "completed"].includes(window.client.pc.iceConnectionState)));
    await plays(viewer.page, `the player after the restart of the ${name}`);
  }
  for (const { page, context } of [publisher, viewer]) {
    assert.equal(await page.evaluate(() => window.remove()), 200);
    await context.close();
  }
});

test("a mountpoint is fed by WHIP and played by WHEP; another publisher takes over after the first", async () => {
  const viewer = await client();
  const early = await begin(viewer.page, "play", "/whep/stream/5");
  assert.equal(early.status, 409);
  assert.ok(Number(early.headers["retry-after"]) > 0);
  const first = await client();
  assert.equal((await begin(first.page, "publish", "/whip/stream/5")).status, 401);
  assert.equal((await begin(first.page, "publish", "/whip/stream/5?secret=wrong")).status, 403);
  const made = await begin(first.page, "publish", "/whip/stream/5?secret=studio");
  assert.equal(made.status, 201, made.body);
  const seen = await begin(viewer.page, "play", "/whep/stream/5");
  assert.equal(seen.status, 201, seen.body);
  await plays(viewer.page, "the mountpoint");

  // The viewer learns of publishers by server-sent events.
  await viewer.page.evaluate(async () => {
    const events = await fetch(`${window.client.url}/sse`, { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${window.client.token}` }, body: JSON.stringify(["active", "inactive"]) });
    window.told = [];
    const source = new EventSource(new URL(events.headers.get("location"), window.client.url));
    for (const kind of ["active", "inactive"]) source.addEventListener(kind, () => window.told.push(kind));
  });
  const told = (kinds) => viewer.page.waitForFunction((wanted) => window.told.join() === wanted, kinds);
  await told("active");
  const second = await client();
  const busy = await begin(second.page, "publish", "/whip/stream/5?secret=studio");
  assert.equal(busy.status, 409, busy.body);
  assert.equal(await first.page.evaluate(() => window.remove()), 200);
  await told("active,inactive");
  const next = await begin(second.page, "publish", "/whip/stream/5?secret=studio");
  assert.equal(next.status, 201, next.body);
  await told("active,inactive,active");
  await plays(viewer.page, "the mountpoint with its second publisher");
  for (const { context } of [viewer, first, second]) await context.close();
});

test("a simulcast publisher of a mountpoint: the player is told of layers and chooses one", async () => {
  const publisher = await client();
  await publisher.page.evaluate(() => {
    // From 960 × 540 on Chromium sends three sizes.
    window.prepare = async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 960, height: 540 }), pen = canvas.getContext("2d");
      setInterval(() => {
        pen.fillStyle = `hsl(${(performance.now() / 10) % 360} 70% 50%)`;
        pen.fillRect(0, 0, 960, 540);
      }, 50);
      const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
      const sendEncodings = [{ rid: "h", maxBitrate: 900_000 }, { rid: "m", maxBitrate: 300_000, scaleResolutionDownBy: 2 }, { rid: "l", maxBitrate: 100_000, scaleResolutionDownBy: 4 }];
      pc.addTransceiver(canvas.captureStream(20).getVideoTracks()[0], { direction: "sendonly", sendEncodings });
      return pc;
    };
  });
  await limen.adminApi("", { janus: "message_plugin", plugin: "janus.plugin.streaming", request: { request: "create", type: "whip", id: 6 } });
  const made = await begin(publisher.page, "publish", "/whip/stream/6");
  assert.equal(made.status, 201, made.body);
  const viewer = await client();
  const seen = await begin(viewer.page, "play", "/whep/stream/6");
  assert.equal(seen.status, 201, seen.body);
  const layers = await viewer.page.evaluate(async () => {
    const headers = { "Content-Type": "application/json", Authorization: `Bearer ${window.client.token}` };
    window.choose = async (layer) => (await fetch(`${window.client.url}/layer`, { method: "POST", headers, body: JSON.stringify(layer) })).status;
    const events = await fetch(`${window.client.url}/sse`, { method: "POST", headers });
    const source = new EventSource(new URL(events.headers.get("location"), window.client.url));
    return new Promise((resolve) => source.addEventListener("layers", ({ data }) => resolve(JSON.parse(data))));
  });
  const [[mline, { layers: offered }]] = Object.entries(layers);
  assert.deepEqual(offered.map((layer) => layer.encodingId), ["2", "1", "0"]);
  const width = (wanted) => until(`a picture ${wanted} wide`, () => viewer.page.evaluate((w) => document.querySelector("video")?.videoWidth === w, wanted), 20_000);
  for (const [encodingId, wanted] of [["0", 240], ["1", 480]]) {
    assert.equal(await viewer.page.evaluate((layer) => window.choose(layer), { mediaId: mline, encodingId }), 200);
    await width(wanted);
  }
  assert.equal(await viewer.page.evaluate(() => window.choose({ encodingId: "9" })), 422);
  for (const { context } of [publisher, viewer]) await context.close();
});

test("refusals say why", async () => {
  const { page, context } = await client();
  const status = async (role, path, token) => (await begin(page, role, path, token)).status;
  const wrong = await begin(page, "publish", "/whip/room/1234", "wrong");
  assert.equal(wrong.status, 401);
  assert.match(wrong.headers["www-authenticate"], /Bearer.*invalid_token/);
  assert.equal(JSON.parse(wrong.body).status, 401);
  assert.equal(wrong.headers["content-type"], "application/problem+json");
  assert.equal(await status("publish", "/whip/room/1234", ""), 401);
  assert.equal(await status("publish", "/whip/room/999"), 404);
  assert.equal(await status("play", "/whep/room/1234/999"), 404);
  assert.equal(await status("play", "/whep/stream/999"), 404);
  assert.equal(await status("publish", "/whip/room/5678"), 401);
  assert.equal(await status("publish", "/whip/room/5678?pin=1"), 403);
  assert.equal(await status("play", "/whip/room/1234"), 406);
  await context.close();
});

test("the npm package whip-whep publishes, plays, restarts ICE and stops", async () => {
  const publisher = await client(), viewer = await client();
  await publisher.page.evaluate(async ([url, token]) => {
    const { WHIPClient } = await import("/whip.js");
    const pc = await window.prepare("publish");
    window.whip = new WHIPClient();
    await window.whip.publish(pc, url, token);
  }, [`${base()}/whip/room/1234/79`, SECRET]);
  await viewer.page.evaluate(async ([url, token]) => {
    const { WHEPClient } = await import("/whep.js");
    const pc = await window.prepare("play");
    window.whep = new WHEPClient();
    window.told = [];
    for (const kind of ["active", "inactive"]) window.whep.addEventListener(kind, () => window.told.push(kind));
    await window.whep.view(pc, url, token);
  }, [`${base()}/whep/room/1234/79`, SECRET]);
  await plays(viewer.page, "the npm client");
  await publisher.page.evaluate(() => window.whip.restart());
  await plays(viewer.page, "the npm client after a restart");
  await publisher.page.evaluate(() => window.whip.stop());
  await viewer.page.evaluate(() => window.whep.stop());
  for (const { context, errors } of [publisher, viewer]) {
    assert.deepEqual(errors, []);
    await context.close();
  }
});
