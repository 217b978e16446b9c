#include "tools/load/janus_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>
#include <deque>
#include <unordered_map>

namespace limen::load {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace json = boost::json;
using tcp = asio::ip::tcp;

namespace {

std::string_view text_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

const json::object* object_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

uint64_t number_of(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code error;
  auto number = value->to_number<uint64_t>(error);
  return error ? 0 : number;
}

std::string error_text(const json::object& answer) {
  const json::object* error = object_of(answer, "error");
  if (error == nullptr) return json::serialize(answer);
  return fmt::format("{} ({})", text_of(*error, "reason"), number_of(*error, "code"));
}

}  // namespace

Result<ServerAddress> parse_server_url(const std::string& url) {
  constexpr std::string_view scheme = "ws://";
  if (!url.starts_with(scheme)) return fail("'{}' is not a ws:// address", url);
  std::string rest = url.substr(scheme.size());
  ServerAddress server;
  if (size_t slash = rest.find('/'); slash != std::string::npos) {
    server.path = rest.substr(slash);
    rest.resize(slash);
  }
  if (size_t colon = rest.rfind(':'); colon != std::string::npos && !rest.ends_with(']')) {
    server.port = rest.substr(colon + 1);
    rest.resize(colon);
  }
  if (rest.empty()) return fail("'{}' names no host", url);
  server.host = rest;
  return server;
}

struct JanusClient::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io_in, std::string secret, Duration limit)
      : io(io_in), stream(io_in), api_secret(std::move(secret)), timeout(limit) {}

  struct Pending {
    asio::steady_timer timer;
    json::object answer;
    bool answered = false;
  };

  void send(const json::object& message) {
    outgoing.push_back(json::serialize(message));
    if (!writing) asio::co_spawn(io, write_all(), asio::detached);
  }

  asio::awaitable<void> write_all() {
    auto self = shared_from_this();
    writing = true;
    beast::error_code error;
    while (!outgoing.empty() && !error) {
      std::string text = std::move(outgoing.front());
      outgoing.pop_front();
      co_await stream.async_write(asio::buffer(text), asio::redirect_error(asio::use_awaitable, error));
    }
    writing = false;
    if (error) fail_all();
  }

  asio::awaitable<void> read_all() {
    auto self = shared_from_this();
    beast::flat_buffer buffer;
    beast::error_code error;
    while (true) {
      co_await stream.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
      if (error) break;
      auto data = buffer.cdata();
      json::error_code parse_error;
      json::value value = json::parse({static_cast<const char*>(data.data()), data.size()}, parse_error);
      buffer.consume(buffer.size());
      if (!parse_error && value.is_object()) take(std::move(value.as_object()));
    }
    fail_all();
  }

  void take(json::object message) {
    std::string_view kind = text_of(message, "janus");
    if (kind == "ack") {
      // Only a keep-alive is answered by no more than this; nobody waits for one.
      return;
    }
    if (kind == "hangup") ++hangups;
    auto found = pending.find(std::string(text_of(message, "transaction")));
    if (found == pending.end()) return;
    found->second->answer = std::move(message);
    found->second->answered = true;
    found->second->timer.cancel();
    pending.erase(found);
  }

  void fail_all() {
    open = false;
    for (auto& [transaction, waiting] : pending) waiting->timer.cancel();
    pending.clear();
  }

  asio::io_context& io;
  beast::websocket::stream<beast::tcp_stream> stream;
  std::string api_secret;
  Duration timeout;
  std::deque<std::string> outgoing;
  std::unordered_map<std::string, std::shared_ptr<Pending>> pending;
  uint64_t next_transaction = 1;
  uint64_t requests = 0, hangups = 0;
  bool writing = false, open = false;
};

JanusClient::JanusClient(asio::io_context& io, std::string api_secret, Duration timeout)
    : state_(std::make_shared<State>(io, std::move(api_secret), timeout)) {}
JanusClient::~JanusClient() = default;

uint64_t JanusClient::requests() const {
  return state_->requests;
}
uint64_t JanusClient::hangups() const {
  return state_->hangups;
}

Async<> JanusClient::connect(ServerAddress server) {
  auto state = state_;
  tcp::resolver resolver(state->io);
  beast::error_code error;
  auto token = asio::redirect_error(asio::use_awaitable, error);
  auto found = co_await resolver.async_resolve(server.host, server.port, token);
  if (error) co_return fail("{}: {}", server.host, error.message());
  auto& socket = beast::get_lowest_layer(state->stream);
  socket.expires_after(state->timeout);
  co_await socket.async_connect(found, token);
  if (error) co_return fail("{}: {}", server.text(), error.message());
  socket.expires_never();
  socket.socket().set_option(tcp::no_delay(true));
  auto set_protocol = [](beast::websocket::request_type& request) {
    request.set(beast::http::field::sec_websocket_protocol, "janus-protocol");
  };
  state->stream.set_option(beast::websocket::stream_base::decorator(set_protocol));
  state->stream.read_message_max(16 << 20);
  std::string host = server.host + ":" + server.port;
  co_await state->stream.async_handshake(host, server.path, token);
  if (error) co_return fail("{}: {}", server.text(), error.message());
  state->open = true;
  asio::co_spawn(state->io, state->read_all(), asio::detached);
  co_return Result<>();
}

void JanusClient::close() {
  beast::error_code ignored;  // the connection is given up either way
  beast::get_lowest_layer(state_->stream).socket().close(ignored);
}

Async<json::object> JanusClient::request(json::object message) {
  auto state = state_;
  if (!state->open) co_return fail("The connection to the server is closed");
  std::string transaction = fmt::format("load-{}", state->next_transaction++);
  message["transaction"] = transaction;
  if (!state->api_secret.empty()) message["apisecret"] = state->api_secret;
  auto waiting = std::make_shared<State::Pending>(State::Pending{asio::steady_timer(state->io, state->timeout), {}});
  state->pending.emplace(transaction, waiting);
  ++state->requests;
  state->send(message);
  beast::error_code cancelled;
  co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
  if (!waiting->answered) {
    state->pending.erase(transaction);
    if (!state->open) co_return fail("The server closed the connection");
    co_return fail("The server did not answer '{}' within {} s", text_of(message, "janus"),
                   to_ms(state->timeout) / 1000);
  }
  if (text_of(waiting->answer, "janus") == "error") co_return fail("{}", error_text(waiting->answer));
  co_return std::move(waiting->answer);
}

Async<uint64_t> JanusClient::create_session() {
  json::object message;
  message["janus"] = "create";
  auto answer = co_await request(std::move(message));
  if (!answer) co_return std::unexpected(answer.error());
  const json::object* data = object_of(*answer, "data");
  co_return data == nullptr ? 0 : number_of(*data, "id");
}

Async<> JanusClient::destroy_session(uint64_t session) {
  json::object message;
  message["janus"] = "destroy";
  message["session_id"] = session;
  auto answer = co_await request(std::move(message));
  if (!answer) co_return std::unexpected(answer.error());
  co_return Result<>();
}

Async<uint64_t> JanusClient::attach(uint64_t session, std::string plugin) {
  json::object message;
  message["janus"] = "attach";
  message["session_id"] = session;
  message["plugin"] = plugin;
  auto answer = co_await request(std::move(message));
  if (!answer) co_return std::unexpected(answer.error());
  const json::object* data = object_of(*answer, "data");
  co_return data == nullptr ? 0 : number_of(*data, "id");
}

Async<PluginAnswer> JanusClient::message(uint64_t session, uint64_t handle, json::object body, json::object jsep) {
  json::object message;
  message["janus"] = "message";
  message["session_id"] = session;
  message["handle_id"] = handle;
  message["body"] = std::move(body);
  if (!jsep.empty()) message["jsep"] = std::move(jsep);
  auto answer = co_await request(std::move(message));
  if (!answer) co_return std::unexpected(answer.error());
  PluginAnswer out;
  if (const json::object* plugin = object_of(*answer, "plugindata")) {
    if (const json::object* data = object_of(*plugin, "data")) out.data = *data;
  }
  if (const json::object* description = object_of(*answer, "jsep")) out.sdp = text_of(*description, "sdp");
  if (out.data.contains("error_code")) {
    co_return fail("{} ({})", text_of(out.data, "error"), number_of(out.data, "error_code"));
  }
  co_return out;
}

void JanusClient::keep_alive(uint64_t session) {
  if (!state_->open) return;
  json::object message;
  message["janus"] = "keepalive";
  message["session_id"] = session;
  message["transaction"] = fmt::format("load-{}", state_->next_transaction++);
  if (!state_->api_secret.empty()) message["apisecret"] = state_->api_secret;
  state_->send(message);
}

}  // namespace limen::load
