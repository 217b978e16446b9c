#include "media/mixing/audio_codec.hpp"

#include <opus/opus.h>

#include <algorithm>
#include <array>
#include <vector>

#include "media/mixing/g711.hpp"
#include "media/mixing/resampler.hpp"
#include "wire/codec/opus.hpp"

namespace limen::media {
namespace {

struct OpusFree {
  void operator()(::OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
  void operator()(::OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

class OpusAudioEncoder final : public AudioEncoder {
 public:
  OpusAudioEncoder(::OpusEncoder* encoder, AudioFormat format) : encoder_(encoder), format_(format) {
    // A mix has no use for silence that is left out: receivers would hear holes.
    opus_encoder_ctl(encoder_.get(), OPUS_SET_DTX(0));
  }

  void set(const EncoderSettings& s) override {
    opus_encoder_ctl(encoder_.get(), OPUS_SET_COMPLEXITY(std::clamp(s.complexity, 0, 10)));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_INBAND_FEC(s.fec ? 1 : 0));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_PACKET_LOSS_PERC(std::clamp(s.expected_loss, 0, 100)));
    opus_encoder_ctl(encoder_.get(), OPUS_SET_BITRATE(s.bitrate > 0 ? s.bitrate : OPUS_AUTO));
  }

  size_t encode(std::span<const int16_t> frame, MutableBytes out) override {
    int samples = static_cast<int>(frame.size() / format_.channels);
    opus_int32 room = static_cast<opus_int32>(std::min(out.size(), kMaxPayload));
    opus_int32 size = opus_encode(encoder_.get(), frame.data(), samples, out.data(), room);
    return size > 0 ? static_cast<size_t>(size) : 0;
  }

  void reset() override { opus_encoder_ctl(encoder_.get(), OPUS_RESET_STATE); }

 private:
  std::unique_ptr<::OpusEncoder, OpusFree> encoder_;
  AudioFormat format_;
};

class OpusAudioDecoder final : public AudioDecoder {
 public:
  OpusAudioDecoder(::OpusDecoder* decoder, AudioFormat format) : decoder_(decoder), format_(format) {}

  size_t decode(Bytes payload, std::span<int16_t> out) override {
    if (payload.empty()) return 0;
    return run(payload, out.size() / format_.channels, false, out);
  }

  size_t conceal(size_t samples, Bytes next, std::span<int16_t> out) override {
    // The library wants whole multiples of 2.5 ms.
    size_t step = format_.rate / 400;
    samples = std::min(samples, out.size() / format_.channels) / step * step;
    if (samples == 0) return 0;
    return run(next, samples, !next.empty(), out);
  }

  size_t duration(Bytes payload) const override {
    auto toc = opus::parse_toc(payload);
    return toc ? size_t{toc->samples()} * format_.rate / 48000 : 0;
  }

  void reset() override { opus_decoder_ctl(decoder_.get(), OPUS_RESET_STATE); }

 private:
  size_t run(Bytes payload, size_t samples, bool fec, std::span<int16_t> out) {
    int got = opus_decode(decoder_.get(), payload.empty() ? nullptr : payload.data(),
                          static_cast<opus_int32>(payload.size()), out.data(), static_cast<int>(samples), fec ? 1 : 0);
    return got > 0 ? static_cast<size_t>(got) : 0;
  }

  std::unique_ptr<::OpusDecoder, OpusFree> decoder_;
  AudioFormat format_;
};

constexpr uint32_t kG711Rate = 8000;
constexpr size_t kG711Max = kG711Rate / 1000 * AudioDecoder::kMaxMs;

class G711Encoder final : public AudioEncoder {
 public:
  G711Encoder(AudioFormat format, bool alaw)
      : format_(format), alaw_(alaw), resampler_(Resampler::down(format.rate / kG711Rate)) {}

  void set(const EncoderSettings&) override {}

  size_t encode(std::span<const int16_t> frame, MutableBytes out) override {
    std::span<const int16_t> mono = frame;
    if (format_.channels == 2) {
      mono_.resize(frame.size() / 2);
      for (size_t i = 0; i < mono_.size(); ++i) {
        mono_[i] = static_cast<int16_t>((frame[2 * i] + frame[2 * i + 1]) / 2);
      }
      mono = mono_;
    }
    narrow_.resize(mono.size() / (format_.rate / kG711Rate));
    if (narrow_.size() > out.size()) return 0;
    resampler_.process(mono, narrow_);
    for (size_t i = 0; i < narrow_.size(); ++i) out[i] = alaw_ ? to_alaw(narrow_[i]) : to_ulaw(narrow_[i]);
    return narrow_.size();
  }

  void reset() override { resampler_.reset(); }

 private:
  AudioFormat format_;
  bool alaw_;
  Resampler resampler_;
  std::vector<int16_t> mono_, narrow_;
};

class G711Decoder final : public AudioDecoder {
 public:
  G711Decoder(AudioFormat format, bool alaw)
      : format_(format), alaw_(alaw), resampler_(Resampler::up(format.rate / kG711Rate)) {}

  size_t decode(Bytes payload, std::span<int16_t> out) override {
    size_t samples = duration(payload);
    if (samples == 0 || samples * format_.channels > out.size()) return 0;
    narrow_.resize(payload.size());
    for (size_t i = 0; i < payload.size(); ++i) narrow_[i] = alaw_ ? from_alaw(payload[i]) : from_ulaw(payload[i]);
    if (format_.channels == 1) {
      resampler_.process(narrow_, out.first(samples));
      return samples;
    }
    wide_.resize(samples);
    resampler_.process(narrow_, wide_);
    for (size_t i = 0; i < samples; ++i) out[2 * i] = out[2 * i + 1] = wide_[i];
    return samples;
  }

  size_t conceal(size_t, Bytes, std::span<int16_t>) override { return 0; }

  size_t duration(Bytes payload) const override {
    return payload.size() > kG711Max ? 0 : payload.size() * (format_.rate / kG711Rate);
  }

  void reset() override { resampler_.reset(); }

 private:
  AudioFormat format_;
  bool alaw_;
  Resampler resampler_;
  std::vector<int16_t> narrow_, wide_;
};

bool is_g711(Codec codec) {
  return codec == Codec::pcmu || codec == Codec::pcma;
}

}  // namespace

bool is_mixable(Codec codec, uint32_t rate) {
  constexpr std::array<uint32_t, 5> kRates{8000, 12000, 16000, 24000, 48000};
  if (std::ranges::find(kRates, rate) == kRates.end()) return false;
  return codec == Codec::opus || (is_g711(codec) && rate % kG711Rate == 0);
}

Result<std::unique_ptr<AudioEncoder>> AudioEncoder::create(AudioFormat format, const EncoderSettings& settings) {
  if (!is_mixable(settings.codec, format.rate) || format.channels < 1 || format.channels > 2) {
    return fail("There is no {} encoder for {} Hz", codec_name(settings.codec), format.rate);
  }
  if (is_g711(settings.codec)) return std::make_unique<G711Encoder>(format, settings.codec == Codec::pcma);
  int error = OPUS_OK;
  ::OpusEncoder* raw =
      opus_encoder_create(static_cast<opus_int32>(format.rate), format.channels, OPUS_APPLICATION_VOIP, &error);
  if (raw == nullptr || error != OPUS_OK) return fail("No Opus encoder: {}", opus_strerror(error));
  auto encoder = std::make_unique<OpusAudioEncoder>(raw, format);
  encoder->set(settings);
  return encoder;
}

Result<std::unique_ptr<AudioDecoder>> AudioDecoder::create(AudioFormat format, Codec codec) {
  if (!is_mixable(codec, format.rate) || format.channels < 1 || format.channels > 2) {
    return fail("There is no {} decoder for {} Hz", codec_name(codec), format.rate);
  }
  if (is_g711(codec)) return std::make_unique<G711Decoder>(format, codec == Codec::pcma);
  int error = OPUS_OK;
  ::OpusDecoder* raw = opus_decoder_create(static_cast<opus_int32>(format.rate), format.channels, &error);
  if (raw == nullptr || error != OPUS_OK) return fail("No Opus decoder: {}", opus_strerror(error));
  return std::make_unique<OpusAudioDecoder>(raw, format);
}

}  // namespace limen::media
