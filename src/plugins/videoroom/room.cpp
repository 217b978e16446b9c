#include "plugins/videoroom/room.hpp"

#include <algorithm>

#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/subscriber.hpp"

namespace limen::videoroom {

Room::Room(Id id, RoomSettings settings) : id_(std::move(id)), settings_(std::move(settings)) {}

Room::~Room() {
  // First everybody forgets it: nothing is told any more while it goes.
  for (const auto& [id, member] : members_) member->forget_room();
  for (Subscriber* subscriber : subscribers_) subscriber->forget_room();
  own_.clear();
}

void Room::add(Publisher& member) {
  members_[member.id()] = &member;
  if (member.private_id() != 0) by_private_id_[member.private_id()] = &member;
}

void Room::remove(Publisher& member) {
  members_.erase(member.id());
  by_private_id_.erase(member.private_id());
}

Publisher& Room::adopt(std::unique_ptr<Publisher> member) {
  own_.push_back(std::move(member));
  return *own_.back();
}

void Room::disown(Publisher& member) {
  std::erase_if(own_, [&member](const auto& own) { return own.get() == &member; });
}

Publisher* Room::find(const Id& member) const {
  auto found = members_.find(member);
  return found == members_.end() ? nullptr : found->second;
}

Publisher* Room::find_private(uint32_t private_id) const {
  auto found = by_private_id_.find(private_id);
  return found == by_private_id_.end() ? nullptr : found->second;
}

size_t Room::active_publishers(const Publisher* except) const {
  return static_cast<size_t>(std::ranges::count_if(members_, [except](const auto& entry) {
    const Publisher* member = entry.second;
    return member != except && member->active() && !member->dummy();
  }));
}

void Room::tell_all(const JsonObject& event, const Publisher* except) const {
  for (const auto& [id, member] : members_) {
    if (member != except) member->tell(event);
  }
}

JsonObject Room::list_entry() const {
  const RoomSettings& s = settings_;
  JsonObject out{{"room", id_.json()},         {"description", s.description},   {"pin_required", s.pin.has_value()},
                 {"is_private", s.is_private}, {"max_publishers", s.publishers}, {"bitrate", s.bitrate}};
  if (s.bitrate_cap) out["bitrate_cap"] = true;
  out["fir_freq"] = s.fir_freq;
  out["require_pvtid"] = s.require_pvtid;
  out["require_e2ee"] = s.require_e2ee;
  out["dummy_publisher"] = s.dummy_publisher;
  out["notify_joining"] = s.notify_joining;
  out["audiocodec"] = codec_list(s.audio);
  out["videocodec"] = codec_list(s.video);
  if (s.opus_fec) out["opus_fec"] = true;
  if (s.opus_dtx) out["opus_dtx"] = true;
  if (s.video_svc) out["video_svc"] = true;
  out["record"] = s.record;
  if (!s.rec_dir.empty()) out["rec_dir"] = s.rec_dir;
  out["lock_record"] = s.lock_record;
  out["num_participants"] = members_.size();
  out["audiolevel_ext"] = s.audiolevel_ext;
  out["audiolevel_event"] = s.audiolevel_event;
  if (s.audiolevel_event) {
    out["audio_active_packets"] = s.audio_active_packets;
    out["audio_level_average"] = s.audio_level_average;
  }
  out["videoorient_ext"] = s.videoorient_ext;
  out["playoutdelay_ext"] = s.playoutdelay_ext;
  out["transport_wide_cc_ext"] = s.transport_wide_cc_ext;
  return out;
}

}  // namespace limen::videoroom
