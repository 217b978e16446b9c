// TraceId: which trace (W3C Trace Context) something is done for, so that log lines and events of one request can be
// found beside those of other services. And the trace that the calling thread works for now.
//
// Values; the current trace is the thread's own.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

namespace limen {

class TraceId {
 public:
  static constexpr size_t kDigits = 32;

  TraceId() = default;  // none
  // `digits`: kDigits lower-case hexadecimal digits.
  explicit TraceId(std::string_view digits) { std::ranges::copy(digits.substr(0, kDigits), digits_.begin()); }

  explicit operator bool() const { return digits_[0] != '\0'; }
  std::string_view text() const { return *this ? std::string_view(digits_.data(), kDigits) : std::string_view(); }
  friend bool operator==(const TraceId&, const TraceId&) = default;

 private:
  std::array<char, kDigits> digits_{};
};

namespace log {

inline thread_local TraceId current_trace;

// What is logged and told while it lives belongs to `trace`; none leaves what there is.
class TraceScope {
 public:
  explicit TraceScope(const TraceId& trace) : before_(current_trace) {
    if (trace) current_trace = trace;
  }
  ~TraceScope() { current_trace = before_; }
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  TraceId before_;
};

}  // namespace log
}  // namespace limen
