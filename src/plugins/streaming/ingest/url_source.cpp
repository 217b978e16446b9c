// Whatever the media library opens as a source: sessions one after the other, on a thread of its own.
#include <mutex>

#include "base/log.hpp"
#include "plugins/streaming/ingest/backoff.hpp"
#include "plugins/streaming/ingest/gated_sink.hpp"
#include "plugins/streaming/ingest/libav.hpp"
#include "plugins/streaming/ingest/source.hpp"
#include "plugins/streaming/ingest/source_thread.hpp"
#include "plugins/streaming/ingest/url_session.hpp"

namespace limen::streaming {

namespace {

constexpr std::string_view kTag = "[streaming]";

// What happens on the thread.
class Openings {
 public:
  Openings(UrlSpec spec, UrlPolicy policy, std::shared_ptr<SourceSink> sink, std::shared_ptr<StopSignal> signal)
      : spec_(std::move(spec)),
        policy_(std::move(policy)),
        sink_(std::move(sink)),
        signal_(std::move(signal)),
        backoff_(spec_.reconnect_delay) {}

  void run() {
    while (!signal_->stopped()) {
      UrlEnd end;
      bool connected = false;
      {
        UrlSession session(spec_, policy_, timeline_, *sink_, *signal_);
        end = session.run();
        connected = session.connected();
      }
      if (end.again) continue;
      if (signal_->stopped() || !report(end, connected)) return;
      // An encoder that comes back is to find us listening.
      if (connected) backoff_.reset();
      if (connected && spec_.listen) continue;
      if (signal_->wait(backoff_.next())) return;
    }
  }

 private:
  // False: that was it.
  bool report(const UrlEnd& end, bool connected) {
    log::warning(kTag, "{}: {}", policy_.shown, end.reason);
    ever_connected_ = ever_connected_ || connected;
    if (connected && end.ended) {
      sink_->on_state(SourceState::ended, end.reason);
      return false;
    }
    if (connected) sink_->on_state(SourceState::lost, end.reason);
    else if (!ever_connected_ && !std::exchange(told_failed_, true)) sink_->on_state(SourceState::failed, end.reason);
    return true;
  }

  const UrlSpec spec_;
  const UrlPolicy policy_;
  std::shared_ptr<SourceSink> sink_;
  std::shared_ptr<StopSignal> signal_;
  Timeline timeline_;
  Backoff backoff_;
  bool ever_connected_ = false;
  bool told_failed_ = false;
};

class UrlSource final : public Source {
 public:
  UrlSource(PluginContext& context, UrlSpec spec, UrlPolicy policy)
      : context_(context), spec_(std::move(spec)), policy_(std::move(policy)) {}

  ~UrlSource() override { stop(); }

  void start(std::shared_ptr<SourceSink> sink) override {
    if (thread_ || signal_->stopped()) return;
    sink_ = std::make_shared<GatedSink>(std::move(sink));
    auto openings = std::make_shared<Openings>(spec_, policy_, sink_, signal_);
    thread_ = std::make_unique<SourceThread>(context_, signal_, [openings] { openings->run(); });
  }

  void stop() override {
    if (sink_) sink_->close();
    signal_->stop();
    thread_.reset();
  }

 private:
  PluginContext& context_;
  const UrlSpec spec_;
  const UrlPolicy policy_;
  std::shared_ptr<StopSignal> signal_ = std::make_shared<StopSignal>();
  std::shared_ptr<GatedSink> sink_;
  std::unique_ptr<SourceThread> thread_;
};

}  // namespace

Result<std::unique_ptr<Source>> make_url_source(PluginContext& context, UrlSpec spec) {
  if (!spec.audio && !spec.video) return fail("neither audio nor video is wanted");
  auto policy = url_policy(spec);
  if (!policy) return std::unexpected(policy.error());
  static std::once_flag quiet;
  // Its lines would have addresses with keys in them.
  std::call_once(quiet, [] { av_log_set_level(AV_LOG_QUIET); });
  return std::make_unique<UrlSource>(context, std::move(spec), std::move(*policy));
}

}  // namespace limen::streaming
