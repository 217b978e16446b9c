// PlainPort: the UDP port of a plain RTP participant (contract, 5.5): RTP in, RTP out, no ICE, no encryption.
//
// The handle's shard only. What does not come from where the client said it would (once it has) is dropped.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/media.hpp"

namespace limen::audiobridge {

// Even ports from `low` to `high`; the search begins at `start`.
struct PlainRange {
  uint16_t low = 10000, high = 60000;
  uint32_t start = 0;
};

struct PlainFacts {
  std::string local_ip = {};
  uint16_t local_port = 0;
  std::optional<SocketAddress> remote = {};
  uint8_t payload_type = 100;
  uint8_t level_id = 0;  // of the audio level extension; 0: none
  uint32_t ssrc = 0;     // of what is sent
  Codec codec = Codec::opus;
};

class PlainPort {
 public:
  static constexpr int kMostTries = 100;

  using OnPacket = std::function<void(const RtpPacket&)>;
  static Result<std::unique_ptr<PlainPort>> open(MediaShard& shard, const PlainRange& range, OnPacket on_packet);
  ~PlainPort();
  PlainPort(const PlainPort&) = delete;
  PlainPort& operator=(const PlainPort&) = delete;

  uint16_t port() const { return port_; }
  void set(PlainFacts facts);
  // Lost while nobody knows where to.
  void send(Bytes payload, uint16_t sequence, uint32_t timestamp);

 private:
  PlainPort(MediaShard& shard, OnPacket on_packet) : shard_(shard), on_packet_(std::move(on_packet)) {}
  void on_datagram(const SocketAddress& from, Packet packet);

  MediaShard& shard_;
  OnPacket on_packet_;
  UdpPortId socket_;
  uint16_t port_ = 0;
  PlainFacts facts_;
  ExtensionMap extensions_;
};

}  // namespace limen::audiobridge
