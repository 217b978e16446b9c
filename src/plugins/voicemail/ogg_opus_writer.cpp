#include "plugins/voicemail/ogg_opus_writer.hpp"

#include <ogg/ogg.h>

#include <string_view>

namespace limen::voicemail {
namespace {

constexpr std::string_view kVendor = "Limen VoiceMail";

void put_le32(std::vector<uint8_t>& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

std::vector<uint8_t> opus_head() {
  std::vector<uint8_t> head{'O', 'p', 'u', 's', 'H', 'e', 'a', 'd', 1, 2, 0, 0};  // version, channels, pre-skip
  put_le32(head, 48000);
  head.insert(head.end(), {0, 0, 0});  // gain, mapping family
  return head;
}

std::vector<uint8_t> opus_tags() {
  std::vector<uint8_t> tags{'O', 'p', 'u', 's', 'T', 'a', 'g', 's'};
  put_le32(tags, kVendor.size());
  tags.insert(tags.end(), kVendor.begin(), kVendor.end());
  put_le32(tags, 0);
  return tags;
}

}  // namespace

struct OggOpusWriter::Ogg {
  ogg_stream_state stream{};
  ~Ogg() { ogg_stream_clear(&stream); }
};

OggOpusWriter::OggOpusWriter(uint32_t serial) : ogg_(std::make_unique<Ogg>()) {
  if (ogg_stream_init(&ogg_->stream, static_cast<int>(serial)) != 0) ogg_.reset();
}

OggOpusWriter::~OggOpusWriter() = default;

void OggOpusWriter::packet_in(Bytes packet, int64_t granule, bool last) {
  ogg_packet one{};
  one.packet = const_cast<unsigned char*>(packet.data());  // libogg copies it
  one.bytes = static_cast<long>(packet.size());
  one.b_o_s = packets_ == 0 ? 1 : 0;
  one.e_o_s = last ? 1 : 0;
  one.granulepos = granule;
  one.packetno = packets_++;
  ogg_stream_packetin(&ogg_->stream, &one);
}

void OggOpusWriter::pages_out(bool all, std::vector<uint8_t>& out) {
  ogg_page page{};
  while ((all ? ogg_stream_flush(&ogg_->stream, &page) : ogg_stream_pageout(&ogg_->stream, &page)) != 0) {
    out.insert(out.end(), page.header, page.header + page.header_len);
    out.insert(out.end(), page.body, page.body + page.body_len);
  }
}

void OggOpusWriter::write_headers(std::vector<uint8_t>& out) {
  packet_in(opus_head(), 0, false);
  pages_out(true, out);
  packet_in(opus_tags(), 0, false);
  pages_out(true, out);
}

void OggOpusWriter::add(Bytes packet, int64_t number, std::vector<uint8_t>& out) {
  if (packet.empty()) return;
  if (!held_.empty()) packet_in(held_, held_granule_, false);
  pages_out(false, out);
  held_.assign(packet.begin(), packet.end());
  held_granule_ = kSamples * (number + 1);
}

void OggOpusWriter::finish(std::vector<uint8_t>& out) {
  if (!held_.empty()) packet_in(held_, held_granule_, true);
  held_.clear();
  pages_out(true, out);
}

}  // namespace limen::voicemail
