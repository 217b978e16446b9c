#include "plugins/videoroom/published_stream.hpp"

namespace limen::videoroom {
namespace {

void add_extension_ids(const PublishedStream& stream, JsonObject& out) {
  if (stream.audiolevel_id != 0) out["audiolevel_ext_id"] = stream.audiolevel_id;
  if (stream.videoorient_id != 0) out["videoorient_ext_id"] = stream.videoorient_id;
  if (stream.playoutdelay_id != 0) out["playoutdelay_ext_id"] = stream.playoutdelay_id;
}

bool tells_moderation(const PublishedStream& stream, StreamView view) {
  if (!stream.moderated || view == StreamView::answer) return false;
  return view != StreamView::published || stream.kind == MediaKind::video;
}

}  // namespace

void describe_codec(const PublishedStream& stream, JsonObject& out) {
  if (stream.kind == MediaKind::data) return;
  out["codec"] = codec_name(stream.codec);
  if (stream.kind == MediaKind::audio) {
    if (stream.stereo) out["stereo"] = true;
    if (stream.fec) out["fec"] = true;
    if (stream.dtx) out["dtx"] = true;
    return;
  }
  if (!stream.h264_profile.empty()) out["h264_profile"] = stream.h264_profile;
  if (!stream.vp9_profile.empty()) out["vp9_profile"] = stream.vp9_profile;
  if (stream.simulcast) out["simulcast"] = true;
  if (stream.svc) out["svc"] = true;
}

JsonObject describe_stream(const PublishedStream& stream, StreamView view) {
  JsonObject out{{"type", media_kind_name(stream.kind)}, {"mindex", stream.mindex}, {"mid", stream.mid}};
  if (stream.disabled) {
    out["disabled"] = true;
    return out;
  }
  if (stream.description) out["description"] = *stream.description;
  describe_codec(stream, out);
  if (view == StreamView::answer) add_extension_ids(stream, out);
  if (tells_moderation(stream, view)) out["moderated"] = true;
  if (view == StreamView::joined && stream.kind == MediaKind::audio && stream.audiolevel_id != 0) {
    out["talking"] = stream.talking;
  }
  return out;
}

JsonObject query_stream(const PublishedStream& stream) {
  JsonObject out{{"type", media_kind_name(stream.kind)}, {"mindex", stream.mindex}, {"mid", stream.mid}};
  if (stream.description) out["description"] = *stream.description;
  if (stream.kind != MediaKind::data) {
    out["codec"] = stream.codec == Codec::unknown ? std::string_view("none") : codec_name(stream.codec);
  }
  if (!stream.h264_profile.empty()) out["h264-profile"] = stream.h264_profile;
  if (!stream.vp9_profile.empty()) out["vp9-profile"] = stream.vp9_profile;
  if (stream.min_delay >= 0 && stream.max_delay >= 0) {
    out["playout-delay"] = JsonObject{{"min-delay", stream.min_delay}, {"max-delay", stream.max_delay}};
  }
  if (stream.simulcast) out["simulcast"] = true;
  if (stream.svc) out["svc"] = true;
  if (!stream.recording.empty()) out["recording"] = stream.recording;
  if (stream.audiolevel_id != 0) {
    out["audio-level-dBov"] = stream.audio_level;
    out["talking"] = stream.talking;
  }
  out["subscribers"] = stream.subscribers.size();
  return out;
}

}  // namespace limen::videoroom
