#include "transports/whip/plugin_link.hpp"

#include <utility>

#include "wire/sdp/ice_fragment.hpp"

namespace limen::whip {
namespace {

std::string_view text_of(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

const JsonObject* object_of(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value == nullptr ? nullptr : value->if_object();
}

int number_of(const JsonObject& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  if (value == nullptr) return 0;
  if (value->is_int64()) return static_cast<int>(value->get_int64());
  return value->is_uint64() ? static_cast<int>(value->get_uint64()) : 0;
}

// A description that takes something, without a candidate.
bool candidates_follow(const std::string& text) {
  if (text.empty() || text.find("\r\na=candidate:") != std::string::npos) return false;
  auto description = sdp::parse_sdp(text);
  return description && !sdp::ice_of(*description).ufrag.empty();
}

LinkError core_error(const JsonObject& reply) {
  LinkError out;
  if (const JsonObject* error = object_of(reply, "error")) {
    out.code = number_of(*error, "code");
    out.text = text_of(*error, "reason");
  }
  return out;
}

}  // namespace

// What the core calls comes from the midst of its own work (a hangup, the end of a session), and what the link does
// then may end that very session: so it is done a little later, in order.
class PluginLink::LinkClient final : public Client {
 public:
  LinkClient(std::string id, std::string address, std::weak_ptr<PluginLink> link, Executor& executor)
      : id_(std::move(id)), address_(std::move(address)), link_(std::move(link)), executor_(executor) {}
  std::string_view transport() const override { return "limen.transport.whip"; }
  std::string id() const override { return id_; }
  std::string address() const override { return address_; }
  bool connection_oriented() const override { return false; }
  void send_event(SessionId, const Json& event) override {
    if (!event.is_object()) return;
    executor_.post([weak = link_, event = event.get_object()] {
      if (auto link = weak.lock()) link->on_event(event);
    });
  }
  void session_over(SessionId, bool, bool) override {
    executor_.post([weak = link_] {
      if (auto link = weak.lock()) link->tell("over");
    });
  }

 private:
  std::string id_;
  std::string address_;
  std::weak_ptr<PluginLink> link_;
  Executor& executor_;
};

PluginLink::PluginLink(TransportContext& context, std::string package, Credentials credentials, Listener listener)
    : context_(context),
      package_(std::move(package)),
      credentials_(std::move(credentials)),
      listener_(std::move(listener)) {}

PluginLink::~PluginLink() {
  close();
}

void PluginLink::ask(JsonObject message, OnReply done) {
  message["transaction"] = fmt::format("r{}", ++last_);
  if (!credentials_.api_secret.empty()) message["apisecret"] = credentials_.api_secret;
  if (!credentials_.token.empty()) message["token"] = credentials_.token;
  if (session_.value() != 0) message["session_id"] = session_.value();
  if (handle_.value() != 0 && !message.contains("plugin")) message["handle_id"] = handle_.value();
  Request request;
  request.client = client_;
  request.message = std::move(message);
  request.counted = true;  // where the client's own request came in
  request.reply = [weak = weak_from_this(), executor = &context_.executor(),
                   done = std::move(done)](const Json& reply) mutable {
    if (!reply.is_object()) return;
    executor->post([weak, done = std::move(done), reply = reply.get_object()]() mutable {
      auto self = weak.lock();
      if (!self || self->closed_) return;
      if (text_of(reply, "janus") == "error") return done(std::unexpected(core_error(reply)));
      done(std::move(reply));
    });
  };
  context_.sink().handle(std::move(request));
}

void PluginLink::open(Answered done) {
  client_ = std::make_shared<LinkClient>(fmt::format("{}", context_.random().u64()), credentials_.address,
                                         weak_from_this(), context_.executor());
  ask(JsonObject{{"janus", "create"}}, [this, done = std::move(done)](LinkResult<JsonObject> reply) mutable {
    if (!reply) return done(std::unexpected(reply.error()));
    if (const JsonObject* data = object_of(*reply, "data")) session_ = SessionId(data->at("id").to_number<uint64_t>());
    keep_alive();
    attach(std::move(done));
  });
}

void PluginLink::attach(Answered done) {
  JsonObject message{{"janus", "attach"}, {"plugin", package_}};
  ask(std::move(message), [this, done = std::move(done)](LinkResult<JsonObject> reply) mutable {
    if (!reply) return done(std::unexpected(reply.error()));
    if (const JsonObject* data = object_of(*reply, "data")) handle_ = HandleId(data->at("id").to_number<uint64_t>());
    done(PluginAnswer{});
  });
}

void PluginLink::keep_alive() {
  keepalive_ = context_.executor().call_after(kKeepalive, [weak = weak_from_this()] {
    auto self = weak.lock();
    if (!self || self->closed_) return;
    self->keepalive_ = {};
    JsonObject message{{"janus", "keepalive"}};
    // A refusal (a token that has expired) ends the session by its timeout, as it does for any client.
    self->ask(std::move(message), [](const LinkResult<JsonObject>&) {});
    if (!self->closed_) self->keep_alive();
  });
}

std::string PluginLink::expect(Answered done) {
  std::string transaction = fmt::format("r{}", last_ + 1);  // what ask() is going to use
  Waiting& waiting = waiting_[transaction];
  waiting.done = std::move(done);
  waiting.timer = context_.executor().call_after(kLongestRequest, [weak = weak_from_this(), transaction] {
    auto self = weak.lock();
    if (!self) return;
    LinkError late{LinkError::From::nobody, 0, "The media server did not answer in time"};
    self->finish(transaction, std::unexpected(std::move(late)));
  });
  return transaction;
}

void PluginLink::send(JsonObject body, const std::string& offer, Answered done) {
  JsonObject message{{"janus", "message"}, {"body", std::move(body)}};
  if (!offer.empty()) message["jsep"] = JsonObject{{"type", "offer"}, {"sdp", offer}};
  std::string transaction = expect(std::move(done));
  ask(std::move(message), [this, transaction](LinkResult<JsonObject> reply) {
    if (!reply) return finish(transaction, std::unexpected(reply.error()));
    if (text_of(*reply, "janus") != "ack") on_answer(transaction, *reply);
  });
}

void PluginLink::trickle(JsonArray candidates, Answered done) {
  JsonObject message{{"janus", "trickle"}, {"candidates", std::move(candidates)}};
  ask(std::move(message), [done = std::move(done)](LinkResult<JsonObject> reply) mutable {
    if (!reply) return done(std::unexpected(reply.error()));
    done(PluginAnswer{});
  });
}

LinkError PluginLink::plugin_error(const JsonObject& data) const {
  bool room = package_ == "janus.plugin.videoroom";
  return {room ? LinkError::From::videoroom : LinkError::From::streaming, number_of(data, "error_code"),
          std::string(text_of(data, "error"))};
}

void PluginLink::on_event(const JsonObject& event) {
  if (closed_) return;
  std::string_view kind = text_of(event, "janus");
  std::string transaction(text_of(event, "transaction"));
  if (kind == "trickle") return on_own_candidate(event);
  if (waiting_.contains(transaction)) return on_answer(transaction, event);
  if (kind != "event") return tell(kind);
  const JsonObject* plugin = object_of(event, "plugindata");
  const JsonObject* data = plugin == nullptr ? nullptr : object_of(*plugin, "data");
  auto told = listener_.plugin;
  if (data != nullptr && told) told(*data);
}

void PluginLink::on_answer(const std::string& transaction, const JsonObject& event) {
  const JsonObject* plugin = object_of(event, "plugindata");
  const JsonObject* data = plugin == nullptr ? nullptr : object_of(*plugin, "data");
  if (data == nullptr) return;
  if (data->contains("error_code")) return finish(transaction, std::unexpected(plugin_error(*data)));
  PluginAnswer answer{*data, {}};
  if (const JsonObject* jsep = object_of(event, "jsep")) answer.sdp = text_of(*jsep, "sdp");
  auto it = waiting_.find(transaction);
  if (it == waiting_.end()) return;
  // With full trickle the candidates follow; the client gets them with the answer.
  if (candidates_follow(answer.sdp)) {
    it->second.held = std::move(answer);
    return;
  }
  finish(transaction, std::move(answer));
}

void PluginLink::on_own_candidate(const JsonObject& event) {
  for (auto& [transaction, waiting] : waiting_) {
    if (!waiting.held) continue;
    const JsonObject* candidate = object_of(event, "candidate");
    if (candidate == nullptr) return;
    if (!candidate->contains("completed")) {
      waiting.candidates.emplace_back(text_of(*candidate, "candidate"));
      return;
    }
    PluginAnswer answer = std::move(*waiting.held);
    std::string lines;
    for (const std::string& text : waiting.candidates) {
      if (text.find_first_of("\r\n") == std::string::npos) lines += "a=" + text + "\r\n";
    }
    answer.sdp += lines + "a=end-of-candidates\r\n";
    size_t second = answer.sdp.find("\r\nm=", answer.sdp.find("\r\nm=") + 1);
    if (second != std::string::npos) {
      // They belong to the first m-line, the one that the others are bundled with.
      std::string tail = lines + "a=end-of-candidates\r\n";
      answer.sdp.resize(answer.sdp.size() - tail.size());
      answer.sdp.insert(second + 2, tail);
    }
    return finish(std::string(transaction), std::move(answer));
  }
}

void PluginLink::finish(const std::string& transaction, LinkResult<PluginAnswer> result) {
  auto found = waiting_.find(transaction);
  if (found == waiting_.end()) return;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  context_.executor().cancel(waiting.timer);
  waiting.done(std::move(result));
}

void PluginLink::tell(std::string_view what) {
  if (closed_) return;
  auto told = listener_.core;
  if (told) told(what);
}

void PluginLink::close() {
  if (closed_) return;
  // Asked as the last thing: replies find the link closed.
  if (session_.value() != 0) {
    JsonObject message{{"janus", "destroy"}, {"session_id", session_.value()}, {"transaction", "end"}};
    if (!credentials_.api_secret.empty()) message["apisecret"] = credentials_.api_secret;
    if (!credentials_.token.empty()) message["token"] = credentials_.token;
    Request request;
    request.client = client_;
    request.message = std::move(message);
    request.reply = [](const Json&) {};
    closed_ = true;
    context_.sink().handle(std::move(request));
  }
  closed_ = true;
  listener_ = {};
  if (keepalive_) context_.executor().cancel(std::exchange(keepalive_, {}));
  for (auto& [transaction, waiting] : waiting_) context_.executor().cancel(waiting.timer);
  waiting_.clear();
}

}  // namespace limen::whip
