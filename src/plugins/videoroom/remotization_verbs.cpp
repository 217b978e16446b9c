// Requests that send a local publisher to other servers (contract, section 7).
#include <algorithm>

#include "media/forward/host_lookup.hpp"
#include "plugins/videoroom/forward_opening.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/remote_requests.hpp"
#include "plugins/videoroom/room_verbs.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {
namespace {

// One request on its way through the look-up of its host and the opening of its sockets.
struct Remotizing {
  Rooms& rooms;
  Id room, publisher;
  Remotization wanted;
  RoomAnswer answer;
};
using PendingRemotizing = std::shared_ptr<Remotizing>;

RoomResult<> check_new(const Publisher* publisher, const Id& id, const std::string& remote_id) {
  if (publisher == nullptr) return refuse(ErrorCode::no_such_feed, "No such feed ({})", id.text());
  if (publisher->remote() || publisher->dummy()) {
    return refuse(ErrorCode::invalid_element, "Only local publishers can be remotized");
  }
  bool there = std::ranges::any_of(publisher->remotizations,
                                   [&remote_id](const Remotization& one) { return one.remote_id == remote_id; });
  if (there) return refuse(ErrorCode::id_exists, "Remotization already exists ({})", remote_id);
  return {};
}

RoomResult<PendingRemotizing> read_remotizing(const RoomCall& call, HostLookup& host) {
  auto request = read<PublishRemotelyRequest>(call.body);
  if (!request) return passed_on(request);
  auto room_id = require_id(call.body, "room", call.rooms.strings());
  if (!room_id) return passed_on(room_id);
  auto id = require_id(call.body, "publisher_id", call.rooms.strings());
  if (!id) return passed_on(id);
  if (request->port == 0) {
    return refuse(ErrorCode::invalid_element, "Invalid element (port must be a non-zero positive integer)");
  }
  if (auto good = check_family(request->host_family); !good) return passed_on(good);
  auto srtp = read_srtp(request->srtp_suite, request->srtp_crypto);
  if (!srtp) return passed_on(srtp);
  auto room = call.rooms.access(*room_id, call.body);
  if (!room) return passed_on(room);
  if (auto good = check_forward_key(call.rooms, call.body); !good) return passed_on(good);
  if (auto good = check_new((*room)->find(*id), *id, request->remote_id); !good) return passed_on(good);
  host = {.host = request->host, .family = request->host_family.value_or(""), .address = {}};
  host.address = media::known_address(host.host, host.family);
  Remotization wanted{.remote_id = std::move(request->remote_id),
                      .host = {},
                      .port = request->port,
                      .rtcp_port = request->rtcp_port.value_or(0),
                      .srtp = std::move(srtp->material),
                      .bad_key = srtp->bad_key};
  return std::make_shared<Remotizing>(call.rooms, std::move(*room_id), std::move(*id), std::move(wanted), RoomAnswer{});
}

void drop_remotization(Publisher& publisher, const std::string& remote_id) {
  for (const Forward& one : publisher.forwards) {
    if (one.remote_id == remote_id) publisher.tell_media(&PublisherMedia::stop_forward, one.stream_id);
  }
  std::erase_if(publisher.forwards, [&remote_id](const Forward& one) { return one.remote_id == remote_id; });
  std::erase_if(publisher.remotizations, [&remote_id](const Remotization& one) { return one.remote_id == remote_id; });
}

void answer_opened(Remotizing& pending, size_t wanted, size_t opened) {
  if (wanted > 0 && opened == 0) {
    Publisher* publisher = pending.rooms.find_member(pending.room, pending.publisher);
    if (publisher != nullptr) drop_remotization(*publisher, pending.wanted.remote_id);
    return pending.answer(refuse(ErrorCode::unknown, "Could not open UDP sockets for the remotization"));
  }
  pending.answer(JsonObject{{"videoroom", "success"},
                            {"room", pending.room.json()},
                            {"id", pending.publisher.json()},
                            {"remote_id", pending.wanted.remote_id}});
}

void begin_remotization(const PendingRemotizing& pending, const HostLookup& host) {
  if (!host.address) {
    return pending->answer(refuse(ErrorCode::invalid_element, "Could not resolve address ({})...", host.host));
  }
  pending->wanted.host = *host.address;
  Publisher* publisher = pending->rooms.find_member(pending->room, pending->publisher);
  // Much may have happened while the name was looked up.
  if (auto good = check_new(publisher, pending->publisher, pending->wanted.remote_id); !good) {
    return pending->answer(passed_on(good));
  }
  publisher->remotizations.push_back(pending->wanted);
  extend_remotization(pending->rooms, *publisher, pending->wanted,
                      [pending](size_t wanted, size_t opened) { answer_opened(*pending, wanted, opened); });
}

RoomResult<Publisher*> find_publisher(const RoomCall& call, const Id& room_id, const Id& id) {
  auto room = call.rooms.access(room_id, call.body);
  if (!room) return passed_on(room);
  Publisher* publisher = (*room)->find(id);
  if (publisher == nullptr) return refuse(ErrorCode::no_such_feed, "No such publisher ({})", id.text());
  return publisher;
}

}  // namespace

void publish_remotely(const RoomCall& call, RoomAnswer answer) {
  HostLookup host;
  auto pending = read_remotizing(call, host);
  if (!pending) return answer(passed_on(pending));
  (*pending)->answer = std::move(answer);
  look_up_hosts(call.rooms, {std::move(host)},
                [waiting = *pending](std::vector<HostLookup> hosts) { begin_remotization(waiting, hosts.front()); });
}

RoomResult<JsonObject> unpublish_remotely(const RoomCall& call) {
  auto request = read<UnpublishRemotelyRequest>(call.body);
  if (!request) return passed_on(request);
  auto room = require_id(call.body, "room", call.rooms.strings());
  if (!room) return passed_on(room);
  auto id = require_id(call.body, "publisher_id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto publisher = find_publisher(call, *room, *id);
  if (!publisher) return passed_on(publisher);
  size_t before = (*publisher)->remotizations.size();
  drop_remotization(**publisher, request->remote_id);
  if ((*publisher)->remotizations.size() == before) {
    return refuse(ErrorCode::no_such_feed, "No such remotization ({})", request->remote_id);
  }
  return JsonObject{{"videoroom", "success"}, {"room", room->json()}, {"id", id->json()}};
}

RoomResult<JsonObject> list_remotes(const RoomCall& call) {
  auto room = require_id(call.body, "room", call.rooms.strings());
  if (!room) return passed_on(room);
  auto id = require_id(call.body, "publisher_id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto publisher = find_publisher(call, *room, *id);
  if (!publisher) return passed_on(publisher);
  JsonArray list;
  for (const Remotization& one : (*publisher)->remotizations) {
    JsonObject entry{{"remote_id", one.remote_id}, {"host", one.host.to_string()}, {"port", one.port}};
    if (one.rtcp_port != 0) entry["rtcp_port"] = one.rtcp_port;
    list.push_back(std::move(entry));
  }
  return JsonObject{{"videoroom", "success"}, {"room", room->json()}, {"id", id->json()}, {"list", std::move(list)}};
}

}  // namespace limen::videoroom
