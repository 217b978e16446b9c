// Encoders that send RTP to this machine: ffmpeg with its own test pictures and tones, ended by their PID.
import { spawn } from "node:child_process";

function run(args) {
  const encoder = { log: "" };
  encoder.process = spawn("ffmpeg", ["-hide_banner", "-loglevel", "error", "-nostdin", ...args], { stdio: ["ignore", "ignore", "pipe"] });
  encoder.process.stderr.on("data", (chunk) => (encoder.log += chunk));
  const ended = new Promise((resolve) => encoder.process.on("exit", resolve));
  encoder.stop = async () => {
    encoder.process.kill("SIGKILL");
    await ended;
  };
  return encoder;
}

const to = (port) => ["-f", "rtp", `rtp://127.0.0.1:${port}?pkt_size=1200`];

/** Moving picture; `gop` frames from one key frame to the next, 15 a second. Codec: vp8 or h264. */
export function sendVideo(port, { size = "320x240", gop = 15, codec = "vp8" } = {}) {
  const encode = {
    vp8: ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "300k"],
    h264: ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline", "-bf", "0", "-b:v", "300k"],
  }[codec];
  return run(["-re", "-f", "lavfi", "-i", `testsrc=size=${size}:rate=15`, "-pix_fmt", "yuv420p", ...encode, "-g", `${gop}`, ...to(port)]);
}

/** A tone as Opus. */
export const sendAudio = (port) => run(["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-c:a", "libopus", "-b:a", "32k", "-ac", "2", ...to(port)]);
