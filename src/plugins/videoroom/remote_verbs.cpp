// Requests about publishers whose media come from another server (contract, section 7).
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/log.hpp"
#include "plugins/videoroom/forward_plan.hpp"
#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/remote_requests.hpp"
#include "plugins/videoroom/room_verbs.hpp"
#include "plugins/videoroom/rooms.hpp"

namespace limen::videoroom {
namespace {

constexpr size_t kMaxStreams = 64;  // of one publisher

RoomResult<RemoteStream> read_stream(const Json& json) {
  auto stream = read<RemoteStream>(entry_object(json));
  if (!stream) return stream;
  stream->type = lower_case(stream->type);
  bool audio = stream->type == "audio";
  if (!audio && stream->type != "video" && stream->type != "data") {
    return refuse(ErrorCode::invalid_element, "Invalid element value (type)");
  }
  if (stream->type == "data") return stream;
  if (!stream->codec) return refuse(ErrorCode::missing_element, "Missing mandatory element (codec)");
  auto codec = codec_from_name(*stream->codec);
  if (!codec || codec_kind(*codec) != (audio ? MediaKind::audio : MediaKind::video)) {
    return refuse(ErrorCode::missing_element, "Invalid element value (unsupported codec)");
  }
  return stream;
}

RoomResult<std::vector<RemoteStream>> read_streams(const JsonArray& entries) {
  if (entries.size() > kMaxStreams)
    return refuse(ErrorCode::invalid_element, "Invalid element value (too many streams)");
  std::vector<RemoteStream> out;
  for (const Json& json : entries) {
    auto stream = read_stream(json);
    if (!stream) return passed_on(stream);
    out.push_back(std::move(*stream));
  }
  return out;
}

// An address itself, or the first one of the interface of that name.
std::optional<IpAddress> interface_address(const std::string& name) {
  if (auto address = IpAddress::parse(name)) return address;
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return std::nullopt;
  std::optional<IpAddress> v4, v6;
  for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || name != one->ifa_name) continue;
    if (one->ifa_addr->sa_family == AF_INET && !v4) {
      sockaddr_in raw{};
      std::memcpy(&raw, one->ifa_addr, sizeof raw);
      v4 = IpAddress::v4(ntohl(raw.sin_addr.s_addr));
    } else if (one->ifa_addr->sa_family == AF_INET6 && !v6) {
      sockaddr_in6 raw{};
      std::memcpy(&raw, one->ifa_addr, sizeof raw);
      v6 = IpAddress::v6(std::span<const uint8_t, 16>(raw.sin6_addr.s6_addr, 16));
    }
  }
  freeifaddrs(list);
  return v4 ? v4 : v6;
}

uint16_t port_number(const std::optional<Json>& json) {
  if (!json || !json->is_number()) return 0;
  double value = json->to_number<double>();
  return value >= 1 && value <= UINT16_MAX ? static_cast<uint16_t>(value) : uint16_t{0};
}

RoomResult<RemoteBind> read_bind(const AddRemoteRequest& request) {
  RemoteBind bind;
  bind.port = request.port.value_or(0);
  bind.rtcp_port = port_number(request.rtcp_port);
  if (request.iface && !request.iface->empty()) {
    bind.local = interface_address(*request.iface);
    if (!bind.local) {
      return refuse(ErrorCode::unknown, "Invalid network interface configuration for remote publisher");
    }
    bind.interface = *request.iface;
  }
  auto group = IpAddress::parse(request.mcast.value_or(""));
  bool multicast = group && group->is_v4() && (group->v4_host_order() >> 28) == 0xe;
  if (multicast) bind.multicast = group;
  return bind;
}

// Everything about the new one; kept while its ports are opened.
struct Adding {
  Rooms& rooms;
  Id room, id;
  AddRemoteRequest request;
  std::vector<RemoteStream> streams;
  RemoteSpec spec;
  RemoteFeedId feed;
  RoomAnswer answer;
};
using PendingAdd = std::shared_ptr<Adding>;

RoomResult<PendingAdd> read_add(const RoomCall& call) {
  auto room_id = require_id(call.body, "room", call.rooms.strings());
  if (!room_id) return passed_on(room_id);
  auto id = read_id(call.body, "id", call.rooms.strings(), false);
  if (!id) return passed_on(id);
  auto request = read<AddRemoteRequest>(call.body);
  if (!request) return passed_on(request);
  if (request->streams.empty()) {
    return refuse(ErrorCode::invalid_element, "Invalid element value (streams can't be empty)");
  }
  auto streams = read_streams(request->streams);
  if (!streams) return passed_on(streams);
  auto srtp = read_srtp(request->srtp_suite, request->srtp_crypto);
  if (!srtp) return passed_on(srtp);
  auto room = call.rooms.access(*room_id, call.body);
  if (!room) return passed_on(room);
  Id wanted = id->value_or(Id());
  if (wanted.empty()) wanted = call.rooms.free_member_id(**room);
  if ((*room)->find(wanted) != nullptr) {
    return refuse(ErrorCode::id_exists, "User ID {} already exists", wanted.text());
  }
  auto bind = read_bind(*request);
  if (!bind) return passed_on(bind);
  bind->first_try = call.rooms.next_port();
  // Nothing can be read without the right key.
  if (srtp->bad_key) {
    for (RemoteStream& stream : *streams) stream.disabled = true;
  }
  RemoteSpec spec{.bind = std::move(*bind), .srtp = std::move(srtp->material), .label = wanted.text()};
  return std::make_shared<Adding>(call.rooms, std::move(*room_id), std::move(wanted), std::move(*request),
                                  std::move(*streams), std::move(spec), call.rooms.next_feed(), RoomAnswer{});
}

// What the feed notices, on its way to the publisher, if that is still there.
PublisherObserver observe(const Adding& adding) {
  PublisherObserver observer;
  observer.talking = [&rooms = adding.rooms, room = adding.room, id = adding.id, number = adding.feed.number](
                         int mindex, bool talking, double level) {
    rooms.context().executor().post([&rooms, room, id, number, mindex, talking, level] {
      Publisher* publisher = rooms.find_member(room, id);
      if (publisher != nullptr && publisher->feed().number == number) publisher->on_talking(mindex, talking, level);
    });
  };
  return observer;
}

void drop_feed(Rooms& rooms, RemoteFeedId feed) {
  rooms.context().post_shard(feed.shard,
                             [number = feed.number](MediaShard& shard) { shard.local<RemoteFeeds>().remove(number); });
}

void finish_add(Adding& adding, const RemotePorts& ports) {
  Rooms& rooms = adding.rooms;
  Room* room = rooms.find(adding.room);
  // Neither was kept from happening while the ports were opened.
  if (room == nullptr || room->find(adding.id) != nullptr) {
    drop_feed(rooms, adding.feed);
    if (room == nullptr) {
      return adding.answer(refuse(ErrorCode::no_such_room, "No such room ({})", adding.room.text()));
    }
    return adding.answer(refuse(ErrorCode::id_exists, "User ID {} already exists", adding.id.text()));
  }
  Identity identity{.id = adding.id,
                    .private_id = rooms.free_private_id(*room),
                    .display = std::move(adding.request.display),
                    .metadata = std::move(adding.request.metadata)};
  Publisher& publisher = room->adopt(
      std::make_unique<Publisher>(rooms, *room, nullptr, PublisherKind::remote, std::move(identity), adding.feed));
  publisher.begin_remote(adding.streams);
  JsonObject out{{"videoroom", "success"}, {"room", adding.room.json()}, {"id", adding.id.json()}};
  const RemoteBind& bind = adding.spec.bind;
  if (bind.multicast) out["ip"] = bind.multicast->to_string();
  else if (bind.local) out["ip"] = bind.local->to_string();
  out["port"] = ports.port;
  out["rtcp_port"] = ports.rtcp_port;
  adding.answer(std::move(out));
}

void opened(const PendingAdd& adding, Result<RemotePorts> ports) {
  if (ports) return finish_add(*adding, *ports);
  drop_feed(adding->rooms, adding->feed);  // it may have come too late
  log::warning("", "VideoRoom: no ports for remote publisher {}: {}", adding->id.text(), ports.error().text);
  adding->answer(refuse(ErrorCode::unknown, "Could not open UDP socket for RTP stream"));
}

RoomResult<Publisher*> find_remote(const RoomCall& call, const Id& room_id, const Id& id) {
  auto room = call.rooms.access(room_id, call.body);
  if (!room) return passed_on(room);
  Publisher* publisher = (*room)->find(id);
  if (publisher != nullptr && publisher->remote()) return publisher;
  return refuse(ErrorCode::no_such_feed, "No such remote publisher ({})", id.text());
}

void set_key(Rooms& rooms, RemoteFeedId feed, SrtpMaterial material) {
  rooms.context().post_shard(feed.shard,
                             [number = feed.number, material = std::move(material)](MediaShard& shard) mutable {
                               RemoteFeed* found = shard.local<RemoteFeeds>().find(number);
                               if (found == nullptr) return;
                               auto done = found->set_srtp(std::move(material));
                               if (!done)
                                 log::warning("", "VideoRoom: a remote publisher keeps its key: {}", done.error().text);
                             });
}

}  // namespace

void add_remote_publisher(const RoomCall& call, RoomAnswer answer) {
  auto adding = read_add(call);
  if (!adding) return answer(passed_on(adding));
  (*adding)->answer = std::move(answer);
  Rooms& rooms = call.rooms;
  auto done = [waiting = *adding](Result<RemotePorts> ports) { opened(waiting, std::move(ports)); };
  uint64_t ticket = rooms.feeds.wait(rooms.context().executor(), std::move(done), fail("the media loop is silent"));
  auto open = [&rooms, ticket, number = (*adding)->feed.number, spec = (*adding)->spec,
               observer = observe(**adding)](MediaShard& shard) mutable {
    Result<RemotePorts> ports = fail("");
    auto feed = RemoteFeed::open(shard, std::move(spec), std::move(observer));
    if (feed) {
      ports = RemotePorts{.port = (*feed)->port(), .rtcp_port = (*feed)->rtcp_port()};
      shard.local<RemoteFeeds>().add(number, std::move(*feed));
    } else {
      ports = std::unexpected(feed.error());
    }
    rooms.context().executor().post(
        [&rooms, ticket, ports = std::move(ports)]() mutable { rooms.feeds.arrived(ticket, std::move(ports)); });
  };
  rooms.context().post_shard((*adding)->feed.shard, std::move(open));
}

RoomResult<JsonObject> update_remote_publisher(const RoomCall& call) {
  auto room = require_id(call.body, "room", call.rooms.strings());
  if (!room) return passed_on(room);
  auto id = require_id(call.body, "id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto request = read<UpdateRemoteRequest>(call.body);
  if (!request) return passed_on(request);
  auto streams = read_streams(request->streams);
  if (!streams) return passed_on(streams);
  auto srtp = read_srtp(request->srtp_suite, request->srtp_crypto);
  if (!srtp) return passed_on(srtp);
  auto publisher = find_remote(call, *room, *id);
  if (!publisher) return passed_on(publisher);
  if (srtp->bad_key) return refuse(ErrorCode::invalid_element, "Invalid SRTP key");
  if (srtp->material) set_key(call.rooms, (*publisher)->feed(), std::move(*srtp->material));
  (*publisher)->change_remote({std::move(request->display), std::move(request->metadata), std::move(*streams)});
  return JsonObject{{"videoroom", "success"}};
}

RoomResult<JsonObject> remove_remote_publisher(const RoomCall& call) {
  auto room = require_id(call.body, "room", call.rooms.strings());
  if (!room) return passed_on(room);
  auto id = require_id(call.body, "id", call.rooms.strings());
  if (!id) return passed_on(id);
  auto publisher = find_remote(call, *room, *id);
  if (!publisher) return passed_on(publisher);
  (*publisher)->removed();
  return JsonObject{{"videoroom", "success"}};
}

}  // namespace limen::videoroom
