#include "transports/whip/event_streams.hpp"

#include <fmt/core.h>

#include <utility>

namespace limen::whip {

void EventStreams::add(std::string name, std::set<std::string> kinds) {
  Stream& stream = streams_[std::move(name)];
  stream.kinds = std::move(kinds);
  for (const auto& [kind, text] : latest_) {
    if (kind != "inactive") deliver(stream, kind, text);
  }
}

void EventStreams::deliver(Stream& stream, const std::string& kind, std::string text) {
  if (!stream.kinds.empty() && !stream.kinds.contains(kind)) return;
  if (stream.reader) return stream.reader->push(std::move(text));
  if (stream.waiting.size() >= kMostWaiting) stream.waiting.pop_front();
  stream.waiting.push_back(std::move(text));
}

void EventStreams::read(std::string_view name, const std::shared_ptr<http::HttpExchange>& exchange,
                        net::HttpResponse head) {
  Stream& stream = streams_.find(name)->second;
  if (stream.reader) std::exchange(stream.reader, nullptr)->end_stream();
  for (const std::string& text : std::exchange(stream.waiting, {})) head.body += text;
  stream.reader = exchange;
  // The exchange is told only while it is kept here, so `this` is there.
  exchange->stream(std::move(head), [this, key = std::string(name), raw = exchange.get()] {
    auto found = streams_.find(key);
    if (found != streams_.end() && found->second.reader.get() == raw) found->second.reader.reset();
  });
  if (!timer_) beat();
}

// So that proxies do not take the connection for a dead one.
void EventStreams::beat() {
  timer_ = executor_.call_after(kBeat, [this] {
    timer_ = {};
    bool anybody = false;
    for (auto& [name, stream] : streams_) {
      if (!stream.reader) continue;
      anybody = true;
      auto reader = stream.reader;
      reader->push(":\n\n");
    }
    if (anybody) beat();
  });
}

bool EventStreams::remove(std::string_view name) {
  auto found = streams_.find(name);
  if (found == streams_.end()) return false;
  auto reader = std::move(found->second.reader);
  streams_.erase(found);
  if (reader) reader->end_stream();
  return true;
}

void EventStreams::tell(const std::string& kind, const Json& data) {
  std::string text = fmt::format("event: {}\ndata: {}\n\n", kind, write_json(data, JsonFormat::compact));
  if (kind == "active") latest_.erase("inactive");
  if (kind == "inactive") latest_.erase("active");
  latest_[kind] = text;
  for (auto& [name, stream] : streams_) deliver(stream, kind, text);
}

void EventStreams::end() {
  if (timer_) executor_.cancel(std::exchange(timer_, {}));
  for (auto& [name, stream] : std::exchange(streams_, {})) {
    if (stream.reader) stream.reader->end_stream();
  }
}

}  // namespace limen::whip
