// WebSocketTestClient: frames by hand on a RawClient, so that tests can send what no library would.
#pragma once
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/raw_client.hpp"

namespace limen::test {

class WebSocketTestClient {
 public:
  explicit WebSocketTestClient(RawClient client) : raw(std::move(client)) {}

  void handshake(std::string_view subprotocol = "janus-protocol", std::string_view more_headers = "") {
    std::string request =
        "GET /any/path HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    if (!subprotocol.empty()) request += "Sec-WebSocket-Protocol: " + std::string(subprotocol) + "\r\n";
    raw.send(request + std::string(more_headers) + "\r\n");
  }

  void send_frame(int opcode, std::string_view payload, bool final = true) {
    std::string frame;
    frame += static_cast<char>((final ? 0x80 : 0) | opcode);
    if (payload.size() < 126) {
      frame += static_cast<char>(0x80 | payload.size());
    } else {
      int bytes = payload.size() < 65536 ? 2 : 8;
      frame += static_cast<char>(0x80 | (bytes == 2 ? 126 : 127));
      for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>(payload.size() >> (8 * i));
    }
    const char mask[4] = {1, 2, 3, 4};
    frame.append(mask, 4);
    for (size_t i = 0; i < payload.size(); ++i) frame += static_cast<char>(payload[i] ^ mask[i % 4]);
    raw.send(frame);
  }
  void send_text(std::string_view text) { send_frame(1, text); }

  void pump() {
    raw.pump();
    if (!open_) {
      size_t end = raw.input.find("\r\n\r\n");
      if (end == std::string::npos) return;
      answer = raw.input.substr(0, end + 4);
      raw.input.erase(0, end + 4);
      open_ = true;
    }
    while (answer.starts_with("HTTP/1.1 101") && take_frame()) {
    }
  }
  bool opened() {
    pump();
    return answer.starts_with("HTTP/1.1 101");
  }
  bool got_message() {
    pump();
    return !messages.empty();
  }
  std::string take_message() {
    std::string message = messages.front();
    messages.pop_front();
    return message;
  }

  RawClient raw;
  std::string answer;  // status line and headers
  std::deque<std::string> messages;
  std::vector<size_t> fragment_sizes;
  int pings = 0;
  int close_code = 0;

 private:
  bool take_frame() {
    const std::string& in = raw.input;
    if (in.size() < 2) return false;
    size_t size = static_cast<unsigned char>(in[1]) & 0x7f;
    size_t header = size == 126 ? 4 : size == 127 ? 10 : 2;
    if (in.size() < header) return false;
    if (header > 2) {
      size = 0;
      for (size_t i = 2; i < header; ++i) size = size << 8 | static_cast<unsigned char>(in[i]);
    }
    if (in.size() < header + size) return false;
    bool final = (in[0] & 0x80) != 0;
    int opcode = in[0] & 0x0f;
    std::string payload = in.substr(header, size);
    raw.input.erase(0, header + size);
    on_frame(opcode, final, payload);
    return true;
  }
  void on_frame(int opcode, bool final, const std::string& payload) {
    if (opcode == 9) ++pings;
    if (opcode == 8 && payload.size() >= 2) {
      close_code = static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
    }
    if (opcode > 2) return;
    fragment_sizes.push_back(payload.size());
    partial_ += payload;
    if (final) messages.push_back(std::exchange(partial_, {}));
  }

  bool open_ = false;
  std::string partial_;
};

}  // namespace limen::test
