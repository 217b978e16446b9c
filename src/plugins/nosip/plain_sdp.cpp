#include "plugins/nosip/plain_sdp.hpp"

#include <algorithm>
#include <array>

#include "wire/sdp/extmap.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::nosip {
namespace {

constexpr std::array<std::string_view, 3> kWebrtcOnly{"mid", "msid", "bundle-only"};

std::optional<IpAddress> address_of(const sdp::SessionDescription& description, const sdp::MediaDescription& media) {
  const std::string& text =
      media.connection_address.empty() ? description.connection_address : media.connection_address;
  return IpAddress::parse(std::string_view(text).substr(0, text.find('/')));
}

PlainMedium read_medium(const sdp::MediaDescription& media, std::optional<IpAddress> address) {
  PlainMedium out;
  out.remote = {.ip = address, .port = media.port, .send = sdp::receives(media.direction)};
  out.savp = media.protocol.find("SAVP") != std::string::npos;
  for (std::string_view value : media.values("crypto")) {
    if (auto line = media::parse_sdes_line(value)) out.crypto.push_back(std::move(*line));
  }
  for (std::string_view value : media.values("rtcp-fb")) {
    out.takes_pli = out.takes_pli || value.find(" pli") != std::string_view::npos;
  }
  out.extensions = sdp::extension_map(media);
  for (uint8_t payload_type : media.payload_types) out.codecs.emplace_back(payload_type, media.codec(payload_type));
  return out;
}

bool is_webrtc_only(const sdp::Attribute& attribute) {
  if (attribute.name == "rtcp-fb") return !attribute.value.ends_with("nack pli");
  if (attribute.name == "extmap") {
    auto extmap = sdp::read_extmap(attribute.value);
    return !extmap || (extmap->kind != ExtensionKind::audio_level && extmap->kind != ExtensionKind::video_orientation);
  }
  return std::ranges::find(kWebrtcOnly, attribute.name) != kWebrtcOnly.end();
}

}  // namespace

PlainDescription read_plain(const sdp::SessionDescription& description) {
  PlainDescription out;
  for (size_t index = 0; index < description.media.size(); ++index) {
    const sdp::MediaDescription& media = description.media[index];
    if (media.kind == MediaKind::data || media.rejected() || out.medium(media.kind)) continue;
    auto address = address_of(description, media);
    out.has_address = out.has_address || address;
    out.medium(media.kind) = read_medium(media, address);
    out.medium(media.kind)->mline = static_cast<uint8_t>(index);
  }
  return out;
}

std::string write_plain(sdp::SessionDescription description, const PlainOffer& audio, const PlainOffer& video,
                        const std::string& address, bool savp) {
  bool audio_seen = false, video_seen = false;
  description.connection_address.clear();
  for (sdp::MediaDescription& media : description.media) {
    bool is_audio = media.kind == MediaKind::audio;
    bool& seen = is_audio ? audio_seen : video_seen;
    const PlainOffer& own = is_audio ? audio : video;
    media.protocol = savp ? "RTP/SAVP" : "RTP/AVP";
    media.connection_address = address;
    media.connection_v4 = address.find(':') == std::string::npos;
    if (!media.rejected()) media.port = seen || media.kind == MediaKind::data ? uint16_t{0} : own.port;
    if (media.rejected()) continue;
    seen = true;
    std::erase_if(media.attributes, is_webrtc_only);
    if (own.crypto) media.add("crypto", media::write_sdes_line(*own.crypto));
  }
  return sdp::write_sdp(description);
}

}  // namespace limen::nosip
