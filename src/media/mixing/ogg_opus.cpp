#include "media/mixing/ogg_opus.hpp"

#include <fcntl.h>
#include <ogg/ogg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "wire/codec/opus.hpp"

namespace limen::media {
namespace {

constexpr size_t kChunk = 16 * 1024;
constexpr size_t kMaxHeaderBytes = 1024 * 1024;  // tags may hold pictures
constexpr size_t kMinHead = 19;

}  // namespace

struct OggOpusDemuxer::Ogg {
  Ogg() { ogg_sync_init(&sync); }
  ~Ogg() {
    if (stream_there) ogg_stream_clear(&stream);
    ogg_sync_clear(&sync);
  }
  ogg_sync_state sync{};
  ogg_stream_state stream{};
  bool stream_there = false;
};

OggOpusDemuxer::OggOpusDemuxer() : ogg_(std::make_unique<Ogg>()) {}
OggOpusDemuxer::~OggOpusDemuxer() = default;

bool OggOpusDemuxer::feed(Bytes bytes) {
  if (broken_) return false;
  if (bytes.empty()) return true;
  char* room = ogg_sync_buffer(&ogg_->sync, static_cast<long>(bytes.size()));
  if (room == nullptr) return !(broken_ = true);
  std::memcpy(room, bytes.data(), bytes.size());
  ogg_sync_wrote(&ogg_->sync, static_cast<long>(bytes.size()));
  if (!take_pages()) broken_ = true;
  return !broken_;
}

bool OggOpusDemuxer::take_pages() {
  ogg_page page;
  // Negative: bytes were skipped; the next call may find a page.
  for (int got = ogg_sync_pageout(&ogg_->sync, &page); got != 0; got = ogg_sync_pageout(&ogg_->sync, &page)) {
    if (got < 0) continue;
    if (!has_stream_) {
      if (ogg_page_bos(&page) == 0) continue;
      if (ogg_stream_init(&ogg_->stream, ogg_page_serialno(&page)) != 0) return false;
      ogg_->stream_there = has_stream_ = true;
    }
    if (ogg_page_serialno(&page) != ogg_->stream.serialno) continue;
    if (ogg_stream_pagein(&ogg_->stream, &page) != 0) continue;
    ogg_packet packet;
    for (int more = ogg_stream_packetout(&ogg_->stream, &packet); more != 0;
         more = ogg_stream_packetout(&ogg_->stream, &packet)) {
      if (more < 0) continue;  // a hole
      if (!take_packet({packet.packet, static_cast<size_t>(packet.bytes)})) return false;
    }
  }
  return true;
}

bool OggOpusDemuxer::take_packet(Bytes packet) {
  if (!has_head_) {
    if (packet.size() < kMinHead || as_text(packet.first(8)) != "OpusHead") return false;
    channels_ = packet[9];
    // Only mapping family 0 is one Opus stream.
    if ((packet[8] & 0xf0) != 0 || channels_ < 1 || channels_ > 2 || packet[18] != 0) return false;
    skip_left_ = static_cast<uint32_t>(packet[10] | packet[11] << 8);
    has_head_ = true;
    return true;
  }
  if (!has_tags_) {
    has_tags_ = true;
    return packet.size() >= 8 && as_text(packet.first(8)) == "OpusTags";
  }
  auto toc = opus::parse_toc(packet);
  if (!toc || packet.size() > kMaxPacket) return true;
  OpusPiece piece;
  piece.bytes.assign(packet.begin(), packet.end());
  piece.samples = toc->samples();
  piece.skip = std::min(skip_left_, piece.samples);
  skip_left_ -= piece.skip;
  pieces_.push_back(std::move(piece));
  return true;
}

bool OggOpusDemuxer::next(OpusPiece& piece) {
  if (pieces_.empty()) return false;
  piece = std::move(pieces_.front());
  pieces_.pop_front();
  return true;
}

OggOpusFile::OggOpusFile(int fd) : fd_(fd), demuxer_(std::make_unique<OggOpusDemuxer>()) {}

OggOpusFile::~OggOpusFile() {
  ::close(fd_);
}

Result<std::unique_ptr<OggOpusFile>> OggOpusFile::open(const std::string& path) {
  if (path.find('\0') != std::string::npos) return fail("'{}' is no file name", path);
  // Not blocking: a pipe without a writer would never be open.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail("cannot open '{}': {}", path, std::strerror(errno));
  std::unique_ptr<OggOpusFile> file(new OggOpusFile(fd));
  struct stat facts{};
  if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) return fail("'{}' is no file", path);
  for (size_t read = 0; read < kMaxHeaderBytes && !file->demuxer_->has_head(); read += kChunk) {
    if (!file->fill()) break;
  }
  if (!file->demuxer_->has_head()) return fail("'{}' is no Ogg Opus file", path);
  return file;
}

bool OggOpusFile::fill() {
  uint8_t chunk[kChunk];
  ssize_t got = 0;
  do got = ::read(fd_, chunk, sizeof chunk);
  while (got < 0 && errno == EINTR);
  return got > 0 && demuxer_->feed({chunk, static_cast<size_t>(got)});
}

OggOpusFile::Block OggOpusFile::read(uint32_t samples, bool loop) {
  Block block;
  uint64_t have = 0;
  bool fresh = false;  // just begun again: a file without audio must not be read for ever
  while (have < samples) {
    OpusPiece piece;
    if (demuxer_->next(piece)) {
      have += piece.samples;
      fresh = false;
      block.pieces.push_back(std::move(piece));
      continue;
    }
    if (fill()) continue;
    if (!loop || fresh || ::lseek(fd_, 0, SEEK_SET) != 0) {
      block.end = true;
      break;
    }
    fresh = true;
    demuxer_ = std::make_unique<OggOpusDemuxer>();
  }
  return block;
}

}  // namespace limen::media
