// HTTP/1.1 requests out of bytes, responses into bytes (RFC 9112), apart from any socket.
//
// Any one thread. Beast does the grammar; limits are ours. Malformed input ends the parser with a
// status code to answer; it never throws.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace limen::net {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  // as sent: "GET"
  std::string target;  // as sent: "/janus/1?maxev=2"
  HttpHeaders headers;
  std::string body;
  unsigned version = 11;  // 10 or 11
  bool keep_alive = true;
  bool upgrade = false;  // asks for a WebSocket

  // The first header of that name (any case), or "".
  std::string_view header(std::string_view name) const;
};

struct HttpLimits {
  uint32_t header_bytes = 16 * 1024;
  uint64_t body_bytes = 1024 * 1024;
};

class HttpRequestParser {
 public:
  enum class State : uint8_t { need_more, wants_continue, complete, failed };

  explicit HttpRequestParser(HttpLimits limits);
  ~HttpRequestParser();

  // Takes from the front of `bytes` what it can and says how much; what it leaves must be given
  // again, with more behind it. `wants_continue` is returned once, when the client waits for
  // "100 Continue" before it sends the body.
  size_t feed(std::string_view bytes);
  State state() const { return state_; }
  bool header_done() const;
  int failure_status() const { return failure_status_; }        // 400, 413, 431, 501
  const std::string& failure_text() const { return failure_; }  // for the log
  // The complete request; the parser is then ready for the next one.
  HttpRequest take();

 private:
  struct Beast;
  void fail_with(int status, std::string text);
  HttpLimits limits_;
  std::unique_ptr<Beast> beast_;
  State state_ = State::need_more;
  bool continued_ = false;
  int failure_status_ = 0;
  std::string failure_;
};

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
  bool close = false;  // the connection ends after it
  // The body goes on after `body` until the connection ends (server-sent events).
  bool endless = false;
  // Answers HEAD: only the length of `body` is sent.
  bool head_only = false;
};

// Status line, headers (Date, Content-Length and Connection are added) and body.
std::string to_wire(const HttpResponse& response, WallTime now);
inline constexpr std::string_view kContinueResponse = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace limen::net
