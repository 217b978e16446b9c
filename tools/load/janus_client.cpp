#include "tools/load/janus_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <unordered_map>

#include "runtime/clock.hpp"

namespace limen::load {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// A third of the shortest session_timeout that servers ship with.
constexpr Duration kKeepAlive = std::chrono::seconds(20);
constexpr Duration kKeepAliveStep = std::chrono::seconds(1);

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

struct JanusClient::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io_in, std::string secret, Duration limit)
      : io(io_in), api_secret(std::move(secret)), timeout(limit), keep_alive_timer(io_in) {}

  struct Pending {
    asio::steady_timer timer;
    json::object answer;
    bool answered = false;
  };

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

  void send_keep_alive(uint64_t session) {
    json::object message;
    message["janus"] = "keepalive";
    message["session_id"] = session;
    message["transaction"] = fmt::format("load-{}", next_transaction++);
    if (!api_secret.empty()) message["apisecret"] = api_secret;
    link->send(std::move(message));
  }
  void keep_alive(Instant now) {
    for (auto& [session, due] : sessions) {
      if (now < due) continue;
      due = now + kKeepAlive;
      send_keep_alive(session);
    }
  }

  // Until the connection ends; set-ups may take longer than a session lives.
  static asio::awaitable<void> keep_all_alive(std::shared_ptr<State> state) {
    while (state->open) {
      boost::system::error_code cancelled;
      state->keep_alive_timer.expires_after(kKeepAliveStep);
      co_await state->keep_alive_timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
      if (state->open) state->keep_alive(runtime::monotonic_now());
    }
  }

  void fail_all() {
    open = false;
    keep_alive_timer.cancel();
    for (auto& [transaction, waiting] : pending) waiting->timer.cancel();
    pending.clear();
  }

  asio::io_context& io;
  std::shared_ptr<JanusLink> link;
  std::string api_secret;
  Duration timeout;
  std::unordered_map<std::string, std::shared_ptr<Pending>> pending;
  asio::steady_timer keep_alive_timer;
  std::unordered_map<uint64_t, Instant> sessions;  // when each has to be kept alive next
  uint64_t next_transaction = 1;
  uint64_t requests = 0, hangups = 0;
  bool open = false;
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
  std::weak_ptr<State> weak = state;
  LinkEvents events{.message =
                        [weak](json::object message) {
                          if (auto at = weak.lock()) at->take(std::move(message));
                        },
                    .ended =
                        [weak] {
                          if (auto at = weak.lock()) at->fail_all();
                        }};
  bool http = server.scheme == Scheme::http || server.scheme == Scheme::https;
  auto make = http ? make_http_link : make_websocket_link;
  state->link = make(state->io, server, state->timeout, std::move(events));
  auto connected = co_await state->link->connect();
  state->open = connected.has_value();
  if (state->open) asio::co_spawn(state->io, State::keep_all_alive(state), asio::detached);
  co_return connected;
}

void JanusClient::close() {
  state_->keep_alive_timer.cancel();
  state_->open = false;
  if (state_->link) state_->link->close();
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
  state->link->send(std::move(message));
  boost::system::error_code cancelled;
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
  uint64_t session = data == nullptr ? 0 : number_of(*data, "id");
  if (session != 0) state_->sessions[session] = runtime::monotonic_now() + kKeepAlive;
  co_return session;
}

Async<> JanusClient::destroy_session(uint64_t session) {
  state_->sessions.erase(session);
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

}  // namespace limen::load
