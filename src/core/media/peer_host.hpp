// PeerHost: one handle's media half on its shard: at most one rtc::Peer, at most one MediaHandler.
//
// It is the MediaContext of that handler. Draining the peer's events hands packets to the handler
// and everything else to the control thread. The shard's thread only; owned by MediaHost.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "api/media.hpp"
#include "core/media/capture_file.hpp"
#include "core/media/media_event.hpp"
#include "rtc/peer/peer.hpp"

namespace limen::core {

class MediaHost;

class PeerHost final : public MediaContext, private rtc::PacketObserver {
 public:
  PeerHost(MediaHost& host, PeerId id, uint32_t slot) : host_(host), id_(id), slot_(slot) {}
  ~PeerHost() override;
  PeerHost(const PeerHost&) = delete;
  PeerHost& operator=(const PeerHost&) = delete;

  // Called by MediaHost.
  void install(const std::string& module,
               std::move_only_function<std::unique_ptr<MediaHandler>(MediaContext&)> factory);
  void create_peer(uint32_t generation, rtc::PeerConfig config);
  void destroy_peer();
  // Writes what this handle's peers receive and send; null ends it.
  void capture(std::shared_ptr<CaptureFile> file);
  void close_for_name_clash();
  // Hands out the peer's events until there are none (bounded: the rest next turn). True if there may be more.
  bool drain();
  rtc::Peer* peer() { return peer_.get(); }
  const rtc::Peer* peer() const { return peer_.get(); }
  MediaHandler* handler() { return handler_.get(); }
  const char* module() const { return module_; }
  uint32_t slot() const { return slot_; }
  uint32_t generation() const { return generation_; }
  // Tells the control side of this handle's peer.
  void tell(MediaEvent event) { forward(std::move(event)); }
  // What sending on an m-line touches (see SendOrder).
  void find_hot_lines(uint8_t mline, rtc::HotLines& lines) const;
  bool touched = false;  // MediaHost's mark: in its list of peers to look at

  // MediaContext.
  bool send(const OutgoingRtp& rtp) override;
  void send(const RtcpFeedback& feedback) override;
  bool send_data(const DataMessage& message) override;
  Instant now() const override;
  TimerId call_at(Instant when, Task task) override;
  void cancel(TimerId timer) override;
  void post_control(Task task) override;
  MediaShard& shard() override;
  MediaId id() const override;

 private:
  struct Channel {
    std::string label;
    std::string protocol;
  };

  void on_event(rtc::RtpReceived& event);
  void on_event(rtc::FeedbackReceived& event);
  void on_event(rtc::DataReceived& event);
  void on_event(rtc::DataChannelOpened& event);
  void on_event(rtc::DataChannelClosed& event);
  void on_event(rtc::DataWritable& event);
  void on_event(rtc::Connected& event);
  void on_event(rtc::Closed& event);
  template <typename Event>
  void on_event(Event& event) {
    forward(std::move(event));
  }
  void on_plain(rtc::PlainKind kind, bool incoming, Bytes bytes) override;
  void forward(MediaEvent event);
  void disconnected();
  void drop_handler();

  MediaHost& host_;
  PeerId id_;
  uint32_t slot_;
  uint32_t generation_ = 0;
  bool connected_ = false;
  const char* module_ = "media";
  std::shared_ptr<CaptureFile> capture_;
  std::unique_ptr<rtc::Peer> peer_;
  std::unique_ptr<MediaHandler> handler_;
  std::unordered_map<uint16_t, Channel> channels_;  // by SCTP stream
  std::unordered_set<TimerId> timers_;
};

}  // namespace limen::core
