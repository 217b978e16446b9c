#include "core/jsep/strip.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace limen::core {

namespace {

constexpr std::array<std::string_view, 8> kSessionAttributes{
    "ice-ufrag", "ice-pwd", "ice-options", "fingerprint", "group", "msid-semantic", "extmap-allow-mixed", "rtcp-rsize"};
constexpr std::array<std::string_view, 24> kMediaAttributes{"ice-ufrag",
                                                            "ice-pwd",
                                                            "ice-options",
                                                            "crypto",
                                                            "fingerprint",
                                                            "setup",
                                                            "connection",
                                                            "group",
                                                            "msid-semantic",
                                                            "rid",
                                                            "simulcast",
                                                            "rtcp",
                                                            "rtcp-mux",
                                                            "rtcp-rsize",
                                                            "candidate",
                                                            "end-of-candidates",
                                                            "ssrc",
                                                            "ssrc-group",
                                                            "sctpmap",
                                                            "sctp-port",
                                                            "max-message-size",
                                                            "bundle-only",
                                                            "ice-lite",
                                                            "extmap-allow-mixed"};
constexpr std::array<std::string_view, 4> kRepairCodecs{"red", "ulpfec", "flexfec-03", "rtx"};
constexpr std::string_view kEncryptedExtension = "urn:ietf:params:rtp-hdrext:encrypt";
constexpr std::string_view kAnonymousAddress = "1.1.1.1";

bool is_repair(const sdp::Rtpmap& map) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
  return map.clock_rate == 90000 && std::ranges::any_of(kRepairCodecs, [&](std::string_view name) {
           return std::ranges::equal(map.encoding, name, {}, lower);
         });
}

// Does this attribute belong to one of the payload types?
bool concerns(const sdp::Attribute& attribute, const std::vector<uint8_t>& payload_types) {
  if (attribute.name != "rtpmap" && attribute.name != "fmtp" && attribute.name != "rtcp-fb") return false;
  uint8_t payload_type = 0;
  const std::string& value = attribute.value;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), payload_type);
  return error == std::errc{} && std::ranges::find(payload_types, payload_type) != payload_types.end();
}

void remove_repair_codecs(sdp::MediaDescription& media) {
  std::vector<uint8_t> repair;
  for (uint8_t payload_type : media.payload_types) {
    auto map = media.rtpmap(payload_type);
    if (map && is_repair(*map)) repair.push_back(payload_type);
  }
  if (repair.empty()) return;
  std::erase_if(media.payload_types, [&](uint8_t p) { return std::ranges::find(repair, p) != repair.end(); });
  std::erase_if(media.attributes, [&](const sdp::Attribute& a) { return concerns(a, repair); });
  if (media.payload_types.empty()) media.port = 0;  // nothing but repair was offered
}

void strip_media(sdp::MediaDescription& media) {
  std::erase_if(media.attributes, [](const sdp::Attribute& a) {
    if (a.name == "extmap") return a.value.find(kEncryptedExtension) != std::string::npos;
    return std::ranges::find(kMediaAttributes, a.name) != kMediaAttributes.end();
  });
  if (media.kind != MediaKind::data) remove_repair_codecs(media);
}

}  // namespace

void strip(sdp::SessionDescription& description) {
  std::erase_if(description.attributes, [](const sdp::Attribute& a) {
    return a.name == "ice-lite" || std::ranges::find(kSessionAttributes, a.name) != kSessionAttributes.end();
  });
  bool data_seen = false;
  for (sdp::MediaDescription& media : description.media) {
    strip_media(media);
    if (media.kind != MediaKind::data || media.rejected()) continue;
    if (data_seen) media.port = 0;  // one association is all there is
    data_seen = true;
  }
}

void strip_for_plugin(sdp::SessionDescription& description) {
  strip(description);
  description.origin.address = kAnonymousAddress;
  description.origin.v4 = true;
  if (!description.connection_address.empty()) {
    description.connection_address = kAnonymousAddress;
    description.connection_v4 = true;
  }
  for (sdp::MediaDescription& media : description.media) {
    media.connection_address = kAnonymousAddress;
    media.connection_v4 = true;
    if (media.port != 0) media.port = 9;
    else media.direction = sdp::Direction::inactive;
  }
}

}  // namespace limen::core
