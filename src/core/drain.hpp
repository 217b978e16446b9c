// Drain: the server takes no new sessions and ends when the last one has gone, or at a limit; for upgrades
// without a cut call.
//
// Control thread. Only knows what was decided; Gateway acts on it.
#pragma once
#include "base/time.hpp"

namespace limen::core {

class Drain {
 public:
  // `limit` zero: however long the sessions last. Again while it is on: a new limit, from now.
  void begin(Duration limit, Instant now) {
    active_ = true;
    ends_at_ = limit > Duration::zero() ? now + limit : kNever;
  }
  void undo() { active_ = false; }

  bool active() const { return active_; }
  Instant ends_at() const { return active_ ? ends_at_ : kNever; }
  bool over(size_t sessions, Instant now) const { return active_ && (sessions == 0 || now >= ends_at_); }

 private:
  bool active_ = false;
  Instant ends_at_ = kNever;
};

}  // namespace limen::core
