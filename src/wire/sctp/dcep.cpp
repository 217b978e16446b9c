#include "wire/sctp/dcep.hpp"

namespace limen::sctp {

namespace {
constexpr uint8_t kUnordered = 0x80;
constexpr size_t kOpenHeader = 12;
}  // namespace

std::optional<DcepType> dcep_type(Bytes message) {
  if (message.empty() || message[0] < 1 || message[0] > 3) return std::nullopt;
  return static_cast<DcepType>(message[0]);
}

std::optional<DcepOpen> read_dcep_open(Bytes message) {
  ByteReader in(message);
  DcepOpen open;
  if (in.u8() != static_cast<uint8_t>(DcepType::open)) return std::nullopt;
  uint8_t type = in.u8();
  open.unordered = (type & kUnordered) != 0;
  open.priority = in.u16();
  open.limit = in.u32();
  size_t label = in.u16();
  size_t protocol = in.u16();
  open.label = as_text(in.bytes(label));
  open.protocol = as_text(in.bytes(protocol));
  uint8_t reliability = type & 0x7f;
  if (!in.ok() || reliability > 2) return std::nullopt;
  open.reliability = static_cast<Reliability>(reliability);
  return open;
}

std::vector<uint8_t> write_dcep_open(const DcepOpen& open) {
  std::string_view label = open.label.substr(0, 0xffff);
  std::string_view protocol = open.protocol.substr(0, 0xffff);
  std::vector<uint8_t> bytes(kOpenHeader + label.size() + protocol.size());
  ByteWriter out(bytes);
  out.u8(static_cast<uint8_t>(DcepType::open));
  out.u8(static_cast<uint8_t>(static_cast<uint8_t>(open.reliability) | (open.unordered ? kUnordered : 0)));
  out.u16(open.priority);
  out.u32(open.limit);
  out.u16(static_cast<uint16_t>(label.size()));
  out.u16(static_cast<uint16_t>(protocol.size()));
  out.bytes(as_bytes(label));
  out.bytes(as_bytes(protocol));
  return bytes;
}

}  // namespace limen::sctp
