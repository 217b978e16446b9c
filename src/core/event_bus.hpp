// EventBus: brings what happened to the event handlers that want it (spec section 8).
//
// Control thread. Handlers queue on their own, so handing over never waits.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/event_handler.hpp"
#include "base/executor.hpp"
#include "base/strong_id.hpp"
#include "base/trace_id.hpp"

namespace limen::core {

// Subtypes of webrtc, media and core events; the other types have none.
namespace subtype {
inline constexpr int kIceState = 1, kLocalCandidate = 2, kRemoteCandidate = 3, kSelectedPair = 4, kDtlsState = 5,
                     kConnection = 6;
inline constexpr int kMediaState = 1, kSlowLink = 2, kStats = 3;
inline constexpr int kStartup = 1, kShutdown = 2;
}  // namespace subtype

// What an event is about; ids that are not set leave no member.
struct EventSubject {
  SessionId session = {};
  HandleId handle = {};
  std::string_view opaque_id = {};
  TraceId trace = {};  // what it was made for; absent: what the thread works for now
};

class EventBus {
 public:
  EventBus(Executor& executor, std::string emitter) : executor_(executor), emitter_(std::move(emitter)) {}

  void add(EventHandler* handler) { handlers_.push_back(handler); }
  void set_enabled(bool enabled) { enabled_ = enabled; }
  // Broadcasting is on and somebody listens.
  bool enabled() const { return enabled_ && !handlers_.empty(); }
  // Does anybody want events of this type? Ask before making an expensive body.
  bool wanted(EventType type) const;

  void notify(EventType type, const EventSubject& subject, Json body, int subtype = 0);
  uint64_t sent() const { return sent_; }

 private:
  Executor& executor_;
  std::string emitter_;
  bool enabled_ = false;
  uint64_t sent_ = 0;
  std::vector<EventHandler*> handlers_;
};

}  // namespace limen::core
