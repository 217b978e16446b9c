// What an RTSP server sends on its connection: answers, requests of its own, interleaved media (RFC 2326 sections 6, 7
// and 10.12), out of a stream of bytes.
//
// One thread. Hostile input: everything is bounded; what is no RTSP is an error, after which the connection is of no
// use.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace limen::streaming {

struct RtspMessage {
  int status = 0;      // of an answer: 100..599; 0: a request
  std::string reason;  // of an answer: for people
  std::string method;  // of a request
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // The first header of that name, any case; "" if absent.
  std::string_view header(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
};

class RtspReader {
 public:
  static constexpr size_t kMaxHead = 32 * 1024;
  static constexpr size_t kMaxHeaders = 100;
  static constexpr size_t kMaxBody = 256 * 1024;

  // Called from inside feed(); the bytes are valid until they return.
  std::function<void(RtspMessage)> on_message;
  std::function<void(uint8_t channel, Bytes data)> on_interleaved;

  Result<> feed(Bytes bytes);

 private:
  // How much of `bytes` one item takes; 0: more is needed.
  Result<size_t> take(Bytes bytes);
  Result<size_t> take_message(Bytes bytes);

  std::vector<uint8_t> rest_;
};

// The head of a message without its last empty line; the body is not looked at.
Result<RtspMessage> parse_rtsp_head(std::string_view text);

// Text helpers of this protocol: any case, ASCII.
bool same_word(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);
// Digits only, up to `max`.
std::optional<uint32_t> rtsp_number(std::string_view text, uint32_t max);

}  // namespace limen::streaming
