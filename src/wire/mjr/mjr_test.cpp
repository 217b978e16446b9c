#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "wire/mjr/mjr_reader.hpp"
#include "wire/mjr/mjr_writer.hpp"
#include "wire/test_bytes.hpp"

namespace limen::mjr {
namespace {

using test::hex;
using test::vec;

std::vector<uint8_t> operator+(std::vector<uint8_t> a, const std::vector<uint8_t>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
std::vector<uint8_t> text(std::string_view t) {
  return vec(as_bytes(t));
}

Header audio() {
  Header header;
  header.codec = "opus";
  header.extensions = {{2, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"}};
  header.created = WallTime{1795347297881379};
  header.first_frame = WallTime{1795347297917526};
  return header;
}

std::vector<uint8_t> recording() {
  std::vector<uint8_t> out;
  append_magic(out);
  EXPECT_TRUE(append_header(audio(), out));
  EXPECT_TRUE(append_rtp_frame(0, hex("90 e0 00 01"), hex("aa bb"), out));
  EXPECT_TRUE(append_rtp_frame(17, hex("90 e0 00 02"), out));
  return out;
}

TEST(MjrHeader, json_text_is_exactly_as_the_format_asks) {
  EXPECT_EQ(write_header_json(audio()),
            R"({"t": "a", "c": "opus", "x": {"2": "urn:ietf:params:rtp-hdrext:ssrc-audio-level"}, )"
            R"("s": 1795347297881379, "u": 1795347297917526})");
  Header video;
  video.kind = MediaKind::video;
  video.codec = "vp8";
  video.created = WallTime{1795347297881547};
  video.first_frame = WallTime{1795347297931615};
  EXPECT_EQ(write_header_json(video), R"({"t": "v", "c": "vp8", "s": 1795347297881547, "u": 1795347297931615})");
}

TEST(MjrHeader, every_field_round_trips) {
  Header header = audio();
  header.fmtp = "stereo=1";
  header.description = "a \"quoted\" \\ name, {München}";
  header.extensions.emplace_back(15, "urn:x");
  header.red_payload_type = 63;
  header.encrypted = true;
  auto read = parse_header_json(write_header_json(header));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(*read, header);
}

TEST(MjrHeader, red_is_only_written_for_audio) {
  Header header = audio();
  header.kind = MediaKind::video;
  header.codec = "vp9";
  header.red_payload_type = 63;
  EXPECT_EQ(write_header_json(header).find("\"or\""), std::string::npos);
}

TEST(MjrHeader, broken_headers_are_refused) {
  const char* refused[] = {
      "",
      "[]",
      "{",
      R"({"c":"opus","s":1,"u":1})",
      R"({"t":"x","c":"opus","s":1,"u":1})",
      R"({"t":"a","s":1,"u":1})",
      R"({"t":"a","c":"vp8","s":1,"u":1})",
      R"({"t":"a","c":"opus","u":1})",
      R"({"t":"a","c":"opus","s":1})",
      R"({"t":"a","c":"opus","s":"1","u":1})",
      R"({"t":"a","c":"opus","s":1,"u":1,"d":5})",
  };
  for (const char* json : refused) EXPECT_FALSE(parse_header_json(json)) << json;
  EXPECT_TRUE(parse_header_json(R"({"u":1,"s":1,"c":"OPUS","t":"a","x":{"99":"u","b":"v"}})"));
}

TEST(MjrHeader, recordable_codecs) {
  EXPECT_TRUE(is_recordable(MediaKind::audio, "G711"));
  EXPECT_TRUE(is_recordable(MediaKind::audio, "l16-48"));
  EXPECT_TRUE(is_recordable(MediaKind::data, "binary"));
  EXPECT_FALSE(is_recordable(MediaKind::audio, "red"));
  EXPECT_FALSE(is_recordable(MediaKind::audio, "isac16"));
  EXPECT_FALSE(is_recordable(MediaKind::video, "opus"));
  EXPECT_FALSE(is_recordable(MediaKind::video, ""));
}

TEST(Mjr, bytes_are_as_the_format_asks) {
  std::string json = write_header_json(audio());
  EXPECT_EQ(recording(), text("MJR00002") + hex("00 80") + text(json) + text("MEET") +
                             hex("00 00 00 00 00 06 90 e0 00 01 aa bb") + text("MEET") +
                             hex("00 00 00 11 00 04 90 e0 00 02"));
}

TEST(Mjr, what_was_written_is_read) {
  auto file = recording();
  auto reader = Reader::open(file);
  ASSERT_TRUE(reader) << reader.error().text;
  EXPECT_EQ(reader->format(), Format::mjr2);
  EXPECT_EQ(reader->header(), audio());
  Frame frame;
  ASSERT_TRUE(reader->next(frame));
  EXPECT_EQ(frame.ms, 0u);
  EXPECT_EQ(vec(frame.bytes), hex("90 e0 00 01 aa bb"));
  ASSERT_TRUE(reader->next(frame));
  EXPECT_EQ(frame.ms, 17u);
  EXPECT_FALSE(reader->next(frame));
  EXPECT_EQ(reader->end(), ReadEnd::end_of_file);
}

TEST(Mjr, data_frames_carry_their_time) {
  Header header = audio();
  header.kind = MediaKind::data;
  header.codec = "text";
  header.extensions.clear();
  std::vector<uint8_t> file;
  append_magic(file);
  append_header(header, file);
  ASSERT_TRUE(append_data_frame(5, WallTime{1795347297917526}, as_bytes("hello"), file));
  EXPECT_EQ(file[file.size() - 14], 13);
  file = file + text("MEET") + hex("00 00 00 06 00 03 01 02 03");  // too short to have a time
  ASSERT_TRUE(append_data_frame(7, WallTime{-1}, {}, file));
  auto reader = Reader::open(file);
  ASSERT_TRUE(reader);
  Frame frame;
  ASSERT_TRUE(reader->next(frame));
  EXPECT_EQ(frame.data_time.us, 1795347297917526);
  EXPECT_EQ(as_text(frame.bytes), "hello");
  ASSERT_TRUE(reader->next(frame));
  EXPECT_EQ(frame.ms, 7u);
  EXPECT_EQ(frame.data_time.us, -1);
  EXPECT_TRUE(frame.bytes.empty());
  EXPECT_EQ(reader->skipped(), 1u);
}

TEST(Mjr, too_long_frames_and_headers_are_not_written) {
  std::vector<uint8_t> out;
  std::vector<uint8_t> large(kMaxFrame + 1);
  EXPECT_FALSE(append_rtp_frame(0, large, out));
  EXPECT_FALSE(append_data_frame(0, {}, Bytes(large).first(kMaxFrame - 7), out));
  Header header = audio();
  header.description.assign(70000, 'x');
  EXPECT_FALSE(append_header(header, out));
  EXPECT_TRUE(out.empty());
  EXPECT_TRUE(append_rtp_frame(0, Bytes(large).first(kMaxFrame), out));
}

TEST(Mjr, a_file_cut_anywhere_gives_its_whole_frames) {
  auto file = recording();
  size_t header_end = 10 + 0x80;
  for (size_t size = 0; size < file.size(); ++size) {
    auto reader = Reader::open(Bytes(file).first(size));
    ASSERT_EQ(reader.has_value(), size >= header_end) << size;
    if (!reader) continue;
    size_t frames = 0;
    Frame frame;
    while (reader->next(frame)) ++frames;
    EXPECT_EQ(frames, size >= header_end + 16 ? 1u : 0u) << size;
    bool between_frames = size == header_end || size == header_end + 16;
    EXPECT_EQ(reader->end(), between_frames ? ReadEnd::end_of_file : ReadEnd::cut) << size;
  }
}

TEST(Mjr, older_formats_have_no_times) {
  auto frame_bytes = text("MEETECHO") + hex("00 02 aa bb");
  auto oldest = text("MEETECHO") + hex("00 05") + text("video") + frame_bytes;
  auto reader = Reader::open(oldest);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->format(), Format::oldest);
  EXPECT_EQ(reader->header().codec, "vp8");
  EXPECT_EQ(reader->header_json(), "");
  Frame frame;
  ASSERT_TRUE(reader->next(frame));
  EXPECT_EQ(frame.ms, 0u);
  EXPECT_EQ(vec(frame.bytes), hex("aa bb"));

  auto mjr1 = text("MJR00001") + hex("00 20") + text(R"({"t":"v","c":"vp9","s":1,"u":22})") + frame_bytes;
  auto second = Reader::open(mjr1);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->format(), Format::mjr1);
  EXPECT_FALSE(second->has_times());
  EXPECT_EQ(second->header().first_frame.us, 22);
  ASSERT_TRUE(second->next(frame));
  EXPECT_EQ(frame.ms, 0u);
}

TEST(Mjr, later_headers_are_skipped_and_garbage_ends_the_file) {
  auto file = recording() + recording() + text("GARBAGE!") + hex("00 00");
  auto reader = Reader::open(file);
  ASSERT_TRUE(reader);
  Frame frame;
  int frames = 0;
  while (reader->next(frame)) ++frames;
  EXPECT_EQ(frames, 4);
  EXPECT_EQ(reader->end(), ReadEnd::bad_prefix);
}

TEST(Mjr, files_without_a_header_say_why) {
  auto error = [](const std::vector<uint8_t>& file) {
    auto reader = Reader::open(file);
    return reader ? std::string("opened") : reader.error().text;
  };
  EXPECT_THAT(error({}), testing::HasSubstr("no header"));
  EXPECT_THAT(error(text("MJR00002")), testing::HasSubstr("no header"));
  EXPECT_THAT(error(text("RIFF1234") + hex("00 00")), testing::HasSubstr("not a recording"));
  EXPECT_THAT(error(text("MEETECHO") + hex("00 02 aa bb")), testing::HasSubstr("begins with a frame"));
  EXPECT_THAT(error(text("MEETECHO") + hex("00 05") + text("xxxxx")), testing::HasSubstr("unknown media type"));
  EXPECT_THAT(error(text("MJR00002") + hex("00 02") + text("{}")), testing::HasSubstr("\"t\""));
}

}  // namespace
}  // namespace limen::mjr
