#include "tools/load/options.hpp"

#include <CLI/CLI.hpp>

namespace limen::load {
namespace {

constexpr const char* kAbout =
    "limen-load puts load on a server that speaks the Janus API, and says how it did.\n"
    "\n"
    "Scenarios:\n"
    "  echo        N peers send audio and video to EchoTest and get it back\n"
    "  videoroom   one or more publishers, N subscribers of each; --meeting: N people who all\n"
    "              publish and watch each other\n"
    "  streaming   one or more mountpoints fed with plain RTP, N viewers of each\n"
    "  idle        N connected peers of EchoTest that send nothing: memory and CPU of silence\n"
    "  join        N peers come one after the other: times from the first request to the first media\n"
    "  signalling  create + attach + destroy, as many as the server answers\n"
    "\n"
    "Every peer has its own UDP port, ICE, DTLS and SRTP, as a browser has. A share of the receivers\n"
    "(--inspect) decrypts and compares every byte; the others read sequence numbers only, so that one\n"
    "core drives thousands.";

constexpr const char* kFooter =
    "\nExamples:\n"
    "  limen-load echo -n 50\n"
    "  limen-load videoroom -n 100 --server-pid $(pidof limen) --duration 20\n"
    "  limen-load videoroom --meeting -n 10\n"
    "  limen-load streaming -n 1000 --inspect 0.02 --server-pid $(pidof limen)\n"
    "  limen-load idle -n 500 --server-pid $(pidof limen) --json\n"
    "\nPut load only on servers that are yours. Exit status: 0 measured; 1 could not; 2 wrong command line.\n"
    "docs/load.md explains the figures.";

void add_server(CLI::App& app, Options& o) {
  app.add_option("-s,--server", o.server, "address of the Janus API: ws://, wss://, http:// or https://")
      ->capture_default_str()
      ->group("Server");
  app.add_option("-a,--apisecret", o.api_secret, "API secret of the server")->group("Server");
  app.add_option("--server-pid", o.server_pid, "process of the server on this machine: adds its CPU and memory")
      ->check(CLI::PositiveNumber)
      ->group("Server");
  app.add_option("--server-metrics", o.metrics,
                 "Limen's metrics page, http://HOST:7088/metrics: adds how long media were inside the server")
      ->group("Server");
  app.add_option("--metrics-token", o.metrics_token, "bearer token for that page")->group("Server");
}

void add_load(CLI::App& app, Options& o) {
  app.add_option("-n,--peers", o.peers, "peers; subscribers of each publisher, viewers of each mountpoint")
      ->check(CLI::Range(1, 20000))
      ->capture_default_str()
      ->group("Load");
  app.add_option("--publishers", o.publishers,
                 "videoroom: publishers, each in a room of its own; streaming: mountpoints")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group("Load");
  app.add_flag("--meeting", o.meeting, "videoroom: all N publish into one room and watch each other")->group("Load");
  app.add_option("--video-kbps", o.source.video_kbps, "video bitrate of a source; 0: no video")
      ->check(CLI::Range(0, 50000))
      ->capture_default_str()
      ->group("Load");
  app.add_option("--fps", o.source.fps, "video frames per second: a frame is a burst of packets")
      ->check(CLI::Range(1, 120))
      ->capture_default_str()
      ->group("Load");
  app.add_option("--packet-size", o.source.packet_size, "bytes of a video payload")
      ->check(CLI::Range(40, 1200))
      ->capture_default_str()
      ->group("Load");
  app.add_flag("--uneven", o.source.uneven, "half of a frame's packets is a byte shorter, as browsers split frames")
      ->group("Load");
  app.add_flag("--simulcast", o.source.simulcast, "video in three layers, which share the bitrate 1 : 2 : 4")
      ->group("Load");
  app.add_flag("!--no-audio", o.source.audio, "no Opus beside the video")->group("Load");
  app.add_flag("--feedback", o.feedback,
               "receivers send reports and transport-wide feedback ten times a second (all of them decrypt then)")
      ->group("Load");
  app.add_option("--cipher", o.cipher, "gcm: SRTP_AEAD_AES_128_GCM, cm: SRTP_AES128_CM_SHA1_80")
      ->check(CLI::IsMember({"gcm", "cm"}))
      ->group("Load");
}

void add_measuring(CLI::App& app, Options& o) {
  app.add_option("-d,--duration", o.duration, "seconds to measure")
      ->check(CLI::Range(0.5, 86400.0))
      ->capture_default_str()
      ->group("Measuring");
  app.add_option("--warm-up", o.warm_up, "seconds before that, with all peers connected")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str()
      ->group("Measuring");
  app.add_option("--inspect", o.inspect, "share of receivers that decrypt and check (0 to 1)")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str()
      ->group("Measuring");
  app.add_option("-c,--concurrency", o.concurrency, "set-ups, or signalling clients, at the same time")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str()
      ->group("Measuring");
  app.add_option("--bind", o.bind, "local address of the peers; default: the one towards the server")
      ->group("Measuring");
  app.add_option("--poll", o.poll, "look for packets every so many milliseconds; 0: be woken by them")
      ->check(CLI::Range(0.0, 4.0))
      ->capture_default_str()
      ->group("Measuring");
  app.add_flag("--source-thread", o.source_thread,
               "videoroom, streaming: publishers send from a thread of their own, on time even if receivers are busy")
      ->group("Measuring");
  app.add_option("--shards", o.shards, "threads for media in the tester")
      ->check(CLI::Range(1, 64))
      ->capture_default_str()
      ->group("Measuring");
}

}  // namespace

ParsedOptions read_options(int argc, char** argv) {
  ParsedOptions parsed;
  Options& o = parsed.options;
  CLI::App app(kAbout, "limen-load");
  app.footer(kFooter);
  app.get_formatter()->column_width(34);
  app.add_option("scenario", o.scenario, "what to do")
      ->check(CLI::IsMember({"echo", "videoroom", "streaming", "signalling", "idle", "join"}))
      ->required();
  add_server(app, o);
  add_load(app, o);
  add_measuring(app, o);
  app.add_flag("--json", o.json, "one JSON object on standard output instead of the summary")->group("Output");
  app.add_flag("-q,--quiet", o.quiet, "no live display")->group("Output");
  try {
    app.parse(argc, argv);
    parsed.run = true;
  } catch (const CLI::ParseError& error) {
    parsed.exit_code = app.exit(error) == 0 ? 0 : 2;
  }
  return parsed;
}

}  // namespace limen::load
