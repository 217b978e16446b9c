#include "handlers/websocket/collector_socket.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace limen::websocket_handler {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using asio::ip::tcp;
using boost::system::error_code;

// TCP or TLS behind one type, so that the WebSocket code exists once.
class EitherStream {
 public:
  using executor_type = asio::io_context::executor_type;

  EitherStream(asio::io_context& io, asio::ssl::context* tls) : io_(io), socket_(io) {
    if (tls != nullptr) tls_ = std::make_unique<asio::ssl::stream<tcp::socket&>>(socket_, *tls);
  }
  executor_type get_executor() { return io_.get_executor(); }
  tcp::socket& socket() { return socket_; }
  asio::ssl::stream<tcp::socket&>* tls() { return tls_.get(); }

  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [this](auto handler, const Buffers& into) {
          if (tls_) tls_->async_read_some(into, std::move(handler));
          else socket_.async_read_some(into, std::move(handler));
        },
        token, buffers);
  }
  template <typename Buffers, typename Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, size_t)>(
        [this](auto handler, const Buffers& from) {
          if (tls_) tls_->async_write_some(from, std::move(handler));
          else socket_.async_write_some(from, std::move(handler));
        },
        token, buffers);
  }

 private:
  asio::io_context& io_;
  tcp::socket socket_;
  std::unique_ptr<asio::ssl::stream<tcp::socket&>> tls_;
};

// Found by Beast through argument-dependent lookup.
void beast_close_socket(EitherStream& stream) {
  error_code ignored;
  stream.socket().close(ignored);
}
template <typename Handler>
void async_teardown(beast::role_type, EitherStream& stream, Handler&& handler) {
  error_code ignored;
  stream.socket().close(ignored);
  asio::post(stream.get_executor(), [handler = std::forward<Handler>(handler)]() mutable { handler(error_code()); });
}

class BeastSocket final : public CollectorSocket, public std::enable_shared_from_this<BeastSocket> {
 public:
  BeastSocket(asio::io_context& io, SocketOptions options)
      : options_(std::move(options)),
        resolver_(io),
        tls_(options_.backend.tls ? std::make_unique<asio::ssl::context>(asio::ssl::context::tls_client) : nullptr),
        socket_(io, tls_.get()) {
    socket_.text(true);
    socket_.read_message_max(kLargestIgnored);
  }

  void connect(Done done, Done ended) override {
    connected_ = std::move(done);
    ended_ = std::move(ended);
    resolver_.async_resolve(
        options_.backend.host, std::to_string(options_.backend.port),
        [self = shared_from_this(), this](error_code failure, const tcp::resolver::results_type& places) {
          if (failure || aborted_) return on_connected(failure, "name of the host");
          asio::async_connect(socket_.next_layer().socket(), places,
                              [self, this](error_code refused, const tcp::endpoint&) { on_tcp(refused); });
        });
  }

  void write(std::string text, Done done) override {
    output_ = std::move(text);
    writing_ = true;
    socket_.async_write(asio::buffer(output_),
                        [self = shared_from_this(), this, done = std::move(done)](error_code failure, size_t) mutable {
                          writing_ = false;
                          done(failure ? failure.message() : std::string());
                          if (close_next_) close();
                        });
  }

  void close() override {
    if (!socket_.is_open() || aborted_) return abort();
    close_next_ = writing_;
    if (writing_) return;
    // Goes with the socket if the collector does not answer: the loop ends.
    socket_.async_close(websocket::close_code::normal, [self = shared_from_this()](error_code) {});
  }

  void abort() override {
    aborted_ = true;
    resolver_.cancel();
    beast_close_socket(socket_.next_layer());
  }

 private:
  static constexpr size_t kLargestIgnored = 1024 * 1024;

  void on_connected(error_code failure, std::string_view what) {
    if (!failure && aborted_) failure = asio::error::operation_aborted;
    if (auto done = std::exchange(connected_, nullptr)) {
      done(failure ? fmt::format("{}: {}", what, failure.message()) : std::string());
    }
    if (!failure && !aborted_) read();
  }

  void on_tcp(error_code failure) {
    if (failure || aborted_) return on_connected(failure, "connecting");
    error_code ignored;  // conveniences: without them it works as well
    socket_.next_layer().socket().set_option(tcp::no_delay(true), ignored);
    socket_.next_layer().socket().set_option(asio::socket_base::keep_alive(true), ignored);
    auto* tls = socket_.next_layer().tls();
    if (tls == nullptr) return shake_hands();
    if (!prepare_tls(*tls)) return on_connected(asio::error::invalid_argument, "TLS");
    tls->async_handshake(asio::ssl::stream_base::client, [self = shared_from_this(), this](error_code refused) {
      if (refused || aborted_) return on_connected(refused, "TLS");
      shake_hands();
    });
  }

  bool prepare_tls(asio::ssl::stream<tcp::socket&>& tls) {
    error_code failure;
    const std::string& host = options_.backend.host;
    SSL_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
    if (options_.verify_peer) {
      tls_->set_default_verify_paths(failure);
      tls.set_verify_mode(asio::ssl::verify_peer, failure);
      tls.set_verify_callback(asio::ssl::host_name_verification(host), failure);
    }
    error_code is_name;
    asio::ip::make_address(host, is_name);
    if (is_name && SSL_set_tlsext_host_name(tls.native_handle(), host.c_str()) != 1) return false;
    return !failure;
  }

  void shake_hands() {
    socket_.set_option(
        websocket::stream_base::decorator([name = options_.subprotocol](websocket::request_type& request) {
          request.set("User-Agent", "Limen");
          if (!name.empty()) request.set("Sec-WebSocket-Protocol", name);
        }));
    socket_.async_handshake(
        options_.backend.host_header(), options_.backend.target,
        [self = shared_from_this(), this](error_code failure) { on_connected(failure, "handshake"); });
  }

  void read() {
    socket_.async_read(input_, [self = shared_from_this(), this](error_code failure, size_t) {
      input_.consume(input_.size());
      if (!failure) return read();
      if (auto ended = std::exchange(ended_, nullptr)) ended(failure.message());
    });
  }

  SocketOptions options_;
  tcp::resolver resolver_;
  std::unique_ptr<asio::ssl::context> tls_;
  websocket::stream<EitherStream, false> socket_;
  beast::flat_buffer input_;
  std::string output_;
  Done connected_, ended_;
  bool writing_ = false;
  bool close_next_ = false;
  bool aborted_ = false;
};

}  // namespace

std::shared_ptr<CollectorSocket> CollectorSocket::make(void* io, SocketOptions options) {
  return std::make_shared<BeastSocket>(*static_cast<asio::io_context*>(io), std::move(options));
}

}  // namespace limen::websocket_handler
