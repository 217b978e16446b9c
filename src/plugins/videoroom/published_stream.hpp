// PublishedStream: one m-line of a publisher, as the control thread knows it.
//
// Control thread; owned by its Publisher. Subscriptions refer to it both ways, see subscriber.hpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/json.hpp"
#include "api/media.hpp"
#include "media/layer_selector.hpp"
#include "wire/codec/codec.hpp"

namespace limen::videoroom {

class Publisher;
struct SubscriberStream;

struct PublishedStream {
  explicit PublishedStream(Publisher& owner) : publisher(owner) {}

  Publisher& publisher;
  MediaKind kind = MediaKind::audio;
  int mindex = 0;
  std::string mid;
  std::optional<std::string> description;
  Codec codec = Codec::unknown;  // unknown: no common codec, the m-line was rejected
  bool disabled = false;         // nothing will be sent on it
  bool active = true;            // the publisher's own `send`
  bool moderated = false;
  std::string h264_profile, vp9_profile;
  bool fec = false, dtx = false, stereo = false;
  bool simulcast = false, svc = false;
  uint8_t audiolevel_id = 0, videoorient_id = 0, playoutdelay_id = 0;
  int16_t min_delay = -1, max_delay = -1;
  bool talking = false;
  int audio_level = 127;  // last average told; dBov without its sign
  std::string recording;  // file being written; "": none
  std::vector<SubscriberStream*> subscribers;

  std::string_view profile() const { return codec == Codec::vp9 ? std::string_view(vp9_profile) : h264_profile; }
  media::LayerMode layers() const {
    return simulcast ? media::LayerMode::simulcast : svc ? media::LayerMode::svc : media::LayerMode::none;
  }
  bool flows() const { return !disabled && active && !moderated; }
};

// Where a stream is told of: some fields are only said in some places (contract 8.3).
enum class StreamView : uint8_t {
  answer,     // to the publisher itself
  joined,     // to somebody who joins
  published,  // to everybody, when it appears or changes
  event,      // to event handlers
};
JsonObject describe_stream(const PublishedStream& stream, StreamView view);
// h264_profile or vp9_profile, simulcast, fec ...: what belongs to the codec.
void describe_codec(const PublishedStream& stream, JsonObject& out);
// For handle_info (contract, 13.2).
JsonObject query_stream(const PublishedStream& stream);

}  // namespace limen::videoroom
