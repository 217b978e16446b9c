// Rooms being mixed on virtual time: shards, their timers and posts, and participants that send tones.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "media/mixing/tone.hpp"
#include "media/recording/fake_plugin_context.hpp"
#include "plugins/audiobridge/mixer_hub.hpp"
#include "plugins/audiobridge/participant_hub.hpp"
#include "plugins/audiobridge/participant_media.hpp"
#include "plugins/audiobridge/test_world.hpp"

namespace limen::audiobridge {
namespace {

using test::TestShard;
using test::World;

using media::AudioDecoder;
using media::AudioEncoder;
using media::AudioFormat;
using media::test::strength;
using media::test::Tone;

// Somebody with a peer connection: sends what it is told, keeps and decodes what it gets.
class Person final : public MediaContext {
 public:
  Person(World& world, uint32_t shard, uint64_t id, AudioFormat format, Codec codec)
      : world_(world),
        shard_(*world.shards[shard]),
        id_{shard, PeerId(id)},
        codec_(codec),
        own_{codec == Codec::opus ? 48000u : 8000u, 1} {
    media::EncoderSettings settings{.codec = codec, .bitrate = 48000};
    encoder_ = std::move(*AudioEncoder::create(own_, settings));
    decoder_ = std::move(*AudioDecoder::create({format.rate, format.channels}, codec));
    format_ = format;
    ParticipantObserver observer;
    observer.talking = [this](uint64_t, bool talking) { talks.push_back(talking); };
    observer.backlog = [this](Backlog now) { backlogs.push_back(now); };
    media = std::make_unique<ParticipantMedia>(*this, std::move(observer));
    media->set_line({.mline = 0, .payload_type = 111, .codec = codec});
  }

  bool send(const OutgoingRtp& rtp) override {
    sequences.push_back(rtp.sequence);
    timestamps.push_back(rtp.timestamp);
    std::vector<int16_t> out(format_.samples_of_ms(120) * format_.channels);
    size_t got = decoder_->decode(rtp.source->payload(), out);
    for (size_t i = 0; i < got * format_.channels; ++i) heard[i % format_.channels].push_back(out[i]);
    return true;
  }
  void send(const RtcpFeedback&) override {}
  bool send_data(const DataMessage&) override { return false; }
  Instant now() const override { return world_.now; }
  TimerId call_at(Instant, Task) override { return {}; }
  void cancel(TimerId) override {}
  void post_control(Task task) override { task(); }
  MediaShard& shard() override { return shard_; }
  MediaId id() const override { return id_; }

  void say(Tone& tone, int level = -1) {
    std::array<uint8_t, 12 + AudioEncoder::kMaxPayload> bytes{0x80};
    size_t size = encoder_->encode(tone.next(own_.frame()), MutableBytes(bytes).subspan(12));
    RtpPacket packet;
    packet.packet = world_.pool.copy(Bytes(bytes).first(12 + size), world_.now);
    packet.payload_offset = 12;
    packet.payload_size = static_cast<uint16_t>(size);
    packet.sequence = ++sequence_;
    packet.payload_type = 111;
    packet.ssrc = 5;
    packet.codec = codec_;
    packet.extensions.audio_level = static_cast<int16_t>(level);
    media->on_rtp(packet);
  }
  // How strong a tone was in what has been heard lately (channel 0 unless said).
  double hears(double hz, size_t channel = 0) const {
    size_t count = std::min<size_t>(heard[channel].size(), format_.rate / 2);
    return strength(std::span(heard[channel]).last(count), hz, format_.rate);
  }

  std::unique_ptr<ParticipantMedia> media;
  std::vector<int16_t> heard[2];
  std::vector<uint16_t> sequences;
  std::vector<uint32_t> timestamps;
  std::vector<bool> talks;
  std::vector<Backlog> backlogs;

 private:
  World& world_;
  TestShard& shard_;
  MediaId id_;
  Codec codec_;
  AudioFormat own_, format_;
  std::unique_ptr<AudioEncoder> encoder_;
  std::unique_ptr<AudioDecoder> decoder_;
  uint16_t sequence_ = 65000;
};

class Mixer : public ::testing::Test {
 protected:
  static constexpr MixerId kRoom{0, 100};

  void open(MixerSettings settings, uint32_t shards = 2) {
    world = std::make_unique<World>(shards);
    format = {settings.rate, settings.channels};
    MixerObserver observer;
    observer.started = [this](uint64_t key) { news.push_back("started " + std::to_string(key)); };
    observer.ended = [this](uint64_t key) { news.push_back("ended " + std::to_string(key)); };
    observer.hungry = [this](uint64_t key) { news.push_back("hungry " + std::to_string(key)); };
    observer.forward_failed = [this](uint32_t id, const std::string&) {
      news.push_back("failed " + std::to_string(id));
    };
    hub().add(kRoom.key, settings, std::move(observer));
  }
  void TearDown() override { people.clear(); }
  MixerHub& hub() { return world->shards[0]->local<MixerHub>(); }
  void change(std::move_only_function<void(RoomMixer&)> task) { hub().change(kRoom.key, task); }
  RoomMixer& room() { return *hub().find(kRoom.key); }

  Person& join(uint32_t shard, MemberSettings settings = {}) {
    uint64_t key = people.size() + 1;
    people.push_back(std::make_unique<Person>(*world, shard, key, format, settings.codec));
    settings.listens = true;
    change([&](RoomMixer& mixer) {
      mixer.add_member(key, {shard, PeerId(key)});
      mixer.set_member(key, settings);
    });
    people.back()->media->enter(kRoom, key);
    InputSettings input;
    input.heard = settings.heard;
    people.back()->media->set_input(input);
    return *people.back();
  }
  void set(uint64_t key, MemberSettings settings) {
    settings.listens = true;
    change([&](RoomMixer& mixer) { mixer.set_member(key, settings); });
    InputSettings input;
    input.heard = settings.heard;
    people[key - 1]->media->set_input(input);
  }
  // So many ticks; in each of them everybody of `speaking` says 20 ms of its tone.
  void talk(int ticks, std::vector<std::pair<Person*, Tone*>> speaking) {
    for (int i = 0; i < ticks; ++i) {
      for (auto& [who, tone] : speaking) who->say(*tone);
      world->run_until(world->now + kTick);
    }
  }

  std::unique_ptr<World> world;
  AudioFormat format;
  std::vector<std::unique_ptr<Person>> people;
  std::vector<std::string> news;
};

TEST_F(Mixer, people_on_several_shards_hear_the_others_and_not_themselves) {
  open({.rate = 16000});
  Person& anna = join(0);
  Person& bert = join(1);
  Person& carl = join(1, {.codec = Codec::pcmu});
  Tone a(440, 48000), b(800, 48000), c(1400, 8000);
  talk(60, {{&anna, &a}, {&bert, &b}, {&carl, &c}});
  double hz[] = {440, 800, 1400};
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      double got = people[i]->hears(hz[j]);
      if (i == j) EXPECT_LT(got, 400) << i;
      else EXPECT_GT(got, 5000) << i << " hears " << j;
    }
  }
  // One after the other, 20 ms each.
  for (auto& person : people) {
    for (size_t i = 1; i < person->sequences.size(); ++i) {
      ASSERT_EQ(static_cast<uint16_t>(person->sequences[i] - person->sequences[i - 1]), 1);
      ASSERT_EQ(person->timestamps[i] - person->timestamps[i - 1], person.get() == &carl ? 160u : 960u);
    }
    EXPECT_GE(person->sequences.size(), 58u);
  }
}

TEST_F(Mixer, the_muted_one_hears_and_is_not_heard) {
  open({.rate = 48000});
  Person& anna = join(0);
  Person& bert = join(0);
  Tone a(440, 48000), b(800, 48000);
  talk(50, {{&anna, &a}, {&bert, &b}});
  set(1, {.heard = false});
  talk(60, {{&anna, &a}, {&bert, &b}});
  EXPECT_LT(bert.hears(440), 200);
  EXPECT_GT(anna.hears(800), 5000);
  set(1, {});
  talk(60, {{&anna, &a}, {&bert, &b}});
  EXPECT_GT(bert.hears(440), 5000);
  EXPECT_LT(anna.hears(440), 400);  // nor does it hear itself after that
}

TEST_F(Mixer, volume_makes_louder_and_quieter) {
  open({.rate = 16000});
  Person& anna = join(0, {.volume = 25});
  Person& bert = join(0);
  Tone a(440, 48000), b(800, 48000, 1000);
  talk(60, {{&anna, &a}, {&bert, &b}});
  EXPECT_NEAR(bert.hears(440), 2000, 600);
  set(2, {.volume = 400});
  talk(60, {{&anna, &a}, {&bert, &b}});
  EXPECT_NEAR(anna.hears(800), 4000, 1200);
}

TEST_F(Mixer, spatial_rooms_put_people_left_and_right) {
  open({.rate = 48000, .channels = 2});
  Person& left = join(0, {.position = 0});
  Person& right = join(0, {.position = 100});
  Person& middle = join(0);
  Tone a(440, 48000), b(800, 48000);
  talk(60, {{&left, &a}, {&right, &b}});
  EXPECT_GT(middle.hears(440, 0), 4000);
  EXPECT_LT(middle.hears(440, 1), 1500);
  EXPECT_GT(middle.hears(800, 1), 4000);
  EXPECT_LT(middle.hears(800, 0), 1500);
}

TEST_F(Mixer, a_silent_audience_shares_one_encoder) {
  open({.rate = 16000});
  Person& anna = join(0);
  for (int i = 0; i < 20; ++i) join(static_cast<uint32_t>(i % 2));
  Person& other = join(1, {.complexity = 9});  // different settings: another encoder
  Tone a(440, 48000);
  talk(100, {{&anna, &a}});
  // Two for the audience, one for anna.
  EXPECT_LE(room().counters().encodings, 3 * 100u);
  EXPECT_GE(room().counters().shared, 19 * 95u);
  for (size_t i = 1; i < people.size(); ++i) EXPECT_GT(people[i]->hears(440), 5000) << i;
  // One of them speaks: it does not hear itself, the rest hear both.
  Tone b(800, 48000);
  talk(100, {{&anna, &a}, {&other, &b}});
  EXPECT_LT(other.hears(800), 400);
  EXPECT_GT(other.hears(440), 5000);
  EXPECT_GT(people[5]->hears(800), 5000);
}

TEST_F(Mixer, nothing_runs_for_a_room_without_listeners) {
  open({.rate = 16000});
  EXPECT_TRUE(world->shards[0]->timers.empty());
  join(0);
  EXPECT_EQ(world->shards[0]->timers.size(), 1u);
  world->run_until(world->now + std::chrono::seconds(1));
  change([](RoomMixer& mixer) { mixer.remove_member(1); });
  world->run_until(world->now + std::chrono::seconds(1));
  EXPECT_TRUE(world->shards[0]->timers.empty());
  uint64_t ticks = room().counters().ticks;
  EXPECT_NEAR(static_cast<double>(ticks), 50, 2);
}

TEST_F(Mixer, work_is_cut_into_turns_of_the_loop) {
  open({.rate = 16000});
  std::vector<Tone> tones;
  for (int i = 0; i < 30; ++i) tones.emplace_back(300 + 30 * i, 48000, 1000);
  std::vector<std::pair<Person*, Tone*>> speaking;
  for (int i = 0; i < 30; ++i) speaking.emplace_back(&join(0), &tones[static_cast<size_t>(i)]);
  talk(10, speaking);
  world->turns = 0;
  talk(1, speaking);
  // 30 decodings and 30 encodings, so many at a time.
  EXPECT_GE(world->turns, 60u / MixerHub::kStepsPerTurn);
  EXPECT_EQ(room().counters().late_ticks, 0u);
}

TEST_F(Mixer, a_loop_that_stood_still_leaves_out_ticks) {
  open({.rate = 16000}, 1);
  Person& anna = join(0);
  world->run_until(world->now + std::chrono::milliseconds(100));
  size_t before = anna.sequences.size();
  world->now += std::chrono::seconds(2);
  world->run_until(world->now + std::chrono::milliseconds(100));
  EXPECT_GT(room().counters().late_ticks, 80u);
  EXPECT_LT(anna.sequences.size() - before, 20u);
  // The time that passed is in the timestamps.
  EXPECT_GT(anna.timestamps.back() - anna.timestamps[before - 1], 48000u * 18 / 10);
}

TEST_F(Mixer, losses_are_made_up_for) {
  open({.rate = 48000});
  Person& anna = join(0);
  Person& bert = join(1);
  Tone a(440, 48000);
  std::mt19937 random(3);
  for (int i = 0; i < 150; ++i) {
    if (random() % 10 == 0) {
      // Said, but not received: in no room for a moment.
      anna.media->leave(1);
      anna.say(a);
      anna.media->enter(kRoom, 1);
    } else {
      anna.say(a);
    }
    world->run_until(world->now + kTick);
  }
  EXPECT_GT(bert.hears(440), 5000);
}

TEST_F(Mixer, frames_of_an_earlier_stay_do_not_arrive_and_numbers_go_on) {
  open({.rate = 16000});
  Person& anna = join(1);
  world->run_until(world->now + std::chrono::milliseconds(200));
  size_t before = anna.sequences.size();
  ASSERT_GT(before, 5u);
  anna.media->enter(kRoom, 55);  // another participant of the same handle
  world->run_until(world->now + std::chrono::milliseconds(200));
  EXPECT_EQ(anna.sequences.size(), before);
  change([](RoomMixer& mixer) {
    mixer.add_member(55, {1, PeerId(1)});
    mixer.set_member(55, {.listens = true});
  });
  world->run_until(world->now + std::chrono::milliseconds(200));
  ASSERT_GT(anna.sequences.size(), before);
  EXPECT_EQ(static_cast<uint16_t>(anna.sequences[before] - anna.sequences[before - 1]), 1);
  EXPECT_GE(anna.timestamps[before] - anna.timestamps[before - 1], 960u * 9);
}

Forward forward_to(uint16_t port, uint32_t id, std::optional<size_t> group = {}, bool always_on = false) {
  Forward out;
  out.stream_id = out.ssrc = id;
  out.to = {IpAddress::v4(0x7f000001), port};
  out.codec = Codec::pcmu;
  out.payload_type = 0;
  out.group = group;
  out.always_on = always_on;
  return out;
}

double strength_of(const std::vector<std::vector<uint8_t>>& datagrams, double hz) {
  auto decoder = AudioDecoder::create({8000, 1}, Codec::pcmu);
  std::vector<int16_t> all, out(960);
  for (const auto& datagram : datagrams) {
    size_t got = (*decoder)->decode(Bytes(datagram).subspan(12), out);
    all.insert(all.end(), out.begin(), out.begin() + static_cast<ptrdiff_t>(got));
  }
  return strength(std::span(all).last(std::min<size_t>(all.size(), 4000)), hz, 8000);
}

TEST_F(Mixer, forwarders_get_the_room_or_a_group) {
  open({.rate = 16000, .groups = 2});
  change([](RoomMixer& mixer) {
    mixer.add_forward(forward_to(7000, 1));
    mixer.add_forward(forward_to(7002, 2, 1));
    mixer.add_forward(forward_to(7004, 3, 1));
  });
  EXPECT_TRUE(world->shards[0]->timers.empty());  // nobody there, nothing to be sent
  Person& anna = join(0, {.group = 0});
  Person& bert = join(0, {.group = 1});
  Tone a(440, 48000), b(800, 48000);
  talk(60, {{&anna, &a}, {&bert, &b}});
  auto& got = world->shards[0]->datagrams;
  EXPECT_GT(strength_of(got[7000], 440), 5000);
  EXPECT_GT(strength_of(got[7000], 800), 5000);
  for (uint16_t port : {7002, 7004}) {
    EXPECT_LT(strength_of(got[port], 440), 400);
    EXPECT_GT(strength_of(got[port], 800), 5000);
  }
  const auto& datagram = got[7002][1];
  EXPECT_EQ(datagram.size(), 172u);
  EXPECT_EQ(load_u32(&datagram[8]), 2u);
  EXPECT_EQ(load_u32(&datagram[4]) - load_u32(&got[7002][0][4]), 160u);
  EXPECT_EQ(load_u16(&datagram[2]) - load_u16(&got[7002][0][2]), 1);
  change([](RoomMixer& mixer) { mixer.remove_forward(2); });
  size_t count = got[7002].size();
  talk(10, {});
  EXPECT_EQ(got[7002].size(), count);
}

TEST_F(Mixer, a_forwarder_that_is_always_on_sends_silence) {
  open({.rate = 48000});
  change([](RoomMixer& mixer) {
    mixer.add_forward(forward_to(7000, 1, {}, true));
    mixer.add_forward(forward_to(7002, 2));
  });
  world->run_until(world->now + std::chrono::seconds(1));
  EXPECT_NEAR(static_cast<double>(world->shards[0]->datagrams[7000].size()), 50, 2);
  EXPECT_TRUE(world->shards[0]->datagrams[7002].empty());
  change([](RoomMixer& mixer) { mixer.remove_forward(1); });
  world->run_until(world->now + std::chrono::seconds(1));
  EXPECT_TRUE(world->shards[0]->timers.empty());
}

TEST_F(Mixer, a_forwarder_that_cannot_be_is_told) {
  open({.rate = 48000});
  world->shards[0]->refuse_ports = true;
  change([](RoomMixer& mixer) { mixer.add_forward(forward_to(7000, 9)); });
  EXPECT_EQ(news, std::vector<std::string>{"failed 9"});
}

media::OggOpusFile::Block announcement(int packets, double hz, bool end) {
  auto encoder = AudioEncoder::create({48000, 1}, {.codec = Codec::opus, .bitrate = 48000});
  Tone tone(hz, 48000);
  media::OggOpusFile::Block block;
  block.end = end;
  for (int i = 0; i < packets; ++i) {
    std::array<uint8_t, AudioEncoder::kMaxPayload> bytes;
    size_t size = (*encoder)->encode(tone.next(960), bytes);
    block.pieces.push_back({.bytes = {bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(size)}, .samples = 960});
  }
  return block;
}

TEST_F(Mixer, announcements_are_heard_and_end) {
  open({.rate = 16000});
  Person& anna = join(1);
  change([](RoomMixer& mixer) { mixer.add_announcement(5, std::nullopt); });
  talk(5, {});
  EXPECT_TRUE(news.empty());
  change([](RoomMixer& mixer) { mixer.feed(5, announcement(150, 600, false)); });
  talk(60, {});
  EXPECT_GT(anna.hears(600), 5000);
  // Asked for more while there are two seconds left.
  EXPECT_EQ(news, (std::vector<std::string>{"started 5", "hungry 5"}));
  change([](RoomMixer& mixer) { mixer.feed(5, announcement(20, 600, true)); });
  talk(150, {});
  EXPECT_EQ(news.back(), "ended 5");
  EXPECT_LT(anna.hears(600), 200);
  // Also in a room where nobody is.
  change([](RoomMixer& mixer) {
    mixer.remove_member(1);
    mixer.add_announcement(6, std::nullopt);
    mixer.feed(6, announcement(10, 600, true));
  });
  talk(20, {});
  EXPECT_EQ(news.back(), "ended 6");
  EXPECT_TRUE(world->shards[0]->timers.empty());
}

TEST_F(Mixer, the_recording_has_the_time_somebody_was_there) {
  open({.rate = 8000});
  media::test::FakePluginContext context;
  std::string path = std::filesystem::temp_directory_path() / fmt::format("limen-mix-{}.wav", ::getpid());
  auto file = media::WavFile::open(context, {.path = path, .tmp_extension = "", .rate = 8000});
  ASSERT_TRUE(file);
  change([&file](RoomMixer& mixer) { mixer.record(*file); });
  talk(50, {});
  Person& anna = join(0);
  Tone a(440, 48000);
  talk(50, {{&anna, &a}});
  change([](RoomMixer& mixer) { mixer.remove_member(1); });
  talk(50, {});
  (*file)->close();
  context.run();
  EXPECT_NEAR(static_cast<double>(std::filesystem::file_size(path)), 44 + 50 * 320, 2 * 320);
  std::filesystem::remove(path);
}

TEST_F(Mixer, who_talks_is_told_and_muting_changes_nothing) {
  open({.rate = 16000});
  Person& anna = join(1);
  InputSettings input{.levels = true, .talk_events = true, .talk = {.packets = 10, .average = 40}};
  anna.media->set_input(input);
  Tone a(440, 48000);
  for (int i = 0; i < 25; ++i) anna.say(a, 20);
  EXPECT_EQ(anna.talks, std::vector<bool>{true});
  input.heard = false;
  anna.media->set_input(input);
  for (int i = 0; i < 25; ++i) anna.say(a, 120);
  EXPECT_EQ(anna.talks, std::vector<bool>{true});
  input.heard = true;
  anna.media->set_input(input);
  for (int i = 0; i < 12; ++i) anna.say(a, 20);
  EXPECT_EQ(anna.talks, std::vector<bool>{true});
  for (int i = 0; i < 25; ++i) anna.say(a, 120);
  EXPECT_EQ(anna.talks, (std::vector<bool>{true, false}));
}

TEST_F(Mixer, what_waits_of_somebodys_audio_is_told_once_a_second) {
  open({.rate = 16000});
  Person& anna = join(1);
  Tone a(440, 48000);
  for (int i = 0; i < 6; ++i) anna.say(a);
  talk(10, {{&anna, &a}});
  ASSERT_EQ(anna.backlogs.size(), 1u);
  EXPECT_GE(anna.backlogs.back().packets, 4u);
  talk(60, {});
  ASSERT_EQ(anna.backlogs.size(), 2u);
  EXPECT_EQ(anna.backlogs.back(), Backlog{});
}

TEST_F(Mixer, plain_rtp_goes_both_ways) {
  open({.rate = 16000});
  Person& anna = join(0);
  Person& bert = join(1);
  TestShard& shard = *world->shards[1];
  shard.taken_port = 20000;
  uint16_t port = 0;
  bert.media->open_plain({.low = 20000, .high = 20010, .start = 0},
                         [&](Result<uint16_t> got) { port = got.value_or(0); });
  EXPECT_EQ(port, 20002);  // the first one is taken, odd ones are not tried
  SocketAddress remote{IpAddress::v4(0x0a000001), 9000};
  bert.media->set_plain({.remote = remote, .payload_type = 96, .ssrc = 77});
  Tone a(440, 48000), b(800, 48000);
  auto encoder = AudioEncoder::create({48000, 1}, {.codec = Codec::opus, .bitrate = 48000});
  for (uint16_t i = 0; i < 60; ++i) {
    anna.say(a);
    std::vector<uint8_t> datagram(12 + AudioEncoder::kMaxPayload);
    datagram[0] = 0x80;
    datagram[1] = 96;
    store_u16(&datagram[2], i);
    store_u32(&datagram[8], 4);
    size_t size = (*encoder)->encode(b.next(960), MutableBytes(datagram).subspan(12));
    for (uint32_t ip : {0x0a000001u, 0x0a000002u}) {  // the other one is a stranger
      Packet packet = world->pool.copy(Bytes(datagram).first(12 + size), world->now);
      shard.receivers.begin()->second({IpAddress::v4(ip), 9001}, packet, world->now);
      datagram[1] = 97;
    }
    world->run_until(world->now + kTick);
  }
  EXPECT_GT(anna.hears(800), 5000);
  EXPECT_TRUE(bert.sequences.empty());
  auto& got = shard.datagrams[9000];
  ASSERT_GT(got.size(), 50u);
  EXPECT_EQ(got[0][1], 96);
  EXPECT_EQ(load_u32(&got[0][8]), 77u);
  bert.media->close_plain();
  EXPECT_TRUE(shard.receivers.empty());
  shard.refuse_ports = true;
  bool refused = false;
  bert.media->open_plain({.low = 20000, .high = 20010, .start = 0}, [&](Result<uint16_t> r) { refused = !r; });
  EXPECT_TRUE(refused);
}

}  // namespace
}  // namespace limen::audiobridge
