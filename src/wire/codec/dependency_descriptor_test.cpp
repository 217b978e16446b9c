#include "wire/codec/dependency_descriptor.hpp"

#include <gtest/gtest.h>

#include "wire/test_bytes.hpp"

namespace limen {
namespace {

using Dti = DecodeTargetIndication;

// Bits as text, fields apart: the descriptors below can be read against the specification's syntax.
class Bits {
 public:
  Bits& add(uint32_t value, unsigned width) {
    for (unsigned i = width; i-- > 0;) bits_.push_back((value >> i & 1) != 0);
    return *this;
  }
  Bits& text(std::string_view zeros_and_ones) {
    for (char c : zeros_and_ones) {
      if (c == '0' || c == '1') bits_.push_back(c == '1');
    }
    return *this;
  }
  Bits& zeros(size_t count) {
    bits_.insert(bits_.end(), count, false);
    return *this;
  }
  std::vector<uint8_t> bytes() const {
    std::vector<uint8_t> out((bits_.size() + 7) / 8);
    for (size_t i = 0; i < bits_.size(); ++i) {
      if (bits_[i]) out[i / 8] = static_cast<uint8_t>(out[i / 8] | 0x80 >> i % 8);
    }
    return out;
  }

 private:
  std::vector<bool> bits_;
};

Bits mandatory(bool start, bool end, uint8_t template_id, uint16_t number) {
  return Bits().add(start, 1).add(end, 1).add(template_id, 6).add(number, 16);
}

// L1T2, two decode targets, one chain, templates: 0 key T0, 1 delta T0, 2 delta T1; offset 60.
Bits& add_l1t2_structure(Bits& bits) {
  return bits.add(60, 6)
      .add(1, 5)         // two decode targets
      .text("00 01 11")  // layers: same, next temporal, end
      .text("10 10")     // template 0: switch, switch
      .text("10 11")     // template 1: switch, required
      .text("00 01")     // template 2: not present, discardable
      .text("0")         // template 0: no references
      .text("1 0001 0")  // template 1: 2 frames back
      .text("1 0000 0")  // template 2: 1 frame back
      .text("10")        // ns(3): one chain
      // both targets are protected by chain 0: ns(1) takes no bits
      .add(0, 4)
      .add(2, 4)
      .add(1, 4)
      .text("1")  // resolutions
      .add(1279, 16)
      .add(719, 16);
}

std::vector<uint8_t> keyframe(uint16_t number = 100) {
  Bits bits = mandatory(true, false, 60, number).text("1 0 0 0 0");
  return add_l1t2_structure(bits).bytes();
}

TEST(DependencyDescriptor, a_key_frame_brings_the_structure) {
  DependencyReader reader;
  auto d = reader.read(keyframe());
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->start_of_frame);
  EXPECT_FALSE(d->end_of_frame);
  EXPECT_EQ(d->frame_number, 100);
  EXPECT_TRUE(d->structure_attached);
  EXPECT_EQ(d->active_decode_targets, 3u);
  EXPECT_EQ(d->size, (VideoSize{1280, 720}));
  EXPECT_EQ(d->frame.frame_diff_count, 0);
  EXPECT_TRUE(d->switching_point());
  const DependencyStructure* s = reader.structure();
  ASSERT_NE(s, nullptr);
  EXPECT_EQ(s->templates.size(), 3u);
  EXPECT_EQ(s->chain_count, 1);
  EXPECT_EQ(s->max_temporal_id, 1);
  EXPECT_EQ(s->decode_targets[0].temporal_id, 0);
  EXPECT_EQ(s->decode_targets[1].temporal_id, 1);
  VideoFacts facts;
  apply(*d, facts);
  EXPECT_TRUE(facts.keyframe);
  EXPECT_EQ(facts.spatial, 0);
  EXPECT_EQ(facts.temporal, 0);
}

TEST(DependencyDescriptor, short_descriptors_use_the_templates) {
  DependencyReader reader;
  ASSERT_TRUE(reader.read(keyframe()));
  auto t1 = reader.read(mandatory(true, true, 62, 101).bytes());
  ASSERT_TRUE(t1);
  EXPECT_EQ(t1->frame.temporal_id, 1);
  EXPECT_EQ(t1->frame.indications[0], Dti::not_present);
  EXPECT_EQ(t1->frame.indications[1], Dti::discardable);
  EXPECT_EQ(t1->frame.frame_diff_count, 1);
  EXPECT_EQ(t1->frame.frame_diffs[0], 1);
  EXPECT_EQ(t1->frame.chain_diffs[0], 1);
  EXPECT_FALSE(t1->switching_point());
  EXPECT_FALSE(t1->structure_attached);
  EXPECT_EQ(t1->size, (VideoSize{1280, 720}));
  VideoFacts facts;
  apply(*t1, facts);
  EXPECT_FALSE(facts.keyframe);
  EXPECT_TRUE(facts.end_of_frame);
  EXPECT_EQ(facts.temporal, 1);
}

TEST(DependencyDescriptor, a_frame_may_differ_from_its_template) {
  DependencyReader reader;
  ASSERT_TRUE(reader.read(keyframe()));
  auto d = reader.read(mandatory(true, true, 61, 104)
                           .text("0 1 1 1 1")
                           .text("01")                          // active: decode target 0 only
                           .text("11 10")                       // indications
                           .text("01 0011 11 000000000100 00")  // references: 4 and 5 back
                           .add(200, 8)                         // chain
                           .bytes());
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->active_targets_given);
  EXPECT_EQ(d->active_decode_targets, 1u);
  EXPECT_EQ(d->frame.indications[0], Dti::required);
  EXPECT_EQ(d->frame.indications[1], Dti::switch_point);
  EXPECT_EQ(d->frame.frame_diff_count, 2);
  EXPECT_EQ(d->frame.frame_diffs[0], 4);
  EXPECT_EQ(d->frame.frame_diffs[1], 5);
  EXPECT_EQ(d->frame.chain_diffs[0], 200);
  EXPECT_EQ(reader.active_decode_targets(), 1u);
  // Kept until a key frame says otherwise.
  EXPECT_EQ(reader.read(mandatory(true, true, 61, 106).bytes())->active_decode_targets, 1u);
  EXPECT_EQ(reader.read(keyframe(108))->active_decode_targets, 3u);
}

TEST(DependencyDescriptor, without_a_structure_nothing_is_known) {
  DependencyReader reader;
  EXPECT_FALSE(reader.read(mandatory(true, true, 61, 104).bytes()));
  EXPECT_EQ(reader.without_structure(), 1u);
  EXPECT_EQ(reader.malformed(), 0u);
}

TEST(DependencyDescriptor, template_ids_outside_the_structure_are_malformed) {
  DependencyReader reader;
  ASSERT_TRUE(reader.read(keyframe()));
  EXPECT_FALSE(reader.read(mandatory(true, true, 63, 104).bytes()));
  EXPECT_FALSE(reader.read(mandatory(true, true, 59, 104).bytes()));
  EXPECT_EQ(reader.malformed(), 2u);
}

TEST(DependencyDescriptor, a_cut_key_frame_leaves_the_state_as_it_was) {
  auto whole = keyframe();
  for (size_t size = 0; size < whole.size(); ++size) {
    DependencyReader reader;
    EXPECT_FALSE(reader.read(Bytes(whole).first(size))) << size;
    EXPECT_EQ(reader.structure(), nullptr) << size;
    EXPECT_EQ(reader.malformed() + reader.without_structure(), 1u) << size;
  }
}

TEST(DependencyDescriptor, endless_references_are_refused) {
  DependencyReader reader;
  ASSERT_TRUE(reader.read(keyframe()));
  auto with_references = [&reader](int count) {
    Bits bits = mandatory(true, true, 61, 104).text("0 0 0 1 0");
    for (int i = 0; i < count; ++i) bits.text("01 0000");
    return reader.read(bits.text("00").bytes()).has_value();
  };
  EXPECT_TRUE(with_references(kMaxFrameDiffs));
  EXPECT_FALSE(with_references(kMaxFrameDiffs + 1));
}

TEST(DependencyDescriptor, too_many_layers_or_templates_are_refused) {
  auto with_layers = [](std::string_view step, size_t count) {
    Bits bits = mandatory(true, true, 0, 1).text("1 0 0 0 0").add(0, 6).add(0, 5);
    for (size_t i = 0; i < count; ++i) bits.text(step);
    bits.text("11").zeros(400);
    DependencyReader reader;
    return reader.read(bits.bytes()).has_value();
  };
  EXPECT_TRUE(with_layers("10", 7));
  EXPECT_FALSE(with_layers("10", 8));
  EXPECT_TRUE(with_layers("01", 7));
  EXPECT_FALSE(with_layers("01", 8));
  EXPECT_TRUE(with_layers("00", kMaxTemplates - 1));
  EXPECT_FALSE(with_layers("00", kMaxTemplates));
}

TEST(DependencyDescriptor, spatial_layers_and_all_32_targets) {
  Bits bits = mandatory(true, true, 0, 1).text("1 0 0 0 0").add(0, 6).add(31, 5);
  bits.text("10 11");  // two templates: S0, S1
  for (int i = 0; i < 32; ++i) bits.text("10");
  for (int i = 0; i < 32; ++i) bits.text(i == 0 ? "00" : "10");
  bits.text("0 1 0000 0");  // S1 refers to S0
  bits.text("00000");       // ns(33) = 0: no chains
  bits.text("0");
  DependencyReader reader;
  auto d = reader.read(bits.bytes());
  ASSERT_TRUE(d);
  EXPECT_EQ(d->active_decode_targets, 0xffffffffu);
  EXPECT_EQ(reader.structure()->decode_targets[0].spatial_id, 0);
  EXPECT_EQ(reader.structure()->decode_targets[31].spatial_id, 1);
  auto upper = reader.read(mandatory(true, true, 1, 2).bytes());
  ASSERT_TRUE(upper);
  EXPECT_EQ(upper->frame.spatial_id, 1);
}

}  // namespace
}  // namespace limen
