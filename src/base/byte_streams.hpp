// ByteStreams: TCP connections that a shard opens, for TURN servers.
//
// A shard's thread only. Nothing blocks; callbacks are never called from inside a call. Bounded: so many streams;
// what a slow reader does not take is refused whole, so that messages on a stream stay whole.
#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "base/net_address.hpp"
#include "base/result.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"

namespace limen {

using StreamId = StrongId<struct StreamTag>;

// The stream may be closed from inside any of them.
struct StreamCallbacks {
  std::function<void(Instant now)> connected;
  std::function<void(Bytes bytes, Instant now)> received;
  // It could not be connected, or has ended; it is closed already.
  std::function<void(std::string why, Instant now)> ended;
};

class ByteStreams {
 public:
  virtual ~ByteStreams() = default;
  virtual Result<StreamId> connect(const SocketAddress& to, StreamCallbacks callbacks) = 0;
  // False if it was not sent: no such stream, or too much waits already.
  virtual bool send(StreamId stream, Bytes bytes) = 0;
  virtual void close(StreamId stream) = 0;
};

}  // namespace limen
