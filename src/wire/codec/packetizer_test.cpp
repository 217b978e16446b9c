#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "wire/codec/av1.hpp"
#include "wire/codec/h264.hpp"
#include "wire/codec/h265.hpp"
#include "wire/codec/nal_units.hpp"
#include "wire/codec/packetizer.hpp"
#include "wire/codec/vp8.hpp"
#include "wire/codec/vp9.hpp"

namespace limen {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;
using testing::Le;
using testing::ResultOf;
using testing::SizeIs;

using Octets = std::vector<uint8_t>;

Octets unit(std::initializer_list<uint8_t> head, size_t size) {
  Octets out = head;
  for (size_t i = out.size(); i < size; ++i) out.push_back(static_cast<uint8_t>(i % 251 + 1));
  return out;
}

Octets annex_b(const std::vector<Octets>& units) {
  Octets out;
  for (const Octets& u : units) {
    out.insert(out.end(), {0, 0, 0, 1});
    out.insert(out.end(), u.begin(), u.end());
  }
  return out;
}

// The units again, as a receiver reads them.
std::vector<Octets> h264_units(const Packetizer::Payloads& payloads) {
  std::vector<Octets> units;
  for (const Octets& p : payloads) {
    int type = p[0] & 0x1f;
    if (type == 24) {
      for (size_t at = 1; at + 2 <= p.size();) {
        size_t size = load_u16(&p[at]);
        units.emplace_back(p.begin() + static_cast<long>(at + 2), p.begin() + static_cast<long>(at + 2 + size));
        at += 2 + size;
      }
    } else if (type == 28) {
      if (p[1] & 0x80) units.push_back({static_cast<uint8_t>((p[0] & 0xe0) | (p[1] & 0x1f))});
      units.back().insert(units.back().end(), p.begin() + 2, p.end());
    } else {
      units.push_back(p);
    }
  }
  return units;
}

const Octets kSps = {0x67, 0x42, 0xc0, 0x1e, 1, 2, 3};
const Octets kPps = {0x68, 0xce, 4};

TEST(NalUnits, start_codes_of_both_lengths_separate_units) {
  Octets stream = {0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x68, 0, 0, 1};
  auto units = split_annex_b(stream);
  ASSERT_THAT(units, SizeIs(3));
  EXPECT_THAT(units[0], ElementsAre(9, 0xf0));
  EXPECT_THAT(units[2], ElementsAre(0x68));
  EXPECT_THAT(split_annex_b(Octets{1, 2, 3}), IsEmpty());
}

TEST(NalUnits, lengths_past_the_end_end_the_reading) {
  EXPECT_THAT(split_length_prefixed(Octets{0, 0, 0, 1, 7, 0, 0, 0, 200, 8}, 4), SizeIs(1));
  EXPECT_THAT(split_length_prefixed(Octets{0xff, 0xff, 0xff, 0xff, 1}, 4), IsEmpty());
}

TEST(NalUnits, parameter_sets_are_found_in_the_containers_data) {
  Octets avcc = {1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 7};
  avcc.insert(avcc.end(), kSps.begin(), kSps.end());
  avcc.insert(avcc.end(), {1, 0, 3});
  avcc.insert(avcc.end(), kPps.begin(), kPps.end());
  DecoderSetup setup = read_h264_setup(avcc);
  EXPECT_EQ(setup.length_size, 4U);
  EXPECT_THAT(setup.parameters, ElementsAre(kSps, kPps));
  for (size_t cut = 0; cut < avcc.size(); ++cut) read_h264_setup(Bytes(avcc).first(cut));
  EXPECT_THAT(read_h264_setup(annex_b({kSps, {6, 1}, kPps})).parameters, ElementsAre(kSps, kPps));

  Octets hvcc(23, 0);
  hvcc[0] = 1;
  hvcc[21] = 3;
  hvcc[22] = 2;
  hvcc.insert(hvcc.end(), {0x20, 0, 1, 0, 3, 0x40, 1, 5, 0x27, 0, 1, 0, 2, 0x4e, 1});
  setup = read_h265_setup(hvcc);
  EXPECT_EQ(setup.length_size, 4U);
  EXPECT_THAT(setup.parameters, ElementsAre(Octets{0x40, 1, 5}));
}

TEST(Packetizer, h264_survives_packing_and_reading) {
  auto packetizer = Packetizer::make(Codec::h264, {}, 300);
  std::vector<Octets> units = {kSps, kPps, unit({0x06, 5}, 40), unit({0x65, 0x88}, 2000), unit({0x65, 0x08}, 100)};
  auto payloads = packetizer->packetize(annex_b({{9, 0xf0}, units[0], units[1], units[2], units[3], units[4]}));
  EXPECT_THAT(payloads, Each(SizeIs(Le(300U))));
  EXPECT_THAT(h264_units(payloads), ElementsAreArray(units));
  EXPECT_TRUE(h264::parse(payloads[0]).keyframe);
  EXPECT_TRUE(h264::parse(payloads[0]).start_of_frame);
}

TEST(Packetizer, h264_key_frames_get_their_parameter_sets_once) {
  Octets avcc = {1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 7};
  avcc.insert(avcc.end(), kSps.begin(), kSps.end());
  avcc.insert(avcc.end(), {1, 0, 3});
  avcc.insert(avcc.end(), kPps.begin(), kPps.end());
  auto packetizer = Packetizer::make(Codec::h264, avcc);
  Octets idr = unit({0x65, 0x88}, 10), slice = unit({0x41, 0x9a}, 10);
  auto prefixed = [](const Octets& u) {
    Octets out = {0, 0, 0, static_cast<uint8_t>(u.size())};
    out.insert(out.end(), u.begin(), u.end());
    return out;
  };
  EXPECT_THAT(h264_units(packetizer->packetize(prefixed(idr))), ElementsAre(kSps, kPps, idr));
  EXPECT_THAT(h264_units(packetizer->packetize(prefixed(slice))), ElementsAre(slice));
  Octets whole = prefixed(kSps);
  for (const Octets& u : {kPps, idr}) {
    Octets p = prefixed(u);
    whole.insert(whole.end(), p.begin(), p.end());
  }
  EXPECT_THAT(h264_units(packetizer->packetize(whole)), ElementsAre(kSps, kPps, idr));
}

TEST(Packetizer, h265_fragments_and_aggregates) {
  auto packetizer = Packetizer::make(Codec::h265, {}, 300);
  Octets vps = {0x40, 1, 9}, sps = {0x42, 1, 9}, pps = {0x44, 1, 9}, idr = unit({0x26, 1, 0x80}, 1000);
  auto payloads = packetizer->packetize(annex_b({vps, sps, pps, idr}));
  ASSERT_THAT(payloads, SizeIs(5));
  EXPECT_THAT(payloads, Each(SizeIs(Le(300U))));
  EXPECT_TRUE(h265::parse(payloads[0]).keyframe);
  Octets again = {static_cast<uint8_t>((payloads[1][0] & 0x81) | (payloads[1][2] & 0x3f) << 1), payloads[1][1]};
  for (size_t i = 1; i < payloads.size(); ++i) {
    EXPECT_EQ(payloads[i][2] >> 6, i == 1 ? 2 : i + 1 == payloads.size() ? 1 : 0);
    again.insert(again.end(), payloads[i].begin() + 3, payloads[i].end());
  }
  EXPECT_EQ(again, idr);
}

TEST(Packetizer, vp8_frames_are_cut_with_descriptors) {
  auto packetizer = Packetizer::make(Codec::vp8, {}, 100);
  Octets frame = unit({0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01}, 250);
  auto payloads = packetizer->packetize(frame);
  ASSERT_THAT(payloads, SizeIs(3));
  EXPECT_TRUE(vp8::parse(payloads[0]).keyframe);
  EXPECT_EQ(vp8::keyframe_size(payloads[0]), (VideoSize{640, 480}));
  EXPECT_FALSE(vp8::parse(payloads[1]).start_of_frame);
  EXPECT_EQ(vp8::parse(payloads[2]).picture_id, 1);
  EXPECT_EQ(vp8::parse(packetizer->packetize(Octets{0x11, 1})[0]).picture_id, 2);
  Octets again;
  for (const Octets& p : payloads) again.insert(again.end(), p.begin() + 4, p.end());
  EXPECT_EQ(again, frame);
  EXPECT_THAT(packetizer->packetize({}), IsEmpty());
}

TEST(Packetizer, vp9_key_frames_are_recognised) {
  auto packetizer = Packetizer::make(Codec::vp9, {}, 100);
  auto payloads = packetizer->packetize(unit({0x82, 0x49, 0x83, 0x42}, 150));
  ASSERT_THAT(payloads, SizeIs(2));
  EXPECT_TRUE(vp9::parse(payloads[0]).keyframe);
  EXPECT_TRUE(vp9::parse(payloads[0]).start_of_frame);
  EXPECT_TRUE(vp9::parse(payloads[1]).end_of_frame);
  EXPECT_FALSE(vp9::parse(packetizer->packetize(unit({0x86, 1}, 20))[0]).keyframe);
}

TEST(Packetizer, av1_obus_lose_their_sizes_and_are_put_together_again) {
  auto packetizer = Packetizer::make(Codec::av1, {}, 100);
  Octets frame = unit({0x32, 0}, 302);  // OBU_FRAME with a size of two bytes
  frame[1] = 0xab;
  frame.insert(frame.begin() + 2, 0x02);  // 0x12b = 299 ... of what follows
  Octets body(frame.begin() + 3, frame.end());
  frame.resize(3 + 299);
  body.resize(299);
  Octets stream = {0x12, 0x00, 0x0a, 0x02, 0x11, 0x22};
  stream.insert(stream.end(), frame.begin(), frame.end());
  auto payloads = packetizer->packetize(stream);
  ASSERT_THAT(payloads, SizeIs(4));
  EXPECT_THAT(payloads, Each(SizeIs(Le(100U))));
  Octets again;
  for (size_t i = 0; i < payloads.size(); ++i) {
    auto parsed = av1::parse_payload(payloads[i]);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->new_sequence, i == 0);
    EXPECT_EQ(parsed->continues, i != 0);
    EXPECT_EQ(parsed->to_be_continued, i + 1 < payloads.size());
    Bytes last = parsed->elements[parsed->element_count - 1u];
    again.insert(again.end(), last.begin(), last.end());
    if (i == 0) {
      EXPECT_THAT(parsed->elements[0], ElementsAre(0x08, 0x11, 0x22));
    }
  }
  EXPECT_EQ(again[0], 0x30);
  EXPECT_EQ(Octets(again.begin() + 1, again.end()), body);
  EXPECT_TRUE(av1::parse(payloads[0]).keyframe);
}

TEST(Packetizer, rubbish_gives_bounded_payloads) {
  std::mt19937 random(3);
  for (Codec codec : {Codec::h264, Codec::h265, Codec::vp8, Codec::vp9, Codec::av1}) {
    for (int round = 0; round < 300; ++round) {
      Octets rubbish(random() % 2000), data(random() % 60);
      for (uint8_t& b : rubbish) b = static_cast<uint8_t>(random() % 8 == 0 ? random() : random() % 3);
      for (uint8_t& b : data) b = static_cast<uint8_t>(random() % 4);
      auto payloads = Packetizer::make(codec, data, 200)->packetize(rubbish);
      EXPECT_THAT(payloads, Each(SizeIs(Le(200U))));
    }
  }
  EXPECT_EQ(Packetizer::make(Codec::opus, {}), nullptr);
}

}  // namespace
}  // namespace limen
