// Reading what a subscriber's request names (contract, 5.1).
#include <algorithm>

#include "plugins/videoroom/publisher.hpp"
#include "plugins/videoroom/room.hpp"
#include "plugins/videoroom/rooms.hpp"
#include "plugins/videoroom/subscriber.hpp"

namespace limen::videoroom {
namespace {

constexpr int32_t kMaxDelay = 4095;  // 12 bits of the header extension
constexpr size_t kMaxEntries = 1024;

RoomResult<> check_encryption(const Room& room, const Publisher& feed, std::optional<bool>& e2ee) {
  if (!e2ee) e2ee = feed.e2ee() || room.settings().require_e2ee;
  if (*e2ee == feed.e2ee()) return {};
  return refuse(ErrorCode::invalid_feed, "Can't mix normal and end-to-end encrypted subscriptions");
}

RoomResult<Publisher*> find_feed(const Rooms& rooms, const Room* room, const JsonObject& entry) {
  auto id = require_id(entry, "feed", rooms.strings());
  if (!id) return passed_on(id);
  Publisher* feed = room == nullptr ? nullptr : room->find(*id);
  if (feed == nullptr || !feed->active()) {
    return refuse(ErrorCode::no_such_feed, "No such feed ({})", id->text());
  }
  return feed;
}

RoomResult<> read_one(const Rooms& rooms, const Room* room, const Json& json, std::optional<bool>& e2ee, bool forgiving,
                      std::vector<Wanted>& out) {
  const JsonObject& object = entry_object(json);
  auto entry = read<SubscribeEntry>(object);
  if (!entry) return passed_on(entry);
  auto feed = find_feed(rooms, room, object);
  if (!feed) return passed_on(feed);
  if (auto good = check_encryption(*room, **feed, e2ee); !good) return good;
  if (entry->mid && (*feed)->find(*entry->mid) == nullptr) {
    return refuse(ErrorCode::no_such_feed, "No such mid '{}' in feed ({})", *entry->mid, (*feed)->id().text());
  }
  if (auto good = check_layers(entry->layers); !good) return good;
  for (const auto& stream : (*feed)->streams()) {
    if (entry->mid && stream->mid != *entry->mid) continue;
    if (forgiving && stream->disabled) continue;
    out.push_back({stream.get(), *entry, !entry->mid});
  }
  return {};
}

}  // namespace

RoomResult<> check_layers(const LayerWish& wish) {
  auto beyond = [](const std::optional<uint32_t>& layer) { return layer && *layer > 2; };
  if (beyond(wish.spatial_layer) || beyond(wish.substream)) {
    return refuse(ErrorCode::invalid_element, "Invalid value (substream/spatial_layer should be 0, 1 or 2)");
  }
  if (beyond(wish.temporal) || beyond(wish.temporal_layer)) {
    return refuse(ErrorCode::invalid_element, "Invalid value (temporal/temporal_layer should be 0, 1 or 2)");
  }
  return {};
}

void set_delays(std::optional<int32_t> min, std::optional<int32_t> max, SubscriberStream& stream) {
  if ((min && *min < 0) || (max && *max < 0)) {
    stream.min_delay = stream.max_delay = -1;
    return;
  }
  if (min) {
    stream.min_delay = static_cast<int16_t>(std::min(*min, kMaxDelay));
    stream.max_delay = std::max(stream.max_delay, stream.min_delay);
  }
  if (max) {
    stream.max_delay = static_cast<int16_t>(std::min(*max, kMaxDelay));
    stream.min_delay = stream.min_delay < 0 ? int16_t{0} : std::min(stream.min_delay, stream.max_delay);
  }
}

RoomResult<std::vector<Wanted>> read_wanted(const Rooms& rooms, const Room* room, const JsonArray& entries,
                                            std::optional<bool>& e2ee, bool forgiving) {
  if (entries.size() > kMaxEntries) return refuse(ErrorCode::invalid_element, "Too many streams");
  std::vector<Wanted> out;
  for (const Json& entry : entries) {
    if (auto good = read_one(rooms, room, entry, e2ee, forgiving, out); !good) return passed_on(good);
  }
  return out;
}

}  // namespace limen::videoroom
