// The API over HTTP: each message is a POST on a connection that is kept for the next one; what plugins say later
// comes by a long poll for each session, on a connection of its own.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/json.hpp>
#include <unordered_set>
#include <vector>

#include "tools/load/tls_client.hpp"

namespace limen::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace json = boost::json;

constexpr uint64_t kMostOfAnAnswer = 16 << 20;
constexpr Duration kLongPollLimit = std::chrono::seconds(120);  // the server answers after 30
constexpr int kEventsPerPoll = 10;

uint64_t id_in(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<uint64_t>() : 0;
}

template <typename Stream>
class HttpLink final : public JanusLink, public std::enable_shared_from_this<HttpLink<Stream>> {
 public:
  HttpLink(asio::io_context& io, const ServerAddress& server, Duration timeout, LinkEvents events)
      : io_(io), server_(server), timeout_(timeout), events_(std::move(events)) {}

  // Only looks whether somebody answers.
  Async<> connect() override {
    auto self = this->shared_from_this();
    auto connection = make_connection();
    auto error = co_await open_stream(io_, connection->stream, server_, timeout_);
    if (error) co_return fail("{}: {}", server_.text(), error.message());
    idle_.push_back(std::move(connection));
    co_return Result<>();
  }

  void send(json::object message) override { asio::co_spawn(io_, post(std::move(message)), asio::detached); }

  void close() override {
    closed_ = true;
    idle_.clear();
    polled_.clear();
  }

 private:
  struct Connection {
    explicit Connection(Stream made) : stream(std::move(made)) {}
    Stream stream;
    beast::flat_buffer buffer;
  };
  using ConnectionPtr = std::unique_ptr<Connection>;

  ConnectionPtr make_connection() {
    if constexpr (std::is_same_v<Stream, TlsStream>) return std::make_unique<Connection>(Stream(io_, tls_context()));
    else return std::make_unique<Connection>(Stream(io_));
  }

  // Connects first if there is no connection, and gives it up if the server wants that or it fails.
  asio::awaitable<beast::error_code> exchange(ConnectionPtr& connection, http::verb verb, std::string target,
                                              std::string body, Duration limit, std::string& answer) {
    beast::error_code error;
    if (!connection) {
      connection = make_connection();
      error = co_await open_stream(io_, connection->stream, server_, timeout_);
    }
    auto token = asio::redirect_error(asio::use_awaitable, error);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMostOfAnAnswer);
    if (!error) {
      http::request<http::string_body> request(verb, target, 11, std::move(body));
      request.set(http::field::host, server_.host);
      request.set(http::field::content_type, "application/json");
      request.prepare_payload();
      beast::get_lowest_layer(connection->stream).expires_after(limit);
      co_await http::async_write(connection->stream, request, token);
      if (!error) co_await http::async_read(connection->stream, connection->buffer, parser, token);
    }
    if (error || !parser.keep_alive()) connection.reset();
    if (!error) answer = std::move(parser.get().body());
    co_return error;
  }

  asio::awaitable<void> post(json::object message) {
    auto self = this->shared_from_this();
    std::string target = server_.path;
    uint64_t session = id_in(message, "session_id"), handle = id_in(message, "handle_id");
    const json::value* kind = message.if_contains("janus");
    bool creates = kind != nullptr && *kind == "create";
    if (kind != nullptr && *kind == "destroy") polled_.erase(session);
    for (uint64_t id : {session, handle}) {
      if (id != 0) target += "/" + std::to_string(id);
    }
    message.erase("session_id");
    message.erase("handle_id");
    ConnectionPtr connection;
    if (!idle_.empty()) {
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    std::string answer;
    bool reused = connection != nullptr;
    std::string body = json::serialize(message);
    auto error = co_await exchange(connection, http::verb::post, target, body, timeout_, answer);
    // The server may close a connection that rested; on a new one it fails for another reason.
    if (error && reused) error = co_await exchange(connection, http::verb::post, target, body, timeout_, answer);
    if (connection && !closed_) idle_.push_back(std::move(connection));
    if (error) {
      // Whoever waits for the answer sees that none comes.
      co_return;
    }
    json::error_code broken;
    json::value value = json::parse(answer, broken);
    if (broken || !value.is_object()) co_return;
    if (creates) start_polling(value.as_object());
    events_.message(std::move(value.as_object()));
  }

  void start_polling(const json::object& created) {
    const json::value* data = created.if_contains("data");
    uint64_t session = data != nullptr && data->is_object() ? id_in(data->as_object(), "id") : 0;
    if (session == 0 || !polled_.insert(session).second) return;
    asio::co_spawn(io_, poll(session), asio::detached);
  }

  asio::awaitable<void> poll(uint64_t session) {
    auto self = this->shared_from_this();
    std::string target = fmt::format("{}/{}?maxev={}", server_.path, session, kEventsPerPoll);
    ConnectionPtr connection;
    while (!closed_ && polled_.contains(session)) {
      std::string answer;
      if (co_await exchange(connection, http::verb::get, target, {}, kLongPollLimit, answer)) break;
      json::error_code broken;
      json::value value = json::parse(answer, broken);
      if (broken) break;
      if (value.is_object()) take(session, std::move(value.as_object()));
      if (!value.is_array()) continue;
      for (json::value& each : value.as_array()) {
        if (each.is_object()) take(session, std::move(each.as_object()));
      }
    }
    polled_.erase(session);
  }

  // An error is about the session: nothing more comes.
  void take(uint64_t session, json::object event) {
    const json::value* kind = event.if_contains("janus");
    if (kind != nullptr && (*kind == "error" || *kind == "timeout")) polled_.erase(session);
    events_.message(std::move(event));
  }

  asio::io_context& io_;
  ServerAddress server_;
  Duration timeout_;
  LinkEvents events_;
  std::vector<ConnectionPtr> idle_;
  std::unordered_set<uint64_t> polled_;
  bool closed_ = false;
};

}  // namespace

std::shared_ptr<JanusLink> make_http_link(asio::io_context& io, const ServerAddress& server, Duration timeout,
                                          LinkEvents events) {
  if (server.tls()) return std::make_shared<HttpLink<TlsStream>>(io, server, timeout, std::move(events));
  return std::make_shared<HttpLink<PlainStream>>(io, server, timeout, std::move(events));
}

}  // namespace limen::load
