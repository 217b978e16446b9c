#include "core/media/capture_file.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <regex>
#include <vector>

namespace limen::core {
namespace {

using rtc::PlainKind;

// Runs the work when the test says so.
class HeldPool final : public BackgroundPool {
 public:
  void run(Task work, Executor&, Task) override { jobs.push_back(std::move(work)); }
  void work() {
    while (!jobs.empty()) {
      Task job = std::move(jobs.front());
      jobs.pop_front();
      job();
    }
  }
  std::deque<Task> jobs;
};

class NoExecutor final : public Executor {
 public:
  void post(Task) override {}
  Instant now() const override { return {}; }
  WallTime wall_time() const override { return {}; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
};

// Reads a capture as a dissector does: every length is checked.
struct PcapReader {
  explicit PcapReader(std::string file) : bytes(std::move(file)) {}
  uint32_t le32() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) value |= static_cast<uint32_t>(byte()) << (8 * i);
    return value;
  }
  uint16_t be16() {
    int high = byte();
    return static_cast<uint16_t>(high << 8 | byte());
  }
  uint8_t byte() {
    EXPECT_LT(at, bytes.size());
    return at < bytes.size() ? static_cast<uint8_t>(bytes[at++]) : 0;
  }
  std::string take(size_t size) {
    EXPECT_LE(at + size, bytes.size());
    std::string part = bytes.substr(at, size);
    at += size;
    return part;
  }

  struct Packet {
    uint32_t seconds = 0, microseconds = 0, original = 0;
    std::string source, target, payload;
    uint16_t source_port = 0, target_port = 0;
  };
  void header() {
    EXPECT_EQ(le32(), 0xa1b2c3d4u);
    EXPECT_EQ(take(4), std::string("\x02\0\x04\0", 4));
    take(8);
    EXPECT_EQ(le32(), 65535u);
    EXPECT_EQ(le32(), 1u);
  }
  Packet packet() {
    Packet p;
    p.seconds = le32();
    p.microseconds = le32();
    uint32_t captured = le32();
    p.original = le32();
    take(12);
    EXPECT_EQ(be16(), 0x0800);
    uint32_t sum = 0;
    for (size_t i = 0; i < 20; i += 2) {
      sum += static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i]) << 8 | static_cast<uint8_t>(bytes[at + i + 1]));
    }
    EXPECT_EQ((sum & 0xffff) + (sum >> 16), 0xffffu);
    EXPECT_EQ(be16(), 0x4500);
    uint16_t total = be16();
    EXPECT_EQ(total, p.original - 14);
    take(5);
    EXPECT_EQ(byte(), 17);
    take(2);
    p.source = take(4);
    p.target = take(4);
    p.source_port = be16();
    p.target_port = be16();
    EXPECT_EQ(be16(), total - 20);
    take(2);
    p.payload = take(captured - 42);
    return p;
  }

  std::string bytes;
  size_t at = 0;
};

class CaptureFileTest : public testing::Test {
 protected:
  CaptureFileTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "limen-capture-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~CaptureFileTest() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string path() const { return folder_ + "/a/b/capture"; }
  std::shared_ptr<CaptureFile> open(bool text, size_t truncate = 0) {
    auto file = CaptureFile::open({path(), text, truncate, "[session=1][handle=2]"}, pool_, executor_);
    EXPECT_TRUE(file) << (file ? "" : file.error().text);
    return file ? *file : nullptr;
  }
  std::string written() const {
    std::ifstream in(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static Bytes bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

  std::string folder_;
  HeldPool pool_;
  NoExecutor executor_;
};

constexpr WallTime kWhen{1'795'346'675'201'507};

TEST_F(CaptureFileTest, a_pcap_file_reads_as_udp_packets_both_ways) {
  auto file = open(false, 5);
  file->write(PlainKind::rtp, true, bytes("0123456789"), kWhen);
  file->write(PlainKind::data, true, bytes("never in a pcap"), kWhen);
  file->write(PlainKind::rtcp, false, bytes("abc"), kWhen);
  pool_.work();
  PcapReader reader(written());
  reader.header();
  PcapReader::Packet in = reader.packet();
  EXPECT_EQ(in.seconds, 1'795'346'675u);
  EXPECT_EQ(in.microseconds, 201'507u);
  EXPECT_EQ(in.payload, "01234");
  EXPECT_EQ(in.original, 52u);
  EXPECT_EQ(in.source, "\x0a\x01\x01\x01");
  EXPECT_EQ(in.source_port, 1000);
  EXPECT_EQ(in.target, "\x0a\x02\x02\x02");
  EXPECT_EQ(in.target_port, 2000);
  PcapReader::Packet out = reader.packet();
  EXPECT_EQ(out.payload, "abc");
  EXPECT_EQ(out.source, "\x0a\x02\x02\x02");
  EXPECT_EQ(out.source_port, 2000);
  EXPECT_EQ(out.target_port, 1000);
  EXPECT_EQ(reader.at, reader.bytes.size());
}

TEST_F(CaptureFileTest, a_second_capture_into_the_same_file_has_no_second_header) {
  for (int i = 0; i < 2; ++i) {
    auto file = open(false);
    file->write(PlainKind::rtp, true, bytes("x"), kWhen);
    pool_.work();
  }
  PcapReader reader(written());
  reader.header();
  reader.packet();
  reader.packet();
  EXPECT_EQ(reader.at, reader.bytes.size());
}

TEST_F(CaptureFileTest, text_lines_are_what_text2pcap_reads) {
  auto file = open(true, 4);
  file->write(PlainKind::rtp, true, bytes("\x90\xe0\xd9zz"), kWhen);
  file->write(PlainKind::rtcp, false, bytes("\x80"), kWhen);
  file->write(PlainKind::data, false, bytes("hi"), kWhen);
  pool_.work();
  std::regex whole(
      "I \\d\\d:\\d\\d:35\\.201507 000000  90 e0 d9 7a JANUS_TEXT2PCAP_RTP \\[session=1\\]\\[handle=2\\]\r\n"
      "O \\d\\d:\\d\\d:35\\.201507 000000  80 JANUS_TEXT2PCAP_RTCP \\[session=1\\]\\[handle=2\\]\r\n"
      "O \\d\\d:\\d\\d:35\\.201507 000000  68 69 JANUS_TEXT2PCAP_DATA \\[session=1\\]\\[handle=2\\]\r\n");
  EXPECT_TRUE(std::regex_match(written(), whole)) << written();
}

TEST_F(CaptureFileTest, a_disk_that_stands_still_costs_a_bounded_queue) {
  auto file = open(false);
  std::string large(60'000, 'x');
  for (int i = 0; i < 100; ++i) file->write(PlainKind::rtp, true, bytes(large), kWhen);
  EXPECT_EQ(pool_.jobs.size(), 1u);
  uint64_t kept = CaptureFile::kMostQueued / (60'000 + 42 + 16);
  EXPECT_EQ(file->dropped(), 100 - kept);
  pool_.work();
  EXPECT_EQ(written().size(), 24 + kept * (60'000 + 42 + 16));
}

TEST_F(CaptureFileTest, what_waits_at_the_end_is_written) {
  auto file = open(true);
  file->write(PlainKind::rtp, true, bytes("x"), kWhen);
  pool_.jobs.clear();  // the server ends: no more jobs
  file.reset();
  EXPECT_NE(written().find(" 78 JANUS_TEXT2PCAP_RTP"), std::string::npos);
}

TEST_F(CaptureFileTest, a_place_that_cannot_be_written_is_an_error) {
  auto file = CaptureFile::open({"/proc/none/such", false, 0, ""}, pool_, executor_);
  EXPECT_FALSE(file);
}

}  // namespace
}  // namespace limen::core
