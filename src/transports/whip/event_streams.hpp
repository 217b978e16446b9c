// EventStreams: the server-sent events of one WHEP session (draft-ietf-wish-whep, section 4.9): streams that the client
// made, what they are to tell, and what waits while nobody reads.
//
// Control thread.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/json.hpp"
#include "base/executor.hpp"
#include "transports/http/http_exchange.hpp"

namespace limen::whip {

class EventStreams {
 public:
  static constexpr size_t kMostStreams = 4;
  static constexpr size_t kMostWaiting = 64;  // per stream; the oldest go first
  static constexpr Duration kBeat = std::chrono::seconds(15);
  static constexpr std::string_view kEvents = "active,inactive,layers";

  explicit EventStreams(Executor& executor) : executor_(executor) {}
  ~EventStreams() { end(); }
  EventStreams(const EventStreams&) = delete;
  EventStreams& operator=(const EventStreams&) = delete;

  bool full() const { return streams_.size() >= kMostStreams; }
  // `kinds` empty: all. What is the case already is told first.
  void add(std::string name, std::set<std::string> kinds);
  bool has(std::string_view name) const { return streams_.contains(name); }
  // Answers a GET; a reader that is there already is let go.
  void read(std::string_view name, const std::shared_ptr<http::HttpExchange>& exchange, net::HttpResponse head);
  bool remove(std::string_view name);
  void tell(const std::string& kind, const Json& data);
  void end();

 private:
  struct Stream {
    std::set<std::string> kinds;
    std::deque<std::string> waiting;
    std::shared_ptr<http::HttpExchange> reader;
  };
  static void deliver(Stream& stream, const std::string& kind, std::string text);
  void beat();

  Executor& executor_;
  std::map<std::string, Stream, std::less<>> streams_;
  std::map<std::string, std::string> latest_;  // by kind; active and inactive exclude each other
  TimerId timer_;
};

}  // namespace limen::whip
