#include "transports/http/long_polls.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace limen::http {

LongPolls::~LongPolls() {
  for (auto& [id, session] : sessions_) {
    for (Waiting& waiting : session.waiting) executor_.cancel(waiting.timer);
  }
}

void LongPolls::open(SessionId session, uint64_t owner) {
  Session& entry = sessions_[session];
  entry.owner = owner;
  entry.events.clear();
  end(std::exchange(entry.waiting, {}), Outcome::Kind::keepalive);
}

void LongPolls::push(SessionId session, uint64_t owner, Json event) {
  auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.owner != owner) return;
  Session& entry = found->second;
  if (entry.events.size() >= kMaxQueued) {
    entry.events.pop_front();
    ++dropped_;
    if (!entry.told_of_drops) {
      log::warning("[http]", "Session {} does not fetch its events: {} wait, the oldest are dropped", session.value(),
                   kMaxQueued);
    }
    entry.told_of_drops = true;
  }
  entry.events.push_back(std::move(event));
  if (entry.waiting.empty() || entry.flush_posted) return;
  // Not at once: events that come together should travel together.
  entry.flush_posted = true;
  executor_.post([weak = weak_from_this(), session] {
    if (auto self = weak.lock()) self->flush(session);
  });
}

void LongPolls::close(SessionId session, uint64_t owner, bool claimed) {
  auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second.owner != owner) return;
  flush(session);
  std::vector<Waiting> waiting = std::move(found->second.waiting);
  sessions_.erase(found);
  end(std::move(waiting), claimed ? Outcome::Kind::keepalive : Outcome::Kind::session_over);
}

PollId LongPolls::wait(SessionId session, size_t max_events, Answer answer) {
  auto found = sessions_.find(session);
  if (found == sessions_.end()) {
    answer({Outcome::Kind::session_over, {}});
    return {};
  }
  if (!found->second.events.empty() && found->second.waiting.empty()) {
    answer(take(found->second, max_events));
    return {};
  }
  PollId poll(next_poll_++);
  TimerId timer = executor_.call_after(kLongestWait, [this, session, poll] { expire(session, poll); });
  found->second.waiting.push_back({poll, max_events, std::move(answer), timer});
  return poll;
}

void LongPolls::cancel(SessionId session, PollId poll) {
  auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  auto& waiting = found->second.waiting;
  auto it = std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& w) { return w.id == poll; });
  if (it == waiting.end()) return;
  executor_.cancel(it->timer);
  waiting.erase(it);
}

void LongPolls::finish() {
  for (auto& [id, session] : sessions_) end(std::exchange(session.waiting, {}), Outcome::Kind::keepalive);
}

void LongPolls::flush(SessionId session) {
  auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  found->second.flush_posted = false;
  if (found->second.events.empty()) return;
  // Everybody who waits is answered; who comes too late for an event gets a keepalive.
  std::vector<Waiting> waiting = std::exchange(found->second.waiting, {});
  std::vector<Outcome> outcomes;
  outcomes.reserve(waiting.size());
  for (const Waiting& poll : waiting) outcomes.push_back(take(found->second, poll.max_events));
  for (size_t i = 0; i < waiting.size(); ++i) {
    executor_.cancel(waiting[i].timer);
    waiting[i].answer(std::move(outcomes[i]));
  }
}

void LongPolls::expire(SessionId session, PollId poll) {
  auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  auto& waiting = found->second.waiting;
  auto it = std::find_if(waiting.begin(), waiting.end(), [&](const Waiting& w) { return w.id == poll; });
  if (it == waiting.end()) return;
  Answer answer = std::move(it->answer);
  waiting.erase(it);
  answer({Outcome::Kind::keepalive, {}});
}

void LongPolls::end(std::vector<Waiting> waiting, Outcome::Kind kind) {
  for (Waiting& poll : waiting) {
    executor_.cancel(poll.timer);
    poll.answer({kind, {}});
  }
}

LongPolls::Outcome LongPolls::take(Session& session, size_t max_events) {
  size_t count = std::min(max_events, session.events.size());
  if (count == 0) return {Outcome::Kind::keepalive, {}};
  Outcome outcome{Outcome::Kind::events, {}};
  auto last = session.events.begin() + static_cast<ptrdiff_t>(count);
  outcome.events.assign(std::make_move_iterator(session.events.begin()), std::make_move_iterator(last));
  session.events.erase(session.events.begin(), last);
  return outcome;
}

}  // namespace limen::http
