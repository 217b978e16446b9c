#include "transports/net/http_message.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>

#include <ctime>

namespace limen::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kShortestChunkEnd = 5;

bool same_name(std::string_view a, std::string_view b) {
  return boost::beast::iequals({a.data(), a.size()}, {b.data(), b.size()});
}

int status_of(error_code failure) {
  if (failure == http::error::body_limit) return 413;
  if (failure == http::error::header_limit) return 431;
  if (failure == http::error::bad_transfer_encoding) return 501;
  return 400;
}

// RFC 9110 section 5.6.7.
std::string http_date(WallTime now) {
  std::time_t seconds = now.us / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

struct HttpRequestParser::Beast {
  explicit Beast(const HttpLimits& limits) {
    parser.eager(true);
    parser.header_limit(limits.header_bytes);
    parser.body_limit(limits.body_bytes);
  }
  http::request_parser<http::string_body> parser;
};

HttpRequestParser::HttpRequestParser(HttpLimits limits) : limits_(limits), beast_(std::make_unique<Beast>(limits)) {}
HttpRequestParser::~HttpRequestParser() = default;

size_t HttpRequestParser::feed(std::string_view bytes) {
  if (state_ == State::complete || state_ == State::failed) return 0;
  state_ = State::need_more;
  auto& parser = beast_->parser;
  size_t used = 0;
  while (used < bytes.size() && !parser.is_done()) {
    // Beast's chunk parser must not see less than its shortest ending, "0\r\n\r\n", so far unread.
    if (parser.is_header_done() && parser.chunked() && bytes.size() - used < kShortestChunkEnd) break;
    error_code failure;
    size_t step = parser.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), failure);
    used += step;
    if (failure == http::error::need_more) break;
    if (failure) {
      fail_with(status_of(failure), failure.message());
      return used;
    }
    if (step == 0) break;
  }
  if (parser.is_done()) {
    state_ = State::complete;
  } else if (bytes.size() - used > limits_.header_bytes) {
    fail_with(431, "header, chunk header or trailer too long");
  } else if (parser.is_header_done() && !continued_ &&
             same_name(std::string_view(parser.get()[http::field::expect]), "100-continue")) {
    continued_ = true;
    state_ = State::wants_continue;
  }
  return used;
}

bool HttpRequestParser::header_done() const {
  return beast_->parser.is_header_done();
}

void HttpRequestParser::fail_with(int status, std::string text) {
  state_ = State::failed;
  failure_status_ = status;
  failure_ = std::move(text);
}

HttpRequest HttpRequestParser::take() {
  auto message = beast_->parser.release();
  HttpRequest request;
  request.method = std::string(message.method_string());
  request.target = std::string(message.target());
  request.version = message.version();
  request.keep_alive = message.keep_alive();
  request.upgrade = same_name(std::string_view(message[http::field::upgrade]), "websocket") &&
                    http::token_list{message[http::field::connection]}.exists("upgrade");
  for (const auto& field : message) request.headers.emplace_back(field.name_string(), field.value());
  request.body = std::move(message.body());
  beast_ = std::make_unique<Beast>(limits_);
  state_ = State::need_more;
  continued_ = false;
  return request;
}

std::string to_wire(const HttpResponse& response, WallTime now) {
  http::response<http::string_body> message;
  message.version(11);
  message.result(static_cast<unsigned>(response.status));
  message.set(http::field::date, http_date(now));
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  if (response.status != 304 && !response.endless) message.content_length(response.body.size());
  if (response.close) message.set(http::field::connection, "close");
  if (!response.head_only) message.body() = response.body;
  http::serializer<false, http::string_body> serializer(message);
  std::string wire;
  error_code failure;
  while (!serializer.is_done() && !failure) {
    serializer.next(failure, [&](error_code&, const auto& buffers) {
      size_t size = 0;
      for (auto it = boost::asio::buffer_sequence_begin(buffers); it != boost::asio::buffer_sequence_end(buffers);
           ++it) {
        boost::asio::const_buffer piece = *it;
        wire.append(static_cast<const char*>(piece.data()), piece.size());
        size += piece.size();
      }
      serializer.consume(size);
    });
  }
  return wire;
}

}  // namespace limen::net
