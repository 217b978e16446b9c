#include "rtc/ice/check_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace limen::rtc {
namespace {

constexpr Instant kNow{std::chrono::hours(1)};

SocketAddress at(uint32_t ip, uint16_t port = 5000) {
  return {IpAddress::v4(ip), port};
}

std::vector<LocalBase> bases(size_t count) {
  std::vector<LocalBase> out;
  for (size_t i = 0; i < count; ++i) {
    out.push_back({static_cast<SocketId>(i), at(0xc0000201u + static_cast<uint32_t>(i)), {}});
  }
  return out;
}

Candidate remote(uint32_t ip, uint32_t priority) {
  Candidate candidate;
  candidate.foundation = "1";
  candidate.priority = priority;
  candidate.address = at(ip);
  return candidate;
}

TEST(CheckList, pairs_are_bounded_and_the_best_are_kept) {
  LocalCandidates locals(bases(4), false);
  CheckList list(locals);
  for (uint32_t i = 0; i < 64; ++i) list.add_remote(remote(0x0a000000u + i, 1000 + i), false, kNow);
  EXPECT_LE(list.pairs().size(), kMaxPairs);
  const CandidatePair* first = list.next_to_check();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->remote.priority, 1063u);
  auto worst = std::min_element(list.pairs().begin(), list.pairs().end(),
                                [](const auto& a, const auto& b) { return a.priority < b.priority; });
  EXPECT_GE(worst->remote.priority, 1000u + 64 - kMaxPairs / 4 - 1);
}

TEST(CheckList, a_proven_or_selected_pair_is_never_given_up) {
  LocalCandidates locals(bases(2), false);
  CheckList list(locals);
  list.add_remote(remote(0x0a000001u, 1), false, kNow);
  list.pairs()[0].proven = true;
  list.keep(list.pairs()[1].id);
  for (uint32_t i = 0; i < 63; ++i) list.add_remote(remote(0x0a000100u + i, 1000 + i), false, kNow);
  for (uint32_t i = 0; i < 10; ++i) list.add_peer_reflexive(0, at(0x0b000000u + i), 5000, false, kNow);
  EXPECT_NE(list.find(Flow{0, at(0x0a000001u)}), nullptr);
  EXPECT_NE(list.find(Flow{1, at(0x0a000001u)}), nullptr);
}

TEST(CheckList, one_base_and_one_remote_address_make_one_pair) {
  std::vector<LocalBase> base = bases(1);
  base[0].advertised = {at(0xcb007101u), at(0xc0000201u)};  // 1:1 NAT, private kept
  LocalCandidates locals(base, false);
  EXPECT_EQ(locals.signalled().size(), 2u);
  CheckList list(locals);
  EXPECT_EQ(list.add_remote(remote(0x0a000001u, 7), false, kNow), CheckList::Added::yes);
  EXPECT_EQ(list.add_remote(remote(0x0a000001u, 8), false, kNow), CheckList::Added::known);
  EXPECT_EQ(list.pairs().size(), 1u);
}

TEST(CheckList, priorities_follow_the_role) {
  EXPECT_EQ(pair_priority(1, 2), (uint64_t{1} << 32) + 4);
  EXPECT_EQ(pair_priority(2, 1), (uint64_t{1} << 32) + 5);
  LocalCandidates locals(bases(1), false);
  CheckList list(locals);
  list.add_remote(remote(0x0a000001u, 7), true, kNow);
  uint64_t controlling = list.pairs()[0].priority;
  list.set_role(false);
  EXPECT_EQ(list.pairs()[0].priority, controlling - 1);
}

TEST(LocalCandidates, host_candidates_are_ordered_and_share_foundations_by_address) {
  std::vector<LocalBase> list = bases(2);
  list.push_back({7, at(0xc0000201u, 6000), {}});  // another port of the first address
  std::array<uint8_t, 16> raw{0x20, 0x01};
  list.push_back({8, {IpAddress::v6(raw), 5000}, {}});
  auto candidates = host_candidates(list, false);
  ASSERT_EQ(candidates.size(), 3u);
  EXPECT_GT(candidates[0].priority, candidates[1].priority);
  EXPECT_GT(candidates[1].priority, candidates[2].priority);
  EXPECT_EQ(candidates[0].foundation, candidates[2].foundation);
  EXPECT_NE(candidates[0].foundation, candidates[1].foundation);
  EXPECT_EQ(host_candidates(list, true).size(), 4u);
}

TEST(LocalCandidates, an_address_seen_from_outside_is_a_candidate_only_if_it_is_new) {
  LocalCandidates locals(bases(1), false);
  const SocketAddress server = at(0x08080808u, 3478);
  EXPECT_EQ(locals.add_server_reflexive(0, at(0xc0000201u), server), nullptr);
  const Candidate* found = locals.add_server_reflexive(0, at(0xcb007105u), server);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->type, CandidateType::srflx);
  EXPECT_EQ(found->related, at(0xc0000201u));
  EXPECT_EQ(locals.add_server_reflexive(0, at(0xcb007105u), server), nullptr);
  EXPECT_EQ(locals.seen_as(0, at(0xcb007105u)).type, CandidateType::srflx);
  EXPECT_EQ(locals.seen_as(0, at(0xcb007106u)).type, CandidateType::prflx);
  EXPECT_EQ(locals.signalled().size(), 2u);
}

}  // namespace
}  // namespace limen::rtc
