// Offers and answers as plugins make them: codec choice, directions, feedback, header extensions.
//
// Pure functions on values, any thread. Transport, security, RTX and SSRCs are not here: the core
// merges them later. RFC 3264, 8829; Janus's defaults for payload types and codec order.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wire/rtp/header_extensions.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::sdp {

// The payload type offered for a codec. With a profile: VP9's `profile-id`, H.264's
// `profile-level-id` (any case, packetization mode not 0); nullopt if no payload type matches.
std::optional<uint8_t> payload_type_for(const MediaDescription& media, Codec codec, std::string_view profile = {});
// The payload type of `red/48000/2`.
std::optional<uint8_t> opus_red_payload_type(const MediaDescription& media);
// The codecs an automatic answer tries, best first.
std::span<const Codec> preferred_codecs(MediaKind kind);
// First of `order` (empty: preferred_codecs) that the m-line offers; unknown if none.
Codec choose_codec(const MediaDescription& media, std::span<const Codec> order = {});
// The value after `key=` in an fmtp line, "" if absent: fmtp_value("a=1;b=2", "b") is "2".
std::string_view fmtp_value(std::string_view fmtp, std::string_view key);
// The profile of a payload type: VP9's profile-id, H.264's profile-level-id; "" if not said.
std::string_view profile_of(const MediaDescription& media, uint8_t payload_type);
bool offers_extension(const MediaDescription& media, ExtensionKind kind);
// extmap lines that are understood, by kind.
ExtensionMap extension_map(const MediaDescription& media);

// `useinbandfec=1`, `usedtx=1`, `stereo=1` joined by ';'.
struct OpusFeatures {
  bool fec = true, dtx = true, stereo = true;  // which may be taken over
};
// Each at most once, if any fmtp of the m-line has it.
std::string opus_fmtp(const MediaDescription& media, OpusFeatures allowed = {});
// Over all audio m-lines, once per fmtp line that has it (EchoTest's habit).
std::string opus_fmtp(const SessionDescription& description);

uint8_t default_payload_type(Codec codec);
std::string_view default_rtpmap(Codec codec);  // "opus/48000/2"
// fmtp of a profile: "profile-id=2", "profile-level-id=42e01f;packetization-mode=1"; else "".
std::string profile_fmtp(Codec codec, std::string_view profile);

// How one m-line is answered.
struct MediaAnswer {
  bool accept = true;                     // false: rejected
  bool send = true, receive = true;       // what this side wants; combined with the mirrored offer
  bool forbid_sendonly = false;           // would only send: inactive
  std::optional<Codec> codec;             // forced: rejected if not offered
  std::vector<Codec> codecs;              // else the order of choice; empty: preferred_codecs
  std::string vp9_profile, h264_profile;  // wanted profile of the chosen codec
  bool profile_mandatory = false;         // not offered: reject, instead of taking the codec anyway
  std::string fmtp;                       // audio: written for the chosen payload type
  bool opus_red = false;                  // take RED too, listed first
  std::vector<ExtensionKind> extensions;  // taken if offered, with the offered ids
};

struct AnswerOptions {
  MediaAnswer audio, video, data;
  std::map<size_t, MediaAnswer> mlines;  // by m-line index, in place of the three above
  std::string session_name;              // s=; empty: the offer's
};

// One m-line per offered one, same order. Origin is the offer's.
SessionDescription make_answer(const SessionDescription& offer, const AnswerOptions& options);

// One m-line of an offer.
struct MediaOffer {
  MediaKind kind = MediaKind::audio;
  std::string mid;  // empty: the index
  Direction direction = Direction::sendrecv;
  bool rejected = false;
  Codec codec = Codec::opus;
  std::optional<uint8_t> payload_type;          // nullopt: the default
  std::string rtpmap;                           // empty: the default
  std::string profile;                          // VP9, H.264
  std::string fmtp;                             // in place of the profile's
  std::optional<uint8_t> opus_red;              // payload type of RED, listed first
  std::optional<uint8_t> telephone_event;       // payload type of DTMF
  bool feedback = true;                         // video: ccm fir, nack, nack pli, goog-remb
  std::map<uint8_t, ExtensionKind> extensions;  // by id; transport_cc adds its feedback line
  std::string msid;                             // "stream track"; empty: the core's default
  bool legacy_sctp = false;                     // "DTLS/SCTP 5000"
};

struct OfferOptions {
  Origin origin;  // ids 0: the core fills in time and version
  std::string session_name = "-";
  std::vector<MediaOffer> media;
};

SessionDescription make_offer(const OfferOptions& options);

}  // namespace limen::sdp
