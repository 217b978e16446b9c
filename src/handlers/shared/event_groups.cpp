#include "handlers/shared/event_groups.hpp"

namespace limen::handlers {
namespace {

struct GroupTweak {
  std::optional<std::string> events;
  std::optional<bool> grouping;
};
template <typename V>
void describe(V& v, GroupTweak& t) {
  v.field("events", t.events, "Which events");
  v.field("grouping", t.grouping, "Send arrays");
}

}  // namespace

void EventGroups::push(const Json& event) {
  std::string text = write_json(event, format_);
  if (!grouping) {
    flush();
    return send_(std::move(text), 1);
  }
  queue_.push(std::move(text));
  if (std::exchange(posted_, true)) return;
  executor_.post([weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self) return;
    self->posted_ = false;
    self->flush();
  });
}

void EventGroups::flush() {
  while (!queue_.empty()) {
    EventQueue::Batch batch = queue_.take(true, format_);
    send_(std::move(batch.text), batch.events);
  }
}

Json answer_group_tweak(const Json& request, uint32_t& mask, EventGroups& groups) {
  return answer_tweak<GroupTweak>(request, [&](const GroupTweak& tweak) -> std::optional<QueryError> {
    if (tweak.events) mask = event_mask_from_text(*tweak.events);
    if (tweak.grouping) groups.grouping = *tweak.grouping;
    return std::nullopt;
  });
}

}  // namespace limen::handlers
