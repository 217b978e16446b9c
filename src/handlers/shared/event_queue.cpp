#include "handlers/shared/event_queue.hpp"

#include <algorithm>
#include <vector>

#include "base/assert.hpp"
#include "base/log.hpp"

namespace limen::handlers {
namespace {

// Line breaks inside strings are escaped, so each one here is of the layout.
void append_indented(std::string& out, const std::string& event) {
  out += "\n   ";
  for (char c : event) {
    out += c;
    if (c == '\n') out += "   ";
  }
}

}  // namespace

std::string join_events(std::span<const std::string> events, JsonFormat format) {
  size_t size = 2;
  for (const std::string& event : events) size += event.size() + 2;
  std::string out;
  out.reserve(format == JsonFormat::indented ? size * 3 / 2 : size);
  out += '[';
  bool first = true;
  for (const std::string& event : events) {
    if (!first) out += format == JsonFormat::plain ? ", " : ",";
    first = false;
    if (format == JsonFormat::indented) append_indented(out, event);
    else out += event;
  }
  if (format == JsonFormat::indented && !events.empty()) out += '\n';
  out += ']';
  return out;
}

void EventQueue::push(std::string event) {
  bytes_ += event.size();
  events_.push_back(std::move(event));
  while (events_.size() > limits_.events || bytes_ > limits_.bytes) {
    pop();
    ++dropped_;
  }
}

EventQueue::Batch EventQueue::take(bool grouping, JsonFormat format) {
  LIMEN_ASSERT(!events_.empty());
  if (!grouping) return {pop(), 1};
  std::vector<std::string> group;
  size_t count = std::min(events_.size(), kLargestGroup);
  group.reserve(count);
  for (size_t i = 0; i < count; ++i) group.push_back(pop());
  return {join_events(group, format), count};
}

void EventQueue::keep_newest(size_t count) {
  while (events_.size() > count) pop();
}

std::string EventQueue::pop() {
  std::string event = std::move(events_.front());
  events_.pop_front();
  bytes_ -= event.size();
  return event;
}

void LossReport::lost(uint64_t events, std::string_view why) {
  if (events == 0) return;
  total_ += events;
  if (total_ < next_) return;
  while (next_ <= total_) next_ *= 10;
  log::warning(tag_, "{} events are lost so far: {}", total_, why);
}

}  // namespace limen::handlers
