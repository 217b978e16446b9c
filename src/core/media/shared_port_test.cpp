// Two media loops on one port, on virtual time: whatever loop the kernel picks, the peer's own one gets it.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "tests/support/media_plane_rig.hpp"

namespace limen::core {
namespace {

using namespace std::chrono_literals;
using test::endpoint;
using test::SimDatagram;

class SharedPort : public test::MediaPlaneRig {
 protected:
  SharedPort() : MediaPlaneRig(OnePort{}) {}

  MediaHostCounters counters(uint32_t shard) { return plane_.host(shard).counters(); }
};

TEST_F(SharedPort, all_candidates_name_the_one_port) {
  for (uint32_t shard : {0u, 1u}) {
    ASSERT_EQ(plane_.local_bases(shard).size(), 1u);
    EXPECT_EQ(plane_.local_bases(shard)[0].address, endpoint("192.0.2.1:7000"));
  }
}

TEST_F(SharedPort, a_peer_connects_and_sends_although_the_kernel_always_picks_the_wrong_loop) {
  Call& call = attach(1);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  expect_echo(call);
  EXPECT_GT(counters(0).demux.other_shard, 20u);
  EXPECT_EQ(counters(0).demux.other_shard, counters(1).forwarded_in);
  // The first check may come before the peer is made; nothing after it is nobody's.
  EXPECT_EQ(counters(0).demux.unknown_datagram, 0u);
  EXPECT_EQ(counters(0).peers, 0u);
}

TEST_F(SharedPort, calls_of_both_loops_do_not_mix_whatever_loop_gets_their_datagrams) {
  test::SeededRandom dice(5);
  choose_ = [&](const SimDatagram&) { return static_cast<uint32_t>(dice.below(2)); };
  std::vector<Call*> calls;
  for (uint32_t i = 0; i < 6; ++i) {
    calls.push_back(&attach(i % 2));
    std::string address = "192.0.2." + std::to_string(10 + i);
    ASSERT_TRUE(connect(*calls.back(), address.c_str())) << i;
  }
  for (Call* call : calls) expect_echo(*call);
  EXPECT_EQ(counters(0).dropped_forwarded + counters(1).dropped_forwarded, 0u);
}

TEST_F(SharedPort, the_kernel_is_told_who_has_won_and_lost_a_flow) {
  Call& call = attach(1);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  ASSERT_EQ(flow_changes_.size(), 1u);
  EXPECT_EQ(flow_changes_[0].flow, (Flow{0, endpoint("192.0.2.10:5000")}));
  EXPECT_EQ(flow_changes_[0].shard, 1u);
  EXPECT_TRUE(flow_changes_[0].won);
  // Steered as told, nothing is handed on.
  choose_ = [](const SimDatagram&) { return 1u; };
  uint64_t before = counters(1).forwarded_in;
  expect_echo(call);
  EXPECT_EQ(counters(1).forwarded_in, before);

  on_control([&] { plane_.destroy_peer(call.id); });
  world_.run_for(100ms);
  ASSERT_EQ(flow_changes_.size(), 2u);
  EXPECT_FALSE(flow_changes_[1].won);
  EXPECT_EQ(directory_->entries(), 0u);
}

TEST_F(SharedPort, datagrams_keep_their_order_on_the_way_through_another_loop) {
  Call& call = attach(1);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  size_t before = call.browser->rtp.size();
  for (uint16_t i = 1; i <= 200; ++i) call.browser->send_media(1, i, i * 3000u, i == 1, 300);
  world_.run_for(1s);
  ASSERT_EQ(call.browser->rtp.size(), before + 200);
  for (size_t i = 1; i < 200; ++i) {
    EXPECT_EQ(
        static_cast<uint16_t>(call.browser->rtp[before + i].sequence - call.browser->rtp[before + i - 1].sequence), 1);
  }
}

TEST_F(SharedPort, an_answer_to_a_check_is_found_by_its_transaction) {
  // The server checks the browser first; its answer comes from a flow that nobody has authenticated yet.
  Call& call = attach(1);
  call_from(call, "192.0.2.10");
  tell_candidate(call, call.browser->candidate());
  ASSERT_TRUE(world_.run_until([&] { return call.browser->connected && call.count<rtc::Connected>() == 1; }, 10s));
  EXPECT_EQ(counters(1).demux.unknown_stun, 0u);
}

TEST_F(SharedPort, a_flow_that_another_loops_peer_has_proved_later_is_its_own) {
  // One browser goes without a word; its address and port come back in a call of the other loop.
  Call& first = attach(0);
  ASSERT_TRUE(connect(first, "192.0.2.10"));
  first.browser->destroy();
  world_.run_for(PeerDemux::kFlowQuiet + 2s);
  Call& second = attach(1);
  uint32_t taken = 0;
  on_control([&] { taken = second.id.shard; });
  ASSERT_EQ(taken, 1u);
  // The same host: its socket is taken over.
  first.browser.reset();
  Flow flow{0, endpoint("192.0.2.10:5000")};
  auto claim = directory_->claim(directory_->key_of(flow), 1, clock_.now(), PeerDemux::kFlowQuiet);
  EXPECT_EQ(claim.result, FlowDirectory::Claimed::entered);
  EXPECT_EQ(claim.previous, 0u);
  plane_.host(0).on_flow_lost(flow);
  std::vector<uint8_t> media(60, 0x80);
  uint64_t before = counters(0).demux.other_shard;
  plane_.host(0).on_datagram(flow, shard0_.packets().copy(media, clock_.now()), clock_.now());
  EXPECT_EQ(counters(0).demux.other_shard, before + 1);
}

TEST_F(SharedPort, a_ufrag_is_taken_on_all_loops) {
  Call& first = attach(0);
  Call& second = attach(1);
  ASSERT_TRUE(connect(first, "192.0.2.10"));
  on_control([&] { plane_.create_peer(second.id, first.config); });
  ASSERT_TRUE(world_.run_until([&] { return second.count<rtc::Closed>() == 1; }, 1s));
  expect_echo(first);
}

TEST_F(SharedPort, a_flood_for_a_busy_loop_is_dropped_not_kept) {
  Call& call = attach(1);
  ASSERT_TRUE(connect(call, "192.0.2.10"));
  Flow flow{0, endpoint("192.0.2.10:5000")};
  std::vector<uint8_t> media(1000, 0x80);
  // Within one turn of loop 0 the other one does not run.
  for (int i = 0; i < 20000; ++i) {
    plane_.host(0).on_datagram(flow, shard0_.packets().copy(media, clock_.now()), clock_.now());
  }
  EXPECT_GT(counters(0).dropped_forwarded, 10000u);
  EXPECT_LE(shard0_.packets().allocated(), 8192u + 256u);
  world_.run_for(1s);
  expect_echo(call);
}

TEST(FlowDirectory, names_the_owner_until_it_lets_go) {
  test::SeededRandom random(1);
  FlowDirectory directory(random, 1024);
  Instant now(1h);
  auto key = directory.key_of(Flow{0, endpoint("192.0.2.1:5000")});
  EXPECT_FALSE(directory.find(key));
  EXPECT_EQ(directory.claim(key, 3, now, 20s).result, FlowDirectory::Claimed::entered);
  EXPECT_EQ(directory.claim(key, 3, now + 5s, 20s).result, FlowDirectory::Claimed::refreshed);
  EXPECT_EQ(directory.find(key), 3u);
  EXPECT_FALSE(directory.find(directory.key_of(Flow{1, endpoint("192.0.2.1:5000")})));
  EXPECT_FALSE(directory.find(directory.key_of(Flow{0, endpoint("192.0.2.1:5001")})));
  // Heard 5 s in: too fresh to be taken at 20 s, not at 26 s.
  EXPECT_EQ(directory.claim(key, 4, now + 20s, 20s).result, FlowDirectory::Claimed::refused);
  EXPECT_EQ(directory.claim(key, 4, now + 1h, Duration::zero()).result, FlowDirectory::Claimed::refused);
  auto taken = directory.claim(key, 4, now + 26s, 20s);
  EXPECT_EQ(taken.result, FlowDirectory::Claimed::entered);
  EXPECT_EQ(taken.previous, 3u);
  directory.release(key, 3);  // no longer its own
  EXPECT_EQ(directory.find(key), 4u);
  directory.release(key, 4);
  EXPECT_FALSE(directory.find(key));
  EXPECT_EQ(directory.entries(), 0u);
}

TEST(FlowDirectory, families_and_names_have_keys_of_their_own) {
  test::SeededRandom random(2);
  FlowDirectory directory(random, 1024);
  std::set<FlowDirectory::Key> keys;
  for (const char* address : {"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1", "[2001:db8::1]:1", "[2001:db8::2]:1"}) {
    keys.insert(directory.key_of(Flow{0, endpoint(address)}));
  }
  for (const char* ufrag : {"abcd", "abce", "abcdefgh", "abcdefghi", "", "a"})
    keys.insert(directory.key_of_ufrag(ufrag));
  for (uint32_t tag : {0u, 1u, 0xffffffffu}) keys.insert(directory.key_of_tag(tag));
  EXPECT_EQ(keys.size(), 14u);
}

TEST(FlowDirectory, is_bounded_and_keeps_what_it_has) {
  test::SeededRandom random(3);
  FlowDirectory directory(random, 256);
  std::vector<FlowDirectory::Key> entered;
  for (uint32_t tag = 0; tag < 5000; ++tag) {
    auto key = directory.key_of_tag(tag);
    if (directory.claim(key, 1, Instant(1h), 20s).result == FlowDirectory::Claimed::entered) entered.push_back(key);
  }
  EXPECT_LE(entered.size(), 256u);
  EXPECT_GT(entered.size(), 200u);
  for (auto key : entered) EXPECT_EQ(directory.find(key), 1u);
  for (auto key : entered) directory.release(key, 1);
  EXPECT_EQ(directory.entries(), 0u);
  // Places of removed entries are used again.
  EXPECT_EQ(directory.claim(directory.key_of_tag(9999), 2, Instant(1h), 20s).result, FlowDirectory::Claimed::entered);
}

TEST(FlowDirectory, shards_enter_and_remove_at_once) {
  test::SeededRandom random(4);
  FlowDirectory directory(random, 1 << 14);
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (uint32_t shard = 0; shard < 3; ++shard) {
    threads.emplace_back([&, shard] {
      for (uint32_t round = 0; round < 20; ++round) {
        for (uint32_t i = 0; i < 500; ++i) {
          auto key = directory.key_of_tag(shard << 20 | i);
          if (directory.claim(key, shard, Instant(1h), 20s).result != FlowDirectory::Claimed::entered) ++wrong;
        }
        for (uint32_t i = 0; i < 500; ++i) {
          auto key = directory.key_of_tag(shard << 20 | i);
          if (directory.find(key) != shard) ++wrong;
          directory.release(key, shard);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(directory.entries(), 0u);
}

}  // namespace
}  // namespace limen::core
