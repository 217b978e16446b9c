#include "wire/mdns/mdns_message.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace limen::wire {
namespace {

constexpr size_t kHeader = 12;
constexpr size_t kMaxName = 253;
constexpr size_t kMaxLabel = 63;
constexpr int kMaxRecords = 64;
constexpr auto kTypeA = static_cast<uint16_t>(MdnsType::a);
constexpr auto kTypeAaaa = static_cast<uint16_t>(MdnsType::aaaa);
constexpr uint16_t kClassIn = 1;
constexpr uint16_t kResponse = 0x8000, kOpcodeAndCode = 0x780f;
constexpr uint16_t kCacheFlush = 0x8000;  // of a record's class

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

void put_u16(std::vector<uint8_t>& out, uint16_t value) {
  out.push_back(static_cast<uint8_t>(value >> 8));
  out.push_back(static_cast<uint8_t>(value));
}

void put_name(std::vector<uint8_t>& out, std::string_view name) {
  while (!name.empty()) {
    std::string_view label = name.substr(0, name.find('.'));
    name.remove_prefix(std::min(name.size(), label.size() + 1));
    out.push_back(static_cast<uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
  }
  out.push_back(0);
}

class Reader {
 public:
  explicit Reader(Bytes message) : message_(message) {}
  bool skip(size_t size) {
    if (size > message_.size() - at_) return false;
    at_ += size;
    return true;
  }
  std::optional<uint16_t> u16() {
    if (!skip(2)) return std::nullopt;
    return load_u16(message_.data() + at_ - 2);
  }
  std::optional<Bytes> bytes(size_t size) {
    if (!skip(size)) return std::nullopt;
    return message_.subspan(at_ - size, size);
  }
  std::optional<std::string> name();

 private:
  Bytes message_;
  size_t at_ = 0;
};

// Pointers have to lead to something earlier than what they end, so that there is an end.
std::optional<std::string> Reader::name() {
  std::string text;
  size_t at = at_;
  size_t limit = at_;  // where the next pointer must lead before
  bool jumped = false;
  for (;;) {
    if (at >= message_.size()) return std::nullopt;
    size_t size = message_[at];
    if ((size & 0xc0) == 0xc0) {
      if (at + 1 >= message_.size()) return std::nullopt;
      size_t target = (size & 0x3f) << 8 | message_[at + 1];
      if (target >= limit) return std::nullopt;
      if (!jumped) at_ = at + 2;
      jumped = true;
      at = limit = target;
      continue;
    }
    if (size > kMaxLabel || at + 1 + size > message_.size()) return std::nullopt;
    if (size == 0) break;
    if (!text.empty()) text += '.';
    if (text.size() + size > kMaxName) return std::nullopt;
    for (size_t i = 1; i <= size; ++i) text += lower(static_cast<char>(message_[at + i]));
    at += 1 + size;
  }
  if (!jumped) at_ = at + 1;
  return text;
}

struct Record {
  std::string name;
  uint16_t type = 0;
  uint16_t cls = 0;
  Bytes data;
};

std::optional<Record> read_record(Reader& reader) {
  auto name = reader.name();
  if (!name) return std::nullopt;
  auto type = reader.u16();
  auto cls = reader.u16();
  if (!type || !cls || !reader.skip(4)) return std::nullopt;  // how long it may be kept does not matter here
  auto size = reader.u16();
  auto data = size ? reader.bytes(*size) : std::nullopt;
  if (!data) return std::nullopt;
  return Record{std::move(*name), *type, *cls, *data};
}

std::optional<IpAddress> address_of(const Record& record) {
  if ((record.cls & ~kCacheFlush) != kClassIn) return std::nullopt;
  if (record.type == kTypeA && record.data.size() == 4) return IpAddress::v4(record.data.first<4>());
  if (record.type == kTypeAaaa && record.data.size() == 16) return IpAddress::v6(record.data.first<16>());
  return std::nullopt;
}

}  // namespace

bool is_mdns_name(std::string_view name) {
  constexpr std::string_view kSuffix = ".local";
  if (name.size() <= kSuffix.size() || name.size() > kMaxName) return false;
  std::string_view suffix = name.substr(name.size() - kSuffix.size());
  if (!std::equal(suffix.begin(), suffix.end(), kSuffix.begin(), [](char a, char b) { return lower(a) == b; })) {
    return false;
  }
  size_t label = 0;
  for (char c : name) {
    label = c == '.' ? 0 : label + 1;
    if (label > kMaxLabel || static_cast<unsigned char>(c) <= ' ') return false;
  }
  return name.front() != '.' && name.find("..") == std::string_view::npos;
}

std::vector<uint8_t> write_mdns_query(std::string_view name, MdnsType type) {
  if (!is_mdns_name(name)) return {};
  std::vector<uint8_t> out(kHeader);
  store_u16(out.data() + 4, 1);
  put_name(out, name);
  put_u16(out, static_cast<uint16_t>(type));
  put_u16(out, kClassIn);
  return out;
}

std::vector<MdnsAnswer> parse_mdns_response(Bytes message) {
  std::vector<MdnsAnswer> answers;
  Reader reader(message);
  std::array<uint16_t, kHeader / 2> header{};
  for (uint16_t& word : header) {
    auto value = reader.u16();
    if (!value) return answers;
    word = *value;
  }
  if ((header[1] & kResponse) == 0 || (header[1] & kOpcodeAndCode) != 0) return answers;
  int records = header[3] + header[4] + header[5];
  if (header[2] > kMaxRecords) return answers;
  for (int i = 0; i < header[2]; ++i) {
    if (!reader.name() || !reader.skip(4)) return answers;
  }
  for (int i = 0; i < std::min(records, kMaxRecords); ++i) {
    auto record = read_record(reader);
    if (!record) return answers;
    if (auto address = address_of(*record)) answers.push_back({std::move(record->name), *address});
  }
  return answers;
}

}  // namespace limen::wire
