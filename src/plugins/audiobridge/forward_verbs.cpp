// Requests about RTP forwarders (contract, 3 and 5.6).
#include "base/log.hpp"
#include "media/forward/host_lookup.hpp"
#include "media/forward/sdes.hpp"
#include "media/mixing/audio_codec.hpp"
#include "plugins/audiobridge/requests.hpp"
#include "plugins/audiobridge/room_verbs.hpp"
#include "plugins/audiobridge/rooms.hpp"

namespace limen::audiobridge {
namespace {

constexpr size_t kMostForwards = 64;  // of one room

BridgeResult<std::optional<SrtpMaterial>> read_srtp(const ForwardRequest& request) {
  if (request.srtp_suite.value_or(0) == 0 || !request.srtp_crypto) return std::nullopt;
  if (*request.srtp_suite != 32 && *request.srtp_suite != 80) {
    return refuse(ErrorCode::invalid_element, "Invalid SRTP suite ({})", *request.srtp_suite);
  }
  auto key = media::srtp_key(*request.srtp_crypto);
  if (!key) return refuse(ErrorCode::invalid_element, "Invalid SRTP crypto");
  return SrtpMaterial{.suite = static_cast<int>(*request.srtp_suite), .key = std::move(*key)};
}

// Everything but the address.
BridgeResult<Forward> read_forward(const ForwardRequest& request, const Room& room) {
  if (request.port == 0) return refuse(ErrorCode::invalid_element, "Invalid port number (0)");
  if (request.host_family && *request.host_family != "ipv4" && *request.host_family != "ipv6") {
    return refuse(ErrorCode::invalid_element, "Unsupported protocol family ({})", *request.host_family);
  }
  Forward out;
  std::string codec = request.codec.value_or("opus");
  out.codec = codec_from_name(codec).value_or(Codec::unknown);
  bool known = out.codec == Codec::opus || out.codec == Codec::pcma || out.codec == Codec::pcmu;
  if (!known || !media::is_mixable(out.codec, room.settings().sampling_rate)) {
    return refuse(ErrorCode::invalid_element, "Unsupported codec ({})", codec);
  }
  if (request.group && !room.settings().groups.empty()) {
    out.group = room.settings().group(*request.group);
    if (!out.group) return refuse(ErrorCode::no_such_group, "No such group");
    out.group_name = *request.group;
  }
  auto srtp = read_srtp(request);
  if (!srtp) return passed_on(srtp);
  out.srtp = std::move(*srtp);
  out.to.port = request.port;
  out.ssrc = request.ssrc.value_or(0);
  // Telephone codecs have payload types of their own.
  if (out.codec == Codec::opus) out.payload_type = static_cast<uint8_t>(request.ptype.value_or(100) & 0x7f);
  else out.payload_type = out.codec == Codec::pcma ? 8 : 0;
  out.always_on = request.always_on.value_or(false);
  return out;
}

BridgeResult<> check_forward_key(const RoomCall& call) {
  if (!call.rooms.general().lock_rtp_forward) return {};
  return check_admin_key<ErrorCode>(call.body, call.rooms.general().admin_key);
}

BridgeResult<JsonObject> open_forward(Rooms& rooms, const Id& id, Forward forward, const ForwardRequest& request,
                                      std::optional<IpAddress> address) {
  Room* room = rooms.find(id);
  if (room == nullptr) return refuse(ErrorCode::no_such_room, "No such room ({})", id.text());
  if (!address) return refuse(ErrorCode::invalid_element, "Could not resolve address ({})...", request.host);
  if (room->forwards.size() >= kMostForwards) return refuse(ErrorCode::unknown, "Too many forwarders in this room");
  forward.to.ip = *address;
  while (forward.stream_id == 0 || room->forwards.contains(forward.stream_id)) {
    forward.stream_id = rooms.context().random().u32();
  }
  if (forward.ssrc == 0) forward.ssrc = forward.stream_id;
  JsonObject out{{"audiobridge", "success"}, {"room", id.json()}, {"stream_id", forward.stream_id}};
  if (forward.group) out["group"] = forward.group_name;
  out["host"] = request.host;
  out["port"] = forward.to.port;
  room->add_forward(std::move(forward));
  return out;
}

// Names are looked up in the background.
void with_address(Rooms& rooms, const ForwardRequest& request,
                  std::move_only_function<void(std::optional<IpAddress>)> done) {
  std::string family = request.host_family.value_or("");
  if (auto address = media::known_address(request.host, family)) return done(address);
  auto found = std::make_shared<std::optional<IpAddress>>();
  rooms.context().background().run([found, host = request.host, family] { *found = media::look_up_host(host, family); },
                                   rooms.context().executor(),
                                   [found, done = std::move(done)]() mutable { done(*found); });
}

}  // namespace

void forward_mix(const RoomCall& call, RoomAnswer answer) {
  auto request = read<ForwardRequest>(call.body);
  if (!request) return answer(passed_on(request));
  auto room = call.rooms.access(call.body);
  if (!room) return answer(passed_on(room));
  if (auto good = check_forward_key(call); !good) return answer(passed_on(good));
  auto forward = read_forward(*request, **room);
  if (!forward) return answer(passed_on(forward));
  with_address(call.rooms, *request,
               [&rooms = call.rooms, id = (*room)->id(), forward = std::move(*forward), request = *request,
                answer = std::move(answer)](std::optional<IpAddress> address) mutable {
                 answer(open_forward(rooms, id, std::move(forward), request, address));
               });
}

void start_static_forward(Rooms& rooms, Room& room) {
  const StaticForward& keys = room.settings().forward;
  if (!keys.rtp_forward_host || !keys.rtp_forward_port) return;
  ForwardRequest request;
  request.host = *keys.rtp_forward_host;
  request.host_family = keys.rtp_forward_host_family;
  request.port = *keys.rtp_forward_port;
  request.codec = keys.rtp_forward_codec;
  request.group = keys.rtp_forward_group;
  request.srtp_suite = keys.rtp_forward_srtp_suite;
  request.srtp_crypto = keys.rtp_forward_srtp_crypto;
  request.ssrc = keys.rtp_forward_ssrc;
  request.ptype = keys.rtp_forward_ptype;
  request.always_on = keys.rtp_forward_always_on;
  auto forward = read_forward(request, room);
  if (!forward) {
    log::error("", "AudioBridge: room {} is not forwarded: {}", room.id().text(), forward.error().text);
    return;
  }
  forward->stream_id = keys.rtp_forward_id.value_or(0);
  with_address(
      rooms, request,
      [&rooms, id = room.id(), forward = std::move(*forward), request](std::optional<IpAddress> address) mutable {
        auto opened = open_forward(rooms, id, std::move(forward), request, address);
        if (opened) return;
        log::error("", "AudioBridge: room {} is not forwarded: {}", id.text(), opened.error().text);
      });
}

BridgeResult<JsonObject> stop_forward(const RoomCall& call) {
  auto request = read<StopForwardRequest>(call.body);
  if (!request) return passed_on(request);
  auto room = call.rooms.access(call.body);
  if (!room) return passed_on(room);
  if (auto good = check_forward_key(call); !good) return passed_on(good);
  (*room)->remove_forward(request->stream_id);
  return JsonObject{{"audiobridge", "success"}, {"room", (*room)->id().json()}, {"stream_id", request->stream_id}};
}

BridgeResult<JsonObject> list_forwards(const RoomCall& call) {
  auto room = call.rooms.access(call.body);
  if (!room) return passed_on(room);
  if (auto good = check_forward_key(call); !good) return passed_on(good);
  JsonArray list;
  for (const auto& [id, forward] : (*room)->forwards) list.push_back(forward.json());
  return JsonObject{{"audiobridge", "forwarders"}, {"room", (*room)->id().json()}, {"rtp_forwarders", std::move(list)}};
}

}  // namespace limen::audiobridge
