// An RTSP server as a source: sessions one after the other, on a thread of its own.
#include <array>

#include "base/log.hpp"
#include "plugins/streaming/ingest/backoff.hpp"
#include "plugins/streaming/ingest/gated_sink.hpp"
#include "plugins/streaming/ingest/rtsp_session.hpp"
#include "plugins/streaming/ingest/source.hpp"
#include "plugins/streaming/ingest/source_thread.hpp"

namespace limen::streaming {

namespace {

constexpr std::string_view kTag = "[streaming]";
constexpr int kMaxRedirects = 5;

// What happens on the thread.
class Attempts {
 public:
  Attempts(RtspSpec spec, RtspUrl url, std::vector<IpAddress> local, uint64_t seed, std::shared_ptr<SourceSink> sink,
           std::shared_ptr<RtspSignal> signal)
      : spec_(std::move(spec)),
        url_(std::move(url)),
        local_(std::move(local)),
        seed_(seed),
        sink_(std::move(sink)),
        signal_(std::move(signal)),
        tcp_(spec_.transport == RtspTransport::tcp),
        backoff_(spec_.reconnect_delay) {}

  void run() {
    while (!signal_->stopped()) {
      Instant began = SourceThread::now();
      bool connected = false;
      RtspEnd end = attempt(connected);
      if (signal_->stopped()) return;
      if (!report(end, connected)) return;
      // A server that has just gone may be back at once; one that accepts and ends sessions has to wait.
      bool lasted = connected && SourceThread::now() - began >= spec_.reconnect_delay;
      if (lasted) backoff_.reset();
      else if (signal_->wait(backoff_.next())) return;
    }
  }

 private:
  // One session, or several where the server says "elsewhere" or "by TCP".
  RtspEnd attempt(bool& connected) {
    RtspUrl url = url_;
    for (int redirects = 0; redirects < kMaxRedirects;) {
      RtspSession session({.url = url, .spec = &spec_, .local = local_, .tcp = tcp_, .seed = ++seed_ * kMix}, *sink_,
                          *signal_);
      RtspEnd end = session.run();
      connected = session.connected();
      // A firewall, most likely: the next time by the other transport.
      if (connected && session.packets() == 0 && spec_.transport == RtspTransport::automatic) tcp_ = !tcp_;
      switch (end.kind) {
        case RtspEnd::Kind::failed:
          return end;
        case RtspEnd::Kind::tcp_wanted:
          tcp_ = true;
          break;
        case RtspEnd::Kind::moved:
          ++redirects;
          if (auto target = parse_rtsp_url(end.text)) url = std::move(*target);
          break;
      }
      if (signal_->stopped()) return {RtspEnd::Kind::failed, "stopped"};
    }
    return {RtspEnd::Kind::failed, "the server sends us elsewhere again and again"};
  }

  // False: that was it.
  bool report(const RtspEnd& end, bool connected) {
    log::warning(kTag, "RTSP {}: {}", url_.text, end.text);
    if (connected) {
      ever_connected_ = true;
      sink_->on_state(SourceState::lost, end.text);
      return true;
    }
    if (!ever_connected_ && !told_failed_) {
      told_failed_ = true;
      sink_->on_state(SourceState::failed, end.text);
    }
    return ever_connected_ || spec_.retry_first;
  }

  static constexpr uint64_t kMix = 0x9e3779b97f4a7c15;

  const RtspSpec spec_;
  const RtspUrl url_;
  const std::vector<IpAddress> local_;
  uint64_t seed_;
  std::shared_ptr<SourceSink> sink_;
  std::shared_ptr<RtspSignal> signal_;
  bool tcp_;
  Backoff backoff_;
  bool ever_connected_ = false;
  bool told_failed_ = false;
};

class RtspSource final : public Source {
 public:
  RtspSource(PluginContext& context, RtspSpec spec, RtspUrl url, std::vector<IpAddress> local)
      : context_(context), spec_(std::move(spec)), url_(std::move(url)), local_(std::move(local)) {}

  ~RtspSource() override { stop(); }

  void start(std::shared_ptr<SourceSink> sink) override {
    if (thread_ || signal_->stopped()) return;
    sink_ = std::make_shared<GatedSink>(std::move(sink));
    auto attempts = std::make_shared<Attempts>(spec_, url_, local_, context_.random().u64(), sink_, signal_);
    thread_ = std::make_unique<SourceThread>(context_, signal_, [attempts] { attempts->run(); });
  }

  void stop() override {
    if (sink_) sink_->close();
    signal_->stop();
    thread_.reset();
  }

  void ask_keyframe(size_t medium) override {
    if (medium >= 32) return;
    signal_->keyframe_wanted.fetch_or(1U << medium);
    signal_->wake.raise();
  }

 private:
  PluginContext& context_;
  const RtspSpec spec_;
  const RtspUrl url_;
  const std::vector<IpAddress> local_;
  std::shared_ptr<RtspSignal> signal_ = std::make_shared<RtspSignal>();
  std::shared_ptr<GatedSink> sink_;
  std::unique_ptr<SourceThread> thread_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_rtsp_source(PluginContext& context, RtspSpec spec) {
  auto url = parse_rtsp_url(spec.url);
  if (!url) return std::unexpected(url.error());
  if (!spec.audio && !spec.video) return fail("neither audio nor video is wanted");
  std::vector<IpAddress> local;
  if (!spec.interface.empty()) {
    auto addresses = interface_addresses(spec.interface);
    if (!addresses) return std::unexpected(addresses.error());
    local = std::move(*addresses);
  }
  return std::make_unique<RtspSource>(context, std::move(spec), std::move(*url), std::move(local));
}

}  // namespace limen::streaming
