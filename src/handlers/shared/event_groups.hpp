// EventGroups: joins the events of one loop turn into arrays, for senders whose own queue keeps ready
// messages.
//
// Control thread.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "handlers/shared/event_queue.hpp"
#include "handlers/shared/handler_settings.hpp"

namespace limen::handlers {

class EventGroups : public std::enable_shared_from_this<EventGroups> {
 public:
  using Send = std::function<void(std::string text, size_t events)>;

  EventGroups(Executor& executor, bool with_grouping, JsonFormat format, Send send)
      : grouping(with_grouping), executor_(executor), format_(format), send_(std::move(send)) {}

  bool grouping;

  void push(const Json& event);
  void flush();

 private:
  Executor& executor_;
  JsonFormat format_;
  Send send_;
  EventQueue queue_;
  bool posted_ = false;
};

// `tweak` of handlers whose only settings are `events` and `grouping`.
Json answer_group_tweak(const Json& request, uint32_t& mask, EventGroups& groups);

}  // namespace limen::handlers
