#include "rtc/sctp/send_queue.hpp"

#include <algorithm>
#include <utility>

namespace limen::rtc {

void SendQueue::push(OutgoingMessagePtr message) {
  Stream& stream = streams_[message->stream];
  bytes_ += message->bytes.size();
  ++messages_;
  if (!std::exchange(stream.in_turn, true)) turns_.push_back(message->stream);
  stream.messages.push_back(std::move(message));
}

OutgoingMessage* SendQueue::front(Instant now) {
  while (!turns_.empty()) {
    Stream& stream = streams_[turns_.front()];
    if (stream.messages.empty()) {
      stream.in_turn = false;
      turns_.pop_front();
      continue;
    }
    OutgoingMessage& message = *stream.messages.front();
    if (message.sent > 0 || message.expires > now) return &message;
    bytes_ -= message.bytes.size();
    --messages_;
    ++expired_;
    stream.messages.pop_front();
  }
  return nullptr;
}

void SendQueue::number(Stream& stream, OutgoingMessage& message) {
  if (!message.unordered) message.message_id = stream.next_ordered++;
  else if (interleaving_) message.message_id = stream.next_unordered++;
}

Fragment SendQueue::take(size_t room) {
  Stream& stream = streams_[turns_.front()];
  Fragment out;
  out.message = stream.messages.front();
  OutgoingMessage& message = *out.message;
  if (message.sent == 0) number(stream, message);
  out.offset = static_cast<uint32_t>(message.sent);
  out.size = static_cast<uint32_t>(std::min(room, message.bytes.size() - message.sent));
  out.number = message.fragments++;
  out.begin = out.offset == 0;
  message.sent += out.size;
  out.end = message.sent == message.bytes.size();
  bytes_ -= out.size;
  if (out.end) {
    stream.messages.pop_front();
    --messages_;
  }
  if (out.end || interleaving_) pop(stream);
  return out;
}

// The next stream's turn.
void SendQueue::pop(Stream& stream) {
  uint16_t id = turns_.front();
  turns_.pop_front();
  stream.in_turn = !stream.messages.empty();
  if (stream.in_turn) turns_.push_back(id);
}

OutgoingMessagePtr SendQueue::drop_rest(const OutgoingMessage& message) {
  auto at = streams_.find(message.stream);
  if (at == streams_.end() || at->second.messages.empty()) return nullptr;
  OutgoingMessagePtr front = at->second.messages.front();
  if (front.get() != &message) return nullptr;
  bytes_ -= message.bytes.size() - message.sent;
  --messages_;
  at->second.messages.pop_front();
  return front;
}

bool SendQueue::has(uint16_t stream) const {
  auto at = streams_.find(stream);
  return at != streams_.end() && !at->second.messages.empty();
}

void SendQueue::reset(uint16_t stream) {
  auto at = streams_.find(stream);
  if (at == streams_.end()) return;
  at->second.next_ordered = 0;
  at->second.next_unordered = 0;
}

void SendQueue::clear() {
  streams_.clear();
  turns_.clear();
  bytes_ = messages_ = 0;
}

}  // namespace limen::rtc
