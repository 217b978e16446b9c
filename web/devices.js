// @ts-check
/** Cameras, microphones and how loud they are. */

/** Asks for devices; "none" leaves one out, "default" lets the browser choose.
 * @param {{ camera?: string, microphone?: string, width?: number, height?: number }} choice @returns {Promise<MediaStream>} */
export async function openDevices({ camera = "default", microphone = "default", width = 1280, height = 720 }) {
  /** @param {string} id @param {MediaTrackConstraints} more */
  const device = (id, more) => (id === "none" ? false : { ...more, ...(id !== "default" && { deviceId: { exact: id } }) });
  const wanted = { audio: device(microphone, {}), video: device(camera, { width: { ideal: width }, height: { ideal: height } }) };
  if (!wanted.audio && !wanted.video) return new MediaStream();
  return navigator.mediaDevices.getUserMedia(wanted);
}

/** Fills selects with the devices that the browser names; keeps what is chosen. @param {{ camera?: HTMLSelectElement, microphone?: HTMLSelectElement }} selects */
export async function listDevices({ camera, microphone }) {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  for (const [select, kind] of /** @type {const} */ ([[camera, "videoinput"], [microphone, "audioinput"]])) {
    if (!select) continue;
    const chosen = select.value;
    for (const option of [...select.options]) if (!["default", "none"].includes(option.value)) option.remove();
    for (const device of devices) {
      if (device.kind === kind && device.label && device.deviceId && device.deviceId !== "default") select.add(new Option(device.label, device.deviceId));
    }
    select.value = [...select.options].some((option) => option.value === chosen) ? chosen : "default";
  }
}

/** How loud a track is, 0 to 1. */
export class Level {
  /** @type {AudioContext | undefined} */ #context;
  /** @type {AnalyserNode | undefined} */ #analyser;
  #samples = new Float32Array(512);

  /** @param {MediaStreamTrack | undefined} track */
  constructor(track) {
    if (!track) return;
    this.#context = new AudioContext();
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = 512;
    this.#context.createMediaStreamSource(new MediaStream([track])).connect(this.#analyser);
  }

  now() {
    if (!this.#analyser) return 0;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const value of this.#samples) sum += value * value;
    return Math.min(1, Math.sqrt(sum / this.#samples.length) * 3);
  }

  close() {
    this.#context?.close().catch(() => {});
    this.#context = this.#analyser = undefined;
  }
}

/** Three sizes of the same picture, largest first, as the server expects them. @param {number} top bits per second of the largest @returns {RTCRtpEncodingParameters[]} */
export const simulcastEncodings = (top) => [
  { rid: "h", maxBitrate: top },
  { rid: "m", maxBitrate: Math.round(top / 3), scaleResolutionDownBy: 2 },
  { rid: "l", maxBitrate: Math.round(top / 9), scaleResolutionDownBy: 4 },
];
