// UrlSession: one opening of a URL with the media library, from the container's head to its end: pictures are cut into
// RTP payloads, Opus is passed on, other audio becomes Opus.
//
// Runs on the source's thread, blocking in run().
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/streaming/ingest/source.hpp"
#include "plugins/streaming/ingest/source_thread.hpp"
#include "plugins/streaming/ingest/timeline.hpp"
#include "plugins/streaming/ingest/url_policy.hpp"

struct AVFormatContext;
struct AVPacket;
struct AVStream;

namespace limen::streaming {

struct UrlEnd {
  bool ended = false;  // there is nothing more, and there will not be
  std::string reason;
  bool again = false;  // it is to be repeated, and can't be without opening it anew
};

class UrlSession {
 public:
  // `timeline` goes on from session to session.
  UrlSession(const UrlSpec& spec, const UrlPolicy& policy, Timeline& timeline, SourceSink& sink, StopSignal& signal);
  ~UrlSession();
  UrlSession(const UrlSession&) = delete;
  UrlSession& operator=(const UrlSession&) = delete;

  UrlEnd run();
  bool connected() const { return connected_; }  // formats were told

 private:
  struct Medium;
  struct Input;

  static int interrupted(void* self);
  Result<> open();
  Result<> choose_media();
  Result<> add_video(AVStream& stream);
  Result<> add_audio(AVStream& stream);
  UrlEnd read();
  bool begin_again();
  void take(const AVPacket& packet);
  void take_picture(Medium& medium, const AVPacket& packet, int64_t us);
  void take_audio(Medium& medium, const AVPacket& packet, int64_t us);
  void add_audio_packet(Medium& medium, std::vector<uint8_t> bytes, int64_t us, uint32_t ticks);
  bool wait_for(int64_t us);
  void hand_on();

  const UrlSpec& spec_;
  const UrlPolicy& policy_;
  Timeline& timeline_;
  SourceSink& sink_;
  StopSignal& signal_;
  Instant deadline_ = kNever;  // of what the library is doing
  std::unique_ptr<Input> input_;
  std::vector<std::unique_ptr<Medium>> media_;
  std::vector<SourcePacket> batch_;
  bool connected_ = false;
  bool origin_known_ = false;
  Instant origin_{};  // when origin_us_ of the timeline was due
  int64_t origin_us_ = 0;
  uint64_t taken_in_pass_ = 0;
};

}  // namespace limen::streaming
