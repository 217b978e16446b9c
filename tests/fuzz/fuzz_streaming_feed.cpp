// rooms: streaming media wire base
// What comes to a mountpoint's UDP ports: RTP of several codecs with all that is done to it, RTCP, data; with a viewer.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "media/fanout/fake_shards.hpp"
#include "plugins/streaming/feed/feed_media.hpp"
#include "plugins/streaming/viewer_media.hpp"

using namespace limen;
using namespace limen::streaming;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

MediumPlan medium_of(MediaKind kind, Codec codec) {
  MediumPlan out;
  out.kind = kind;
  out.stream = media::StreamId::make(0);
  out.codec = codec;
  out.payload_type = 100;
  out.facts = std::make_shared<MediumFacts>();
  out.buffer_message = kind == MediaKind::data;
  out.keyframes = KeyframeLimits{.ms = 200, .bytes = 3000};
  out.sockets = SocketPlan{.local = {}, .interface = {}, .multicast = {}, .ports = {0}, .rtcp = {}};
  return out;
}

FeedPlan make_plan() {
  FeedPlan plan;
  plan.number = 1;
  plan.collision_ms = 20;
  plan.capture_time_id = 3;
  plan.media = {medium_of(MediaKind::video, Codec::vp8), medium_of(MediaKind::video, Codec::h264),
                medium_of(MediaKind::video, Codec::vp9), medium_of(MediaKind::audio, Codec::opus),
                medium_of(MediaKind::data, Codec::unknown)};
  plan.media[0].sockets->rtcp = uint16_t{0};
  plan.media[1].parameter_sets = stap_of_parameter_sets("Z0LA,aMuD");
  plan.media[2].layers = media::LayerMode::svc;
  plan.media[3].clock_rate = 48000;
  plan.media[3].skew = true;
  return plan;
}

std::vector<ViewPlan> views_of(const FeedPlan& plan) {
  std::vector<ViewPlan> out;
  for (size_t i = 0; i < plan.media.size(); ++i) {
    ViewPlan& view = out.emplace_back();
    view.mline = static_cast<uint8_t>(i);
    view.kind = plan.media[i].kind;
    view.codec = plan.media[i].codec;
    view.payload_type = 100;
    view.source = plan.media[i].stream;
    view.feed = plan.number;
    view.medium = i;
    view.buffered = true;
    view.layers = plan.media[i].layers;
  }
  return out;
}

}  // namespace

// Datagrams, each behind two bytes: its port and what happens before it; its length.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  media::test::FakeShards world(2);
  PortRange range(20000, 20100);
  FeedPlan plan = make_plan();
  std::vector<ViewPlan> views = views_of(plan);
  auto feed = FeedMedia::open(world[0], plan, {}, range);
  require(feed.has_value());
  FeedTable::of(world[0]).add(1, std::move(*feed));
  std::vector<uint64_t> ports;
  for (const auto& [port, receive] : world[0].receivers) ports.push_back(port);
  {
    media::test::FakeHandle handle(world[1]);
    ViewerMedia viewer(handle, {});
    viewer.set_plan(views);
    world.run();
    for (size_t at = 0; at + 2 <= size;) {
      uint8_t head = data[at];
      size_t length = std::min<size_t>(data[at + 1], size - at - 2);
      world.now += std::chrono::milliseconds(head >> 4);
      if ((head & 8) != 0) viewer.on_connected();
      world[0].receive_on(ports[(head & 7) % ports.size()], {IpAddress::v4(0x7f000001), 7000},
                          std::vector<uint8_t>(data + at + 2, data + at + 2 + length));
      if (head == 0xff) viewer.on_disconnected();
      if ((head & 0x10) != 0) world.run();
      at += 2 + length;
    }
    world.run();
  }
  FeedTable::of(world[0]).remove(1);
  world.run();
  for (uint32_t i : {0U, 1U}) require(world[i].packets().free_count() == world[i].packets().allocated());
  require(world[0].receivers.empty());
  return 0;
}
