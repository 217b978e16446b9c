#include "plugins/streaming/ingest/audio_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>

#include "plugins/streaming/ingest/ogg_opus.hpp"

namespace limen::streaming {

namespace {

struct CloseFile {
  void operator()(FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

bool ends_with(const std::string& text, std::string_view ending) {
  if (text.size() < ending.size()) return false;
  return std::equal(ending.rbegin(), ending.rend(), text.rbegin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b); });
}

uint64_t ticks_of(Duration length, uint32_t clock_rate) {
  return static_cast<uint64_t>(std::max<int64_t>(length.count(), 0)) * clock_rate / 1'000'000'000;
}

class RawFile final : public AudioFile {
 public:
  explicit RawFile(File file) : file_(std::move(file)) {}

  Result<std::vector<AudioPacket>> read(Duration length) override {
    size_t count = std::max<size_t>(ticks_of(length, 8000) / kPacket, 1);
    std::vector<AudioPacket> packets;
    for (size_t i = 0; i < count; ++i) {
      AudioPacket packet{std::vector<uint8_t>(kPacket), kPacket};
      if (auto filled = fill(packet.bytes); !filled) return std::unexpected(filled.error());
      packets.push_back(std::move(packet));
    }
    return packets;
  }

 private:
  static constexpr uint32_t kPacket = 160;  // 20 ms

  // The packet at the end goes on with the beginning, so that the sound has no gap.
  Result<> fill(std::vector<uint8_t>& out) {
    size_t have = 0;
    bool rewound_without_a_byte = false;
    while (have < out.size()) {
      size_t got = std::fread(out.data() + have, 1, out.size() - have, file_.get());
      have += got;
      if (have == out.size()) break;
      if (std::ferror(file_.get()) != 0) return fail("the file can't be read: {}", std::strerror(errno));
      if (got == 0 && rewound_without_a_byte) return fail("the file is empty");
      rewound_without_a_byte = got == 0;
      std::rewind(file_.get());
    }
    return {};
  }

  File file_;
};

class OpusFile final : public AudioFile {
 public:
  explicit OpusFile(File file) : file_(std::move(file)), demux_(std::make_unique<OggOpusDemux>()) {}

  Result<std::vector<AudioPacket>> read(Duration length) override {
    uint64_t wanted = ticks_of(length, 48000);
    uint64_t have = 0;
    std::vector<AudioPacket> packets;
    while (packets.empty() || have < wanted) {
      if (waiting_.empty()) {
        if (auto more = read_more(); !more) return std::unexpected(more.error());
        continue;
      }
      have += waiting_.front().samples;
      packets.push_back({std::move(waiting_.front().bytes), waiting_.front().samples});
      waiting_.pop_front();
    }
    return packets;
  }

 private:
  Result<> read_more() {
    uint8_t piece[8192];
    size_t got = std::fread(piece, 1, sizeof piece, file_.get());
    if (std::ferror(file_.get()) != 0) return fail("the file can't be read: {}", std::strerror(errno));
    if (got == 0) return begin_again();
    std::vector<OpusPacket> packets;
    if (auto fed = demux_->feed({piece, got}, packets); !fed) return fed;
    packets_in_pass_ += packets.size();
    std::ranges::move(packets, std::back_inserter(waiting_));
    return {};
  }

  Result<> begin_again() {
    if (packets_in_pass_ == 0) {
      if (demux_->recognised()) return fail("there is no audio in the file");
      return fail("the file is no Ogg file with Opus in it");
    }
    packets_in_pass_ = 0;
    demux_ = std::make_unique<OggOpusDemux>();
    std::rewind(file_.get());
    return {};
  }

  File file_;
  std::unique_ptr<OggOpusDemux> demux_;
  std::deque<OpusPacket> waiting_;
  uint64_t packets_in_pass_ = 0;
};

}  // namespace

Codec codec_of_file(const std::string& filename) {
  if (ends_with(filename, ".alaw")) return Codec::pcma;
  if (ends_with(filename, ".mulaw")) return Codec::pcmu;
  if (ends_with(filename, ".opus")) return Codec::opus;
  return Codec::unknown;
}

Result<std::unique_ptr<AudioFile>> AudioFile::open(const std::string& filename) {
  Codec codec = codec_of_file(filename);
  if (codec == Codec::unknown) return fail("only .alaw, .mulaw and .opus files can be streamed");
  File file(std::fopen(filename.c_str(), "rbe"));
  if (!file) return fail("the file can't be opened: {}", std::strerror(errno));
  if (codec == Codec::opus) return std::make_unique<OpusFile>(std::move(file));
  return std::make_unique<RawFile>(std::move(file));
}

}  // namespace limen::streaming
