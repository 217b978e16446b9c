#include "transports/websockets/websocket_channel.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/container/static_vector.hpp>

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
    socket_.async_accept(request, KeepAlive{shared_from_this(), std::move(done)});
  }

  void read(Received done) override {
    socket_.async_read(input_,
                       [self = shared_from_this(), this, done = std::move(done)](error_code failure, size_t) mutable {
                         std::string message = failure ? std::string() : beast::buffers_to_string(input_.data());
                         input_.consume(input_.size());
                         if (input_.capacity() > kKeptBuffer) input_.shrink_to_fit();
                         done(failure, std::move(message));
                       });
  }

  void write(std::string text, Done done) override {
    output_ = std::move(text);
    socket_.async_write(asio::buffer(output_), [self = shared_from_this(), done = std::move(done)](
                                                   error_code failure, size_t) mutable { done(failure); });
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
  static constexpr size_t kKeptBuffer = 64 * 1024;

  websocket::stream<ErasedStream, false> socket_;
  beast::flat_buffer input_;
  std::string output_;
  bool pinging_ = false;
};

}  // namespace

std::shared_ptr<WebSocketChannel> WebSocketChannel::make(std::shared_ptr<net::ByteStream> stream,
                                                         std::string received) {
  return std::make_shared<BeastChannel>(std::move(stream), std::move(received));
}

}  // namespace limen::websockets
