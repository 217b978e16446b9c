#include "transports/websockets/websocket_channel.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/container/static_vector.hpp>

#include <array>

namespace limen::websockets {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

constexpr size_t kMaxBuffers = 16;

// What Beast asks of a stream, for a ByteStream.
class ErasedStream {
 public:
  using executor_type = asio::io_context::executor_type;

  ErasedStream(std::shared_ptr<net::ByteStream> bytes, std::string received)
      : bytes_(std::move(bytes)), received_(std::move(received)) {}
  executor_type get_executor() { return bytes_->context().get_executor(); }
  net::ByteStream& bytes() { return *bytes_; }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [this](auto handler, const Buffers& into) { read(flat<asio::mutable_buffer>(into), std::move(handler)); },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [this](auto handler, const Buffers& from) {
          bytes_->write_some(flat<asio::const_buffer>(from), std::move(handler));
        },
        token, buffers);
  }

 private:
  // The first kMaxBuffers pieces: "some" may be less than everything.
  template <typename Buffer, typename Buffers>
  static boost::container::static_vector<Buffer, kMaxBuffers> flat(const Buffers& buffers) {
    boost::container::static_vector<Buffer, kMaxBuffers> pieces;
    auto end = asio::buffer_sequence_end(buffers);
    for (auto it = asio::buffer_sequence_begin(buffers); it != end && pieces.size() < kMaxBuffers; ++it) {
      if (Buffer piece(*it); piece.size() > 0) pieces.push_back(piece);
    }
    return pieces;
  }

  template <typename Handler>
  void read(std::span<const asio::mutable_buffer> into, Handler handler) {
    if (received_.empty()) return bytes_->read_some(into, std::move(handler));
    size_t size = asio::buffer_copy(into, asio::buffer(received_));
    received_.erase(0, size);
    asio::post(bytes_->context(), [handler = std::move(handler), size]() mutable { handler(error_code(), size); });
  }

  std::shared_ptr<net::ByteStream> bytes_;
  std::string received_;  // read before the stream came here
};

// Found by Beast through argument-dependent lookup.
void beast_close_socket(ErasedStream& stream) {
  stream.bytes().close();
}
template <typename Handler>
void async_teardown(beast::role_type, ErasedStream& stream, Handler&& handler) {
  stream.bytes().shutdown(std::forward<Handler>(handler));
}

// A completion that holds its channel.
struct KeepAlive {
  std::shared_ptr<WebSocketChannel> channel;
  WebSocketChannel::Done done;
  void operator()(error_code failure) { done(failure); }
};

class BeastChannel final : public WebSocketChannel {
 public:
  BeastChannel(std::shared_ptr<net::ByteStream> stream, std::string received)
      : socket_(ErasedStream(std::move(stream), std::move(received))) {
    socket_.auto_fragment(true);
    socket_.write_buffer_bytes(kFragment);
    socket_.read_message_max(kLargestMessage);
    socket_.text(true);
  }

  void accept(const net::HttpRequest& handshake, net::HttpHeaders headers, Done done) override {
    socket_.set_option(
        websocket::stream_base::decorator([headers = std::move(headers)](websocket::response_type& answer) {
          for (const auto& [name, value] : headers) answer.insert(name, value);
        }));
    beast::http::request<beast::http::empty_body> request;
    request.version(handshake.version);
    request.method_string(handshake.method);
    request.target(handshake.target);
    for (const auto& [name, value] : handshake.headers) request.insert(name, value);
    // Beast reads it before it returns.
    socket_.async_accept(
        request, [self = shared_from_this(), this, done = std::move(done)](error_code failure) mutable {
          socket_.set_option(
              websocket::stream_base::decorator([](websocket::response_type&) {}));  // lets go of the headers
          done(failure);
        });
  }

  void read(Received done) override { read_some(asio::buffer(first_), std::move(done)); }

  void write(std::string text, Done done) override {
    output_ = std::move(text);
    socket_.async_write(asio::buffer(output_),
                        [self = shared_from_this(), this, done = std::move(done)](error_code failure, size_t) mutable {
                          output_ = {};
                          done(failure);
                        });
  }

  void ping() override {
    if (pinging_) return;  // the last one has not left yet: the connection is stuck anyway
    pinging_ = true;
    socket_.async_ping({}, [self = shared_from_this(), this](error_code) { pinging_ = false; });
  }

  void on_control(std::function<void()> heard) override {
    socket_.control_callback([heard = std::move(heard)](websocket::frame_type, beast::string_view) { heard(); });
  }

  void close(uint16_t code, std::string_view reason, Done done) override {
    websocket::close_reason why(static_cast<websocket::close_code>(code),
                                beast::string_view(reason.data(), reason.size()));
    socket_.async_close(why, KeepAlive{shared_from_this(), std::move(done)});
  }

  void abort() override { socket_.next_layer().bytes().close(); }

 private:
  // Most requests fit; a longer message gets a buffer of its own, so that thousands of idle connections hold none.
  static constexpr size_t kFirst = 256;
  static constexpr size_t kMore = 16 * 1024;

  void read_some(asio::mutable_buffer into, Received done) {
    socket_.async_read_some(
        into, [self = shared_from_this(), this, into, done = std::move(done)](error_code failure, size_t size) mutable {
          if (failure) return done(failure, {});
          message_.append(static_cast<const char*>(into.data()), size);
          if (socket_.is_message_done()) {
            more_.reset();
            return done({}, std::exchange(message_, {}));
          }
          if (!more_) more_ = std::make_unique<std::array<char, kMore>>();
          read_some(asio::buffer(*more_), std::move(done));
        });
  }

  websocket::stream<ErasedStream, false> socket_;
  std::array<char, kFirst> first_;
  std::unique_ptr<std::array<char, kMore>> more_;  // while a long message comes in
  std::string message_;
  std::string output_;
  bool pinging_ = false;
};

}  // namespace

std::shared_ptr<WebSocketChannel> WebSocketChannel::make(std::shared_ptr<net::ByteStream> stream,
                                                         std::string received) {
  return std::make_shared<BeastChannel>(std::move(stream), std::move(received));
}

}  // namespace limen::websockets
