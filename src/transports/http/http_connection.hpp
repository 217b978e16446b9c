// HttpConnection: one client connection of the HTTP transport: reads requests one after the other,
// gives each to the handler as an HttpExchange, writes the answers in order (RFC 9112).
//
// Control thread. Kept alive by its pending socket operations; its owner holds it to close it. A
// request being answered is the only one: pipelined ones stay in the buffer, which is bounded, and so
// is every wait (see the k* times). A client that goes away during a long poll is noticed.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <string>

#include "base/executor.hpp"
#include "transports/http/http_exchange.hpp"
#include "transports/net/byte_stream.hpp"
#include "transports/net/http_message.hpp"

namespace limen::http {

class HttpConnection : public std::enable_shared_from_this<HttpConnection> {
 public:
  static constexpr Duration kHandshakeTime = std::chrono::seconds(10);
  static constexpr Duration kIdleTime = std::chrono::seconds(120);    // between requests
  static constexpr Duration kHeaderTime = std::chrono::seconds(20);   // from a request's first byte
  static constexpr Duration kRequestTime = std::chrono::seconds(60);  // the same, with the body
  static constexpr Duration kWriteTime = std::chrono::seconds(60);    // without any progress
  static constexpr Duration kLingerTime = std::chrono::seconds(2);    // for the client to read our last words
  static constexpr size_t kMostUnread = 64 * 1024;
  static constexpr size_t kMostPushed = 64 * 1024;  // of an endless answer to a client that does not read

  using Handler = std::function<void(const std::shared_ptr<HttpExchange>&, net::HttpRequest)>;
  using Closed = std::function<void(uint64_t id)>;

  HttpConnection(uint64_t id, std::shared_ptr<net::ByteStream> stream, net::PeerName peer, Executor& executor,
                 Handler handler, Closed closed);

  void start();
  void close();
  uint64_t id() const { return id_; }

 private:
  enum class Phase : uint8_t { handshake, reading, continuing, waiting, writing, streaming, lingering, closed };

  void read_more();
  void on_read(boost::system::error_code failure, size_t size);
  void on_input_end(boost::system::error_code failure);
  void parse();
  void await_request();
  void begin_exchange();
  void finish(uint64_t number, std::optional<net::HttpResponse> response);
  void push(uint64_t number, std::optional<std::string> bytes);
  void write(std::string bytes, Phase phase);
  void write_rest();
  void on_written();
  void linger();
  void set_deadline(Instant when);
  void on_timer();

  uint64_t id_;
  std::shared_ptr<net::ByteStream> stream_;
  net::PeerName peer_;
  Executor& executor_;
  Handler handler_;
  Closed closed_;

  Phase phase_ = Phase::handshake;
  net::HttpRequestParser parser_;
  std::array<char, 8192> chunk_;
  std::string input_;
  std::string output_;
  size_t written_ = 0;
  std::string pushed_;  // of an endless answer, not being written yet
  bool stream_over_ = false;
  Instant request_began_ = kNever;
  bool reading_ = false;
  bool input_ended_ = false;
  bool close_after_ = false;
  bool keep_alive_ = true;
  bool old_client_ = false;  // HTTP/1.0: keeping alive has to be said
  uint64_t number_ = 0;      // of the current request
  size_t discarded_ = 0;
  std::weak_ptr<HttpExchange> exchange_;
  Instant deadline_ = kNever;
  Instant timer_at_ = kNever;
  TimerId timer_;
};

}  // namespace limen::http
