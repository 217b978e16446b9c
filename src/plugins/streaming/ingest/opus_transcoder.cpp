#include "plugins/streaming/ingest/opus_transcoder.hpp"

#include <opus/opus.h>

#include <algorithm>

#include "plugins/streaming/ingest/libav.hpp"

namespace limen::streaming {

namespace {

constexpr int kChannels = 2;
constexpr int kRate = 48000;
// What waits to be encoded: more is a decoder gone mad.
constexpr size_t kMaxWaiting = static_cast<size_t>(kRate) * kChannels * 5;

struct FreeEncoder {
  void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
};

}  // namespace

struct OpusTranscoder::State {
  libav::Ptr<AVCodecContext> decoder;
  libav::Ptr<AVFrame> frame;
  libav::Ptr<SwrContext> resampler;
  std::unique_ptr<OpusEncoder, FreeEncoder> encoder;
  // What the resampler was made for.
  int format = -1, rate = 0, channels = 0;
  std::vector<int16_t> samples;  // interleaved

  bool prepare_resampler();
  void take_frame();
};

OpusTranscoder::OpusTranscoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
OpusTranscoder::~OpusTranscoder() = default;

Result<std::unique_ptr<OpusTranscoder>> OpusTranscoder::make(const AVCodecParameters& input) {
  auto state = std::make_unique<State>();
  const AVCodec* codec = avcodec_find_decoder(input.codec_id);
  if (codec == nullptr) return fail("there is no decoder for its audio ({})", avcodec_get_name(input.codec_id));
  state->decoder.reset(avcodec_alloc_context3(codec));
  state->frame.reset(av_frame_alloc());
  if (!state->decoder || !state->frame) return fail("no memory for a decoder");
  int status = avcodec_parameters_to_context(state->decoder.get(), &input);
  state->decoder->thread_count = 1;
  if (status >= 0) status = avcodec_open2(state->decoder.get(), codec, nullptr);
  if (status < 0) return fail("its audio can't be decoded: {}", libav::error_text(status));
  int error = OPUS_OK;
  state->encoder.reset(opus_encoder_create(kRate, kChannels, OPUS_APPLICATION_AUDIO, &error));
  if (error != OPUS_OK) return fail("no Opus encoder: {}", opus_strerror(error));
  opus_encoder_ctl(state->encoder.get(), OPUS_SET_BITRATE(kBitrate));
  return std::unique_ptr<OpusTranscoder>(new OpusTranscoder(std::move(state)));
}

bool OpusTranscoder::State::prepare_resampler() {
  int frame_channels = frame->ch_layout.nb_channels;
  if (frame->sample_rate <= 0 || frame_channels <= 0) return false;
  if (resampler && format == frame->format && rate == frame->sample_rate && channels == frame_channels) return true;
  AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;
  AVChannelLayout from{};
  if (av_channel_layout_check(&frame->ch_layout) == 1) av_channel_layout_copy(&from, &frame->ch_layout);
  else av_channel_layout_default(&from, frame_channels);
  SwrContext* made = nullptr;
  int status = swr_alloc_set_opts2(&made, &stereo, AV_SAMPLE_FMT_S16, kRate, &from,
                                   static_cast<AVSampleFormat>(frame->format), frame->sample_rate, 0, nullptr);
  av_channel_layout_uninit(&from);
  resampler.reset(made);
  if (status < 0 || swr_init(resampler.get()) < 0) {
    resampler.reset();
    return false;
  }
  format = frame->format;
  rate = frame->sample_rate;
  channels = frame_channels;
  return true;
}

void OpusTranscoder::State::take_frame() {
  if (!prepare_resampler()) return;
  int room = swr_get_out_samples(resampler.get(), frame->nb_samples);
  if (room <= 0 || samples.size() > kMaxWaiting) return;
  size_t before = samples.size();
  samples.resize(before + static_cast<size_t>(room) * kChannels);
  auto* out = reinterpret_cast<uint8_t*>(samples.data() + before);
  int got =
      swr_convert(resampler.get(), &out, room, const_cast<const uint8_t**>(frame->extended_data), frame->nb_samples);
  samples.resize(before + static_cast<size_t>(std::max(got, 0)) * kChannels);
}

std::vector<OpusTranscoder::Output> OpusTranscoder::transcode(const AVPacket& packet) {
  State& state = *state_;
  std::vector<Output> out;
  // What was left from before plays before this packet begins.
  int64_t delay_us = -static_cast<int64_t>(state.samples.size() / kChannels) * 1'000'000 / kRate;
  if (avcodec_send_packet(state.decoder.get(), &packet) < 0) return out;
  while (avcodec_receive_frame(state.decoder.get(), state.frame.get()) >= 0) state.take_frame();
  constexpr size_t kBlock = static_cast<size_t>(kSamples) * kChannels;
  size_t done = 0;
  for (; state.samples.size() - done >= kBlock; done += kBlock) {
    std::vector<uint8_t> bytes(1275);
    int size = opus_encode(state.encoder.get(), state.samples.data() + done, static_cast<int>(kSamples), bytes.data(),
                           static_cast<opus_int32>(bytes.size()));
    if (size > 0) {
      bytes.resize(static_cast<size_t>(size));
      out.push_back({std::move(bytes), delay_us});
    }
    delay_us += int64_t{kSamples} * 1'000'000 / kRate;
  }
  state.samples.erase(state.samples.begin(), state.samples.begin() + static_cast<ptrdiff_t>(done));
  return out;
}

}  // namespace limen::streaming
