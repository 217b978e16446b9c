#include "wire/rtcp/rtcp_writer.hpp"

#include <algorithm>
#include <bit>

#include "wire/rtcp/transport_feedback.hpp"

namespace limen::rtcp {

namespace {

constexpr uint32_t kRembName = 0x52454d42;  // "REMB"

void begin(ByteWriter& out, PacketType type, size_t count) {
  out.u8(static_cast<uint8_t>(0x80 | (count & 0x1f)));
  out.u8(static_cast<uint8_t>(type));
  out.u16(0);  // set by commit()
}

void pad_to_word(ByteWriter& out) {
  out.zeros((4 - out.size() % 4) % 4);
}

void write_blocks(ByteWriter& out, std::span<const ReportBlock> blocks) {
  for (const ReportBlock& block : blocks.first(std::min(blocks.size(), kMaxCount))) {
    out.u32(block.ssrc);
    out.u8(block.fraction_lost);
    out.u24(static_cast<uint32_t>(std::clamp(block.packets_lost, -0x800000, 0x7fffff)) & 0xffffff);
    out.u32(block.highest_sequence);
    out.u32(block.jitter);
    out.u32(block.last_sr);
    out.u32(block.delay_since_last_sr);
  }
}

}  // namespace

bool CompoundWriter::commit(const ByteWriter& packet) {
  if (!packet.ok() || packet.size() % 4 != 0 || packet.size() > 0x40000) return false;
  store_u16(&out_[size_ + 2], static_cast<uint16_t>(packet.size() / 4 - 1));
  size_ += packet.size();
  return true;
}

bool CompoundWriter::add(const SenderReport& report) {
  ByteWriter out(room());
  begin(out, PacketType::sender_report, std::min(report.blocks.size(), kMaxCount));
  out.u32(report.ssrc);
  out.u64(report.ntp);
  out.u32(report.rtp_timestamp);
  out.u32(report.packet_count);
  out.u32(report.octet_count);
  write_blocks(out, report.blocks);
  return commit(out);
}

bool CompoundWriter::add(const ReceiverReport& report) {
  ByteWriter out(room());
  begin(out, PacketType::receiver_report, std::min(report.blocks.size(), kMaxCount));
  out.u32(report.ssrc);
  write_blocks(out, report.blocks);
  return commit(out);
}

bool CompoundWriter::add(const SourceDescription& description) {
  ByteWriter out(room());
  size_t count = std::min(description.chunks.size(), kMaxCount);
  begin(out, PacketType::source_description, count);
  for (size_t i = 0; i < count; ++i) {
    const auto& chunk = description.chunks[i];
    out.u32(chunk.ssrc);
    if (!chunk.cname.empty()) {
      std::string_view cname = std::string_view(chunk.cname).substr(0, 255);
      out.u8(1);
      out.u8(static_cast<uint8_t>(cname.size()));
      out.bytes(as_bytes(cname));
    }
    out.u8(0);
    pad_to_word(out);
  }
  return commit(out);
}

bool CompoundWriter::add(const Goodbye& bye) {
  ByteWriter out(room());
  size_t count = std::min(bye.ssrcs.size(), kMaxCount);
  begin(out, PacketType::goodbye, count);
  for (size_t i = 0; i < count; ++i) out.u32(bye.ssrcs[i]);
  if (!bye.reason.empty()) {
    std::string_view reason = std::string_view(bye.reason).substr(0, 255);
    out.u8(static_cast<uint8_t>(reason.size()));
    out.bytes(as_bytes(reason));
    pad_to_word(out);
  }
  return commit(out);
}

bool CompoundWriter::add(const ApplicationDefined& app) {
  ByteWriter out(room());
  begin(out, PacketType::application, app.subtype);
  out.u32(app.ssrc);
  out.bytes(as_bytes({app.name.data(), app.name.size()}));
  out.bytes(app.data);
  return commit(out);
}

bool CompoundWriter::add(const Nack& nack) {
  if (nack.sequences.empty()) return false;
  ByteWriter out(room());
  begin(out, PacketType::transport_feedback, 1);
  out.u32(nack.sender_ssrc);
  out.u32(nack.media_ssrc);
  for (size_t i = 0; i < nack.sequences.size();) {
    uint16_t first = nack.sequences[i++];
    uint16_t following = 0;
    for (; i < nack.sequences.size(); ++i) {
      auto distance = static_cast<uint16_t>(nack.sequences[i] - first);
      if (distance > 16) break;
      if (distance > 0) following = static_cast<uint16_t>(following | 1 << (distance - 1));
    }
    out.u16(first);
    out.u16(following);
  }
  return commit(out);
}

bool CompoundWriter::add(const PictureLoss& pli) {
  ByteWriter out(room());
  begin(out, PacketType::payload_feedback, 1);
  out.u32(pli.sender_ssrc);
  out.u32(pli.media_ssrc);
  return commit(out);
}

bool CompoundWriter::add(const FullIntraRequest& fir) {
  ByteWriter out(room());
  begin(out, PacketType::payload_feedback, 4);
  out.u32(fir.sender_ssrc);
  out.u32(0);  // unused (RFC 5104 section 4.3.1.2)
  for (const auto& entry : fir.entries) {
    out.u32(entry.ssrc);
    out.u8(entry.command);
    out.u24(0);
  }
  return commit(out);
}

bool CompoundWriter::add(const ReceiverEstimate& remb) {
  ByteWriter out(room());
  size_t count = std::min<size_t>(remb.ssrcs.size(), 255);
  auto exponent = static_cast<unsigned>(std::max(0, static_cast<int>(std::bit_width(remb.bps)) - 18));
  begin(out, PacketType::payload_feedback, 15);
  out.u32(remb.sender_ssrc);
  out.u32(0);
  out.u32(kRembName);
  out.u8(static_cast<uint8_t>(count));
  out.u24(exponent << 18 | static_cast<uint32_t>(remb.bps >> exponent));
  for (size_t i = 0; i < count; ++i) out.u32(remb.ssrcs[i]);
  return commit(out);
}

bool CompoundWriter::add(const TransportFeedback& feedback) {
  ByteWriter out(room());
  begin(out, PacketType::transport_feedback, 15);
  out.u32(feedback.sender_ssrc);
  out.u32(feedback.media_ssrc);
  write_transport_feedback_body(feedback, out);
  if (size_t padding = (4 - out.size() % 4) % 4; padding != 0 && out.ok()) {
    out_[size_] |= 0x20;
    out.zeros(padding - 1);
    out.u8(static_cast<uint8_t>(padding));
  }
  return commit(out);
}

bool CompoundWriter::add(const ExtendedReport& report) {
  ByteWriter out(room());
  begin(out, PacketType::extended_report, 0);
  out.u32(report.ssrc);
  if (report.receiver_ntp != 0) {
    out.u32(0x04000002);
    out.u64(report.receiver_ntp);
  }
  if (!report.last_received.empty()) {
    out.u16(0x0500);
    size_t count = std::min(report.last_received.size(), kMaxCount);
    out.u16(static_cast<uint16_t>(count * 3));
    for (const auto& received : std::span(report.last_received).first(count)) {
      out.u32(received.ssrc);
      out.u32(received.last_rr);
      out.u32(received.delay_since_last_rr);
    }
  }
  return commit(out);
}

bool CompoundWriter::add(const Message& message) {
  return std::visit([this](const auto& value) { return add(value); }, message);
}

}  // namespace limen::rtcp
