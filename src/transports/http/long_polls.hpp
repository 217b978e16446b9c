// LongPolls: the events that wait for HTTP clients, and the polls that wait for events (spec 6.1).
//
// Control thread; knows nothing of HTTP. A session belongs to the client (named by its id) that
// created or claimed it last; what another client still sends for it is dropped. Per session at most
// kMaxQueued events wait: beyond that the oldest is dropped and counted, so a client that never polls
// costs a bounded amount of memory.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "api/json.hpp"
#include "base/executor.hpp"
#include "base/strong_id.hpp"

namespace limen::http {

using PollId = StrongId<struct PollTag>;

class LongPolls : public std::enable_shared_from_this<LongPolls> {
 public:
  static constexpr size_t kMaxQueued = 10'000;
  static constexpr Duration kLongestWait = std::chrono::seconds(30);

  struct Outcome {
    enum class Kind : uint8_t { events, keepalive, session_over } kind = Kind::keepalive;
    std::vector<Json> events;
  };
  using Answer = std::move_only_function<void(Outcome)>;

  // Make with std::make_shared.
  explicit LongPolls(Executor& executor) : executor_(executor) {}
  ~LongPolls();

  // A session was created or claimed: earlier events are forgotten, earlier polls end with keepalive.
  void open(SessionId session, uint64_t owner);
  void push(SessionId session, uint64_t owner, Json event);
  // Polls that wait get what is queued, then keepalive (claimed) or session_over.
  void close(SessionId session, uint64_t owner, bool claimed);

  bool knows(SessionId session) const { return sessions_.contains(session); }
  // Answers at once if something is queued, else when it is or after kLongestWait. The id is 0 if it
  // was answered at once; the session must be known.
  PollId wait(SessionId session, size_t max_events, Answer answer);
  // The one who asked has gone: nothing is taken out of the queue for it.
  void cancel(SessionId session, PollId poll);
  // Ends all polls with keepalive: the server stops.
  void finish();

  uint64_t dropped() const { return dropped_; }

 private:
  struct Waiting {
    PollId id;
    size_t max_events = 1;
    Answer answer;
    TimerId timer;
  };
  struct Session {
    uint64_t owner = 0;
    std::deque<Json> events;
    std::vector<Waiting> waiting;
    bool flush_posted = false;
    bool told_of_drops = false;
  };

  void flush(SessionId session);
  void expire(SessionId session, PollId poll);
  void end(std::vector<Waiting> waiting, Outcome::Kind kind);
  static Outcome take(Session& session, size_t max_events);

  Executor& executor_;
  std::unordered_map<SessionId, Session> sessions_;
  uint64_t next_poll_ = 1;
  uint64_t dropped_ = 0;
};

}  // namespace limen::http
