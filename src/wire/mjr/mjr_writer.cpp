#include "wire/mjr/mjr_writer.hpp"

namespace limen::mjr {

namespace {

void append(Bytes bytes, std::vector<uint8_t>& out) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_u16(size_t value, std::vector<uint8_t>& out) {
  uint8_t raw[2];
  store_u16(raw, static_cast<uint16_t>(value));
  append(raw, out);
}

bool append_frame(uint32_t ms, Bytes first, Bytes second, std::vector<uint8_t>& out) {
  if (first.size() + second.size() > kMaxFrame) return false;
  append(as_bytes("MEET"), out);
  uint8_t time[4];
  store_u32(time, ms);
  append(time, out);
  append_u16(first.size() + second.size(), out);
  append(first, out);
  append(second, out);
  return true;
}

}  // namespace

void append_magic(std::vector<uint8_t>& out) {
  append(as_bytes(kMagic), out);
}

bool append_header(const Header& header, std::vector<uint8_t>& out) {
  std::string json = write_header_json(header);
  if (json.size() > 0xffff) return false;
  append_u16(json.size(), out);
  append(as_bytes(json), out);
  return true;
}

bool append_rtp_frame(uint32_t ms, Bytes header, Bytes payload, std::vector<uint8_t>& out) {
  return append_frame(ms, header, payload, out);
}

bool append_data_frame(uint32_t ms, WallTime at, Bytes message, std::vector<uint8_t>& out) {
  uint8_t prefix[8];
  store_u64(prefix, static_cast<uint64_t>(at.us));
  return append_frame(ms, prefix, message, out);
}

}  // namespace limen::mjr
