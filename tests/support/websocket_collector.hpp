// WebSocketCollector: the server end of one WebSocket at a time, for tests of clients, without blocking.
//
// pump() moves what can be moved; call it from a bounded wait's condition.
#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace limen::test {

class WebSocketCollector {
 public:
  ~WebSocketCollector() { shut(); }

  void open() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int yes = 1;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(port);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&where), sizeof where) != 0 || ::listen(listener_, 16) != 0) {
      std::abort();
    }
    socklen_t size = sizeof where;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&where), &size);
    port = ntohs(where.sin_port);
  }
  void hang_up() {
    if (client_ >= 0) ::close(client_);
    client_ = -1;
    open_ = false;
    input_.clear();
  }
  void shut() {
    hang_up();
    if (listener_ >= 0) ::close(listener_);
    listener_ = -1;
  }
  std::string url() const { return "ws://127.0.0.1:" + std::to_string(port) + "/events?x=1"; }
  bool connected() const { return open_; }

  void pump() {
    if (client_ < 0 && listener_ >= 0) client_ = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (client_ < 0) return;
    char chunk[65536];
    ssize_t size = 0;
    while ((size = ::recv(client_, chunk, sizeof chunk, 0)) > 0) input_.append(chunk, static_cast<size_t>(size));
    if (!open_) answer_handshake();
    while (open_ && take_frame()) {
    }
    if (size == 0) hang_up();
  }
  void send_text(std::string_view text) {
    std::string frame{static_cast<char>(0x81), static_cast<char>(text.size())};
    frame += text;
    if (::send(client_, frame.data(), frame.size(), MSG_NOSIGNAL) < 0) hang_up();
  }

  uint16_t port = 0;
  std::string request;  // of the last handshake
  std::vector<std::string> messages;
  int handshakes = 0;
  int opcode = 0;
  bool closed_well = false;

 private:
  void answer_handshake() {
    size_t end = input_.find("\r\n\r\n");
    if (end == std::string::npos) return;
    request = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    size_t at = request.find("Sec-WebSocket-Key: ");
    std::string key = request.substr(at + 19, 24) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA1(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
    char text[32] = {};
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text), digest, sizeof digest);
    std::string answer =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Accept: " +
        std::string(text) + "\r\n\r\n";
    open_ = ::send(client_, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
    ++handshakes;
  }
  bool take_frame() {
    if (input_.size() < 2) return false;
    size_t size = static_cast<unsigned char>(input_[1]) & 0x7f;
    size_t header = size == 126 ? 4 : size == 127 ? 10 : 2;
    if (input_.size() < header + 4) return false;
    if (header > 2) {
      size = 0;
      for (size_t i = 2; i < header; ++i) size = size << 8 | static_cast<unsigned char>(input_[i]);
    }
    if (input_.size() < header + 4 + size) return false;
    bool final = (input_[0] & 0x80) != 0;
    int code = input_[0] & 0x0f;
    if (code != 0) opcode = code;
    closed_well = closed_well || code == 8;
    for (size_t i = 0; i < size; ++i) {
      partial_ += static_cast<char>(input_[header + 4 + i] ^ input_[header + i % 4]);
    }
    input_.erase(0, header + 4 + size);
    if (code == 8) {
      hang_up();
      return false;
    }
    if (code >= 8) partial_.clear();
    else if (final) messages.push_back(std::exchange(partial_, {}));
    return true;
  }

  int listener_ = -1, client_ = -1;
  bool open_ = false;
  std::string input_, partial_;
};

}  // namespace limen::test
