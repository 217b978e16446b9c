#include "plugins/videocall/call_facts.hpp"

#include "wire/sdp/offer_answer.hpp"

namespace limen::videocall {
namespace {

CallFacts::Stream read_stream(const sdp::MediaDescription& media) {
  CallFacts::Stream stream;
  for (uint8_t payload_type : media.payload_types) {
    Codec codec = media.codec(payload_type);
    if (codec == Codec::opus_red) {
      // Redundancy goes first where it is taken; what it carries comes second.
      stream.red_payload_type = payload_type;
      continue;
    }
    stream.codec = codec;
    stream.fmtp = std::string(media.fmtp(payload_type));
    break;
  }
  ExtensionMap extensions = sdp::extension_map(media);
  for (uint8_t id = 1; id < 16; ++id) {
    if (auto kind = extensions.kind(id)) stream.extensions.emplace_back(id, extension_uri(*kind));
  }
  return stream;
}

}  // namespace

CallFacts read_call_facts(const sdp::SessionDescription& answer) {
  CallFacts facts;
  bool audio = false, video = false;
  for (const sdp::MediaDescription& media : answer.media) {
    facts.kinds.push_back(media.kind);
    if (media.rejected()) continue;
    if (media.kind == MediaKind::data) {
      facts.data = true;
      continue;
    }
    if (media.direction == sdp::Direction::inactive) continue;
    bool& found = media.kind == MediaKind::audio ? audio : video;
    if (std::exchange(found, true)) continue;
    CallFacts::Stream& stream = media.kind == MediaKind::audio ? facts.audio : facts.video;
    stream = read_stream(media);
    stream.mline = static_cast<uint8_t>(facts.kinds.size() - 1);
  }
  return facts;
}

}  // namespace limen::videocall
