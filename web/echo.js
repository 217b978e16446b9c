// @ts-check
/** Echo: one peer connection with the EchoTest plugin. Also the shortest example of limen.js. */
import { listDevices as nameDevices, openDevices, simulcastEncodings } from "./devices.js";
import { el } from "./dom.js";
import { goOnline, mediaProblem, notice, shell } from "./shell.js";
import { Figures } from "./figures.js";

shell("Echo");

const start = el("start", HTMLButtonElement), stop = el("stop", HTMLButtonElement), notices = el("notices", HTMLDivElement);
const localVideo = el("local", HTMLVideoElement), remoteVideo = el("remote", HTMLVideoElement);
const figures = /** @type {Figures} */ (document.querySelector("limen-figures"));
const choice = (/** @type {string} */ id) => el(id, HTMLSelectElement).value;

/** @type {{ session: import("./limen.js").Session, echo: import("./limen.js").Handle, stream: MediaStream } | undefined} */
let call;
/** @type {AbortController | undefined} */
let starting;
const clicked = { at: 0 };

/** @param {"idle" | "starting" | "running"} state */
function setState(state) {
  start.hidden = state === "running";
  start.disabled = state === "starting";
  start.textContent = state === "starting" ? "Starting …" : "Start";
  stop.hidden = state === "idle";
  el("setup", HTMLElement).hidden = state !== "idle";
  el("controls", HTMLElement).hidden = state !== "running";
  el("figures", HTMLElement).hidden = state !== "running";
  document.body.dataset.state = state;
}

/** Names come with the permission. */
const listDevices = () => nameDevices({ camera: el("camera", HTMLSelectElement), microphone: el("microphone", HTMLSelectElement) });

/** @param {import("./limen.js").Peer} peer @param {MediaStream} stream */
function addTracks(peer, stream) {
  const [audio] = stream.getAudioTracks(), [video] = stream.getVideoTracks();
  if (audio) peer.pc.addTransceiver(audio, { streams: [stream] });
  const simulcast = choice("layers") === "simulcast";
  const sendEncodings = simulcast ? simulcastEncodings(900_000) : undefined;
  if (video) peer.pc.addTransceiver(video, { streams: [stream], ...(sendEncodings && { sendEncodings }) });
}

async function run() {
  clicked.at = performance.now();
  starting = new AbortController();
  const { signal } = starting;
  notices.replaceChildren();
  setState("starting");
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await openDevices({ camera: choice("camera"), microphone: choice("microphone") });
  } catch (error) {
    setState("idle");
    return notice(notices, "bad", ...mediaProblem(error));
  }
  try {
    localVideo.srcObject = stream;
    localVideo.hidden = stream.getVideoTracks().length === 0;
    const session = await goOnline({ signal });
    const echo = await session.attach("janus.plugin.echotest", { signal });
    call = { session, echo, stream };
    const peer = echo.peer();
    watch(session, echo, peer);
    addTracks(peer, stream);
    const body = { audio: true, video: true, ...(choice("acodec") && { audiocodec: choice("acodec") }), ...(choice("vcodec") && { videocodec: choice("vcodec") }) };
    await peer.offer(body, { signal });
    setState("running");
    figures.watch(peer.pc);
    listDevices();
  } catch (error) {
    const stopped = signal.aborted;  // end() aborts, too
    end();
    if (!stopped) notice(notices, "bad", "The call could not be started", error instanceof Error ? error.message : String(error));
  }
}

/**
 * @param {import("./limen.js").Session} session @param {import("./limen.js").Handle} echo @param {import("./limen.js").Peer} peer
 */
function watch(session, echo, peer) {
  const remote = new MediaStream();
  remoteVideo.srcObject = remote;
  peer.pc.ontrack = ({ track }) => {
    remote.addTrack(track);
    if (track.kind === "video") remoteVideo.hidden = false;
  };
  peer.pc.onconnectionstatechange = () => {
    if (peer.pc.connectionState === "failed") {
      notice(notices, "bad", "No media connection to the server", "Its UDP ports cannot be reached from here. On the server: open rtp_port_range in the firewall; behind NAT set nat_1_1_mapping.");
    }
  };
  session.addEventListener("state", () => {
    if (session.state === "reconnecting") notice(notices, "warn", "The connection to the server is lost", "Trying to come back; the media goes on meanwhile.");
    if (session.state === "connected") notices.replaceChildren();
    if (session.state === "closed" && call) {
      end();
      notice(notices, "bad", "The server has gone", "Start again when it is back.");
    }
  });
  echo.addEventListener("hangup", (event) => {
    if (!call) return;
    end();
    notice(notices, "warn", "The call ended", /** @type {CustomEvent} */ (event).detail.reason);
  });
  echo.addEventListener("message", (event) => showLayers(/** @type {CustomEvent} */ (event).detail.data));
  echo.addEventListener("media", (event) => {
    const { type, receiving } = /** @type {CustomEvent} */ (event).detail;
    if (!receiving) notice(notices, "warn", `The server gets no ${type} from you`, "Is the camera or microphone still on?");
    else notices.replaceChildren();
  });
  el("substreams", HTMLElement).hidden = el("temporals", HTMLElement).hidden = choice("layers") !== "simulcast";
}

/** @param {{ substream?: number, temporal?: number }} data */
function showLayers(data) {
  for (const key of /** @type {const} */ (["substream", "temporal"])) {
    if (data[key] === undefined) continue;
    for (const button of document.querySelectorAll(`[data-${key}]`)) {
      button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset[key] === String(data[key])));
    }
  }
}

function end() {
  starting?.abort();
  figures.stop();
  const ending = call;
  call = undefined;
  ending?.stream.getTracks().forEach((track) => track.stop());
  ending?.session.close().catch(() => {});
  localVideo.srcObject = remoteVideo.srcObject = null;
  localVideo.hidden = remoteVideo.hidden = true;
  for (const chip of ["local-chip", "remote-chip"]) el(chip, HTMLElement).textContent = "";
  for (const id of ["audio", "video"]) el(id, HTMLButtonElement).setAttribute("aria-pressed", "true");
  el("bitrate", HTMLSelectElement).value = "0";
  setState("idle");
}

/** @param {Record<string, any>} body */
async function tell(body) {
  try {
    await call?.echo.request(body);
  } catch (error) {
    notice(notices, "bad", "The server refused", error instanceof Error ? error.message : String(error));
  }
}

start.onclick = run;
stop.onclick = () => {
  end();
  notices.replaceChildren();
};
for (const id of /** @type {const} */ (["audio", "video"])) {
  const button = el(id, HTMLButtonElement);
  button.onclick = () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    tell({ [id]: on });
  };
}
el("bitrate", HTMLSelectElement).onchange = () => tell({ bitrate: Number(choice("bitrate")) });
for (const button of document.querySelectorAll("[data-substream], [data-temporal]")) {
  const { substream, temporal } = /** @type {HTMLElement} */ (button).dataset;
  /** @type {HTMLElement} */ (button).onclick = () => tell(substream !== undefined ? { substream: Number(substream) } : { temporal: Number(temporal) });
}
remoteVideo.addEventListener("loadeddata", () => {
  document.body.dataset.firstFrame = String(Math.round(performance.now() - clicked.at));
});
figures.addEventListener("sample", (event) => {
  const sample = /** @type {import("./figures.js").Sample} */ (/** @type {CustomEvent} */ (event).detail);
  el("local-chip", HTMLElement).textContent = `${Math.round(sample.sendKbps ?? 0)} kbit/s`;
  el("remote-chip", HTMLElement).textContent = [sample.resolution, `${Math.round(sample.receiveKbps ?? 0)} kbit/s`].filter(Boolean).join(" · ");
});
addEventListener("pagehide", end);
setState("idle");
listDevices().catch(() => {});
