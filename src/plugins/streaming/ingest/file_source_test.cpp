#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <ogg/ogg.h>

#include "plugins/streaming/ingest/audio_file.hpp"
#include "plugins/streaming/ingest/ogg_opus.hpp"
#include "tests/support/ingest_rig.hpp"

namespace limen::streaming {
namespace {

using namespace std::chrono_literals;
using test::NotingSink;
using test::ScratchFolder;
using test::SimPluginContext;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<uint8_t> counting(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<uint8_t>(i / 160);
  return bytes;
}

// An Ogg file: header, tags and these packets, a page each.
class OggWriter {
 public:
  explicit OggWriter(int serial = 1) { ogg_stream_init(&stream_, serial); }
  ~OggWriter() { ogg_stream_clear(&stream_); }
  OggWriter(const OggWriter&) = delete;
  OggWriter& operator=(const OggWriter&) = delete;

  OggWriter& head(uint8_t channels = 2, uint8_t mapping = 0) {
    std::vector<uint8_t> bytes = {'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, channels, 0, 0, 0x80, 0xbb, 0, 0, 0, 0};
    bytes.push_back(mapping);
    packet(bytes);
    return packet({'O', 'p', 'u', 's', 'T', 'a', 'g', 's', 0, 0, 0, 0, 0, 0, 0, 0});
  }
  OggWriter& packet(std::vector<uint8_t> bytes, bool last = false) {
    ogg_packet packet{};
    packet.packet = bytes.data();
    packet.bytes = static_cast<long>(bytes.size());
    packet.b_o_s = number_ == 0;
    packet.e_o_s = last;
    packet.packetno = number_++;
    ogg_stream_packetin(&stream_, &packet);
    ogg_page page;
    while (ogg_stream_flush(&stream_, &page) != 0) {
      out_.insert(out_.end(), page.header, page.header + page.header_len);
      out_.insert(out_.end(), page.body, page.body + page.body_len);
    }
    return *this;
  }
  const std::vector<uint8_t>& bytes() const { return out_; }

 private:
  ogg_stream_state stream_{};
  ogg_int64_t number_ = 0;
  std::vector<uint8_t> out_;
};

constexpr uint8_t kTwentyMs = 0x78;  // CELT, 20 ms, mono, one frame

TEST(OggOpusDemux, packets_come_out_however_the_file_is_cut) {
  OggWriter writer;
  writer.head().packet({kTwentyMs, 1}).packet(std::vector<uint8_t>(700, kTwentyMs)).packet({kTwentyMs, 3}, true);
  for (size_t piece : {1u, 7u, 100u, 100000u}) {
    OggOpusDemux demux;
    std::vector<OpusPacket> packets;
    Bytes rest = writer.bytes();
    while (!rest.empty()) {
      Bytes part = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(part.size());
      ASSERT_TRUE(demux.feed(part, packets));
    }
    ASSERT_THAT(packets, SizeIs(3)) << piece;
    EXPECT_THAT(packets[0].bytes, ElementsAre(kTwentyMs, 1));
    EXPECT_THAT(packets[1].bytes, SizeIs(700));
    EXPECT_EQ(packets[2].samples, 960U);
    EXPECT_TRUE(demux.recognised());
  }
}

TEST(OggOpusDemux, chained_streams_follow_each_other_and_others_are_ignored) {
  OggWriter first(1), second(2), stranger(3);
  first.head().packet({kTwentyMs, 1}, true);
  stranger.packet({'v', 'o', 'r', 'b', 'i', 's'}).packet({1, 2, 3});
  second.head(1).packet({kTwentyMs, 2}, true);
  std::vector<uint8_t> file = first.bytes();
  file.insert(file.end(), stranger.bytes().begin(), stranger.bytes().end());
  file.insert(file.end(), second.bytes().begin(), second.bytes().end());
  OggOpusDemux demux;
  std::vector<OpusPacket> packets;
  ASSERT_TRUE(demux.feed(file, packets));
  ASSERT_THAT(packets, SizeIs(2));
  EXPECT_EQ(packets[1].bytes[1], 2);
}

TEST(OggOpusDemux, damage_costs_pages_not_the_rest) {
  OggWriter writer;
  writer.head().packet({kTwentyMs, 1}).packet({kTwentyMs, 2});
  size_t hurt = writer.bytes().size() - 1;
  writer.packet({kTwentyMs, 3});
  std::vector<uint8_t> file = writer.bytes();
  file[hurt] ^= 0xff;  // the checksum of the second page is wrong now
  OggOpusDemux demux;
  std::vector<OpusPacket> packets;
  ASSERT_TRUE(demux.feed(file, packets));
  ASSERT_THAT(packets, SizeIs(2));
  EXPECT_EQ(packets[1].bytes[1], 3);
}

TEST(OggOpusDemux, surround_and_endless_packets_are_refused) {
  OggWriter surround;
  surround.head(6, 1);
  OggOpusDemux demux;
  std::vector<OpusPacket> packets;
  EXPECT_FALSE(demux.feed(surround.bytes(), packets));

  OggOpusDemux other;
  std::vector<uint8_t> noise(1 << 20, 0x55);
  bool refused = false;
  for (int i = 0; i < 20 && !refused; ++i) refused = !other.feed(noise, packets);
  EXPECT_TRUE(refused);
}

class FileSource : public testing::Test {
 protected:
  std::unique_ptr<Source> make(FileSpec spec) {
    auto source = make_file_source(context_, std::move(spec));
    EXPECT_TRUE(source) << source.error().text;
    return source ? std::move(*source) : nullptr;
  }
  SimPluginContext context_;
  ScratchFolder folder_;
  std::shared_ptr<NotingSink> sink_ = std::make_shared<NotingSink>([this] { return context_.clock.now(); });
};

TEST_F(FileSource, raw_audio_is_paced_in_real_time_and_repeats) {
  auto source = make({folder_.write("a.alaw", counting(160 * 60)), 8, Codec::pcma});
  source->start(sink_);
  context_.world.run_for(3s);
  EXPECT_THAT(sink_->states(), ElementsAre(SourceState::connected));
  EXPECT_THAT(sink_->formats(), ElementsAre(SourceFormat{MediaKind::audio, Codec::pcma, 8, ""}));
  auto packets = sink_->packets();
  auto times = sink_->times();
  ASSERT_GT(packets.size(), 140U);
  for (size_t i = 0; i < packets.size(); ++i) {
    ASSERT_THAT(packets[i].bytes, SizeIs(160));
    ASSERT_EQ(packets[i].bytes[0], i % 60);
    ASSERT_EQ(packets[i].timestamp, i * 160);
    ASSERT_EQ(packets[i].marker, i == 0);
    ASSERT_EQ(times[i], times[0] + i * 20ms);
  }
}

TEST_F(FileSource, a_last_half_packet_goes_on_with_the_beginning) {
  auto file = AudioFile::open(folder_.write("b.mulaw", {1, 2, 3}));
  ASSERT_TRUE(file);
  auto packets = (*file)->read(40ms);
  ASSERT_TRUE(packets);
  ASSERT_THAT(*packets, SizeIs(2));
  EXPECT_THAT(std::vector(packets->at(1).bytes.begin(), packets->at(1).bytes.begin() + 4), ElementsAre(2, 3, 1, 2));
}

TEST_F(FileSource, opus_packets_leave_as_long_as_they_last) {
  OggWriter writer;
  constexpr uint8_t kSixtyMs = 0x18;
  writer.head().packet({kTwentyMs, 1}).packet({kSixtyMs, 2}).packet({kTwentyMs, 3}, true);
  auto source = make({folder_.write("c.opus", writer.bytes()), 111, Codec::opus});
  source->start(sink_);
  context_.world.run_for(1s);
  auto packets = sink_->packets();
  auto times = sink_->times();
  ASSERT_GT(packets.size(), 25U);
  EXPECT_EQ(packets[1].timestamp, 960U);
  EXPECT_EQ(packets[2].timestamp, 960U + 2880U);
  EXPECT_EQ(times[2] - times[0], 80ms);
  EXPECT_EQ(packets[3].bytes[1], 1);
}

TEST_F(FileSource, a_stopped_source_is_silent_and_leaves_no_timer) {
  auto source = make({folder_.write("a.alaw", counting(1600)), 8, Codec::pcma});
  source->start(sink_);
  context_.world.run_for(100ms);
  source->stop();
  size_t before = sink_->count();
  EXPECT_GT(before, 0U);
  EXPECT_TRUE(context_.world.run_until_idle(5s));
  EXPECT_EQ(sink_->count(), before);
}

TEST_F(FileSource, ended_while_its_file_is_being_read_it_is_silent) {
  make({folder_.write("a.alaw", counting(1600)), 8, Codec::pcma})->start(sink_);
  EXPECT_TRUE(context_.world.run_until_idle(5s));
  EXPECT_THAT(sink_->states(), IsEmpty());
}

TEST_F(FileSource, what_is_wrong_with_a_file_is_said_at_once) {
  auto error = [this](FileSpec spec) {
    auto source = make_file_source(context_, std::move(spec));
    return source ? std::string("none") : source.error().text;
  };
  EXPECT_THAT(error({"/nowhere/at/all.alaw", 8, Codec::pcma}), HasSubstr("no such file"));
  EXPECT_THAT(error({"/tmp/../etc/x.alaw", 8, Codec::pcma}), HasSubstr("relative"));
  EXPECT_THAT(error({folder_.write("x.mp3", {1}), 8, Codec::pcma}), HasSubstr("format"));
  EXPECT_THAT(error({folder_.write("x.opus", {1}), 8, Codec::pcma}), HasSubstr("audiocodec"));
  EXPECT_THAT(error({folder_.write("x.alaw", {}), 8, Codec::pcma}), HasSubstr("empty"));
}

TEST_F(FileSource, a_file_without_opus_in_it_fails) {
  auto source = make({folder_.write("x.opus", counting(5000)), 111, Codec::opus});
  source->start(sink_);
  EXPECT_TRUE(context_.world.run_until_idle(30s));
  EXPECT_THAT(sink_->states(), ElementsAre(SourceState::failed));
  EXPECT_THAT(sink_->reason(), HasSubstr("no Ogg file"));
}

TEST_F(FileSource, a_file_that_is_cut_to_nothing_is_lost_and_found_again) {
  std::string name = folder_.write("a.alaw", counting(1600));
  auto source = make({name, 8, Codec::pcma});
  source->start(sink_);
  context_.world.run_for(100ms);
  std::filesystem::resize_file(name, 0);
  context_.world.run_for(4s);
  ASSERT_THAT(sink_->states(), ElementsAre(SourceState::connected, SourceState::lost));
  folder_.write("a.alaw", counting(1600));
  context_.world.run_for(10s);
  EXPECT_EQ(sink_->states().back(), SourceState::connected);
}

}  // namespace
}  // namespace limen::streaming
