#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "plugins/voicemail/ogg_opus_writer.hpp"
#include "plugins/voicemail/voice_file.hpp"

namespace limen::voicemail {
namespace {

// Granule position and end flag of each page.
std::vector<std::pair<uint64_t, bool>> pages_of(const std::vector<uint8_t>& bytes) {
  std::vector<std::pair<uint64_t, bool>> pages;
  size_t at = 0;
  while (at + 27 <= bytes.size() && as_text(Bytes(bytes).subspan(at, 4)) == "OggS") {
    uint64_t granule = 0;
    for (int i = 7; i >= 0; --i) granule = granule << 8 | bytes[at + 6 + static_cast<size_t>(i)];
    pages.emplace_back(granule, (bytes[at + 5] & 4) != 0);
    size_t segments = bytes[at + 26], body = 0;
    for (size_t i = 0; i < segments; ++i) body += bytes[at + 27 + i];
    at += 27 + segments + body;
  }
  EXPECT_EQ(at, bytes.size());
  return pages;
}

TEST(OggOpusWriter, headers_have_pages_of_their_own_and_the_last_page_ends_the_stream) {
  OggOpusWriter writer(7);
  ASSERT_TRUE(writer.ok());
  std::vector<uint8_t> out;
  writer.write_headers(out);
  EXPECT_EQ(pages_of(out).size(), 2U);
  EXPECT_EQ(as_text(Bytes(out).subspan(28, 8)), "OpusHead");
  for (int64_t number : {0, 1, 2, 7}) writer.add(std::vector<uint8_t>(100, 0xfc), number, out);
  writer.finish(out);
  auto pages = pages_of(out);
  EXPECT_EQ(pages.back(), std::pair(uint64_t{8 * 960}, true));
}

TEST(OggOpusWriter, a_stream_without_packets_is_still_whole) {
  OggOpusWriter writer(7);
  std::vector<uint8_t> out;
  writer.write_headers(out);
  writer.finish(out);
  EXPECT_EQ(pages_of(out).size(), 2U);
}

TEST(VoiceFile, is_made_anew_and_then_continued) {
  std::string path = testing::TempDir() + "voice_file_test.opus";
  std::ofstream(path) << "something older and longer";
  VoiceFile file(path);
  EXPECT_TRUE(file.add({'a', 'b'}));
  ASSERT_TRUE(file.write());
  EXPECT_TRUE(file.add({'c'}));
  ASSERT_TRUE(file.write());
  std::ifstream in(path);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "abc");
  std::filesystem::remove(path);
}

TEST(VoiceFile, what_cannot_be_written_is_said_and_what_is_too_much_refused) {
  VoiceFile file("/nonexistent/folder/x.opus");
  EXPECT_FALSE(file.write());
  EXPECT_TRUE(file.add(std::vector<uint8_t>(VoiceFile::kMaxWaiting)));
  EXPECT_FALSE(file.add({1}));
}

}  // namespace
}  // namespace limen::voicemail
