// Publisher: those whose media come from another server (contract, section 7).
#include "plugins/videoroom/events.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/remote_requests.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {
namespace {

MediaKind kind_of(const RemoteStream& from) {
  return from.type == "audio" ? MediaKind::audio : from.type == "video" ? MediaKind::video : MediaKind::data;
}

void fill(PublishedStream& stream, const RemoteStream& from, const RoomSettings& room) {
  stream.kind = kind_of(from);
  stream.mid = std::to_string(stream.mindex);
  stream.description = from.description;
  stream.disabled = from.disabled.value_or(false);
  if (stream.kind == MediaKind::data) return;
  stream.codec = codec_from_name(from.codec.value_or("")).value_or(Codec::unknown);
  if (!room.takes(stream.codec)) stream.disabled = true;
  if (stream.codec == Codec::opus) {
    stream.stereo = from.stereo.value_or(false);
    stream.fec = from.fec.value_or(false);
    stream.dtx = from.dtx.value_or(false);
  }
  if (stream.codec == Codec::h264) stream.h264_profile = from.h264_profile.value_or(room.h264_profile);
  if (stream.codec == Codec::vp9) stream.vp9_profile = from.vp9_profile.value_or(room.vp9_profile);
  bool video = stream.kind == MediaKind::video;
  stream.simulcast = video && from.simulcast.value_or(false);
  stream.svc = video && !stream.simulcast && from.svc.value_or(false);
  if (!video) stream.audiolevel_id = from.audiolevel_ext_id.value_or(0);
  if (video) stream.videoorient_id = from.videoorient_ext_id.value_or(0);
  if (video) stream.playoutdelay_id = from.playoutdelay_ext_id.value_or(0);
}

}  // namespace

void Publisher::begin_remote(const std::vector<RemoteStream>& streams) {
  active_ = negotiated_ = true;
  for (const RemoteStream& from : streams) fill(add_stream(), from, room_->settings());
  sync_mlines();
  sync_streams();
  if (room_->settings().record) set_recording(true);
  announce("published");
}

// True if the others should hear of it.
bool Publisher::take_remote(const RemoteStream& from) {
  PublishedStream* stream = find(from.mid);
  if (stream == nullptr) {
    if (from.mindex != streams_.size()) return false;  // would leave a hole
    fill(add_stream(), from, room_->settings());
    return true;
  }
  bool changed = false;
  if (from.description) {  // told again, even if it is the same
    stream->description = from.description;
    changed = true;
  }
  bool possible = stream->kind == MediaKind::data || room_->settings().takes(stream->codec);
  if (from.disabled && possible && stream->disabled != *from.disabled) {
    stream->disabled = *from.disabled;
    changed = true;
  }
  return changed;
}

void Publisher::change_remote(const RemoteChange& change) {
  bool changed = false;
  if (change.display && identity_.display != change.display) {
    identity_.display = change.display;
    changed = true;
  }
  if (change.metadata && identity_.metadata != change.metadata) {
    identity_.metadata = change.metadata;
    changed = true;
  }
  for (const RemoteStream& from : change.streams) changed |= take_remote(from);
  if (!changed) return;
  sync_mlines();
  sync_streams();
  if (record_) start_recorders();
  announce("updated");
}

// How the feed is to read what comes.
void Publisher::sync_mlines() {
  std::vector<RemoteMline> mlines;
  for (const auto& stream : streams_) {
    RemoteMline& mline = mlines.emplace_back();
    mline.kind = stream->kind;
    mline.codec = stream->codec;
    mline.simulcast = stream->simulcast;
    mline.extensions.set(ExtensionKind::audio_level, stream->audiolevel_id);
    mline.extensions.set(ExtensionKind::video_orientation, stream->videoorient_id);
    mline.extensions.set(ExtensionKind::playout_delay, stream->playoutdelay_id);
  }
  rooms_.context().post_shard(feed_.shard, [number = feed_.number, mlines = std::move(mlines)](MediaShard& shard) {
    if (RemoteFeed* feed = shard.local<RemoteFeeds>().find(number)) {
      feed->set_mlines(mlines);
    }
  });
}

// Subscribers are offered their m-lines anew while there still is a room.
void Publisher::removed() {
  Room& room = *room_;
  room.remove(*this);
  tell_departure("leaving", *this);
  active_ = false;
  stop_recorders();
  drop_streams();
  forget_room();
  room.disown(*this);
}

}  // namespace limen::videoroom
