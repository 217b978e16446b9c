#include "runtime/frame_reader.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limen::runtime {
namespace {

std::string framed(std::string_view text) {
  std::string out{static_cast<char>(text.size() >> 8), static_cast<char>(text.size() & 0xff)};
  return out.append(text);
}

struct Collector {
  std::vector<std::string> frames;
  bool operator()(Bytes frame) {
    frames.emplace_back(as_text(frame));
    return true;
  }
};

TEST(FrameReader, frames_come_out_however_the_stream_is_cut) {
  std::string stream = framed("one") + framed(std::string(300, 'x')) + framed("") + framed("last");
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    FrameReader reader(1600);
    Collector got;
    for (size_t at = 0; at < stream.size(); at += piece) {
      ASSERT_TRUE(reader.feed(as_bytes(std::string_view(stream).substr(at, piece)), got));
    }
    EXPECT_EQ(got.frames, (std::vector<std::string>{"one", std::string(300, 'x'), "last"})) << "cut every " << piece;
    EXPECT_EQ(reader.waiting(), 0u);
  }
}

TEST(FrameReader, a_frame_beyond_the_limit_ends_the_stream) {
  FrameReader reader(4);
  Collector got;
  EXPECT_FALSE(reader.feed(as_bytes(framed("good") + framed("worse") + framed("good")), got));
  EXPECT_EQ(got.frames, (std::vector<std::string>{"good"}));
  EXPECT_TRUE(reader.broken());
  EXPECT_FALSE(reader.feed(as_bytes(framed("good")), got));
  EXPECT_EQ(got.frames.size(), 1u);
}

TEST(FrameReader, a_length_beyond_the_limit_is_refused_before_its_bytes_come) {
  FrameReader reader(1600);
  Collector got;
  EXPECT_TRUE(reader.feed(as_bytes(std::string_view("G")), got));
  EXPECT_FALSE(reader.feed(as_bytes(std::string_view("ET / HTTP/1.1\r\n")), got));
  EXPECT_TRUE(got.frames.empty());
  EXPECT_LE(reader.waiting(), kFrameHeader);
}

TEST(FrameReader, a_sink_can_end_the_reading) {
  FrameReader reader(1600);
  int calls = 0;
  EXPECT_FALSE(reader.feed(as_bytes(framed("a") + framed("b")), [&](Bytes) { return ++calls != 1; }));
  EXPECT_EQ(calls, 1);
  EXPECT_TRUE(reader.broken());
}

TEST(FrameReader, no_more_than_one_unfinished_frame_is_kept) {
  FrameReader reader(1600);
  Collector got;
  std::string frame = framed(std::string(1600, 'y'));
  ASSERT_TRUE(reader.feed(as_bytes(std::string_view(frame).substr(0, 1601)), got));
  EXPECT_EQ(reader.waiting(), 1601u);
  ASSERT_TRUE(reader.feed(as_bytes(std::string_view(frame).substr(1601)), got));
  ASSERT_EQ(got.frames.size(), 1u);
  EXPECT_EQ(got.frames[0].size(), 1600u);
  EXPECT_EQ(reader.waiting(), 0u);
}

}  // namespace
}  // namespace limen::runtime
