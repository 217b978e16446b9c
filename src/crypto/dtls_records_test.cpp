// The records of a finished association: between two of ours, with every byte tampered with, replayed and cut; and
// against OpenSSL in dtls_engine_test.cpp.
#include "crypto/dtls_records.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/packet.hpp"

namespace limen::crypto {
namespace {

DtlsRecordKeys some_keys(size_t size, bool swapped) {
  DtlsRecordKeys keys;
  keys.key_size = size;
  DtlsRecordKey& a = swapped ? keys.remote : keys.local;
  DtlsRecordKey& b = swapped ? keys.local : keys.remote;
  for (size_t i = 0; i < size; ++i) {
    a.key[i] = static_cast<uint8_t>(i);
    b.key[i] = static_cast<uint8_t>(i + 100);
  }
  a.salt = {1, 2, 3, 4};
  b.salt = {5, 6, 7, 8};
  return keys;
}

struct Two {
  explicit Two(size_t key_size = 16) : a(some_keys(key_size, false), {}), b(some_keys(key_size, true), {}) {}
  std::vector<uint8_t> sealed(std::string_view text, DtlsContent content = DtlsContent::application_data) {
    RecordQueue out;
    EXPECT_TRUE(a.seal(content, as_bytes(text), out));
    auto all = out.copy();
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }
  // What comes out of a datagram at the other side.
  std::vector<std::string> opened(Bytes datagram) {
    std::array<uint8_t, kMaxDatagram> room;
    std::vector<std::string> out;
    DtlsContent content{};
    Bytes plain;
    while (!datagram.empty()) {
      if (b.open(datagram, room, content, plain)) out.emplace_back(as_text(plain));
    }
    return out;
  }
  DtlsRecords a, b;
};

using Texts = std::vector<std::string>;

TEST(DtlsRecords, carry_data_with_either_key_size) {
  for (size_t size : {16, 32}) {
    Two two(size);
    EXPECT_EQ(two.opened(two.sealed("hello")), Texts{"hello"});
    EXPECT_EQ(two.opened(two.sealed("")), Texts{""});
    EXPECT_EQ(two.opened(two.sealed(std::string(1500, 'x'))), Texts{std::string(1500, 'x')});
  }
}

TEST(DtlsRecords, several_records_of_a_datagram_are_taken_apart) {
  Two two;
  std::vector<uint8_t> datagram = two.sealed("one"), second = two.sealed("two");
  datagram.insert(datagram.end(), second.begin(), second.end());
  EXPECT_EQ(two.opened(datagram), (Texts{"one", "two"}));
}

TEST(DtlsRecords, any_changed_byte_is_noticed) {
  Two two;
  std::vector<uint8_t> record = two.sealed("hello");
  for (size_t i = 0; i < record.size(); ++i) {
    std::vector<uint8_t> bad = record;
    bad[i] ^= 1;
    EXPECT_EQ(two.opened(bad), Texts{}) << i;
  }
  EXPECT_EQ(two.opened(record), Texts{"hello"});
}

TEST(DtlsRecords, a_cut_record_is_nothing) {
  Two two;
  std::vector<uint8_t> record = two.sealed("hello");
  for (size_t size = 0; size < record.size(); ++size) EXPECT_EQ(two.opened(Bytes(record).first(size)), Texts{}) << size;
}

TEST(DtlsRecords, a_record_comes_once_in_any_order) {
  Two two;
  std::vector<std::vector<uint8_t>> records;
  for (int i = 0; i < 70; ++i) records.push_back(two.sealed(std::to_string(i)));
  EXPECT_EQ(two.opened(records[10]), Texts{"10"});
  EXPECT_EQ(two.opened(records[9]), Texts{"9"});
  EXPECT_EQ(two.opened(records[10]), Texts{});
  EXPECT_EQ(two.opened(records[9]), Texts{});
  EXPECT_EQ(two.opened(records[69]), Texts{"69"});
  EXPECT_EQ(two.opened(records[6]), Texts{"6"});  // the oldest that the window still knows
  EXPECT_EQ(two.opened(records[6]), Texts{});
  EXPECT_EQ(two.opened(records[5]), Texts{});
}

TEST(DtlsRecords, its_own_records_are_not_the_peers) {
  Two two;
  std::vector<uint8_t> record = two.sealed("hello");
  std::array<uint8_t, 100> room;
  DtlsContent content{};
  Bytes plain, datagram = record;
  EXPECT_FALSE(two.a.open(datagram, room, content, plain));
}

TEST(DtlsRecords, what_does_not_fit_the_room_is_passed_over) {
  Two two;
  std::vector<uint8_t> record = two.sealed("hello");
  std::array<uint8_t, 4> room;
  DtlsContent content{};
  Bytes plain, datagram = record;
  EXPECT_FALSE(two.b.open(datagram, room, content, plain));
  EXPECT_TRUE(datagram.empty());
}

}  // namespace
}  // namespace limen::crypto
