#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/json.hpp>
#include <deque>

#include "tools/load/tls_client.hpp"

namespace limen::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;

template <typename Lower>
class WebSocketLink final : public JanusLink, public std::enable_shared_from_this<WebSocketLink<Lower>> {
 public:
  template <typename... Arguments>
  WebSocketLink(asio::io_context& io, const ServerAddress& server, Duration timeout, LinkEvents events,
                Arguments&&... arguments)
      : io_(io),
        server_(server),
        timeout_(timeout),
        events_(std::move(events)),
        stream_(io, std::forward<Arguments>(arguments)...) {}

  Async<> connect() override {
    auto self = this->shared_from_this();
    auto opened = co_await open_stream(io_, stream_.next_layer(), server_, timeout_);
    if (opened) co_return fail("{}: {}", server_.text(), opened.message());
    auto set_protocol = [](beast::websocket::request_type& request) {
      request.set(beast::http::field::sec_websocket_protocol, "janus-protocol");
    };
    stream_.set_option(beast::websocket::stream_base::decorator(set_protocol));
    stream_.read_message_max(16 << 20);
    beast::error_code error;
    std::string host = server_.host + ":" + server_.port;
    co_await stream_.async_handshake(host, server_.path, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return fail("{}: {}", server_.text(), error.message());
    asio::co_spawn(io_, read_all(), asio::detached);
    co_return Result<>();
  }

  void send(json::object message) override {
    outgoing_.push_back(json::serialize(message));
    if (!writing_) asio::co_spawn(io_, write_all(), asio::detached);
  }

  void close() override {
    beast::error_code ignored;  // the connection is given up either way
    beast::get_lowest_layer(stream_).socket().close(ignored);
  }

 private:
  asio::awaitable<void> write_all() {
    auto self = this->shared_from_this();
    writing_ = true;
    beast::error_code error;
    while (!outgoing_.empty() && !error) {
      std::string text = std::move(outgoing_.front());
      outgoing_.pop_front();
      co_await stream_.async_write(asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
    }
    writing_ = false;
    if (error) events_.ended();
  }

  asio::awaitable<void> read_all() {
    auto self = this->shared_from_this();
    beast::flat_buffer buffer;
    beast::error_code error;
    while (true) {
      co_await stream_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      auto data = buffer.cdata();
      json::error_code parse_error;
      json::value value = json::parse({static_cast<const char*>(data.data()), data.size()}, parse_error);
      buffer.consume(buffer.size());
      if (!parse_error && value.is_object()) events_.message(std::move(value.as_object()));
    }
    events_.ended();
  }

  asio::io_context& io_;
  ServerAddress server_;
  Duration timeout_;
  LinkEvents events_;
  beast::websocket::stream<Lower> stream_;
  std::deque<std::string> outgoing_;
  bool writing_ = false;
};

}  // namespace

std::shared_ptr<JanusLink> make_websocket_link(asio::io_context& io, const ServerAddress& server, Duration timeout,
                                               LinkEvents events) {
  if (server.tls()) {
    return std::make_shared<WebSocketLink<TlsStream>>(io, server, timeout, std::move(events), tls_context());
  }
  return std::make_shared<WebSocketLink<PlainStream>>(io, server, timeout, std::move(events));
}

}  // namespace limen::load
