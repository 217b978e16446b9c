#include "transports/net/http_message.hpp"

#include <gtest/gtest.h>

namespace limen::net {
namespace {

using State = HttpRequestParser::State;

// Feeds `bytes` in pieces of `step`, as a connection would; returns what was left over.
std::string feed(HttpRequestParser& parser, std::string_view bytes, size_t step) {
  std::string buffer;
  for (size_t at = 0; at < bytes.size(); at += step) {
    buffer += bytes.substr(at, step);
    buffer.erase(0, parser.feed(buffer));
    if (parser.state() == State::complete || parser.state() == State::failed) {
      return buffer + std::string(bytes.substr(std::min(bytes.size(), at + step)));
    }
  }
  return buffer;
}

TEST(HttpRequestParser, a_request_may_arrive_byte_by_byte) {
  std::string text = "POST /janus/12?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nX-Any: One\r\n\r\nhello";
  for (size_t step : {size_t{1}, size_t{2}, size_t{7}, text.size()}) {
    HttpRequestParser parser{HttpLimits{}};
    EXPECT_EQ(feed(parser, text, step), "");
    ASSERT_EQ(parser.state(), State::complete);
    HttpRequest request = parser.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/janus/12?a=b");
    EXPECT_EQ(request.body, "hello");
    EXPECT_EQ(request.header("x-any"), "One");
    EXPECT_TRUE(request.keep_alive);
    EXPECT_FALSE(request.upgrade);
  }
}

TEST(HttpRequestParser, chunked_bodies_are_joined) {
  std::string text =
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\n5;ext=1\r\npedia\r\n0\r\n\r\n";
  for (size_t step : {size_t{1}, size_t{3}, text.size()}) {
    HttpRequestParser parser{HttpLimits{}};
    feed(parser, text, step);
    ASSERT_EQ(parser.state(), State::complete) << parser.failure_text();
    EXPECT_EQ(parser.take().body, "Wikipedia");
  }
}

TEST(HttpRequestParser, an_empty_chunked_body_may_arrive_byte_by_byte) {
  HttpRequestParser parser{HttpLimits{}};
  feed(parser, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1);
  ASSERT_EQ(parser.state(), State::complete) << parser.failure_text();
  EXPECT_EQ(parser.take().body, "");
}

TEST(HttpRequestParser, endless_trailers_and_chunk_headers_are_refused) {
  for (const char* start : {"0\r\nX: ", "1", "1;ext="}) {
    HttpRequestParser parser{HttpLimits{}};
    std::string text = std::string("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") + start;
    feed(parser, text + std::string(100'000, '0'), 1000);
    EXPECT_EQ(parser.state(), State::failed) << start;
    EXPECT_GE(parser.failure_status(), 400) << start;
  }
}

TEST(HttpRequestParser, the_next_request_stays_in_the_buffer) {
  std::string second = "GET /b HTTP/1.1\r\nHost: x\r\n\r\n";
  HttpRequestParser parser{HttpLimits{}};
  std::string rest = feed(parser, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n" + second, 1000);
  ASSERT_EQ(parser.state(), State::complete);
  EXPECT_EQ(parser.take().target, "/a");
  EXPECT_EQ(rest, second);
  feed(parser, rest, 1000);
  EXPECT_EQ(parser.take().target, "/b");
}

TEST(HttpRequestParser, limits_and_nonsense_name_their_status) {
  struct Case {
    std::string text;
    int status;
  };
  std::string long_header = "GET / HTTP/1.1\r\nX: " + std::string(20000, 'a') + "\r\n\r\n";
  const Case cases[] = {
      {"garbage\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10), 400},
      {"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 400},
      {long_header, 431},
      {std::string(40000, 'G'), 431},
      {"POST / HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
  };
  for (const Case& c : cases) {
    HttpRequestParser parser{HttpLimits{}};
    feed(parser, c.text, c.text.size());
    EXPECT_EQ(parser.state(), State::failed) << c.text.substr(0, 60);
    EXPECT_EQ(parser.failure_status(), c.status) << c.text.substr(0, 60) << ": " << parser.failure_text();
  }
}

TEST(HttpRequestParser, waiting_clients_are_told_to_continue_once) {
  HttpRequestParser parser{HttpLimits{}};
  std::string head = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  EXPECT_EQ(parser.feed(head), head.size());
  EXPECT_EQ(parser.state(), State::wants_continue);
  EXPECT_EQ(parser.feed(""), 0u);
  EXPECT_EQ(parser.state(), State::need_more);
  parser.feed("{}");
  EXPECT_EQ(parser.state(), State::complete);
}

TEST(HttpRequestParser, recognises_upgrades_and_closing) {
  HttpRequestParser parser{HttpLimits{}};
  parser.feed("GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n");
  EXPECT_TRUE(parser.take().upgrade);
  parser.feed("GET / HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_FALSE(parser.take().keep_alive);
  parser.feed("GET / HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(parser.take().keep_alive);
}

TEST(HttpResponse, is_written_with_length_date_and_headers) {
  HttpResponse response;
  response.headers = {{"Content-Type", "application/json"}};
  response.body = "{}";
  WallTime when{1'700'000'000'000'000};
  EXPECT_EQ(to_wire(response, when),
            "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\n\r\n{}");
  response.head_only = true;
  std::string head = to_wire(response, when);
  EXPECT_NE(head.find("Content-Length: 2\r\n"), std::string::npos);
  EXPECT_TRUE(head.ends_with("\r\n\r\n"));
  HttpResponse empty;
  empty.status = 404;
  empty.close = true;
  std::string closing = to_wire(empty, when);
  EXPECT_TRUE(closing.starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_NE(closing.find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(closing.find("Content-Length: 0\r\n"), std::string::npos);
}

}  // namespace
}  // namespace limen::net
