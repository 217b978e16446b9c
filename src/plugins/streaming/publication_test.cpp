#include "plugins/streaming/publication.hpp"

#include <gtest/gtest.h>

#include "plugins/streaming/mountpoint_keys.hpp"
#include "tests/support/sdp_fixtures.hpp"

namespace limen::streaming {
namespace {

sdp::SessionDescription publisher_offer() {
  auto parsed = sdp::parse_sdp(test::with_all(test::chromium_offer(), "a=sendrecv", "a=sendonly"));
  EXPECT_TRUE(parsed);
  return *parsed;
}

MountpointSettings whip(std::string_view more = "{}") {
  auto settings = settings_from_request(MountpointType::whip, parse_json(more)->get_object());
  EXPECT_TRUE(settings);
  return settings ? *settings : MountpointSettings();
}

MediumSettings shown(MediaKind kind, Codec codec) {
  MediumSettings medium;
  medium.kind = kind;
  medium.codec = codec;
  return medium;
}

TEST(Publication, takes_audio_and_video_and_tells_their_formats) {
  PublicationAnswer answer = answer_publication(whip(), publisher_offer(), {}, {});
  ASSERT_EQ(answer.formats.size(), 2U);
  EXPECT_EQ(answer.formats[0].codec, Codec::opus);
  EXPECT_EQ(answer.formats[1].kind, MediaKind::video);
  EXPECT_EQ(answer.description.media[1].direction, sdp::Direction::recvonly);
  EXPECT_EQ(answer.description.media[1].payload_types.front(), answer.formats[1].payload_type);
  EXPECT_TRUE(answer.description.media[2].rejected()) << "data";
  EXPECT_EQ(answer.format_of_mline, (std::vector<int>{0, 1, -1}));
}

TEST(Publication, simulcast_is_known_by_m_line) {
  RemoteJsep jsep;
  jsep.simulcast.push_back({.mindex = 1, .mid = "1", .rids = {"h", "m", "l"}, .rid_extension = 1, .ssrcs = {}});
  PublicationAnswer answer = answer_publication(whip(), publisher_offer(), jsep, {});
  EXPECT_FALSE(answer.formats[0].simulcast);
  EXPECT_TRUE(answer.formats[1].simulcast);
}

TEST(Publication, what_viewers_have_been_shown_decides_the_codec) {
  MountpointSettings settings = whip();
  settings.media = {shown(MediaKind::video, Codec::vp9)};
  PublicationAnswer answer = answer_publication(settings, publisher_offer(), {}, {});
  ASSERT_EQ(answer.formats.size(), 1U);
  EXPECT_EQ(answer.formats[0].codec, Codec::vp9);
  EXPECT_EQ(answer.format_of_mline, (std::vector<int>{-1, 0, -1}));
  EXPECT_EQ(answer.description.media[0].direction, sdp::Direction::inactive) << "it carries the transport";
  settings.media = {shown(MediaKind::video, Codec::h265)};
  EXPECT_TRUE(answer_publication(settings, publisher_offer(), {}, {}).formats.empty());
}

TEST(Publication, a_mountpoint_takes_what_it_is_configured_for) {
  PublicationAnswer answer = answer_publication(whip(R"({"video":false})"), publisher_offer(), {}, {});
  ASSERT_EQ(answer.formats.size(), 1U);
  EXPECT_EQ(answer.formats[0].kind, MediaKind::audio);
  EXPECT_FALSE(
      settings_from_request(MountpointType::whip, parse_json(R"({"video":false,"audio":false})")->get_object()));
}

TEST(Publication, another_offer_keeps_the_codecs_of_the_first) {
  std::vector<Codec> fixed{Codec::unknown, Codec::vp9, Codec::unknown};
  PublicationAnswer answer = answer_publication(whip(), publisher_offer(), {}, fixed);
  ASSERT_EQ(answer.formats.size(), 1U);
  EXPECT_EQ(answer.formats[0].codec, Codec::vp9);
}

}  // namespace
}  // namespace limen::streaming
