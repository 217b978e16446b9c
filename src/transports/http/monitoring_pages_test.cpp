#include "transports/http/monitoring_pages.hpp"

#include <gtest/gtest.h>

namespace limen::http {
namespace {

class FakeMonitoring final : public Monitoring {
 public:
  void collect_metrics(std::move_only_function<void(std::string)> done) override { waiting = std::move(done); }
  Health health() const override { return healthy; }
  Health readiness() const override { return ready; }
  bool has_admin_secret() const override { return !secret.empty(); }
  bool is_admin_secret(std::string_view text) const override { return !secret.empty() && text == secret; }

  std::move_only_function<void(std::string)> waiting;
  Health healthy{true, "ok"}, ready{true, "ok"};
  std::string secret;
};

class MonitoringPagesTest : public testing::Test {
 protected:
  // The answer, if there is one yet; status 0: none.
  net::HttpResponse ask(MonitoringRules rules, std::string_view path, std::string_view authorization = "",
                        std::string_view method = "GET") {
    MonitoringPages pages(&monitoring_, std::move(rules));
    EXPECT_TRUE(pages.owns(path));
    net::HttpRequest request;
    request.method = method;
    if (!authorization.empty()) request.headers.emplace_back("Authorization", authorization);
    answer_.status = 0;
    exchange_ =
        std::make_shared<HttpExchange>(net::PeerName{}, false, [this](std::optional<net::HttpResponse> response) {
          if (response) answer_ = std::move(*response);
        });
    pages.handle(exchange_, request, path);
    return answer_;
  }
  std::string header(const net::HttpResponse& response, std::string_view name) {
    for (const auto& [key, value] : response.headers) {
      if (key == name) return value;
    }
    return "";
  }

  FakeMonitoring monitoring_;
  net::HttpResponse answer_;
  std::shared_ptr<HttpExchange> exchange_;
};

TEST_F(MonitoringPagesTest, metrics_come_when_they_are_collected) {
  EXPECT_EQ(ask({}, "/metrics").status, 0);
  monitoring_.waiting("limen_sessions 1\n");
  EXPECT_EQ(answer_.status, 200);
  EXPECT_EQ(answer_.body, "limen_sessions 1\n");
  EXPECT_EQ(header(answer_, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
}

TEST_F(MonitoringPagesTest, the_admin_secret_is_asked_for) {
  monitoring_.secret = "s3cret";
  for (std::string_view wrong : {"", "Bearer", "Bearer ", "Bearer wrong", "Basic s3cret", "s3cret", "Bearer s3cret "}) {
    net::HttpResponse refused = ask({}, "/metrics", wrong);
    EXPECT_EQ(refused.status, 401) << wrong;
    EXPECT_EQ(header(refused, "WWW-Authenticate"), "Bearer realm=\"metrics\"");
    EXPECT_EQ(refused.body.find("s3cret"), std::string::npos);
  }
  EXPECT_EQ(ask({}, "/metrics", "Bearer s3cret").status, 0);
  EXPECT_EQ(ask({}, "/metrics", "bearer   s3cret").status, 0);
}

TEST_F(MonitoringPagesTest, a_token_of_its_own_also_without_an_admin_secret) {
  MonitoringRules rules{.token = "scrape"};
  EXPECT_EQ(ask(rules, "/metrics").status, 401);
  EXPECT_EQ(ask(rules, "/metrics", "Bearer scrape").status, 0);
  monitoring_.secret = "s3cret";
  EXPECT_EQ(ask(rules, "/metrics", "Bearer scrape").status, 0);
  EXPECT_EQ(ask(rules, "/metrics", "Bearer s3cret").status, 0);
}

TEST_F(MonitoringPagesTest, open_metrics_ask_for_nothing) {
  monitoring_.secret = "s3cret";
  EXPECT_EQ(ask({.open = true}, "/metrics").status, 0);
}

TEST_F(MonitoringPagesTest, switched_off_there_is_health_still) {
  MonitoringPages off(&monitoring_, {.metrics = false});
  EXPECT_FALSE(off.owns("/metrics"));
  EXPECT_TRUE(off.owns("/healthz"));
  EXPECT_FALSE(MonitoringPages(nullptr, {}).owns("/healthz"));
  EXPECT_FALSE(off.owns("/healthz/"));
}

TEST_F(MonitoringPagesTest, health_and_readiness_say_why_not) {
  monitoring_.secret = "s3cret";
  EXPECT_EQ(ask({}, "/healthz").status, 200);
  monitoring_.ready = {false, "draining"};
  EXPECT_EQ(ask({}, "/readyz").status, 503);
  EXPECT_EQ(answer_.body, "draining\n");
  EXPECT_EQ(ask({}, "/healthz").status, 200);
  monitoring_.healthy = {false, "a loop hangs"};
  EXPECT_EQ(ask({}, "/healthz").status, 503);
}

TEST_F(MonitoringPagesTest, other_methods_are_refused) {
  net::HttpResponse refused = ask({}, "/metrics", "", "POST");
  EXPECT_EQ(refused.status, 405);
  EXPECT_EQ(header(refused, "Allow"), "GET, HEAD");
}

}  // namespace
}  // namespace limen::http
