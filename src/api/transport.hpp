// Transport: how requests come in and replies and events go out. Control thread only.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/address_limits.hpp"
#include "api/json.hpp"
#include "api/module_figures.hpp"
#include "api/monitoring.hpp"
#include "api/plugin.hpp"
#include "base/executor.hpp"
#include "base/result.hpp"
#include "base/strong_id.hpp"
#include "config/describe.hpp"

namespace limen {

// One connection (or, for connectionless transports, one peer) as the core sees it. A session's
// events go to the client that owns the session. Shared: the transport may outlive or be outlived.
class Client {
 public:
  virtual ~Client() = default;
  virtual std::string_view transport() const = 0;     // "janus.transport.http"
  virtual std::string id() const = 0;                 // decimal text naming the connection in events
  virtual std::string address() const { return {}; }  // its IP address, "unix", or "" where there is none
  virtual void send_event(SessionId session, const Json& event) = 0;
  virtual void session_created(SessionId) {}
  // The session ended (`timeout`) or was claimed by somebody else: nothing more will come for it.
  virtual void session_over(SessionId, bool /*timeout*/, bool /*claimed*/) {}
  // Does closing of the connection end its sessions (WebSocket: yes; HTTP: no)?
  virtual bool connection_oriented() const { return true; }
};

// A parsed request. `reply` is called exactly once, possibly later, on the control thread.
struct Request {
  std::shared_ptr<Client> client;
  bool admin = false;
  Json message;                  // any JSON value; the gateway checks it
  std::string traceparent = {};  // of the transport's own headers, if it has such; unchecked
  bool counted = false;          // by the transport, as a request of its address
  std::move_only_function<void(const Json&)> reply;
};

enum class PollCheck : uint8_t { ok, unauthorised, no_such_session };

// The core as a transport sees it.
class ApiSink {
 public:
  virtual ~ApiSink() = default;
  virtual void handle(Request request) = 0;
  // A text that could not be parsed, for transports without an answer of their own: error 454.
  virtual void handle_unparsable(const std::shared_ptr<Client>& client, const JsonError& error,
                                 std::move_only_function<void(const Json&)> reply) = 0;
  // HTTP long poll: may it wait for this session's events? A yes counts as activity.
  virtual PollCheck check_poll(SessionId session, std::string_view api_secret, std::string_view token) = 0;
  virtual void client_gone(const std::shared_ptr<Client>& client) = 0;
  // Event handlers, type transport (spec 8.3).
  virtual void notify_transport_event(std::string_view transport, std::string_view client_id, Json data) = 0;
  virtual bool events_enabled() const = 0;
};

// What a client is told whose request was one too many.
inline std::string too_many_requests(int wait_seconds) {
  return fmt::format("Too many requests of this address: try again in {} s", wait_seconds);
}

struct Listening {          // for the start-up summary
  std::string what;         // "Janus API", "Admin API", "Pages"
  std::string url;          // "https://localhost:8089/janus"; can be clicked
  std::string scheme = {};  // "http", "https", "ws", "wss"; others: ""
  uint16_t port = 0;        // 0: not TCP
  std::string path = {};    // "/janus"; "" for WebSockets
  bool admin = false;
};

class TransportContext {
 public:
  virtual ~TransportContext() = default;
  virtual ApiSink& sink() = 0;
  virtual Executor& executor() = 0;  // the control thread
  virtual BackgroundPool& background() = 0;
  virtual Random& random() = 0;
  // Null: there are none.
  virtual AddressLimits* limits() { return nullptr; }
  // The control thread's boost::asio::io_context, as void* so that this header stays light; see
  // runtime/control_loop.hpp.
  virtual void* io_context() = 0;
  virtual std::string configs_folder() const = 0;
  virtual std::string web_folder() const = 0;  // pages served by the HTTP transport; "" = none
  // PEM files of the HTTPS certificate to use where a transport's own configuration names none.
  virtual std::string default_certificate() const = 0;
  virtual std::string default_certificate_key() const = 0;
  // What /limen.json tells the pages beyond the HTTP transport's own paths and ports (it is asked at
  // every request, so it may name transports that started later): usually what listening() of the
  // others says.
  virtual JsonObject page_facts() const { return {}; }
  // For those who watch the server; null: there is nothing to be watched.
  virtual Monitoring* monitoring() { return nullptr; }
};

class Transport {
 public:
  virtual ~Transport() = default;
  virtual const ModuleInfo& info() const = 0;
  // Reads this module's own file in `configs_folder` as start() will, changing nothing: unknown keys and
  // unusable values are added to `findings`; an error is what would keep the module from starting.
  virtual Result<> check_config(const std::string& /*configs_folder*/, config::Findings& /*findings*/) const {
    return {};
  }
  // Opens its listeners. An error: this transport is not there (the reason is logged); with an
  // empty text: it is not enabled.
  virtual Result<> start(TransportContext& context) = 0;
  virtual void stop() = 0;  // closes everything; flushes replies
  virtual bool serves_janus_api() const = 0;
  virtual bool serves_admin_api() const = 0;
  virtual std::vector<Listening> listening() const = 0;
  // query_transport of the admin API; nullopt: not supported.
  virtual std::optional<Json> on_query(const Json& /*request*/) { return std::nullopt; }
  virtual ModuleFigures figures() const { return {}; }
};

}  // namespace limen
