#include "transports/net/byte_stream.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/container/static_vector.hpp>

#include "transports/net/socket_stream.hpp"

namespace limen::net {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Longer sequences are cut: "some" may always be less.
constexpr size_t kMaxBuffers = 16;

template <typename Buffer>
auto copy_of(std::span<const Buffer> buffers) {
  boost::container::static_vector<Buffer, kMaxBuffers> copy;
  for (const Buffer& buffer : buffers.first(std::min(buffers.size(), kMaxBuffers))) copy.push_back(buffer);
  return copy;
}

void close_socket(StreamSocket& socket) {
  error_code ignored;  // closing what is closed already is no news
  socket.close(ignored);
}

void end_sending(StreamSocket& socket) {
  error_code ignored;  // the peer may have gone first
  socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

class PlainStream final : public ByteStream {
 public:
  explicit PlainStream(StreamSocket socket)
      : context_(static_cast<asio::io_context&>(socket.get_executor().context())), socket_(std::move(socket)) {}

  void handshake(Done done) override {
    asio::post(context_, [done = std::move(done)]() mutable { done({}); });
  }
  void read_some(std::span<const asio::mutable_buffer> into, Transferred done) override {
    socket_.async_read_some(copy_of(into), std::move(done));
  }
  void write_some(std::span<const asio::const_buffer> bytes, Transferred done) override {
    socket_.async_write_some(copy_of(bytes), std::move(done));
  }
  void shutdown(Done done) override {
    end_sending(socket_);
    asio::post(context_, [done = std::move(done)]() mutable { done({}); });
  }
  void close() override { close_socket(socket_); }
  bool encrypted() const override { return false; }
  asio::io_context& context() override { return context_; }

 private:
  asio::io_context& context_;
  StreamSocket socket_;
};

class TlsStream final : public ByteStream {
 public:
  TlsStream(StreamSocket socket, std::shared_ptr<asio::ssl::context> tls)
      : context_(static_cast<asio::io_context&>(socket.get_executor().context())),
        tls_(std::move(tls)),
        stream_(std::move(socket), *tls_) {}

  void handshake(Done done) override { stream_.async_handshake(asio::ssl::stream_base::server, std::move(done)); }
  void read_some(std::span<const asio::mutable_buffer> into, Transferred done) override {
    stream_.async_read_some(copy_of(into), std::move(done));
  }
  void write_some(std::span<const asio::const_buffer> bytes, Transferred done) override {
    stream_.async_write_some(copy_of(bytes), std::move(done));
  }
  void shutdown(Done done) override {
    // Sends close_notify at once, then waits for the peer's: callers bound the wait with a deadline.
    stream_.async_shutdown([this, done = std::move(done)](error_code failure) mutable {
      end_sending(stream_.next_layer());
      done(failure);
    });
  }
  void close() override { close_socket(stream_.next_layer()); }
  bool encrypted() const override { return true; }
  asio::io_context& context() override { return context_; }

 private:
  asio::io_context& context_;
  std::shared_ptr<asio::ssl::context> tls_;
  asio::ssl::stream<StreamSocket> stream_;
};

}  // namespace

std::shared_ptr<ByteStream> make_plain_stream(StreamSocket socket) {
  return std::make_shared<PlainStream>(std::move(socket));
}

std::shared_ptr<ByteStream> make_tls_stream(StreamSocket socket, std::shared_ptr<asio::ssl::context> tls) {
  return std::make_shared<TlsStream>(std::move(socket), std::move(tls));
}

}  // namespace limen::net
