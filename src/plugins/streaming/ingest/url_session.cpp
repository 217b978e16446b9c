#include "plugins/streaming/ingest/url_session.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "plugins/streaming/ingest/libav.hpp"
#include "plugins/streaming/ingest/opus_transcoder.hpp"
#include "wire/codec/nal_units.hpp"
#include "wire/codec/opus.hpp"
#include "wire/codec/packetizer.hpp"

namespace limen::streaming {

namespace {

constexpr std::string_view kTag = "[streaming]";
constexpr Duration kLongestSilence = std::chrono::seconds(10);
constexpr int64_t kTooLate = 1'000'000;  // us behind real time: the clock is set anew
constexpr AVRational kMicroseconds{1, 1'000'000};

struct CodecChoice {
  AVCodecID id;
  Codec codec;
  uint8_t payload_type;
};
constexpr CodecChoice kVideoCodecs[] = {
    {AV_CODEC_ID_VP8, Codec::vp8, 96},  {AV_CODEC_ID_VP9, Codec::vp9, 98},    {AV_CODEC_ID_H264, Codec::h264, 102},
    {AV_CODEC_ID_AV1, Codec::av1, 104}, {AV_CODEC_ID_HEVC, Codec::h265, 106},
};
constexpr uint8_t kOpusPayloadType = 111;

Bytes codec_data(const AVCodecParameters& parameters) {
  if (parameters.extradata == nullptr || parameters.extradata_size <= 0) return {};
  return {parameters.extradata, static_cast<size_t>(parameters.extradata_size)};
}

std::string video_fmtp(Codec codec, const AVCodecParameters& parameters) {
  if (codec == Codec::h264) {
    DecoderSetup setup = read_h264_setup(codec_data(parameters));
    std::string fmtp = "level-asymmetry-allowed=1;packetization-mode=1";
    for (const auto& unit : setup.parameters) {
      bool sps = unit.size() >= 4 && (unit[0] & 0x1f) == 7;
      if (sps) return fmt::format("{};profile-level-id={:02x}{:02x}{:02x}", fmtp, unit[1], unit[2], unit[3]);
    }
    return fmtp;
  }
  if (codec == Codec::h265 && parameters.profile > 0 && parameters.level > 0) {
    return fmt::format("level-id={};profile-id={};tier-flag=0;tx-mode=SRST", parameters.level, parameters.profile);
  }
  if (codec == Codec::vp9) return fmt::format("profile-id={}", std::clamp(parameters.profile, 0, 3));
  return "";
}

}  // namespace

struct UrlSession::Medium {
  int stream = 0;
  size_t index = 0;  // in the list of formats
  AVRational time_base{};
  SourceFormat format;
  std::unique_ptr<Packetizer> packetizer;      // video
  std::unique_ptr<OpusTranscoder> transcoder;  // audio that is no Opus
  AudioClock clock{48000};
  std::vector<uint8_t> codec_data;
};

struct UrlSession::Input {
  libav::Ptr<AVFormatContext> context;
};

UrlSession::UrlSession(const UrlSpec& spec, const UrlPolicy& policy, Timeline& timeline, SourceSink& sink,
                       StopSignal& signal)
    : spec_(spec),
      policy_(policy),
      timeline_(timeline),
      sink_(sink),
      signal_(signal),
      input_(std::make_unique<Input>()) {}

UrlSession::~UrlSession() = default;

int UrlSession::interrupted(void* self) {
  const auto* session = static_cast<const UrlSession*>(self);
  return session->signal_.stopped() || SourceThread::now() >= session->deadline_ ? 1 : 0;
}

UrlEnd UrlSession::run() {
  if (auto opened = open(); !opened) return {.reason = opened.error().text};
  if (auto chosen = choose_media(); !chosen) return {.reason = chosen.error().text};
  std::vector<SourceFormat> formats;
  for (const auto& medium : media_) formats.push_back(medium->format);
  if (signal_.stopped()) return {.reason = "stopped"};
  connected_ = true;
  sink_.on_formats(std::move(formats));
  sink_.on_state(SourceState::connected, "");
  timeline_.begin_again();
  return read();
}

Result<> UrlSession::open() {
  AVFormatContext* context = avformat_alloc_context();
  if (context == nullptr) return fail("no memory for the media library");
  context->interrupt_callback = {&UrlSession::interrupted, this};
  if (!policy_.paced) context->flags |= AVFMT_FLAG_NOBUFFER;
  AVDictionary* options = nullptr;
  av_dict_set(&options, "protocol_whitelist", policy_.protocols.c_str(), 0);
  av_dict_set(&options, "format_whitelist", kContainers, 0);
  av_dict_set(&options, "analyzeduration", "3000000", 0);
  // The frame rate is nobody's business here: without it streams are known sooner.
  av_dict_set(&options, "fpsprobesize", "0", 0);
  av_dict_set(&options, "max_streams", "64", 0);
  for (const auto& [name, value] : policy_.options) av_dict_set(&options, name.c_str(), value.c_str(), 0);
  deadline_ = spec_.listen ? kNever : SourceThread::now() + spec_.open_timeout;
  int status = avformat_open_input(&context, policy_.url.c_str(), nullptr, &options);
  av_dict_free(&options);
  if (status < 0) {  // the context has been freed
    if (SourceThread::now() >= deadline_) return fail("it could not be opened in time");
    return fail("it can't be opened: {}", libav::error_text(status));
  }
  input_->context.reset(context);
  deadline_ = SourceThread::now() + spec_.open_timeout + kLongestSilence;
  status = avformat_find_stream_info(context, nullptr);
  if (status < 0) return fail("its media can't be recognised: {}", libav::error_text(status));
  return {};
}

Result<> UrlSession::choose_media() {
  AVFormatContext* context = input_->context.get();
  Error why{"it has neither audio nor video of what is wanted"};
  for (auto [wanted, type] : {std::pair(spec_.audio, AVMEDIA_TYPE_AUDIO), std::pair(spec_.video, AVMEDIA_TYPE_VIDEO)}) {
    int best = wanted ? av_find_best_stream(context, type, -1, -1, nullptr, 0) : -1;
    for (unsigned i = 0; i < context->nb_streams; ++i)
      context->streams[i]->discard = context->streams[i]->codecpar->codec_type == type && static_cast<int>(i) != best
                                         ? AVDISCARD_ALL
                                         : context->streams[i]->discard;
    if (best < 0) continue;
    AVStream& stream = *context->streams[best];
    auto added = type == AVMEDIA_TYPE_AUDIO ? add_audio(stream) : add_video(stream);
    if (added) continue;
    stream.discard = AVDISCARD_ALL;
    log::warning(kTag, "{}: {}", policy_.shown, added.error().text);
    why = added.error();
  }
  if (media_.empty()) return std::unexpected(std::move(why));
  return {};
}

Result<> UrlSession::add_video(AVStream& stream) {
  const AVCodecParameters& parameters = *stream.codecpar;
  const auto* choice = std::ranges::find(kVideoCodecs, parameters.codec_id, &CodecChoice::id);
  if (choice == std::end(kVideoCodecs)) {
    return fail("browsers can't play its video ({})", avcodec_get_name(parameters.codec_id));
  }
  auto medium = std::make_unique<Medium>();
  medium->stream = stream.index;
  medium->index = media_.size();
  medium->time_base = stream.time_base;
  medium->format = {MediaKind::video, choice->codec, choice->payload_type, video_fmtp(choice->codec, parameters)};
  medium->packetizer = Packetizer::make(choice->codec, codec_data(parameters));
  media_.push_back(std::move(medium));
  return {};
}

Result<> UrlSession::add_audio(AVStream& stream) {
  const AVCodecParameters& parameters = *stream.codecpar;
  auto medium = std::make_unique<Medium>();
  medium->stream = stream.index;
  medium->index = media_.size();
  medium->time_base = stream.time_base;
  medium->format = {MediaKind::audio, Codec::opus, kOpusPayloadType, "sprop-stereo=1;stereo=1"};
  if (parameters.codec_id != AV_CODEC_ID_OPUS || parameters.ch_layout.nb_channels > 2) {
    auto transcoder = OpusTranscoder::make(parameters);
    if (!transcoder) return std::unexpected(transcoder.error());
    medium->transcoder = std::move(*transcoder);
  }
  media_.push_back(std::move(medium));
  return {};
}

UrlEnd UrlSession::read() {
  libav::Ptr<AVPacket> packet(av_packet_alloc());
  if (!packet) return {.reason = "no memory for packets"};
  while (!signal_.stopped()) {
    deadline_ = SourceThread::now() + kLongestSilence;
    int status = av_read_frame(input_->context.get(), packet.get());
    if (status >= 0) {
      take(*packet);
      av_packet_unref(packet.get());
      continue;
    }
    if (status == AVERROR(EAGAIN)) {
      signal_.wait(std::chrono::milliseconds(5));
      continue;
    }
    if (SourceThread::now() >= deadline_) return {.reason = "nothing comes from it any more"};
    if (status != AVERROR_EOF) {
      return {.reason = fmt::format("{}: {}", policy_.paced ? "reading failed" : "the encoder has gone",
                                    libav::error_text(status))};
    }
    if (spec_.loop && taken_in_pass_ != 0) {
      if (begin_again()) continue;
      return {.reason = "its end was reached", .again = true};
    }
    // What has a length was a recording, and it is over.
    bool recording = policy_.paced && (policy_.file || input_->context->duration > 0);
    return {.ended = recording, .reason = recording ? "its end was reached" : "the encoder has gone"};
  }
  return {.reason = "stopped"};
}

bool UrlSession::begin_again() {
  taken_in_pass_ = 0;
  if (avformat_seek_file(input_->context.get(), -1, INT64_MIN, 0, INT64_MAX, 0) < 0) return false;
  timeline_.begin_again();
  return true;
}

void UrlSession::take(const AVPacket& packet) {
  auto it = std::ranges::find_if(media_, [&](const auto& medium) { return medium->stream == packet.stream_index; });
  if (it == media_.end() || packet.size <= 0 || packet.data == nullptr) return;
  Medium& medium = **it;
  int64_t decode = packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
  int64_t shown = packet.pts != AV_NOPTS_VALUE ? packet.pts : decode;
  int64_t us = timeline_.latest();
  int64_t later = 0;
  if (decode != AV_NOPTS_VALUE) {
    int64_t decode_us = av_rescale_q(decode, medium.time_base, kMicroseconds);
    us = timeline_.map(decode_us);
    later = av_rescale_q(shown, medium.time_base, kMicroseconds) - decode_us;
  }
  ++taken_in_pass_;
  if (policy_.paced && !wait_for(us)) return;
  us += std::clamp<int64_t>(later, 0, Timeline::kMaxLeap);
  if (medium.packetizer) take_picture(medium, packet, us);
  else take_audio(medium, packet, us);
  hand_on();
}

// False: stopped.
bool UrlSession::wait_for(int64_t us) {
  Instant now = SourceThread::now();
  Instant due = origin_ + std::chrono::microseconds(us - origin_us_);
  if (!origin_known_ || now - due > std::chrono::microseconds(kTooLate)) {
    origin_known_ = true;
    origin_ = now;
    origin_us_ = us;
    return true;
  }
  while (now < due) {
    if (signal_.wait(due - now)) return false;
    now = SourceThread::now();
  }
  return !signal_.stopped();
}

void UrlSession::take_picture(Medium& medium, const AVPacket& packet, int64_t us) {
  size_t size = 0;
  const uint8_t* fresh = av_packet_get_side_data(&packet, AV_PKT_DATA_NEW_EXTRADATA, &size);
  if (fresh != nullptr && size > 0) medium.packetizer = Packetizer::make(medium.format.codec, {fresh, size});
  auto payloads = medium.packetizer->packetize({packet.data, static_cast<size_t>(packet.size)});
  auto timestamp = static_cast<uint32_t>(us * 9 / 100);
  for (size_t i = 0; i < payloads.size(); ++i) {
    batch_.push_back({.medium = medium.index,
                      .bytes = std::move(payloads[i]),
                      .timestamp = timestamp,
                      .marker = i + 1 == payloads.size()});
  }
}

void UrlSession::take_audio(Medium& medium, const AVPacket& packet, int64_t us) {
  if (medium.transcoder) {
    for (OpusTranscoder::Output& output : medium.transcoder->transcode(packet)) {
      add_audio_packet(medium, std::move(output.bytes), us + output.delay_us, OpusTranscoder::kSamples);
    }
    return;
  }
  Bytes bytes(packet.data, static_cast<size_t>(packet.size));
  auto toc = opus::parse_toc(bytes);
  if (toc && toc->samples() != 0) add_audio_packet(medium, {bytes.begin(), bytes.end()}, us, toc->samples());
}

void UrlSession::add_audio_packet(Medium& medium, std::vector<uint8_t> bytes, int64_t us, uint32_t ticks) {
  bool resumed = false;
  uint32_t timestamp = medium.clock.next(std::max<int64_t>(us, 0), ticks, resumed);
  batch_.push_back({.medium = medium.index, .bytes = std::move(bytes), .timestamp = timestamp, .marker = resumed});
}

void UrlSession::hand_on() {
  if (!batch_.empty()) sink_.on_packets(std::exchange(batch_, {}));
}

}  // namespace limen::streaming
