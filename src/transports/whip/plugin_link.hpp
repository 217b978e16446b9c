// PluginLink: a session with one handle, made over the same door as any client's: what WHIP and WHEP ask of plugins
// they ask in the words of the Janus API, and core and plugins check secrets, tokens and PINs as for everybody.
//
// Control thread. Shared: answers and events that are still under way find it gone.
#pragma once
#include <deque>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/transport.hpp"

namespace limen::whip {

struct LinkError {
  enum class From : uint8_t { core, videoroom, streaming, nobody } from = From::core;
  int code = 0;
  std::string text;
};
template <typename T>
using LinkResult = std::expected<T, LinkError>;

struct PluginAnswer {
  JsonObject data;
  std::string sdp;  // of the description that came with it; "" none
};

class PluginLink : public std::enable_shared_from_this<PluginLink> {
 public:
  using Answered = std::move_only_function<void(LinkResult<PluginAnswer>)>;
  struct Credentials {
    std::string api_secret, token;  // "" none
    std::string address = {};       // of whom it is asked for
  };
  // What the plugin or the core tells unasked. Whoever is told may close the link.
  struct Listener {
    std::function<void(const JsonObject& data)> plugin;
    std::function<void(std::string_view what)> core;  // "webrtcup", "hangup", "ice-failed", "over" ...
  };
  // An answer to a request comes within this time, or LinkError::nobody.
  static constexpr Duration kLongestRequest = std::chrono::seconds(10);
  static constexpr Duration kKeepalive = std::chrono::seconds(10);

  PluginLink(TransportContext& context, std::string package, Credentials credentials, Listener listener);
  ~PluginLink();

  // Session and handle; then ready for send(). An empty answer.
  void open(Answered done);
  // A message, with the client's offer if not empty: acknowledged and answered by an event, as plugins do.
  void send(JsonObject body, const std::string& offer, Answered done);
  void trickle(JsonArray candidates, Answered done);
  // Ends the session. Nothing is called any more.
  void close();
  bool open_now() const { return session_.value() != 0 && !closed_; }

 private:
  class LinkClient;
  struct Waiting {
    Answered done;
    TimerId timer;
    std::optional<PluginAnswer> held;  // waits for our candidates (full trickle)
    std::vector<std::string> candidates;
  };
  using OnReply = std::move_only_function<void(LinkResult<JsonObject>)>;

  void attach(Answered done);
  void ask(JsonObject message, OnReply done);
  void on_event(const JsonObject& event);
  void on_answer(const std::string& transaction, const JsonObject& event);
  void on_own_candidate(const JsonObject& event);
  void finish(const std::string& transaction, LinkResult<PluginAnswer> result);
  std::string expect(Answered done);
  void keep_alive();
  LinkError plugin_error(const JsonObject& data) const;
  void tell(std::string_view what);

  TransportContext& context_;
  std::string package_;
  Credentials credentials_;
  Listener listener_;
  std::shared_ptr<LinkClient> client_;
  SessionId session_;
  HandleId handle_;
  uint64_t last_ = 0;
  std::map<std::string, Waiting> waiting_;
  TimerId keepalive_;
  bool closed_ = false;
};

}  // namespace limen::whip
