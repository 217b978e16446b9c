#include "plugins/videoroom/forward_opening.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace limen::videoroom {
namespace {

// On the publisher's shard; what could be opened.
std::vector<Forward> open_all(PublisherMedia& media, std::vector<PlannedForward>& planned) {
  std::vector<Forward> opened;
  for (PlannedForward& one : planned) {
    bool cascaded = !one.facts.remote_id.empty();
    auto port = media.forward(one.facts.mindex, one.facts.stream_id, std::move(one.spec), cascaded);
    if (!port) {
      log::warning("", "VideoRoom: a stream is not forwarded: {}", port.error().text);
      continue;
    }
    one.facts.local_rtcp_port = *port;
    opened.push_back(one.facts);
  }
  return opened;
}

bool still_wanted(const Publisher& publisher, const std::string& remote_id) {
  return std::ranges::any_of(publisher.remotizations,
                             [&remote_id](const Remotization& one) { return one.remote_id == remote_id; });
}

}  // namespace

void look_up_hosts(Rooms& rooms, std::vector<HostLookup> hosts, HostsKnown done) {
  if (std::ranges::all_of(hosts, [](const HostLookup& host) { return host.address.has_value(); })) {
    return done(std::move(hosts));
  }
  // The names are looked up on copies: a background thread touches nothing of this one.
  auto shared = std::make_shared<std::vector<HostLookup>>(std::move(hosts));
  rooms.context().background().run(
      [shared] {
        for (HostLookup& host : *shared) host.resolve();
      },
      rooms.context().executor(), [shared, done = std::move(done)]() mutable { done(std::move(*shared)); });
}

void open_forwards(Rooms& rooms, Publisher& publisher, std::vector<PlannedForward> planned,
                   Rooms::ForwardsOpened done) {
  if (planned.empty()) return done({});
  uint64_t ticket = rooms.forwards.wait(rooms.context().executor(), std::move(done), {});
  publisher.post_media([&rooms, ticket, planned = std::move(planned)](PublisherMedia& media) mutable {
    auto opened = open_all(media, planned);
    rooms.context().executor().post(
        [&rooms, ticket, opened = std::move(opened)]() mutable { rooms.forwards.arrived(ticket, std::move(opened)); });
  });
}

void extend_remotization(Rooms& rooms, Publisher& publisher, const Remotization& remotization, Extended done) {
  auto planned = planned_remotization(remotization, publisher, rooms.context().random());
  size_t wanted = planned.size();
  auto opened = [&rooms, wanted, room = publisher.room()->id(), id = publisher.id(), remote_id = remotization.remote_id,
                 done = std::move(done)](std::vector<Forward> forwards) mutable {
    Publisher* found = rooms.find_member(room, id);
    if (found != nullptr) {
      bool keep = still_wanted(*found, remote_id);
      for (Forward& one : forwards) {
        if (keep) found->forwards.push_back(std::move(one));
        else found->tell_media(&PublisherMedia::stop_forward, one.stream_id);
      }
    }
    done(wanted, forwards.size());
  };
  open_forwards(rooms, publisher, std::move(planned), std::move(opened));
}

}  // namespace limen::videoroom
