#include "plugins/videoroom/room_settings.hpp"

namespace limen::videoroom {
namespace {

void add_if(config::Entries& out, std::string_view key, const std::string& text) {
  if (!text.empty()) out.emplace_back(key, text);
}
void add_if(config::Entries& out, std::string_view key, const std::optional<std::string>& text) {
  if (text) out.emplace_back(key, *text);
}
void add_if(config::Entries& out, std::string_view key, bool value) {
  if (value) out.emplace_back(key, true);
}

}  // namespace

config::Entries room_entries(const RoomSettings& s) {
  config::Entries out;
  out.emplace_back("description", s.description);
  add_if(out, "is_private", s.is_private);
  add_if(out, "require_pvtid", s.require_pvtid);
  add_if(out, "signed_tokens", s.signed_tokens);
  add_if(out, "require_e2ee", s.require_e2ee);
  add_if(out, "dummy_publisher", s.dummy_publisher);
  out.emplace_back("bitrate", int64_t{s.bitrate});
  add_if(out, "bitrate_cap", s.bitrate_cap);
  out.emplace_back("publishers", int64_t{s.publishers});
  if (s.fir_freq != 0) out.emplace_back("fir_freq", int64_t{s.fir_freq});
  out.emplace_back("audiocodec", codec_list(s.audio));
  out.emplace_back("videocodec", codec_list(s.video));
  add_if(out, "vp9_profile", s.vp9_profile);
  add_if(out, "h264_profile", s.h264_profile);
  if (s.takes(Codec::opus)) out.emplace_back("opus_fec", s.opus_fec);
  add_if(out, "opus_dtx", s.opus_dtx);
  add_if(out, "video_svc", s.video_svc);
  add_if(out, "secret", s.secret);
  add_if(out, "pin", s.pin);
  out.emplace_back("audiolevel_ext", s.audiolevel_ext);
  add_if(out, "audiolevel_event", s.audiolevel_event);
  if (s.audiolevel_event) {
    out.emplace_back("audio_active_packets", int64_t{s.audio_active_packets});
    out.emplace_back("audio_level_average", int64_t{s.audio_level_average});
  }
  out.emplace_back("videoorient_ext", s.videoorient_ext);
  out.emplace_back("playoutdelay_ext", s.playoutdelay_ext);
  out.emplace_back("transport_wide_cc_ext", s.transport_wide_cc_ext);
  add_if(out, "notify_joining", s.notify_joining);
  add_if(out, "record", s.record);
  add_if(out, "rec_dir", s.rec_dir);
  add_if(out, "lock_record", s.lock_record);
  if (s.threads != 0) out.emplace_back("threads", int64_t{s.threads});
  return out;
}

}  // namespace limen::videoroom
