// RtcpPort: the RTCP port of one medium: learns where the sender is from whatever comes in, asks it for key frames,
// tells it the viewers' bandwidth (contract, 7.1; RFC 4585, draft-alvestrand-rmcat-remb).
//
// A shard's thread only. Content of what comes in is not looked at: nothing in it is needed here.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "api/media.hpp"
#include "base/result.hpp"

namespace limen::streaming {

class RtcpPort {
 public:
  static constexpr uint32_t kOwnSsrc = 1;

  // `protector`: feedback is SRTCP.
  static Result<std::unique_ptr<RtcpPort>> open(MediaShard& shard, const UdpBind& bind,
                                                std::unique_ptr<SrtpProtector> protector);
  ~RtcpPort();
  RtcpPort(const RtcpPort&) = delete;
  RtcpPort& operator=(const RtcpPort&) = delete;

  uint16_t port() const { return local_.port; }
  // Both false: nobody is known yet, or it was not sent.
  bool ask_keyframe(uint32_t media_ssrc);
  bool tell_estimate(uint32_t media_ssrc, uint64_t bps);

 private:
  RtcpPort(MediaShard& shard, std::unique_ptr<SrtpProtector> protector)
      : shard_(shard), protector_(std::move(protector)) {}
  bool send(Bytes packet);

  MediaShard& shard_;
  std::unique_ptr<SrtpProtector> protector_;
  UdpPortId socket_;
  SocketAddress local_;
  std::optional<SocketAddress> peer_;
};

}  // namespace limen::streaming
