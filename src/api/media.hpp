// The part of a plugin that touches packets: lives on a shard, apart from its control-thread half.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/media_ports.hpp"
#include "base/executor.hpp"
#include "base/net_address.hpp"
#include "base/packet.hpp"
#include "base/result.hpp"
#include "base/strong_id.hpp"
#include "wire/rtcp/feedback.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen {

// Names a handle's media half from any thread.
struct MediaId {
  uint32_t shard = 0;
  PeerId peer;
  friend bool operator==(const MediaId&, const MediaId&) = default;
};

struct DataMessage {
  std::string label;
  std::string protocol;
  bool binary = false;
  std::vector<uint8_t> bytes;
};

class MediaShard;

// What a media handler may do; the shard's thread only.
class MediaContext {
 public:
  virtual ~MediaContext() = default;
  // To this handle's own peer. False if it was not sent (not connected, m-line not sending).
  virtual bool send(const OutgoingRtp& rtp) = 0;
  virtual void send(const RtcpFeedback& feedback) = 0;
  virtual bool send_data(const DataMessage& message) = 0;
  virtual Instant now() const = 0;
  virtual TimerId call_at(Instant when, Task task) = 0;  // dropped when the handler ends
  virtual void cancel(TimerId timer) = 0;
  // To the control thread; dropped if the handle has gone by then.
  virtual void post_control(Task task) = 0;
  virtual MediaShard& shard() = 0;
  virtual MediaId id() const = 0;
};

class MediaHandler {
 public:
  virtual ~MediaHandler() = default;
  virtual void on_rtp(const RtpPacket&) {}
  virtual void on_feedback(const RtcpFeedback&) {}
  virtual void on_data(const DataMessage&) {}
  // Data may be sent: the association is up, or has room again after a send_data() that failed.
  virtual void on_data_writable() {}
  virtual void on_connected() {}     // webrtcup
  virtual void on_disconnected() {}  // hangup; a new peer connection may follow
};

// Something that the handlers of one shard share (fan-out lists): one of each type per shard, made when
// first asked for, ended with the shard.
class ShardLocal {
 public:
  virtual ~ShardLocal() = default;
  // The loop turn is over: what was gathered during it goes out now.
  virtual void on_end_of_turn(Instant) {}
  // The shard ends: let go of whatever refers to other objects of it.
  virtual void on_shard_end() {}
};

// One shard as a media handler sees it: for plugins that connect several handles.
class MediaShard {
 public:
  virtual ~MediaShard() = default;
  virtual uint32_t index() const = 0;
  virtual uint32_t count() const = 0;
  virtual PacketPool& packets() = 0;
  virtual Instant now() const = 0;
  // The context of a handle on this shard; nullptr if gone. Valid until the current call returns.
  virtual MediaContext* find(PeerId peer) = 0;
  // Runs on another shard (or this one, later). FIFO per pair of shards.
  virtual void post(uint32_t shard, std::move_only_function<void(MediaShard&)> task) = 0;
  // Timers for what belongs to no handle (mixers). Whoever sets one cancels it before it ends.
  virtual TimerId call_at(Instant /*when*/, Task /*task*/) { return {}; }
  virtual void cancel(TimerId) {}

  // UDP ports beside the peers' own; see media_ports.hpp. Closed with the shard.
  virtual Result<UdpPort> open_udp(const UdpBind&, UdpReceive) { return fail("This media loop has no UDP ports"); }
  virtual void close_udp(UdpPortId) {}
  // False if it was not sent: no such port, no such address family, or the port's queue is full.
  virtual bool send_udp(UdpPortId, const SocketAddress& /*to*/, Bytes) { return false; }
  virtual Result<std::unique_ptr<SrtpProtector>> make_protector(const SrtpMaterial&) {
    return fail("There is no SRTP here");
  }
  virtual Result<std::unique_ptr<SrtpUnprotector>> make_unprotector(const SrtpMaterial&) {
    return fail("There is no SRTP here");
  }

  // The shard's only T, which is made from this shard when it is first asked for.
  template <typename T>
  T& local() {
    static char kKey = 0;  // its address names the type
    for (auto& [key, object] : locals_) {
      if (key == &kKey) return static_cast<T&>(*object);
    }
    locals_.emplace_back(&kKey, std::make_unique<T>(*this));
    return static_cast<T&>(*locals_.back().second);
  }

 protected:
  // Called by the shard as the last thing of a turn.
  void end_turn_of_locals(Instant now) {
    for (size_t i = 0; i < locals_.size(); ++i) locals_[i].second->on_end_of_turn(now);
  }
  void drop_locals() {
    for (size_t i = 0; i < locals_.size(); ++i) locals_[i].second->on_shard_end();
    locals_.clear();
  }

 private:
  std::vector<std::pair<const char*, std::unique_ptr<ShardLocal>>> locals_;
};

}  // namespace limen
