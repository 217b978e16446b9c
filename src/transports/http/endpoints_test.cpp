// Paths of another module on the HTTP transport's ports, and answers without an end.
#include "transports/http/endpoints.hpp"

#include <gtest/gtest.h>

#include "tests/support/raw_client.hpp"
#include "tests/support/transport_bench.hpp"
#include "transports/http/http_transport.hpp"

namespace limen::http {
namespace {

using test::RawClient;

class PlayedEndpoints final : public Endpoints {
 public:
  Result<> check_config(const std::string&, config::Findings&) const override { return {}; }
  Result<> start(TransportContext&) override { return {}; }
  void stop() override { exchange.reset(); }
  bool owns(std::string_view path) const override { return path.starts_with("/other"); }
  void handle(const std::shared_ptr<HttpExchange>& asked, net::HttpRequest request) override {
    target = request.target;
    method = request.method;
    if (request.method != "GET") return asked->respond({.status = 204, .headers = {}, .body = {}});
    exchange = asked;
    asked->stream({.status = 200, .headers = {{"Content-Type", "text/event-stream"}}, .body = "first;"},
                  [this] { gone = true; });
  }
  JsonObject page_facts() const override { return {{"whip", "/other"}}; }

  std::string target, method;
  std::shared_ptr<HttpExchange> exchange;
  bool gone = false;
};

class HttpEndpoints : public testing::Test {
 protected:
  HttpEndpoints() {
    bench_.write_file("janus.transport.http.jcfg",
                      "general: { http = true; port = 0; ip = \"127.0.0.1\"; }\n"
                      "admin: { admin_http = true; admin_port = 0; admin_ip = \"127.0.0.1\"; }\n");
    auto made = std::make_unique<PlayedEndpoints>();
    played_ = made.get();
    bench_.transport = make_http_transport(std::move(made));
    EXPECT_TRUE(bench_.transport->start(bench_));
  }
  RawClient send(const std::string& method, const std::string& target, bool admin = false) {
    RawClient client = RawClient::tcp(bench_.port("http", admin));
    client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return client;
  }
  bool until(RawClient& client, std::string_view text) {
    return bench_.run_until([&] {
      client.pump();
      return client.input.find(text) != std::string::npos;
    });
  }

  test::TransportBench bench_;
  PlayedEndpoints* played_ = nullptr;
};

TEST_F(HttpEndpoints, get_any_method_but_not_those_of_the_admin_port) {
  RawClient patch = send("PATCH", "/other/a?b=c");
  EXPECT_TRUE(until(patch, "204 No Content"));
  EXPECT_TRUE(until(patch, "Access-Control-Allow-Origin: *"));
  EXPECT_EQ(played_->target, "/other/a?b=c");
  played_->method.clear();
  RawClient admin = send("POST", "/other/a", true);
  EXPECT_TRUE(until(admin, "404"));
  EXPECT_EQ(played_->method, "");
}

TEST_F(HttpEndpoints, an_endless_answer_goes_on_until_one_side_ends_it) {
  RawClient client = send("GET", "/other/events");
  ASSERT_TRUE(until(client, "first;"));
  EXPECT_EQ(client.input.find("Content-Length"), std::string::npos);
  played_->exchange->push("second;");
  EXPECT_TRUE(until(client, "second;"));
  bench_.settle();
  bench_.advance(std::chrono::minutes(10));
  played_->exchange->push("third;");
  EXPECT_TRUE(until(client, "third;")) << "idle time ends it not";
  played_->exchange->end_stream();
  EXPECT_TRUE(bench_.run_until([&] {
    client.pump();
    return client.ended;
  }));
  EXPECT_FALSE(played_->gone);
}

TEST_F(HttpEndpoints, a_reader_that_goes_is_noticed) {
  {
    RawClient client = send("GET", "/other/events");
    ASSERT_TRUE(until(client, "first;"));
  }
  EXPECT_TRUE(bench_.run_until([&] { return played_->gone; }));
  played_->exchange->push("nobody reads this");
}

TEST_F(HttpEndpoints, a_reader_that_does_not_read_is_let_go) {
  RawClient client = send("GET", "/other/events");
  ASSERT_TRUE(until(client, "first;"));
  EXPECT_TRUE(bench_.run_until([&] {
    played_->exchange->push(std::string(60'000, 'x'));
    return played_->gone;
  }));
}

}  // namespace
}  // namespace limen::http
