#include "media/mixing/audio_codec.hpp"

#include <gtest/gtest.h>

#include <array>

#include "media/mixing/g711.hpp"
#include "media/mixing/resampler.hpp"
#include "media/mixing/tone.hpp"

namespace limen::media {
namespace {

using test::strength;
using test::Tone;

TEST(G711, values_of_the_standard) {
  EXPECT_EQ(to_ulaw(0), 0xff);
  EXPECT_EQ(to_ulaw(-1), 0x7f);
  EXPECT_EQ(to_ulaw(32767), 0x80);
  EXPECT_EQ(to_ulaw(-32768), 0x00);
  EXPECT_EQ(from_ulaw(0x80), 32124);
  EXPECT_EQ(from_ulaw(0x00), -32124);
  EXPECT_EQ(from_ulaw(0xff), 0);
  EXPECT_EQ(to_alaw(0), 0xd5);
  EXPECT_EQ(to_alaw(-1), 0x55);
  EXPECT_EQ(to_alaw(32767), 0xaa);
  EXPECT_EQ(to_alaw(-32768), 0x2a);
  EXPECT_EQ(from_alaw(0xaa), 32256);
  EXPECT_EQ(from_alaw(0x2a), -32256);
  EXPECT_EQ(from_alaw(0xd5), 8);
}

TEST(G711, every_code_survives_decoding_and_encoding) {
  for (int code = 0; code < 256; ++code) {
    auto byte = static_cast<uint8_t>(code);
    EXPECT_EQ(to_alaw(from_alaw(byte)), byte);
    // Two codes of mu-law are zero.
    if (byte != 0x7f) {
      EXPECT_EQ(to_ulaw(from_ulaw(byte)), byte);
    }
  }
}

TEST(Resampler, a_tone_keeps_its_pitch_and_strength_up_and_down) {
  for (uint32_t factor : {1u, 2u, 3u, 6u}) {
    Resampler up = Resampler::up(factor);
    Resampler down = Resampler::down(factor);
    Tone tone(1000, 8000);
    std::vector<int16_t> narrow, wide;
    for (int i = 0; i < 20; ++i) {
      std::vector<int16_t> in = tone.next(160);
      std::vector<int16_t> big(160 * factor), back(160);
      up.process(in, big);
      down.process(big, back);
      if (i < 5) continue;
      wide.insert(wide.end(), big.begin(), big.end());
      narrow.insert(narrow.end(), back.begin(), back.end());
    }
    EXPECT_NEAR(strength(wide, 1000, 8000 * factor), 8000, 150) << factor;
    EXPECT_NEAR(strength(narrow, 1000, 8000), 8000, 200) << factor;
    // No mirror of it around 8 kHz.
    if (factor > 1) {
      EXPECT_LT(strength(wide, 7000, 8000 * factor), 100) << factor;
    }
  }
}

TEST(Resampler, what_the_lower_rate_cannot_hold_is_left_out) {
  Resampler down = Resampler::down(6);
  Tone tone(7000, 48000);
  std::vector<int16_t> all;
  for (int i = 0; i < 10; ++i) {
    std::vector<int16_t> out(160);
    down.process(tone.next(960), out);
    if (i > 2) all.insert(all.end(), out.begin(), out.end());
  }
  EXPECT_LT(strength(all, 1000, 8000), 100);  // where it would fold to
}

struct Case {
  Codec codec;
  uint32_t rate;
  uint8_t channels;
};
class AudioCodec : public ::testing::TestWithParam<Case> {};

TEST_P(AudioCodec, a_tone_goes_through_encoder_and_decoder) {
  AudioFormat format{GetParam().rate, GetParam().channels};
  auto encoder = AudioEncoder::create(format, {.codec = GetParam().codec, .complexity = 4, .bitrate = 64000});
  auto decoder = AudioDecoder::create(format, GetParam().codec);
  ASSERT_TRUE(encoder && decoder);
  Tone tone(500, format.rate);
  std::vector<int16_t> heard;
  std::vector<int16_t> out(format.samples_of_ms(AudioDecoder::kMaxMs) * format.channels);
  for (int i = 0; i < 50; ++i) {
    std::vector<int16_t> mono = tone.next(format.samples_of_ms(20)), frame;
    for (int16_t sample : mono) frame.insert(frame.end(), format.channels, sample);
    std::array<uint8_t, AudioEncoder::kMaxPayload> payload;
    size_t size = (*encoder)->encode(frame, payload);
    ASSERT_GT(size, 0u);
    ASSERT_EQ((*decoder)->duration(Bytes(payload).first(size)), format.samples_of_ms(20));
    size_t got = (*decoder)->decode(Bytes(payload).first(size), out);
    ASSERT_EQ(got, format.samples_of_ms(20));
    for (size_t s = 0; i >= 10 && s < got; ++s) heard.push_back(out[s * format.channels + format.channels - 1u]);
  }
  EXPECT_NEAR(strength(heard, 500, format.rate), 8000, 1600);
  EXPECT_LT(strength(heard, 1300, format.rate), 400);
}

INSTANTIATE_TEST_SUITE_P(all, AudioCodec,
                         ::testing::Values(Case{Codec::opus, 48000, 1}, Case{Codec::opus, 16000, 2},
                                           Case{Codec::opus, 12000, 1}, Case{Codec::opus, 8000, 1},
                                           Case{Codec::pcmu, 8000, 1}, Case{Codec::pcma, 16000, 1},
                                           Case{Codec::pcmu, 24000, 2}, Case{Codec::pcma, 48000, 1}));

TEST(AudioCodec, what_cannot_be_mixed_is_refused) {
  EXPECT_FALSE(AudioEncoder::create({12000, 1}, {.codec = Codec::pcmu}));
  EXPECT_FALSE(AudioDecoder::create({44100, 1}, Codec::opus));
  EXPECT_FALSE(AudioDecoder::create({48000, 1}, Codec::g722));
  EXPECT_FALSE(AudioDecoder::create({48000, 3}, Codec::opus));
}

TEST(AudioDecoder, nonsense_is_not_decoded) {
  auto decoder = AudioDecoder::create({48000, 1}, Codec::opus);
  std::vector<int16_t> out(5760);
  std::array<uint8_t, 3> bad{0x03, 0xff, 0xff};  // 63 frames
  EXPECT_EQ((*decoder)->decode(bad, out), 0u);
  EXPECT_EQ((*decoder)->decode({}, out), 0u);
  auto telephone = AudioDecoder::create({48000, 1}, Codec::pcmu);
  std::vector<uint8_t> long_one(2000);
  EXPECT_EQ((*telephone)->decode(long_one, out), 0u);
}

TEST(AudioDecoder, a_lost_packet_is_made_up_for_by_the_one_after_it) {
  AudioFormat format{48000, 1};
  auto encoder =
      AudioEncoder::create(format, {.codec = Codec::opus, .fec = true, .expected_loss = 20, .bitrate = 40000});
  auto plain = AudioDecoder::create(format, Codec::opus);
  auto mended = AudioDecoder::create(format, Codec::opus);
  std::vector<int16_t> out(5760);
  std::vector<std::vector<uint8_t>> packets;
  for (int i = 0; i < 40; ++i) {
    // A voice-like sound that changes all the time, so that guessing it does not help.
    Tone tone(200 + 40 * (i % 7), format.rate);
    std::array<uint8_t, AudioEncoder::kMaxPayload> payload;
    size_t size = (*encoder)->encode(tone.next(960), payload);
    packets.emplace_back(payload.begin(), payload.begin() + static_cast<ptrdiff_t>(size));
  }
  double guessed = 0, repaired = 0;
  for (size_t i = 0; i + 1 < packets.size(); ++i) {
    double hz = 200 + 40 * (static_cast<double>(i % 7));
    if (i % 10 == 9) {
      size_t got = (*plain)->conceal(960, {}, out);
      guessed += strength(std::span(out).first(got), hz, format.rate);
      got = (*mended)->conceal(960, packets[i + 1], out);
      repaired += strength(std::span(out).first(got), hz, format.rate);
      continue;
    }
    (*plain)->decode(packets[i], out);
    (*mended)->decode(packets[i], out);
  }
  EXPECT_GT(repaired, guessed * 1.1);
  auto telephone = AudioDecoder::create(format, Codec::pcmu);
  EXPECT_EQ((*telephone)->conceal(960, {}, out), 0u);
}

}  // namespace
}  // namespace limen::media
