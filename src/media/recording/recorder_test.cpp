#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "media/layer_test_packets.hpp"
#include "media/recording/fake_plugin_context.hpp"
#include "media/recording/recorder.hpp"
#include "wire/mjr/mjr_reader.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::media {
namespace {

using test::at_ms;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Row {
  uint32_t ms;
  int sequence;
  uint32_t timestamp, ssrc;
  friend bool operator==(const Row&, const Row&) = default;
};
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.ms << " ms #" << row.sequence << " @" << row.timestamp << " ssrc " << row.ssrc;
}

class Recording : public testing::Test {
 protected:
  Recording() {
    std::string name = (std::filesystem::temp_directory_path() / "limen-recording-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~Recording() override { std::filesystem::remove_all(folder_); }

  RecordingSpec spec(std::string name = "take", MediaKind kind = MediaKind::video, std::string codec = "vp8") {
    RecordingSpec spec;
    spec.folder = folder_;
    spec.name = std::move(name);
    spec.header.kind = kind;
    spec.header.codec = std::move(codec);
    return spec;
  }
  std::shared_ptr<RecordingFile> open(RecordingSpec spec) {
    auto file = RecordingFile::open(context_, std::move(spec), [this](const Error& e) { errors_.push_back(e.text); });
    EXPECT_TRUE(file) << file.error().text;
    return *file;
  }
  RtpPacket packet(uint32_t ssrc, uint16_t sequence, uint32_t timestamp, bool keyframe = false) {
    std::vector<uint8_t> bytes = {0x80, 0x60, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x22, 0x33};
    store_u16(&bytes[2], sequence);
    store_u32(&bytes[4], timestamp);
    store_u32(&bytes[8], ssrc);
    RtpPacket packet = *parse_rtp(pool_.copy(bytes, {}), {});
    packet.codec = Codec::vp8;
    packet.video.keyframe = keyframe;
    packet.video.start_of_frame = true;
    return packet;
  }
  std::vector<uint8_t> bytes_of(const std::string& name) {
    std::ifstream in(folder_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  std::vector<Row> rows(const std::string& name) {
    std::vector<uint8_t> bytes = bytes_of(name);
    auto reader = mjr::Reader::open(bytes);
    if (!reader) return {};
    std::vector<Row> rows;
    mjr::Frame frame;
    while (reader->next(frame)) {
      auto header = parse_rtp_header(frame.bytes);
      rows.push_back({frame.ms, header->sequence, header->timestamp, header->ssrc});
    }
    EXPECT_EQ(reader->end(), mjr::ReadEnd::end_of_file);
    return rows;
  }

  std::string folder_;
  test::FakePluginContext context_;
  std::vector<std::string> errors_;
  PacketPool pool_;
};

TEST_F(Recording, numbering_starts_at_one_and_zero_and_keeps_gaps) {
  {
    Recorder recorder(open(spec()));
    recorder.on_rtp(packet(9, 65535, 1000, true), at_ms(500));
    recorder.on_rtp(packet(9, 0, 4000), at_ms(533));
    recorder.on_rtp(packet(9, 2, 7000), at_ms(566));
    recorder.on_rtp(packet(9, 1, 7000), at_ms(567));
  }
  context_.run();
  EXPECT_THAT(rows("take.mjr"),
              ElementsAre(Row{0, 1, 0, 9}, Row{33, 2, 3000, 9}, Row{66, 4, 6000, 9}, Row{67, 3, 6000, 9}));
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(Recording, another_source_continues_the_numbers_after_the_time_that_passed) {
  {
    Recorder recorder(open(spec()));
    recorder.on_rtp(packet(9, 100, 1000, true), at_ms(0));
    recorder.on_rtp(packet(8, 7, 77, true), at_ms(100));
  }
  context_.run();
  EXPECT_THAT(rows("take.mjr"), ElementsAre(Row{0, 1, 0, 9}, Row{100, 2, 9000, 8}));
}

TEST_F(Recording, a_pause_leaves_no_hole_but_shows_in_the_frame_times) {
  {
    Recorder recorder(open(spec()));
    recorder.on_rtp(packet(9, 100, 1000, true), at_ms(0));
    recorder.set_paused(true, at_ms(10));
    recorder.on_rtp(packet(9, 101, 4000), at_ms(33));
    recorder.set_paused(false, at_ms(10'000));
    recorder.on_rtp(packet(9, 300, 900'000), at_ms(10'010));
  }
  context_.run();
  EXPECT_THAT(rows("take.mjr"), ElementsAre(Row{0, 1, 0, 9}, Row{10'010, 2, 900, 9}));
}

TEST_F(Recording, simulcast_becomes_one_stream_of_the_best_quality) {
  {
    Recorder recorder(open(spec()), LayerMode::simulcast);
    RtpPacket low = packet(1, 10, 0, true), high = packet(2, 20, 50, true), late = packet(1, 11, 3000);
    high.substream = 1;
    EXPECT_FALSE(recorder.on_rtp(low, at_ms(0)));
    EXPECT_FALSE(recorder.on_rtp(high, at_ms(10)));
    recorder.on_rtp(late, at_ms(33));
  }
  context_.run();
  EXPECT_THAT(rows("take.mjr"), ElementsAre(Row{0, 1, 0, 1}, Row{10, 2, 900, 1}));
}

TEST_F(Recording, a_note_of_what_was_relayed_is_recorded_with_its_changes) {
  {
    Recorder recorder(open(spec()));
    RtpPacket source = packet(5, 70, 700, true);
    OutgoingRtp note = OutgoingRtp::same_as(source);
    note.sequence = 9;
    note.prefix_replaced = 1;
    note.prefix_size = 2;
    note.prefix = {0xaa, 0xbb};
    recorder.on_outgoing(note, at_ms(0));
  }
  context_.run();
  std::vector<uint8_t> bytes = bytes_of("take.mjr");
  auto reader = mjr::Reader::open(bytes);
  ASSERT_TRUE(reader);
  mjr::Frame frame;
  ASSERT_TRUE(reader->next(frame));
  EXPECT_THAT(frame.bytes.subspan(12), ElementsAre(0xaa, 0xbb, 0x22, 0x33));
  EXPECT_EQ(load_u32(&frame.bytes[8]), 1U);
}

TEST_F(Recording, data_messages_carry_their_time) {
  auto file = open(spec("chat", MediaKind::data, "text"));
  {
    Recorder recorder(file);
    recorder.on_data({.label = "", .protocol = "", .binary = false, .bytes = {'h', 'i'}}, at_ms(250));
  }
  context_.run();
  std::vector<uint8_t> bytes = bytes_of("chat.mjr");
  auto reader = mjr::Reader::open(bytes);
  ASSERT_TRUE(reader);
  mjr::Frame frame;
  ASSERT_TRUE(reader->next(frame));
  EXPECT_EQ(as_text(frame.bytes), "hi");
  EXPECT_EQ(frame.data_time.us, context_.control.wall.us + 250'000);
  EXPECT_EQ(reader->header().created, context_.control.wall);
  EXPECT_EQ(reader->header().first_frame.us, context_.control.wall.us + 250'000);
}

TEST_F(Recording, the_header_says_what_the_stream_is) {
  RecordingSpec said = spec("take", MediaKind::audio, "opus");
  said.header.description = "mic";
  said.header.extensions = {{3, "urn:x"}, {0, "urn:none"}, {20, "urn:two-byte"}};
  said.header.red_payload_type = 63;
  said.header.encrypted = true;
  {
    Recorder recorder(open(said));
    recorder.on_rtp(packet(1, 1, 1), at_ms(0));
  }
  context_.run();
  std::vector<uint8_t> bytes = bytes_of("take.mjr");
  auto reader = mjr::Reader::open(bytes);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->header().description, "mic");
  EXPECT_THAT(reader->header().extensions, ElementsAre(std::pair<uint8_t, std::string>{3, "urn:x"}));
  EXPECT_EQ(reader->header().red_payload_type, 63);
  EXPECT_TRUE(reader->header().encrypted);
}

TEST_F(Recording, the_name_is_temporary_until_it_is_closed) {
  context_.tmp_ext = "tmp";
  auto file = open(spec("deep/er/take"));
  Recorder recorder(file);
  context_.run();
  EXPECT_EQ(as_text(bytes_of("deep/er/take.mjr.tmp")), "MJR00002");
  recorder.on_rtp(packet(1, 1, 1, true), at_ms(0));
  recorder.close();
  recorder.on_rtp(packet(1, 2, 1), at_ms(1));
  EXPECT_FALSE(file->append({1}));
  context_.run();
  EXPECT_THAT(rows("deep/er/take.mjr"), SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/deep/er/take.mjr.tmp"));
  EXPECT_EQ(file->path(), folder_ + "/deep/er/take.mjr");
}

TEST_F(Recording, frames_reach_the_file_in_blocks_or_after_a_second) {
  Recorder recorder(open(spec()));
  context_.run();
  recorder.on_rtp(packet(1, 1, 1, true), at_ms(0));
  recorder.on_rtp(packet(1, 2, 1), at_ms(900));
  context_.run();
  EXPECT_THAT(bytes_of("take.mjr"), SizeIs(8));
  recorder.on_rtp(packet(1, 3, 1), at_ms(1000));
  context_.run();
  EXPECT_THAT(rows("take.mjr"), SizeIs(3));
}

TEST_F(Recording, protected_folders_and_unknown_codecs_are_refused) {
  RecordingSpec there = spec();
  there.folder = folder_ + "/protected";
  auto refused = RecordingFile::open(context_, there);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text, HasSubstr("protected"));
  EXPECT_FALSE(RecordingFile::open(context_, spec("take", MediaKind::audio, "isac16")));
  EXPECT_FALSE(RecordingFile::open(context_, spec("")));
  context_.run();
  EXPECT_TRUE(std::filesystem::is_empty(folder_));
}

TEST_F(Recording, a_folder_that_cannot_be_made_is_reported_once_and_ends_the_writing) {
  std::ofstream(folder_ + "/file") << "x";
  RecordingSpec there = spec();
  there.folder = folder_ + "/file/sub";
  {
    Recorder recorder(open(there));
    context_.run();
    for (int i = 0; i < 3; ++i) recorder.on_rtp(packet(1, 1, 1, true), at_ms(2000 * i));
  }
  context_.run();
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("cannot make the folder")));
}

TEST_F(Recording, frames_that_a_slow_disk_cannot_take_are_lost_and_counted) {
  auto file = open(spec());
  Recorder recorder(file);
  recorder.on_rtp(packet(1, 1, 1, true), at_ms(0));
  recorder.on_rtp(packet(1, 2, 1), at_ms(1000));
  ASSERT_TRUE(file->append(std::vector<uint8_t>(RecordingFile::kMaxWaiting - 1000)));
  for (uint16_t i = 0; i < 100; ++i) recorder.on_rtp(packet(1, static_cast<uint16_t>(3 + i), 1), at_ms(1001));
  recorder.on_rtp(packet(1, 103, 1), at_ms(2000));
  EXPECT_EQ(recorder.counters().frames, 2U);
  EXPECT_EQ(recorder.counters().lost, 101U);
  context_.run();
  recorder.on_rtp(packet(1, 104, 1), at_ms(3000));
  EXPECT_EQ(recorder.counters().frames, 3U);
}

TEST_F(Recording, what_the_pool_leaves_undone_is_written_in_the_end) {
  auto file = open(spec());
  context_.run();
  {
    Recorder recorder(file);
    recorder.on_rtp(packet(1, 1, 1, true), at_ms(0));
    context_.pool.stopped = true;  // the server ends
  }
  file.reset();
  EXPECT_THAT(rows("take.mjr"), SizeIs(1));
}

}  // namespace
}  // namespace limen::media
