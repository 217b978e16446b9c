// Mountpoints: made, fed with plain RTP, watched.
#include <boost/json.hpp>

#include "runtime/clock.hpp"
#include "tools/load/call_setup.hpp"
#include "tools/load/call_steps.hpp"

namespace limen::load {

namespace json = boost::json;

namespace {

constexpr Duration kKeyframePeriod = std::chrono::seconds(2);  // as encoders for viewers do

json::object stream_entry(const char* type, const char* mid, const char* codec, uint8_t payload_type) {
  json::object entry;
  entry["type"] = type;
  entry["mid"] = mid;
  entry["codec"] = codec;
  entry["pt"] = payload_type;
  entry["port"] = 0;
  return entry;
}

json::object creation(const Options& options, uint64_t mountpoint) {
  json::object body;
  body["request"] = "create";
  body["type"] = "rtp";
  body["id"] = mountpoint;
  body["name"] = "limen-load-" + std::to_string(mountpoint);
  body["is_private"] = true;
  json::array media;
  if (options.source.audio) media.push_back(stream_entry("audio", "a", "opus", kPlainAudioType));
  if (options.source.video_kbps > 0) media.push_back(stream_entry("video", "v", "vp8", kPlainVideoType));
  body["media"] = std::move(media);
  return body;
}

// The port of a stream in the answer to "create"; 0: it has none.
uint16_t port_of(const json::object& created, std::string_view mid) {
  boost::system::error_code missing;
  const json::value answer(created);
  const json::value* ports = answer.find_pointer("/stream/ports", missing);
  if (ports == nullptr || !ports->is_array()) return 0;
  for (const json::value& entry : ports->get_array()) {
    const json::value* name = entry.find_pointer("/mid", missing);
    const json::value* port = entry.find_pointer("/port", missing);
    if (name == nullptr || port == nullptr || !name->is_string() || !port->is_int64()) continue;
    if (name->get_string() == mid) return static_cast<uint16_t>(port->get_int64());
  }
  return 0;
}

// The server's address; on this machine that of the peers, because they cannot send to the loopback.
Result<IpAddress> media_address(LoadContext context, uint32_t peer) {
  auto server = parse_server_url(context.options.server);
  if (!server) return std::unexpected(server.error());
  auto address = IpAddress::parse(server->host);
  if (!address && server->host != "localhost") return fail("--server needs an IP address to feed mountpoints");
  if (!address || address->is_loopback()) return context.engine.address(peer).ip;
  return *address;
}

}  // namespace

Async<Call> feed_mountpoint(LoadContext context, uint32_t peer, uint64_t mountpoint) {
  auto to = media_address(context, peer);
  if (!to) co_return std::unexpected(to.error());
  auto call = co_await begin_call(context, peer, "janus.plugin.streaming");
  if (!call) co_return call;
  call->feed = mountpoint;
  auto made = co_await context.janus.message(call->session, call->handle, creation(context.options, mountpoint), {});
  if (!made) co_return std::unexpected(made.error());
  PlainSourceSetup setup;
  setup.audio = {*to, port_of(made->data, "a")};
  setup.video = {*to, port_of(made->data, "v")};
  setup.source = context.options.source;
  setup.source.keyframe_every = kKeyframePeriod;
  setup.phase = static_cast<double>(peer % 97) / 97;
  bool audio_lacks = setup.source.audio && setup.audio.port == 0;
  bool video_lacks = setup.source.video_kbps > 0 && setup.video.port == 0;
  if (audio_lacks || video_lacks) co_return fail("The server's answer to create has no ports");
  context.engine.create_plain_source(peer, std::move(setup));
  call->answered = runtime::monotonic_now();
  co_return call;
}

Async<> destroy_mountpoint(LoadContext context, Call owner) {
  json::object body;
  body["request"] = "destroy";
  body["id"] = owner.feed;
  auto gone = co_await context.janus.message(owner.session, owner.handle, std::move(body), {});
  if (!gone) co_return std::unexpected(gone.error());
  co_return Result<>{};
}

Async<Call> watch_mountpoint(LoadContext context, uint32_t peer, uint64_t mountpoint) {
  auto call = co_await begin_call(context, peer, "janus.plugin.streaming");
  if (!call) co_return call;
  json::object body;
  body["request"] = "watch";
  body["id"] = mountpoint;
  auto offered = co_await context.janus.message(call->session, call->handle, std::move(body), {});
  if (!offered) co_return std::unexpected(offered.error());
  co_return co_await start_receiving(context, *call, offered->sdp);
}

}  // namespace limen::load
