// ByteStreamSet: the TCP connections that one shard has opened to servers.
//
// It watches its sockets with an epoll of its own, whose descriptor the shard watches. The shard's thread, or any
// before it starts and after it ended.
#pragma once
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/byte_streams.hpp"

namespace limen::runtime {

class ByteStreamSet final : public ByteStreams {
 public:
  static constexpr size_t kMaxStreams = 2048;
  static constexpr size_t kMaxWaiting = 256 * 1024;  // bytes to send, per stream
  static constexpr int kReadsPerTurn = 8;            // of 64 KiB each, per stream

  ByteStreamSet();
  ~ByteStreamSet() override;
  ByteStreamSet(const ByteStreamSet&) = delete;
  ByteStreamSet& operator=(const ByteStreamSet&) = delete;

  Result<StreamId> connect(const SocketAddress& to, StreamCallbacks callbacks) override;
  bool send(StreamId stream, Bytes bytes) override;
  void close(StreamId stream) override;

  // Readable: call handle_ready(). -1: the system had none to give.
  int fd() const { return epoll_fd_; }
  void handle_ready(Instant now);
  size_t count() const { return streams_.size(); }

 private:
  struct Stream;
  void watch(Stream& stream, bool writable);
  void on_writable(const std::shared_ptr<Stream>& stream, Instant now);
  void on_readable(const std::shared_ptr<Stream>& stream, Instant now);
  bool write_waiting(Stream& stream);
  void end(const std::shared_ptr<Stream>& stream, int error, Instant now);

  int epoll_fd_;
  std::unordered_map<uint64_t, std::shared_ptr<Stream>> streams_;  // shared with a callback that closes it
  uint64_t last_id_ = 0;
  std::vector<uint8_t> buffer_;
};

}  // namespace limen::runtime
