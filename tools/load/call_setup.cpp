#include "tools/load/call_setup.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <cmath>

#include "runtime/clock.hpp"
#include "tools/load/call_steps.hpp"

namespace limen::load {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr Duration kRetryPause = std::chrono::milliseconds(20);
constexpr int kRetries = 150;

json::object description(const char* type, const std::string& sdp) {
  json::object jsep;
  jsep["type"] = type;
  jsep["sdp"] = sdp;
  jsep["trickle"] = false;
  return jsep;
}

// Offers, and connects the peer with the answer.
Async<PluginAnswer> offer(LoadContext context, Call call, json::object body, OfferShape shape, bool send) {
  LocalSide local = context.engine.local_side(call.peer, context.options.feedback);
  rtc::PeerMediaConfig media;
  std::string sdp = make_offer(local, shape, context.engine.random(), media);
  bool inspect = inspects(context.options, call.peer);
  context.engine.create_peer(call.peer, local, true, send, inspect);
  json::object jsep = description("offer", sdp);
  auto answer = co_await context.janus.message(call.session, call.handle, std::move(body), std::move(jsep));
  if (!answer) co_return answer;
  auto remote = read_answer(answer->sdp, media);
  if (!remote) co_return std::unexpected(remote.error());
  context.engine.connect_peer(call.peer, std::move(*remote));
  co_return answer;
}

OfferShape shape_of(const Options& options, bool send, bool receive) {
  return {.audio = options.source.audio,
          .video = options.source.video_kbps > 0,
          .send = send,
          .receive = receive,
          .simulcast = send && options.source.simulcast};
}

}  // namespace

Async<Call> begin_call(LoadContext context, uint32_t peer, std::string plugin) {
  Call call;
  call.peer = peer;
  call.began = runtime::monotonic_now();
  auto session = co_await context.janus.create_session();
  if (!session) co_return std::unexpected(session.error());
  call.session = *session;
  auto handle = co_await context.janus.attach(call.session, std::move(plugin));
  if (!handle) co_return std::unexpected(handle.error());
  call.handle = *handle;
  co_return call;
}

Async<Call> start_receiving(LoadContext context, Call call, std::string offered) {
  auto remote = read_offer(offered);
  if (!remote) co_return std::unexpected(remote.error());
  remote->media.transport_cc = context.options.feedback;
  LocalSide local = context.engine.local_side(call.peer, context.options.feedback);
  bool inspect = inspects(context.options, call.peer);
  context.engine.create_peer(call.peer, local, false, false, inspect);
  json::object jsep = description("answer", make_answer(offered, local, *remote));
  context.engine.connect_peer(call.peer, std::move(*remote));
  json::object start;
  start["request"] = "start";
  auto started = co_await context.janus.message(call.session, call.handle, std::move(start), std::move(jsep));
  if (!started) co_return std::unexpected(started.error());
  call.answered = runtime::monotonic_now();
  co_return call;
}

bool inspects(const Options& options, uint32_t peer) {
  if (options.inspect <= 0) return false;
  return std::floor((peer + 1) * options.inspect) > std::floor(peer * options.inspect) || peer == 0;
}

Async<Call> call_echo(LoadContext context, uint32_t peer, bool send) {
  auto call = co_await begin_call(context, peer, "janus.plugin.echotest");
  if (!call) co_return call;
  json::object body;
  body["audio"] = true;
  body["video"] = true;
  OfferShape shape = shape_of(context.options, true, true);
  auto answer = co_await offer(context, *call, std::move(body), shape, send);
  if (!answer) co_return std::unexpected(answer.error());
  call->answered = runtime::monotonic_now();
  co_return call;
}

Async<Call> publish(LoadContext context, uint32_t peer, uint64_t room) {
  auto call = co_await begin_call(context, peer, "janus.plugin.videoroom");
  if (!call) co_return call;
  json::object join;
  join["request"] = "join";
  join["ptype"] = "publisher";
  join["room"] = room;
  auto joined = co_await context.janus.message(call->session, call->handle, std::move(join), json::object());
  if (!joined) co_return std::unexpected(joined.error());
  const json::value* id = joined->data.if_contains("id");
  if (id == nullptr || !id->is_number()) co_return fail("The server's answer to join has no id");
  call->feed = id->to_number<uint64_t>();
  json::object body;
  body["request"] = "publish";
  OfferShape shape = shape_of(context.options, true, false);
  auto answer = co_await offer(context, *call, std::move(body), shape, true);
  if (!answer) co_return std::unexpected(answer.error());
  call->answered = runtime::monotonic_now();
  co_return call;
}

Async<Call> subscribe(LoadContext context, uint32_t peer, uint64_t room, std::vector<uint64_t> feeds) {
  auto call = co_await begin_call(context, peer, "janus.plugin.videoroom");
  if (!call) co_return call;
  json::object join;
  join["request"] = "join";
  join["ptype"] = "subscriber";
  join["room"] = room;
  json::array streams;
  for (uint64_t feed : feeds) {
    json::object stream;
    stream["feed"] = feed;
    streams.push_back(std::move(stream));
  }
  join["streams"] = std::move(streams);
  Result<PluginAnswer> attached = fail("not asked");
  for (int attempt = 0; attempt < kRetries; ++attempt) {
    json::object body = join;
    attached = co_await context.janus.message(call->session, call->handle, std::move(body), json::object());
    if (attached || attached.error().text.find("428") == std::string::npos) break;
    co_await pause(context, kRetryPause);
  }
  if (!attached) co_return std::unexpected(attached.error());
  co_return co_await start_receiving(context, *call, attached->sdp);
}

Async<Call> create_room(LoadContext context, uint64_t room) {
  auto owner = co_await begin_call(context, 0, "janus.plugin.videoroom");
  if (!owner) co_return owner;
  json::object body;
  body["request"] = "create";
  body["room"] = room;
  body["description"] = "limen-load";
  body["publishers"] = 20000;
  body["is_private"] = true;
  auto made = co_await context.janus.message(owner->session, owner->handle, std::move(body), json::object());
  if (!made) co_return std::unexpected(made.error());
  co_return owner;
}

Async<> destroy_room(LoadContext context, Call owner, uint64_t room) {
  json::object body;
  body["request"] = "destroy";
  body["room"] = room;
  auto gone = co_await context.janus.message(owner.session, owner.handle, std::move(body), json::object());
  if (!gone) co_return std::unexpected(gone.error());
  co_return co_await context.janus.destroy_session(owner.session);
}

asio::awaitable<void> pause(LoadContext context, Duration time) {
  asio::steady_timer timer(context.engine.io(), time);
  boost::system::error_code cancelled;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

asio::awaitable<bool> wait_for(LoadContext context, Duration limit, std::function<bool()> condition) {
  Instant end = runtime::monotonic_now() + limit;
  while (!condition()) {
    if (runtime::monotonic_now() >= end) co_return false;
    co_await pause(context, std::chrono::milliseconds(2));
  }
  co_return true;
}

namespace {

struct Crew {
  explicit Crew(asio::io_context& io) : finished(io, asio::steady_timer::time_point::max()) {}
  asio::steady_timer finished;
  uint32_t next = 0, count = 0, working = 0;
  std::function<asio::awaitable<void>(uint32_t)> work;
};

asio::awaitable<void> work_on(std::shared_ptr<Crew> crew) {
  while (crew->next < crew->count) {
    uint32_t number = crew->next++;
    co_await crew->work(number);
  }
  if (--crew->working == 0) crew->finished.cancel();
}

}  // namespace

asio::awaitable<void> run_all(LoadContext context, uint32_t count, uint32_t at_a_time,
                              std::function<asio::awaitable<void>(uint32_t)> work) {
  if (count == 0) co_return;
  asio::io_context& io = context.engine.io();
  auto crew = std::make_shared<Crew>(io);
  crew->count = count;
  crew->work = std::move(work);
  crew->working = std::min(count, at_a_time);
  uint32_t workers = crew->working;
  for (uint32_t i = 0; i < workers; ++i) asio::co_spawn(io, work_on(crew), asio::detached);
  boost::system::error_code cancelled;
  co_await crew->finished.async_wait(asio::redirect_error(asio::use_awaitable, cancelled));
}

}  // namespace limen::load
