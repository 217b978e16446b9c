// Peers that mean harm, scripted chunk by chunk: what they cost is bounded, and ends their own association only.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "rtc/peer/event_queue.hpp"
#include "rtc/sctp/data_channels.hpp"
#include "rtc/sctp/sctp_association.hpp"
#include "tests/support/seeded_random.hpp"
#include "wire/sctp/packet_reader.hpp"
#include "wire/sctp/packet_writer.hpp"

namespace limen::rtc {
namespace {

using namespace std::chrono_literals;
using limen::test::SeededRandom;
using sctp::ChunkType;
using sctp::PacketWriter;

// Shakes hands as it should, and then sends what a test tells it to.
template <typename Target>
class Attacker {
 public:
  explicit Attacker(Target& target, bool interleaving = false) : target_(target) {
    sctp::InitChunk init;
    init.initiate_tag = kTag;
    init.receiver_window = 1 << 20;
    init.outbound_streams = init.inbound_streams = 65535;
    init.initial_tsn = kFirstTsn;
    init.forward_tsn = init.re_config = true;
    init.i_data = interleaving;
    send(0, [&](PacketWriter& out) { out.add_init(ChunkType::init, init); });
    auto answer = take(ChunkType::init_ack);
    auto ack = answer ? sctp::read_init(*answer) : std::nullopt;
    if (!ack) return;
    tag = ack->initiate_tag;
    peer_tsn = ack->initial_tsn;
    std::vector<uint8_t> cookie(ack->cookie.begin(), ack->cookie.end());
    send([&](PacketWriter& out) { out.add_raw(ChunkType::cookie_echo, 0, cookie); });
  }

  template <typename Write>
  void send(uint32_t to, Write write) {
    std::vector<uint8_t> room(1500);
    PacketWriter out(room, 5000, 5000, to);
    write(out);
    target_.handle(out.finish(true), now);
    collect();
  }
  template <typename Write>
  void send(Write write) {
    send(tag, write);
  }
  void send_raw(ChunkType type, uint8_t flags, Bytes value) {
    send([&](PacketWriter& out) { out.add_raw(type, flags, value); });
  }
  void send_data(const sctp::DataChunk& data) {
    send([&](PacketWriter& out) { out.add(data); });
  }
  void run(Duration duration) {
    Instant end = now + duration;
    while (target_.next_deadline() <= end) {
      now = std::max(now, target_.next_deadline());
      target_.handle_timeout(now);
      collect();
    }
    now = end;
  }
  void collect() {
    Bytes packet;
    while (target_.poll_transmit(packet)) {
      ++packets;
      bytes += packet.size();
      last.assign(packet.begin(), packet.end());
    }
  }
  // A chunk of the last packet.
  std::optional<sctp::RawChunk> take(ChunkType type) {
    auto reader = sctp::PacketReader::open(last);
    while (auto chunk = reader ? reader->next() : std::nullopt) {
      if (chunk->type == static_cast<uint8_t>(type)) return chunk;
    }
    return std::nullopt;
  }

  static constexpr uint32_t kTag = 0x1234;
  static constexpr uint32_t kFirstTsn = 1000;
  Instant now{1h};
  uint32_t tag = 0, peer_tsn = 0;
  size_t packets = 0, bytes = 0;
  std::vector<uint8_t> last;

 private:
  Target& target_;
};

class SctpHostile : public testing::Test {
 protected:
  void begin(bool interleaving = false) {
    victim.emplace(config, random_);
    peer.emplace(*victim, interleaving);
    ASSERT_TRUE(victim->established());
    EXPECT_EQ(victim->stats().interleaving, interleaving);
  }
  std::optional<SctpCloseReason> closed() {
    SctpEvent event;
    while (victim->poll_event(event)) {
      if (auto* end = std::get_if<SctpClosed>(&event)) return end->reason;
    }
    return std::nullopt;
  }
  uint64_t drops(SctpDrop why) const { return victim->stats().drops[static_cast<size_t>(why)]; }
  sctp::DataChunk data(uint32_t offset, Bytes payload, bool begins, bool ends) const {
    sctp::DataChunk out;
    out.tsn = Attacker<SctpAssociation>::kFirstTsn + offset;
    out.stream = 1;
    out.ppid = 51;
    out.begin = begins;
    out.end = ends;
    out.payload = payload;
    out.interleaved = victim->stats().interleaving;
    return out;
  }

  SctpConfig config;
  std::optional<SctpAssociation> victim;
  std::optional<Attacker<SctpAssociation>> peer;
  const std::vector<uint8_t> full = std::vector<uint8_t>(1100, 7);

 private:
  SeededRandom random_{9};
};

TEST_F(SctpHostile, who_never_acknowledges_costs_the_send_buffer_and_is_given_up) {
  begin();
  size_t sent = 0;
  while (victim->send(1, 51, {1}, {}, peer->now) == SctpSendResult::sent) ++sent;
  EXPECT_GT(sent, 1000U);
  EXPECT_LE(victim->stats().kept, config.send_buffer);
  peer->run(300s);
  EXPECT_EQ(closed(), SctpCloseReason::no_answer);
  EXPECT_EQ(victim->stats().kept, 0U);
  EXPECT_EQ(victim->next_deadline(), kNever);
}

TEST_F(SctpHostile, messages_with_limits_pile_up_no_higher) {
  begin();
  // Only the gap is acknowledged: everything after it has to be remembered.
  SctpSendOptions options{.unordered = true, .max_retransmissions = 0, .lifetime = {}};
  for (int round = 0; round < 2000; ++round) {
    while (victim->send(1, 51, {1, 2, 3}, options, peer->now) == SctpSendResult::sent) {
    }
    peer->collect();
    std::array<sctp::GapBlock, 1> gap{sctp::GapBlock{2, static_cast<uint16_t>(2 + round)}};
    peer->send([&](PacketWriter& out) { out.add_sack(peer->peer_tsn - 1, 1 << 20, gap, {}); });
    ASSERT_LE(victim->stats().kept, config.send_buffer + 2 * config.max_packet);
    if (victim->ended()) break;
  }
}

TEST_F(SctpHostile, a_message_that_never_ends_is_refused_at_its_limit) {
  for (bool interleaving : {false, true}) {
    begin(interleaving);
    for (uint32_t i = 0; i < 1000 && !victim->ended(); ++i) {
      sctp::DataChunk chunk = data(i, full, i == 0, false);
      chunk.fragment = i;
      peer->send_data(chunk);
      ASSERT_LE(victim->stats().held, config.max_message + 4096);
    }
    EXPECT_EQ(closed(), SctpCloseReason::out_of_resource);
    EXPECT_TRUE(peer->take(ChunkType::abort));
    EXPECT_EQ(victim->stats().held, 0U);
  }
}

TEST_F(SctpHostile, unfinished_messages_on_all_streams_stay_within_the_window) {
  begin(true);
  uint32_t tsn = 0;
  for (uint32_t round = 0; round < 4000 && !victim->ended(); ++round) {
    sctp::DataChunk chunk = data(tsn++, full, true, false);
    chunk.stream = static_cast<uint16_t>(round % 300);
    chunk.message_id = round / 300;
    peer->send_data(chunk);
    ASSERT_LE(victim->stats().held, 2 * config.receive_window + 4096);
  }
  EXPECT_EQ(closed(), SctpCloseReason::out_of_resource);
}

TEST_F(SctpHostile, tiny_fragments_in_reverse_are_counted_for_what_they_cost) {
  begin(true);
  const std::array<uint8_t, 1> one{1};
  // The first is missing, so that nothing joins to the front.
  for (uint32_t i = 60000; i > 1 && !victim->ended(); --i) {
    sctp::DataChunk chunk = data(i, one, false, false);
    chunk.fragment = i;
    peer->send_data(chunk);
  }
  EXPECT_GT(drops(SctpDrop::window_full), 0U);
  EXPECT_LE(victim->stats().held, config.receive_window + 512);
}

TEST_F(SctpHostile, holes_without_number_are_refused_and_acknowledgements_stay_small) {
  begin();
  for (uint32_t i = 2; i < 8000; i += 2) peer->send_data(data(i, full, true, true));
  EXPECT_GT(drops(SctpDrop::window_full), 0U);
  peer->run(1s);
  EXPECT_LE(peer->last.size(), config.max_packet);
  EXPECT_LE(victim->stats().held, config.receive_window + 4096);
  EXPECT_FALSE(victim->ended());
  // What comes in turn is still taken.
  peer->send_data(data(0, full, true, true));
  EXPECT_FALSE(victim->ended());
}

TEST_F(SctpHostile, numbers_far_ahead_are_refused) {
  begin();
  peer->send_data(data(70000, full, true, true));
  peer->send_data(data(0x7ffffff0, full, true, true));
  EXPECT_EQ(drops(SctpDrop::window_full), 2U);
  EXPECT_EQ(victim->stats().held, 0U);
}

TEST_F(SctpHostile, acknowledging_what_was_never_sent_ends_it) {
  for (int how = 0; how < 2; ++how) {
    begin();
    victim->send(1, 51, full, {}, peer->now);
    peer->collect();
    std::array<sctp::GapBlock, 1> gap{sctp::GapBlock{2, 0xffff}};
    peer->send([&](PacketWriter& out) {
      if (how == 0) out.add_sack(peer->peer_tsn + 5, 1 << 20, {}, {});
      else out.add_sack(peer->peer_tsn - 1, 1 << 20, gap, {});
    });
    EXPECT_EQ(closed(), SctpCloseReason::protocol_violation) << how;
  }
}

TEST_F(SctpHostile, gap_blocks_that_overlap_or_go_backwards_are_not_read) {
  begin();
  victim->send(1, 51, full, {}, peer->now);
  peer->collect();
  std::vector<uint8_t> value(12 + 4 * 2);
  store_u32(value.data(), peer->peer_tsn - 1);
  store_u16(&value[8], 2);
  for (auto [first, second] : {std::pair(5, 5), std::pair(9, 3), std::pair(0, 0)}) {
    store_u16(&value[12], static_cast<uint16_t>(first));
    store_u16(&value[14], static_cast<uint16_t>(first));
    store_u16(&value[16], static_cast<uint16_t>(second));
    store_u16(&value[18], static_cast<uint16_t>(second));
    peer->send_raw(ChunkType::sack, 0, value);
  }
  // A count that the chunk does not hold.
  store_u16(&value[8], 16000);
  peer->send_raw(ChunkType::sack, 0, value);
  EXPECT_EQ(drops(SctpDrop::malformed), 4U);
  EXPECT_FALSE(victim->ended());
}

TEST_F(SctpHostile, a_flood_of_resets_is_answered_one_by_one_and_remembered_once) {
  begin();
  std::vector<uint8_t> streams(1000);
  for (size_t i = 0; i + 1 < streams.size(); i += 2) store_u16(&streams[i], static_cast<uint16_t>(i * 60));
  size_t before = peer->packets;
  for (uint32_t i = 0; i < 5000; ++i) {
    sctp::ReconfigParameter request;
    request.type = i % 3 == 0   ? sctp::ReconfigType::incoming_reset
                   : i % 3 == 1 ? sctp::ReconfigType::outgoing_reset
                                : sctp::ReconfigType::add_outgoing;
    request.request_sequence = Attacker<SctpAssociation>::kFirstTsn + i;
    request.last_tsn = Attacker<SctpAssociation>::kFirstTsn + i;  // nothing of which has come
    request.streams = streams;
    peer->send([&](PacketWriter& out) { out.add({request, std::nullopt}); });
  }
  // One answer each, and our own request, which is asked once until it is answered.
  EXPECT_LE(peer->packets - before, 5001U);
  EXPECT_FALSE(victim->ended());
  EXPECT_EQ(victim->stats().held, 0U);
  EXPECT_EQ(victim->send(299, 51, {1}, {}, peer->now), SctpSendResult::sent);
}

TEST_F(SctpHostile, malformed_chunks_of_every_kind_are_dropped_or_end_it) {
  for (bool interleaving : {false, true}) {
    for (unsigned type = 0; type < 256; ++type) {
      for (size_t size : {0U, 1U, 3U, 4U, 5U, 8U, 11U, 16U, 20U, 40U}) {
        for (uint8_t fill : {0x00, 0x01, 0x7f, 0xff}) {
          begin(interleaving);
          std::vector<uint8_t> value(size, fill);
          peer->send_raw(static_cast<ChunkType>(type), fill, value);
          peer->run(1s);
          ASSERT_LE(victim->stats().held, 4096U) << type;
          ASSERT_LT(peer->packets, 12U) << type << " " << size;
        }
      }
    }
  }
}

TEST_F(SctpHostile, lengths_that_do_not_fit_the_packet_are_dropped) {
  begin();
  std::vector<uint8_t> room(1500);
  for (uint16_t length : {0, 1, 3, 25, 60000}) {
    PacketWriter out(room, 5000, 5000, peer->tag);
    out.add_raw(ChunkType::heartbeat, 0, full);
    store_u16(&room[14], length);
    std::vector<uint8_t> packet(room.begin(), room.begin() + 24);
    store_u32(&packet[8], 0);
    victim->handle(packet, peer->now);
  }
  EXPECT_EQ(drops(SctpDrop::malformed), 5U);
  EXPECT_FALSE(victim->ended());
}

TEST_F(SctpHostile, forged_tags_do_nothing) {
  begin();
  size_t before = peer->packets;
  for (uint32_t tag : {peer->tag + 1, 0U, Attacker<SctpAssociation>::kTag}) {
    peer->send(tag,
               [&](PacketWriter& out) { out.add_cause(ChunkType::abort, 0, sctp::Cause::user_initiated_abort, {}); });
    peer->send(tag, [&](PacketWriter& out) { out.add_raw(ChunkType::shutdown_complete, 0, {}); });
    peer->send(tag, [&](PacketWriter& out) { out.add(data(0, full, true, true)); });
  }
  EXPECT_EQ(drops(SctpDrop::bad_tag), 9U);
  EXPECT_EQ(peer->packets, before);
  EXPECT_TRUE(victim->established());
}

TEST_F(SctpHostile, cookies_of_others_or_changed_ones_do_nothing) {
  begin();
  std::vector<uint8_t> cookie(80, 3);
  for (size_t size : {0U, 1U, 79U, 80U, 1000U}) {
    cookie.resize(size);
    peer->send_raw(ChunkType::cookie_echo, 0, cookie);
  }
  EXPECT_EQ(drops(SctpDrop::bad_cookie), 5U);
  EXPECT_TRUE(victim->established());
}

TEST_F(SctpHostile, a_flood_of_beginnings_leaves_nothing_behind) {
  begin();
  size_t before = peer->packets;
  sctp::InitChunk init;
  init.receiver_window = 4000;
  init.outbound_streams = init.inbound_streams = 1;
  for (uint32_t i = 1; i <= 10000; ++i) {
    init.initiate_tag = i;
    peer->send(0, [&](PacketWriter& out) { out.add_init(ChunkType::init, init); });
  }
  EXPECT_EQ(peer->packets - before, 10000U);  // an answer each, no larger than a packet
  EXPECT_TRUE(victim->established());
  EXPECT_EQ(victim->outbound_streams(), config.outbound_streams);
}

TEST_F(SctpHostile, heartbeats_are_answered_up_to_a_few_a_turn) {
  begin();
  size_t before = peer->bytes;
  std::vector<uint8_t> info(24, 1);
  std::vector<uint8_t> room(1500);
  PacketWriter out(room, 5000, 5000, peer->tag);
  while (out.add_heartbeat(ChunkType::heartbeat, info)) {
  }
  Bytes packet = out.finish(true);
  victim->handle(packet, peer->now);
  peer->collect();
  EXPECT_LE(peer->bytes - before, packet.size());
}

TEST_F(SctpHostile, skipping_streams_that_do_not_exist_does_nothing) {
  for (bool interleaving : {false, true}) {
    begin(interleaving);
    std::vector<sctp::SkippedStream> streams{{300, false, 1}, {65535, true, 1}};
    peer->send([&](PacketWriter& out) {
      out.add_forward_tsn(interleaving, Attacker<SctpAssociation>::kFirstTsn + 5, streams);
    });
    EXPECT_EQ(drops(SctpDrop::malformed), 1U);
    // The other kind than agreed.
    peer->send(
        [&](PacketWriter& out) { out.add_forward_tsn(!interleaving, Attacker<SctpAssociation>::kFirstTsn + 5, {}); });
    EXPECT_EQ(closed(), SctpCloseReason::protocol_violation);
  }
}

TEST_F(SctpHostile, late_fragments_of_what_was_given_up_are_not_kept) {
  for (bool unordered : {false, true}) {
    begin(true);
    std::array<sctp::SkippedStream, 1> skip{sctp::SkippedStream{1, unordered, 7}};
    peer->send([&](PacketWriter& out) { out.add_forward_tsn(true, Attacker<SctpAssociation>::kFirstTsn + 2, skip); });
    sctp::DataChunk late = data(4, full, false, false);
    late.unordered = unordered;
    late.message_id = 7;
    late.fragment = 3;
    peer->send_data(late);
    EXPECT_EQ(victim->stats().held, 0U);
    late.tsn += 1;
    late.message_id = 8;
    peer->send_data(late);
    EXPECT_GT(victim->stats().held, full.size());
  }
}

// The channels above the association.
class ChannelsHostile : public testing::Test {
 protected:
  ChannelsHostile() : channels(config, DtlsRole::client, random_, events), peer(channels) {}
  void send(uint16_t stream, sctp::Ppid ppid, Bytes payload) {
    sctp::DataChunk out;
    out.tsn = tsn_++;
    out.stream = stream;
    out.message_id = next_[stream]++;
    out.ppid = static_cast<uint32_t>(ppid);
    out.begin = out.end = true;
    out.payload = payload;
    peer.send_data(out);
  }
  size_t opened() {
    size_t count = 0;
    PeerEvent event;
    while (events.poll(event)) count += std::holds_alternative<DataChannelOpened>(event) ? 1 : 0;
    return count;
  }

  SctpConfig config;
  EventQueue events;
  SeededRandom random_{4};
  DataChannels channels;
  Attacker<DataChannels> peer;

 private:
  uint32_t tsn_ = Attacker<DataChannels>::kFirstTsn;
  std::map<uint16_t, uint32_t> next_;
};

TEST_F(ChannelsHostile, a_flood_of_channels_stops_at_the_limit) {
  sctp::DcepOpen open;
  const std::string label(1000, 'x');
  open.label = label;
  for (int round = 0; round < 20; ++round) {
    for (uint16_t stream = 0; stream < 400; ++stream) send(stream, sctp::Ppid::control, sctp::write_dcep_open(open));
  }
  EXPECT_EQ(channels.stats().channels, DataChannels::kMaxChannels);
  EXPECT_EQ(opened(), DataChannels::kMaxChannels);
  EXPECT_TRUE(channels.stats().established);
}

TEST_F(ChannelsHostile, parts_without_an_end_cost_one_message_together) {
  sctp::DcepOpen open;
  open.label = "a";
  for (uint16_t stream = 0; stream < 100; ++stream) send(stream, sctp::Ppid::control, sctp::write_dcep_open(open));
  const std::vector<uint8_t> part(1000, 7);
  for (uint16_t i = 0; i < 5000; ++i) send(i % 100, sctp::Ppid::binary_partial, part);
  EXPECT_LE(channels.stats().partial_bytes, config.max_message);
  EXPECT_GT(channels.stats().ignored, 0U);
  EXPECT_TRUE(channels.stats().established);
}

TEST_F(ChannelsHostile, control_messages_that_make_no_sense_are_ignored) {
  const std::vector<std::vector<uint8_t>> bad{
      {0},         {3}, {3, 0, 0}, std::vector<uint8_t>(11, 3), {3, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1},
      {0xff, 0xff}};
  for (const auto& message : bad) send(1, sctp::Ppid::control, message);
  EXPECT_EQ(channels.stats().channels, 0U);
  EXPECT_EQ(channels.stats().ignored, bad.size());
  // Text for a channel that was never opened.
  send(2, sctp::Ppid::text, as_bytes("hello"));
  EXPECT_EQ(channels.stats().ignored, bad.size() + 1);
}

}  // namespace
}  // namespace limen::rtc
