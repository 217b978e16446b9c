// SendQueue: messages that wait for the window, stream by stream, cut into fragments as they leave.
//
// Streams take turns: by message, or by fragment where interleaving is agreed (RFC 8260 section 3).
// A shard's thread only.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/time.hpp"

namespace limen::rtc {

// Shared between the queue and the chunks on their way, so that the bytes exist once.
struct OutgoingMessage {
  uint16_t stream = 0;
  uint32_t ppid = 0;
  bool unordered = false;
  std::optional<uint32_t> max_retransmissions;
  Instant expires = kNever;
  std::vector<uint8_t> bytes;

  uint32_t message_id = 0;  // SSN or MID; known when the first fragment leaves
  size_t sent = 0;          // bytes that have left the queue
  uint32_t fragments = 0;
  uint64_t first_tsn = 0, last_tsn = 0;  // of the fragments that have left, without wrap
  bool abandoned = false;
};
using OutgoingMessagePtr = std::shared_ptr<OutgoingMessage>;

struct Fragment {
  OutgoingMessagePtr message;
  uint32_t offset = 0;
  uint32_t size = 0;
  uint32_t number = 0;  // within the message
  bool begin = false, end = false;
};

class SendQueue {
 public:
  void set_interleaving(bool on) { interleaving_ = on; }

  void push(OutgoingMessagePtr message);
  // The message the next fragment is of; null if nothing waits. Messages that expired before their first
  // fragment left are dropped on the way (and counted).
  OutgoingMessage* front(Instant now);
  // The next fragment, of at most `room` bytes.
  Fragment take(size_t room);
  // The message was given up: its remaining bytes go. Null if it had left as a whole.
  OutgoingMessagePtr drop_rest(const OutgoingMessage& message);

  bool empty() const { return bytes_ == 0; }
  size_t bytes() const { return bytes_; }
  size_t messages() const { return messages_; }
  bool has(uint16_t stream) const;
  // Message numbers of the stream start again.
  void reset(uint16_t stream);
  void clear();
  uint64_t expired() const { return expired_; }

 private:
  struct Stream {
    std::deque<OutgoingMessagePtr> messages;
    uint32_t next_ordered = 0, next_unordered = 0;
    bool in_turn = false;  // has a place in turns_
  };
  void number(Stream& stream, OutgoingMessage& message);
  void pop(Stream& stream);

  std::map<uint16_t, Stream> streams_;
  std::deque<uint16_t> turns_;
  bool interleaving_ = false;
  size_t bytes_ = 0, messages_ = 0;
  uint64_t expired_ = 0;
};

}  // namespace limen::rtc
