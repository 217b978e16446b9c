#include "plugins/streaming/mountpoint_settings.hpp"

#include "wire/sdp/offer_answer.hpp"

namespace limen::streaming {
namespace {

constexpr size_t kKeySize = 30;  // master key and salt

}  // namespace

std::string_view type_name(MountpointType type) {
  switch (type) {
    case MountpointType::rtp:
      return "rtp";
    case MountpointType::live:
      return "live";
    case MountpointType::ondemand:
      return "ondemand";
    case MountpointType::rtsp:
      return "rtsp";
    case MountpointType::url:
      return "url";
    case MountpointType::whip:
      return "whip";
  }
  return "";
}

std::string_view type_in_lists(MountpointType type) {
  return type == MountpointType::ondemand ? "on demand" : "live";
}

std::string_view MediumSettings::rtpmap() const {
  return codec == Codec::unknown ? std::string_view() : sdp::default_rtpmap(codec);
}

std::optional<std::vector<uint8_t>> from_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<uint8_t> out;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    if (c == '=') break;
    size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<uint8_t>(bits >> count));
  }
  return out;
}

std::optional<std::vector<uint8_t>> srtp_key(std::string_view base64) {
  auto key = from_base64(base64);
  if (!key || key->size() < kKeySize) return std::nullopt;
  key->resize(kKeySize);
  return key;
}

std::optional<SrtpMaterial> MountpointSettings::srtp() const {
  if (srtp_suite == 0) return std::nullopt;
  auto key = srtp_key(srtp_crypto);
  if (!key) return std::nullopt;
  return SrtpMaterial{.suite = srtp_suite, .key = std::move(*key)};
}

}  // namespace limen::streaming
