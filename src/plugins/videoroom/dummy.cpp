#include "plugins/videoroom/dummy.hpp"

#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "wire/sdp/offer_answer.hpp"

namespace limen::videoroom {
namespace {

std::vector<DummyStream> streams_of(const RoomSettings& settings) {
  if (settings.dummy_limited) return settings.dummy_streams;
  std::vector<DummyStream> out;
  for (Codec codec : settings.audio) out.push_back({codec, ""});
  for (Codec codec : settings.video) out.push_back({codec, ""});
  return out;
}

void fill(PublishedStream& stream, const DummyStream& from, const RoomSettings& settings) {
  stream.kind = codec_kind(from.codec);
  stream.codec = from.codec;
  if (from.codec == Codec::opus) {
    stream.fec = settings.opus_fec && sdp::fmtp_value(from.fmtp, "useinbandfec") == "1";
    stream.dtx = settings.opus_dtx && sdp::fmtp_value(from.fmtp, "usedtx") == "1";
    stream.stereo = sdp::fmtp_value(from.fmtp, "stereo") == "1";
  }
  if (from.codec == Codec::vp9) {
    stream.vp9_profile = sdp::fmtp_value(from.fmtp, "profile-id");
    if (stream.vp9_profile.empty()) stream.vp9_profile = settings.vp9_profile;
  }
  if (from.codec == Codec::h264) {
    stream.h264_profile = sdp::fmtp_value(from.fmtp, "profile-level-id");
    if (stream.h264_profile.empty()) stream.h264_profile = settings.h264_profile;
  }
}

}  // namespace

void add_dummy_publisher(Rooms& rooms, Room& room) {
  Identity identity;
  identity.id = rooms.free_member_id(room);
  identity.display = "Dummy publisher";
  auto dummy = std::make_unique<Publisher>(rooms, room, nullptr, PublisherKind::dummy, std::move(identity));
  dummy->set_e2ee(room.settings().require_e2ee || room.settings().dummy_e2ee);
  for (const DummyStream& from : streams_of(room.settings())) {
    auto stream = std::make_unique<PublishedStream>(*dummy);
    stream->mindex = static_cast<int>(dummy->streams().size());
    stream->mid = std::to_string(stream->mindex);
    fill(*stream, from, room.settings());
    dummy->streams().push_back(std::move(stream));
  }
  dummy->set_present();
  room.adopt(std::move(dummy));
}

}  // namespace limen::videoroom
