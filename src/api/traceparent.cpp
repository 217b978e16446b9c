#include "api/traceparent.hpp"

#include <algorithm>

namespace limen {
namespace {

// "00-" trace id "-" parent id "-" flags
constexpr size_t kTrace = 3, kParent = kTrace + TraceId::kDigits + 1, kFlags = kParent + 16 + 1, kLength = kFlags + 2;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

}  // namespace

TraceId parse_traceparent(std::string_view text) {
  if (text.size() < kLength) return {};
  std::string_view version = text.substr(0, 2), trace = text.substr(kTrace, TraceId::kDigits),
                   parent = text.substr(kParent, 16), flags = text.substr(kFlags, 2);
  if (text[2] != '-' || text[kParent - 1] != '-' || text[kFlags - 1] != '-') return {};
  if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(flags)) return {};
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return {};
  // Later versions may say more behind another dash.
  if (text.size() > kLength && (version == "00" || text[kLength] != '-')) return {};
  return TraceId(trace);
}

}  // namespace limen
