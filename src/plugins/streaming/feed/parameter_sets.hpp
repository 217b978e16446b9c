// ParameterSets: SPS and PPS of an H.264 stream that does not carry them itself, inserted as a STAP-A packet before
// each I frame (contract, 7.2; RFC 6184 sections 5.7.1 and 8.1).
//
// A shard's thread only.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/packet.hpp"
#include "wire/rtp/rtp_packet.hpp"

namespace limen::streaming {

// The STAP-A payload of "base64,base64"; empty if there is nothing usable in it (at most 1200 bytes).
std::vector<uint8_t> stap_of_parameter_sets(std::string_view sprop);
// The value of sprop-parameter-sets in an fmtp.
std::string_view sprop_of_fmtp(std::string_view fmtp);

class ParameterSets {
 public:
  explicit ParameterSets(std::vector<uint8_t> stap) : stap_(std::move(stap)) {}

  // Gives the packet its place after what was inserted before; a packet to send first if an I frame begins with it.
  std::optional<RtpPacket> apply(RtpPacket& packet, PacketPool& pool);

 private:
  std::optional<RtpPacket> make(const RtpPacket& before, PacketPool& pool) const;

  std::vector<uint8_t> stap_;
  bool started_ = false;
  uint32_t ssrc_ = 0;
  uint16_t shift_ = 0;
  uint16_t since_ = 0;  // packets before this one are shifted by one less
  uint32_t last_timestamp_ = 0;
};

}  // namespace limen::streaming
