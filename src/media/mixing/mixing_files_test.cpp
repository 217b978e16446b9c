// MixBus, WAV files and Ogg Opus files.
#include <gtest/gtest.h>
#include <ogg/ogg.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "media/mixing/mix_bus.hpp"
#include "media/mixing/ogg_opus.hpp"
#include "media/mixing/tone.hpp"
#include "media/mixing/wav_file.hpp"
#include "media/recording/fake_plugin_context.hpp"

namespace limen::media {
namespace {

using test::strength;
using test::Tone;

TEST(MixBus, everybody_hears_the_others_and_not_oneself) {
  constexpr uint32_t kRate = 16000;
  Tone tones[] = {{440, kRate}, {800, kRate}, {1400, kRate}};
  double hz[] = {440, 800, 1400};
  std::vector<int16_t> heard[3];
  MixBus bus(320, 0);
  for (int tick = 0; tick < 10; ++tick) {
    std::vector<int32_t> voices[3];
    bus.clear();
    for (int i = 0; i < 3; ++i) {
      voices[i].resize(320);
      place_voice(tones[i].next(320), {}, voices[i]);
      bus.add(voices[i], std::nullopt);
    }
    for (int i = 0; i < 3; ++i) {
      std::vector<int16_t> out(320);
      bus.output(voices[i], out);
      heard[i].insert(heard[i].end(), out.begin(), out.end());
    }
  }
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      EXPECT_NEAR(strength(heard[i], hz[j], kRate), i == j ? 0 : 8000, 250) << i << " hears " << j;
    }
  }
}

TEST(MixBus, groups_have_their_own_sum_and_the_room_has_all) {
  MixBus bus(2, 2);
  bus.add(std::vector<int32_t>{1, 2}, 0);
  bus.add(std::vector<int32_t>{10, 20}, 1);
  bus.add(std::vector<int32_t>{100, 200}, std::nullopt);
  std::vector<int16_t> out(2);
  bus.output_group(0, out);
  EXPECT_EQ(out, (std::vector<int16_t>{1, 2}));
  bus.output_group(1, out);
  EXPECT_EQ(out, (std::vector<int16_t>{10, 20}));
  bus.output_group(7, out);
  EXPECT_EQ(out, (std::vector<int16_t>{0, 0}));
  bus.output({}, out);
  EXPECT_EQ(out, (std::vector<int16_t>{111, 222}));
}

TEST(MixBus, loud_sums_are_clipped_and_not_wrapped) {
  MixBus bus(2, 0);
  for (int i = 0; i < 100; ++i) bus.add(std::vector<int32_t>{32767, -32768}, std::nullopt);
  std::vector<int16_t> out(2);
  bus.output({}, out);
  EXPECT_EQ(out, (std::vector<int16_t>{32767, -32768}));
}

TEST(MixBus, volume_and_place) {
  std::vector<int16_t> in{1000, 1000};
  std::vector<int32_t> out(2);
  EXPECT_TRUE(place_voice(in, {.volume = 50}, out));
  EXPECT_EQ(out, (std::vector<int32_t>{500, 500}));
  place_voice(in, {.volume = 300}, out);
  EXPECT_EQ(out, (std::vector<int32_t>{3000, 3000}));
  EXPECT_FALSE(place_voice(in, {.volume = 0}, out));
  place_voice(in, {.position = 0}, out);
  EXPECT_EQ(out, (std::vector<int32_t>{1000, 0}));
  place_voice(in, {.position = 75}, out);
  EXPECT_EQ(out, (std::vector<int32_t>{250, 750}));
}

std::vector<uint8_t> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

uint32_t little32(const std::vector<uint8_t>& bytes, size_t at) {
  return bytes[at] | uint32_t{bytes[at + 1]} << 8 | uint32_t{bytes[at + 2]} << 16 | uint32_t{bytes[at + 3]} << 24;
}

class Files : public ::testing::Test {
 protected:
  Files() : folder_(std::filesystem::temp_directory_path() / ("limen-mixing-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Files() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
  test::FakePluginContext context_;
};

TEST_F(Files, a_wav_file_has_what_was_appended_and_its_name_in_the_end) {
  std::string path = folder_ / "new/mix.wav";
  int ended = 0;
  auto file = WavFile::open(context_, {.path = path, .tmp_extension = "tmp", .rate = 8000, .channels = 2},
                            [&ended](Result<> end) { ended += end ? 1 : 100; });
  ASSERT_TRUE(file);
  context_.run();
  EXPECT_TRUE(std::filesystem::exists(path + ".tmp"));
  // Six seconds: the header is up to date before the end.
  for (int i = 0; i < 300; ++i) EXPECT_TRUE((*file)->append(std::vector<int16_t>(320, 0x0102)));
  context_.run();
  auto half = contents(path + ".tmp");
  ASSERT_GT(half.size(), kWavHeader);
  EXPECT_GT(little32(half, 40), kWavHeader);
  (*file)->close();
  EXPECT_FALSE((*file)->append(std::vector<int16_t>(320)));
  context_.run();
  EXPECT_EQ(ended, 1);
  EXPECT_FALSE(std::filesystem::exists(path + ".tmp"));
  auto bytes = contents(path);
  ASSERT_EQ(bytes.size(), kWavHeader + 300 * 640);
  EXPECT_EQ(std::string(bytes.begin(), bytes.begin() + 4), "RIFF");
  EXPECT_EQ(little32(bytes, 4), bytes.size() - 8);
  EXPECT_EQ(bytes[22], 2);  // channels
  EXPECT_EQ(little32(bytes, 24), 8000u);
  EXPECT_EQ(little32(bytes, 28), 32000u);  // bytes a second
  EXPECT_EQ(little32(bytes, 40), bytes.size());
  EXPECT_EQ(bytes[44], 0x02);
  EXPECT_EQ(bytes[45], 0x01);
}

TEST_F(Files, a_wav_file_without_audio_is_a_header) {
  std::string path = folder_ / "empty.wav";
  auto file = WavFile::open(context_, {.path = path, .tmp_extension = "", .rate = 48000, .channels = 1});
  ASSERT_TRUE(file);
  (*file)->close();
  context_.run();
  EXPECT_EQ(contents(path).size(), kWavHeader);
}

TEST_F(Files, protected_folders_and_impossible_ones_are_told) {
  EXPECT_FALSE(WavFile::open(context_, {.path = "/protected/x.wav", .tmp_extension = ""}));
  EXPECT_FALSE(WavFile::open(context_, {.path = "", .tmp_extension = ""}));
  bool failed = false;
  auto file = WavFile::open(context_, {.path = "/proc/no/such.wav", .tmp_extension = ""},
                            [&failed](Result<> end) { failed = !end; });
  ASSERT_TRUE(file);
  context_.run();
  EXPECT_TRUE(failed);
}

TEST_F(Files, a_disk_that_does_not_keep_up_costs_audio_and_not_memory) {
  std::string path = folder_ / "slow.wav";
  auto file = WavFile::open(context_, {.path = path, .tmp_extension = ""});
  ASSERT_TRUE(file);
  std::vector<int16_t> second(48000);
  for (int i = 0; i < 200; ++i) (*file)->append(second);
  EXPECT_GT((*file)->lost_samples(), 0u);
  (*file)->close();
  context_.run();
  EXPECT_LE(contents(path).size(), kWavHeader + WavFile::kMaxWaiting);
}

// An Ogg Opus file of `packets` packets of 20 ms each.
std::vector<uint8_t> ogg_file(int packets, uint16_t pre_skip, uint8_t channels = 1, uint8_t family = 0) {
  ogg_stream_state stream;
  ogg_stream_init(&stream, 99);
  std::vector<uint8_t> out;
  auto flush = [&] {
    ogg_page page;
    while (ogg_stream_flush(&stream, &page) != 0) {
      out.insert(out.end(), page.header, page.header + page.header_len);
      out.insert(out.end(), page.body, page.body + page.body_len);
    }
  };
  int64_t number = 0;
  auto put = [&](std::vector<uint8_t> bytes, bool first, int64_t position) {
    ogg_packet packet{};
    packet.packet = bytes.data();
    packet.bytes = static_cast<long>(bytes.size());
    packet.b_o_s = first ? 1 : 0;
    packet.granulepos = position;
    packet.packetno = number++;
    ogg_stream_packetin(&stream, &packet);
  };
  std::vector<uint8_t> head{'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, channels};
  head.push_back(static_cast<uint8_t>(pre_skip));
  head.push_back(static_cast<uint8_t>(pre_skip >> 8));
  head.insert(head.end(), {0x80, 0xbb, 0, 0, 0, 0, family});
  put(head, true, 0);
  flush();
  put({'O', 'p', 'u', 's', 'T', 'a', 'g', 's', 0, 0, 0, 0, 0, 0, 0, 0}, false, 0);
  flush();
  for (int i = 0; i < packets; ++i) {
    put({0x98, static_cast<uint8_t>(i), 1, 2}, false, 960 * (i + 1));  // CELT, 20 ms
    if (i % 50 == 49) flush();
  }
  flush();
  ogg_stream_clear(&stream);
  return out;
}

TEST_F(Files, packets_of_an_ogg_file_come_in_blocks) {
  std::string path = folder_ / "a.opus";
  auto bytes = ogg_file(100, 1200);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
  auto file = OggOpusFile::open(path);
  ASSERT_TRUE(file) << file.error().text;
  auto block = (*file)->read(960 * 30, false);
  ASSERT_EQ(block.pieces.size(), 30u);
  EXPECT_FALSE(block.end);
  EXPECT_EQ(block.pieces[0].skip, 960u);
  EXPECT_EQ(block.pieces[1].skip, 240u);
  EXPECT_EQ(block.pieces[2].skip, 0u);
  EXPECT_EQ(block.pieces[29].bytes[1], 29);
  block = (*file)->read(960 * 300, false);
  EXPECT_EQ(block.pieces.size(), 70u);
  EXPECT_TRUE(block.end);
}

TEST_F(Files, a_loop_begins_again_and_an_empty_file_ends) {
  std::string path = folder_ / "loop.opus";
  auto write = [&](const std::vector<uint8_t>& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
  };
  write(ogg_file(10, 0));
  auto file = OggOpusFile::open(path);
  ASSERT_TRUE(file);
  auto block = (*file)->read(960 * 35, true);
  ASSERT_EQ(block.pieces.size(), 35u);
  EXPECT_EQ(block.pieces[34].bytes[1], 4);
  write(ogg_file(0, 0));
  auto empty = OggOpusFile::open(path);
  ASSERT_TRUE(empty);
  EXPECT_TRUE((*empty)->read(960, true).end);
}

TEST_F(Files, what_is_no_ogg_opus_file_is_not_opened) {
  EXPECT_FALSE(OggOpusFile::open("/no/such/file.opus"));
  EXPECT_FALSE(OggOpusFile::open(folder_));
  std::string path = folder_ / "b.opus";
  std::ofstream(path) << std::string(100000, 'x');
  EXPECT_FALSE(OggOpusFile::open(path));
  for (auto bytes : {ogg_file(5, 0, 3), ogg_file(5, 0, 2, 1)}) {
    OggOpusDemuxer demuxer;
    EXPECT_FALSE(demuxer.feed(bytes));
  }
}

TEST(OggOpusDemuxer, bytes_may_come_in_any_pieces_and_with_holes) {
  auto bytes = ogg_file(200, 0);
  OggOpusDemuxer demuxer;
  for (size_t at = 0; at < bytes.size(); at += 7) {
    EXPECT_TRUE(demuxer.feed(Bytes(bytes).subspan(at, std::min<size_t>(7, bytes.size() - at))));
  }
  int count = 0;
  for (OpusPiece piece; demuxer.next(piece);) ++count;
  EXPECT_EQ(count, 200);
  // A page in the middle is damaged: the others are there.
  bytes[bytes.size() / 2] ^= 0x55;
  OggOpusDemuxer other;
  EXPECT_TRUE(other.feed(bytes));
  count = 0;
  for (OpusPiece piece; other.next(piece);) ++count;
  EXPECT_GE(count, 100);
  EXPECT_LT(count, 200);
}

}  // namespace
}  // namespace limen::media
