// A session description as a tree of values (RFC 8866), with WebRTC's attributes kept as text pairs.
//
// parse_sdp() and write_sdp() keep the order of attributes. Only audio, video and application
// m-lines exist; everything else is refused with the texts of spec section 3.5.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "wire/codec/codec.hpp"

namespace limen::sdp {

enum class Direction : uint8_t { sendrecv, sendonly, recvonly, inactive };
std::string_view direction_name(Direction direction);
Direction mirrored(Direction direction);  // sendonly <-> recvonly
Direction combined(bool send, bool receive);
inline bool sends(Direction d) {
  return d == Direction::sendrecv || d == Direction::sendonly;
}
inline bool receives(Direction d) {
  return d == Direction::sendrecv || d == Direction::recvonly;
}

struct Attribute {  // a=name or a=name:value
  std::string name;
  std::string value;
  friend bool operator==(const Attribute&, const Attribute&) = default;
};

struct Origin {
  std::string username = "-";
  uint64_t session_id = 0;
  uint64_t version = 0;
  bool v4 = true;
  std::string address;
};

struct Rtpmap {
  uint8_t payload_type = 0;
  std::string encoding;  // as written: "VP8", "opus"
  uint32_t clock_rate = 0;
  std::string parameters;  // "2" of opus/48000/2
};

struct MediaDescription {
  MediaKind kind = MediaKind::audio;   // application is data
  uint16_t port = 9;                   // 0 = rejected
  std::string protocol;                // "UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP" ...
  std::vector<uint8_t> payload_types;  // audio and video
  std::vector<std::string> formats;    // application: "webrtc-datachannel" or "5000"
  std::string connection_address;      // c=; empty if none
  bool connection_v4 = true;
  std::string bandwidth_type;  // "AS" or "TIAS"; empty if none
  uint32_t bandwidth = 0;
  Direction direction = Direction::sendrecv;
  std::vector<Attribute> attributes;  // without the direction

  bool rejected() const { return port == 0; }
  std::string_view mid() const;                                       // "" if absent
  const Attribute* find(std::string_view name) const;                 // first, exact name
  std::vector<std::string_view> values(std::string_view name) const;  // all
  void add(std::string name, std::string value = {});
  void remove(std::string_view name);  // all
  std::optional<Rtpmap> rtpmap(uint8_t payload_type) const;
  // The fmtp parameters of a payload type; "" if none.
  std::string_view fmtp(uint8_t payload_type) const;
  Codec codec(uint8_t payload_type) const;  // static types 0, 8, 9 need no rtpmap
};

struct SessionDescription {
  Origin origin;
  std::string name = "-";
  std::string connection_address;
  bool connection_v4 = true;
  std::vector<Attribute> attributes;
  std::vector<MediaDescription> media;

  const Attribute* find(std::string_view name) const;
  void add(std::string name, std::string value = {});
  void remove(std::string_view name);
};

// Hostile input: bounded in lines (2048), m-lines (128) and attribute length (2047, cut).
Result<SessionDescription> parse_sdp(std::string_view text);
// CRLF lines, attributes in stored order; a rejected m-line is reduced as in spec 7.6.
std::string write_sdp(const SessionDescription& description);

}  // namespace limen::sdp
