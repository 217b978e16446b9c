#include "wire/codec/codec.hpp"

#include <gtest/gtest.h>

namespace limen {
namespace {

TEST(Codec, names_go_both_ways_in_any_case) {
  for (int i = 1; i <= static_cast<int>(Codec::av1); ++i) {
    auto codec = static_cast<Codec>(i);
    ASSERT_FALSE(codec_name(codec).empty()) << i;
    EXPECT_EQ(codec_from_name(codec_name(codec)), codec);
    EXPECT_NE(codec_clock_rate(codec), 0u);
  }
  EXPECT_EQ(codec_from_name("Vp8"), Codec::vp8);
  EXPECT_EQ(codec_from_name("l16-48"), Codec::l16_48);
  EXPECT_FALSE(codec_from_name(""));
  EXPECT_FALSE(codec_from_name("vp80"));
  EXPECT_EQ(codec_name(Codec::unknown), "");
}

TEST(Codec, rtpmap_encodings_use_the_clock_rate_where_it_matters) {
  EXPECT_EQ(codec_from_rtpmap("OPUS", 48000), Codec::opus);
  EXPECT_EQ(codec_from_rtpmap("isac", 32000), Codec::isac32);
  EXPECT_EQ(codec_from_rtpmap("ISAC", 16000), Codec::isac16);
  EXPECT_EQ(codec_from_rtpmap("L16", 48000), Codec::l16_48);
  EXPECT_EQ(codec_from_rtpmap("L16", 44100), Codec::unknown);
  EXPECT_EQ(codec_from_rtpmap("red", 48000), Codec::opus_red);
  EXPECT_EQ(codec_from_rtpmap("red", 90000), Codec::unknown);
  EXPECT_EQ(codec_from_rtpmap("telephone-event", 48000), Codec::telephone_event);
  EXPECT_EQ(codec_from_rtpmap("AV1", 90000), Codec::av1);
  EXPECT_EQ(codec_from_rtpmap("rtx", 90000), Codec::unknown);
}

TEST(Codec, kinds_and_rates) {
  EXPECT_EQ(codec_kind(Codec::g722), MediaKind::audio);
  EXPECT_EQ(codec_clock_rate(Codec::g722), 8000u);
  EXPECT_EQ(codec_kind(Codec::h265), MediaKind::video);
  EXPECT_EQ(codec_clock_rate(Codec::h265), 90000u);
  EXPECT_EQ(media_kind_name(MediaKind::data), "data");
}

}  // namespace
}  // namespace limen
