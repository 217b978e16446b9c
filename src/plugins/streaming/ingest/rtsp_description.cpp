#include "plugins/streaming/ingest/rtsp_description.hpp"

#include <algorithm>
#include <optional>

#include "base/net_address.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::streaming {

namespace {

// Cameras write sloppy descriptions: what matters here, in the strict form that the parser wants. Unknown kinds of
// m-lines go with all that belongs to them.
std::string tidied(std::string_view text) {
  std::string out = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\n";
  bool known = true;
  while (!text.empty()) {
    size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && (line.back() == ' ' || line.back() == ':')) line.remove_suffix(1);
    if (line.size() < 3 || line[1] != '=') continue;
    if (line[0] == 'm') known = line.starts_with("m=audio ") || line.starts_with("m=video ");
    bool wanted = line[0] == 'm' || line[0] == 'a' || line.starts_with("c=IN IP4 ") || line.starts_with("c=IN IP6 ");
    if (known && wanted) out += fmt::format("{}\r\n", line);
  }
  return out;
}

// "224.1.2.3/16" -> "224.1.2.3"
void read_address(std::string_view text, RtspMedium& medium) {
  auto ip = IpAddress::parse(text.substr(0, text.find('/')));
  if (!ip || ip->is_unspecified()) return;
  medium.address = ip->to_string();
  medium.multicast = ip->is_v4() ? ip->bytes()[0] >> 4 == 14 : ip->bytes()[0] == 0xff;
}

std::optional<RtspMedium> read_medium(const sdp::SessionDescription& session, const sdp::MediaDescription& media) {
  const sdp::Attribute* control = media.find("control");
  if (control == nullptr || control->value.empty()) return std::nullopt;
  for (uint8_t payload_type : media.payload_types) {
    Codec codec = media.codec(payload_type);
    if (codec == Codec::unknown || codec_kind(codec) != media.kind) continue;
    RtspMedium medium;
    medium.kind = media.kind;
    medium.codec = codec;
    medium.payload_type = payload_type;
    medium.fmtp = media.fmtp(payload_type);
    medium.control = control->value;
    read_address(media.connection_address.empty() ? session.connection_address : media.connection_address, medium);
    return medium;
  }
  return std::nullopt;
}

std::string codecs_of(const sdp::SessionDescription& session) {
  std::string out;
  for (const sdp::MediaDescription& media : session.media) {
    for (uint8_t payload_type : media.payload_types) {
      auto map = media.rtpmap(payload_type);
      out += fmt::format("{}{}", out.empty() ? "" : ", ", map ? map->encoding : std::to_string(payload_type));
      if (out.size() > 200) return out;
    }
  }
  return out.empty() ? "none" : out;
}

}  // namespace

Result<std::vector<RtspMedium>> parse_rtsp_description(const std::string& text, bool audio, bool video) {
  if (!text.starts_with("v=")) return fail("the server's answer to DESCRIBE is no SDP");
  auto session = sdp::parse_sdp(tidied(text.substr(0, text.find('\0'))));
  if (!session) return fail("the server's description can't be read: {}", session.error().text);
  std::optional<RtspMedium> found_audio, found_video;
  for (const sdp::MediaDescription& media : session->media) {
    std::optional<RtspMedium>* place = nullptr;
    if (media.kind == MediaKind::audio && audio) place = &found_audio;
    if (media.kind == MediaKind::video && video) place = &found_video;
    if (place != nullptr && !*place) *place = read_medium(*session, media);
  }
  std::vector<RtspMedium> media;
  if (found_audio) media.push_back(std::move(*found_audio));
  if (found_video) media.push_back(std::move(*found_video));
  if (media.empty()) return fail("the server offers nothing of what is wanted (codecs: {})", codecs_of(*session));
  return media;
}

}  // namespace limen::streaming
