// Data channels of two Peers: ICE, DTLS, SCTP and DCEP together, on virtual time.
#include <gtest/gtest.h>

#include "tests/support/peer_pair.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using limen::test::audio_video;
using limen::test::PeerPair;
using limen::test::PeerSide;

std::string text_of(const DataReceived& message) {
  return std::string(message.data.begin(), message.data.end());
}

class DataPair : public PeerPair {
 public:
  explicit DataPair(bool accepted = true) {
    for (PeerSide* side : {&a, &b}) {
      MlineConfig data;
      data.kind = MediaKind::data;
      data.mid = "data";
      data.send = data.receive = accepted;
      data.max_message_size = 256 * 1024;
      side->media.mlines.push_back(data);
    }
  }
  bool ready() {
    return connect() && run_until([this] { return a.writable_events > 0 && b.writable_events > 0; }, 10s);
  }
  bool send(PeerSide& side, std::string_view label, std::string_view text, bool binary = false) {
    bool sent = side.peer().send_data(label, "proto", binary, as_bytes(text), clock.now());
    side.settle();
    return sent;
  }
};

TEST(DataChannels, open_with_the_first_message_and_are_found_by_label) {
  DataPair pair;
  ASSERT_TRUE(pair.ready());
  EXPECT_TRUE(pair.send(pair.a, "chat", "hello"));
  EXPECT_TRUE(pair.send(pair.a, "chat", std::string_view("\0\1", 2), true));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.data.size() == 2; }, 5s));
  ASSERT_EQ(pair.b.channels.size(), 1U);
  EXPECT_EQ(pair.b.channels[0].label, "chat");
  EXPECT_EQ(pair.b.channels[0].protocol, "proto");
  EXPECT_EQ(text_of(pair.b.data[0]), "hello");
  EXPECT_FALSE(pair.b.data[0].binary);
  EXPECT_TRUE(pair.b.data[1].binary);
  EXPECT_EQ(pair.b.data[1].data, (std::vector<uint8_t>{0, 1}));
  // The answer goes on the same channel.
  EXPECT_TRUE(pair.send(pair.b, "chat", "hi"));
  ASSERT_TRUE(pair.run_until([&] { return pair.a.data.size() == 1; }, 5s));
  EXPECT_EQ(pair.a.data[0].stream, pair.b.channels[0].stream);
  EXPECT_EQ(pair.b.channels.size(), 1U);
  // Even numbers for the DTLS client.
  EXPECT_EQ(pair.b.channels[0].stream % 2, pair.a.dtls_role == DtlsRole::client ? 0 : 1);
}

TEST(DataChannels, without_label_have_the_default_one) {
  DataPair pair;
  ASSERT_TRUE(pair.ready());
  EXPECT_TRUE(pair.send(pair.b, "", "x"));
  ASSERT_TRUE(pair.run_until([&] { return pair.a.data.size() == 1; }, 5s));
  EXPECT_EQ(pair.a.channels[0].label, "JanusDataChannel");
}

TEST(DataChannels, empty_messages_arrive_as_such) {
  DataPair pair;
  ASSERT_TRUE(pair.ready());
  EXPECT_TRUE(pair.send(pair.a, "x", ""));
  EXPECT_TRUE(pair.send(pair.a, "x", "", true));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.data.size() == 2; }, 5s));
  EXPECT_TRUE(pair.b.data[0].data.empty() && pair.b.data[1].data.empty());
  EXPECT_FALSE(pair.b.data[0].binary);
  EXPECT_TRUE(pair.b.data[1].binary);
}

TEST(DataChannels, large_messages_pass_up_to_what_the_peer_takes) {
  DataPair pair;
  ASSERT_TRUE(pair.ready());
  std::string large(256 * 1024, 'x');
  EXPECT_TRUE(pair.send(pair.a, "x", large));
  EXPECT_FALSE(pair.send(pair.a, "x", large + "x"));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.data.size() == 1; }, 20s));
  EXPECT_EQ(text_of(pair.b.data[0]), large);
}

TEST(DataChannels, labels_and_protocols_are_cut) {
  DataPair pair;
  ASSERT_TRUE(pair.ready());
  std::string label(400, 'l');
  EXPECT_TRUE(pair.send(pair.a, label, "1"));
  EXPECT_TRUE(pair.send(pair.a, label, "2"));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.data.size() == 2; }, 5s));
  ASSERT_EQ(pair.b.channels.size(), 1U);
  EXPECT_EQ(pair.b.channels[0].label, label.substr(0, 128));
}

TEST(DataChannels, their_number_is_limited) {
  DataPair pair;
  ASSERT_TRUE(pair.ready());
  size_t opened = 0;
  while (opened < 400 && pair.send(pair.a, "channel " + std::to_string(opened), "x")) ++opened;
  EXPECT_EQ(opened, 150U);
  ASSERT_TRUE(pair.run_until([&] { return pair.b.data.size() == opened; }, 20s));
}

TEST(DataChannels, are_not_there_without_an_accepted_mline) {
  DataPair pair(false);
  ASSERT_TRUE(pair.connect());
  EXPECT_FALSE(pair.send(pair.a, "x", "y"));
  pair.run_for(3s);
  EXPECT_EQ(pair.a.writable_events, 0U);
  EXPECT_FALSE(pair.a.peer().stats(pair.clock.now()).sctp);
}

TEST(DataChannels, count_messages_in_the_statistics) {
  DataPair pair;
  ASSERT_TRUE(pair.ready());
  EXPECT_TRUE(pair.send(pair.a, "x", "four"));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.data.size() == 1; }, 5s));
  PeerStats stats = pair.b.peer().stats(pair.clock.now());
  EXPECT_TRUE(stats.sctp);
  ASSERT_FALSE(stats.mlines.empty());
  EXPECT_EQ(stats.mlines.back().substreams[0].in.packets, 1U);
  EXPECT_EQ(stats.mlines.back().substreams[0].in.bytes, 4U);
  EXPECT_EQ(pair.a.peer().stats(pair.clock.now()).mlines.back().out.bytes, 4U);
}

TEST(DataChannels, survive_a_lossy_path) {
  DataPair pair;
  pair.set_link({.latency = 20ms, .loss = 0.1});
  ASSERT_TRUE(pair.connect(60s));
  ASSERT_TRUE(pair.run_until([&] { return pair.a.writable_events > 0 && pair.b.writable_events > 0; }, 60s));
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(pair.send(pair.a, "x", std::to_string(i)));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.data.size() == 100; }, 60s));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(text_of(pair.b.data[static_cast<size_t>(i)]), std::to_string(i));
}

TEST(DataChannels, end_when_the_peer_closes) {
  DataPair pair;
  ASSERT_TRUE(pair.ready());
  EXPECT_TRUE(pair.send(pair.a, "x", "y"));
  ASSERT_TRUE(pair.run_until([&] { return pair.b.data.size() == 1; }, 5s));
  pair.a.peer().close(pair.clock.now());
  pair.a.settle();
  ASSERT_TRUE(pair.run_until([&] { return pair.b.closed.has_value(); }, 5s));
  EXPECT_EQ(pair.b.closed_channels, std::vector<uint16_t>{pair.b.channels[0].stream});
}

}  // namespace
}  // namespace limen::rtc
