// Requests about RTP forwarders (contract, section 6).
#include <algorithm>

#include "plugins/videoroom/forward_opening.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room_verbs.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {
namespace {

struct Pending {
  Rooms& rooms;
  Id room, publisher;
  ForwardPlan plan;
  RoomAnswer answer;
};
using PendingForward = std::shared_ptr<Pending>;

Publisher* find_publisher(const Pending& pending) {
  return pending.rooms.find_member(pending.room, pending.publisher);
}

void answer_forward(Pending& pending, const std::vector<Forward>& opened) {
  JsonObject out{{"publisher_id", pending.publisher.json()}};
  if (pending.plan.legacy) {
    const HostLookup& host = pending.plan.hosts.front();
    out["rtp_stream"] = legacy_forwards(opened, host.address ? host.address->to_string() : host.host);
  } else {
    JsonArray list;
    for (const Forward& one : opened) list.push_back(one.json());
    out["forwarders"] = std::move(list);
  }
  out["room"] = pending.room.json();
  out["videoroom"] = "rtp_forward";
  pending.answer(std::move(out));
}

void note_forwards(Pending& pending, Publisher& publisher, const std::vector<Forward>& opened) {
  for (const Forward& one : opened) {
    auto mindex = static_cast<size_t>(one.mindex);
    if (mindex >= publisher.streams().size()) continue;  // unpublished in the meantime, and the forwarder with it
    publisher.forwards.push_back(one);
    JsonObject notice = one.json();
    notice["event"] = "rtp_forward";
    notice["room"] = pending.room.json();
    notice["publisher_id"] = pending.publisher.json();
    notice["media"] = media_kind_name(one.kind);
    bool codec = !pending.plan.legacy && one.kind != MediaKind::data;
    if (codec) notice["codec"] = codec_name(publisher.streams()[mindex]->codec);
    if (one.substream > 0) notice["video_substream"] = one.substream;
    pending.rooms.notify(nullptr, std::move(notice));
  }
}

void opened_forwards(const PendingForward& pending, const std::vector<Forward>& opened) {
  Publisher* publisher = find_publisher(*pending);
  if (publisher != nullptr) note_forwards(*pending, *publisher, opened);
  answer_forward(*pending, opened);
}

void open_planned(const PendingForward& pending) {
  Publisher* publisher = find_publisher(*pending);
  if (publisher == nullptr) {
    return pending->answer(refuse(ErrorCode::no_such_feed, "No such feed ({})", pending->publisher.text()));
  }
  for (const HostLookup& host : pending->plan.hosts) {
    if (host.address) continue;
    return pending->answer(refuse(ErrorCode::invalid_element, "Could not resolve address ({})...", host.host));
  }
  auto planned = planned_forwards(pending->plan, *publisher, pending->rooms.context().random());
  open_forwards(pending->rooms, *publisher, std::move(planned),
                [pending](const std::vector<Forward>& opened) { opened_forwards(pending, opened); });
}

RoomResult<Publisher*> forwarding_publisher(const RoomCall& call, const Id& room_id, const Id& id) {
  auto room = call.rooms.access(room_id, call.body);
  if (!room) return passed_on(room);
  if (auto good = check_forward_key(call.rooms, call.body); !good) return passed_on(good);
  Publisher* publisher = (*room)->find(id);
  if (publisher == nullptr) return refuse(ErrorCode::no_such_feed, "No such feed ({})", id.text());
  return publisher;
}

RoomResult<PendingForward> read_forward(const RoomCall& call) {
  auto request = read<ForwardRequest>(call.body);
  if (!request) return passed_on(request);
  auto room = require_id(call.body, "room", call.rooms.strings());
  if (!room) return passed_on(room);
  auto id = require_id(call.body, "publisher_id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto plan = read_forward_plan(call.body, *request);
  if (!plan) return passed_on(plan);
  auto publisher = forwarding_publisher(call, *room, *id);
  if (!publisher) return passed_on(publisher);
  return std::make_shared<Pending>(call.rooms, std::move(*room), std::move(*id), std::move(*plan), RoomAnswer{});
}

}  // namespace

void forward_rtp(const RoomCall& call, RoomAnswer answer) {
  auto pending = read_forward(call);
  if (!pending) return answer(passed_on(pending));
  (*pending)->answer = std::move(answer);
  look_up_hosts(call.rooms, (*pending)->plan.hosts, [waiting = *pending](std::vector<HostLookup> hosts) {
    waiting->plan.hosts = std::move(hosts);
    open_planned(waiting);
  });
}

RoomResult<JsonObject> stop_forward_rtp(const RoomCall& call) {
  auto room = require_id(call.body, "room", call.rooms.strings());
  if (!room) return passed_on(room);
  auto id = require_id(call.body, "publisher_id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto request = read<StopForwardRequest>(call.body);
  if (!request) return passed_on(request);
  auto publisher = forwarding_publisher(call, *room, *id);
  if (!publisher) return passed_on(publisher);
  auto gone = std::erase_if((*publisher)->forwards, [&request](const Forward& one) {
    return one.stream_id == request->stream_id && one.remote_id.empty();
  });
  if (gone == 0) return refuse(ErrorCode::no_such_feed, "No such stream ({})", request->stream_id);
  (*publisher)->tell_media(&PublisherMedia::stop_forward, request->stream_id);
  JsonObject body{{"room", room->json()}, {"publisher_id", id->json()}, {"stream_id", request->stream_id}};
  JsonObject out{{"videoroom", "stop_rtp_forward"}};
  JsonObject notice{{"event", "stop_rtp_forward"}};
  for (auto& member : body) {
    out[member.key()] = member.value();
    notice[member.key()] = member.value();
  }
  call.rooms.notify(nullptr, std::move(notice));
  return out;
}

RoomResult<JsonObject> list_forwarders(const RoomCall& call) {
  auto id = require_id(call.body, "room", call.rooms.strings());
  if (!id) return passed_on(id);
  auto room = call.rooms.access(*id, call.body);
  if (!room) return passed_on(room);
  JsonArray publishers;
  for (const auto& [member_id, member] : (*room)->members()) {
    if (member->forwards.empty()) continue;
    JsonObject entry{{"publisher_id", member_id.json()}};
    for (auto& field : member->card("publisher_id")) entry[field.key()] = field.value();
    JsonArray list;
    for (const Forward& one : member->forwards) {
      if (one.remote_id.empty()) list.push_back(one.json());
    }
    entry["forwarders"] = std::move(list);
    publishers.push_back(std::move(entry));
  }
  return JsonObject{{"videoroom", "forwarders"}, {"room", id->json()}, {"publishers", std::move(publishers)}};
}

}  // namespace limen::videoroom
