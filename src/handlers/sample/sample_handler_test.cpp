#include "handlers/sample/sample_handler.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "handlers/sample/http_poster.hpp"
#include "handlers/shared/gzip.hpp"
#include "tests/support/handler_bench.hpp"
#include "tests/support/http_collector.hpp"

namespace limen::sample_handler {
namespace {

using test::HandlerBench;
using test::HttpCollector;
using test::sample_event;
using namespace std::chrono_literals;

constexpr std::string_view kFile = "janus.eventhandler.sampleevh.jcfg";

template <typename Condition>
bool wait_until(Condition condition) {
  auto end = std::chrono::steady_clock::now() + 20s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string inflated(const std::string& zipped) {
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zipped.data()));
  stream.avail_in = static_cast<uInt>(zipped.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

PostSettings to(const HttpCollector& collector) {
  PostSettings settings;
  settings.backend = collector.url();
  settings.max_retransmissions = 3;
  settings.backoff = 1ms;
  return settings;
}

TEST(HttpPoster, posts_json_with_credentials) {
  HttpCollector collector;
  collector.open(500);  // the status does not matter
  PostSettings settings = to(collector);
  settings.grouping = false;
  settings.user = "joe";
  settings.password = "pass";
  HttpPoster poster(settings);
  poster.push("{\"a\":1}");
  poster.push("{\"a\":2}");
  ASSERT_TRUE(collector.wait_for(2));
  HttpCollector::Post post = collector.posts()[0];
  EXPECT_TRUE(post.head.starts_with("POST /events HTTP/1.1\r\n")) << post.head;
  EXPECT_NE(post.head.find("Content-Type: application/json\r\n"), std::string::npos) << post.head;
  EXPECT_NE(post.head.find("Authorization: Basic am9lOnBhc3M=\r\n"), std::string::npos) << post.head;
  EXPECT_EQ(post.body, "{\"a\":1}");
  EXPECT_EQ(collector.posts()[1].body, "{\"a\":2}");
}

TEST(HttpPoster, a_collector_that_comes_back_gets_everything) {
  HttpCollector collector;
  collector.open();
  collector.shut();
  PostSettings settings = to(collector);
  settings.max_retransmissions = 1000;
  HttpPoster poster(settings);
  for (int i = 0; i < 5; ++i) poster.push(std::to_string(i));
  collector.open();
  ASSERT_TRUE(wait_until([&] { return poster.counters().events == 5; }));
  std::string all;
  for (const auto& post : collector.posts()) all += post.body;
  EXPECT_EQ(all.front(), '[');
  for (int i = 1; i < 5; ++i) EXPECT_LT(all.find(std::to_string(i - 1)), all.find(std::to_string(i))) << all;
  EXPECT_EQ(poster.counters().lost, 0u);
}

TEST(HttpPoster, gives_a_batch_up_after_the_last_attempt) {
  HttpCollector collector;
  collector.open();
  collector.shut();
  PostSettings settings = to(collector);
  settings.grouping = false;
  HttpPoster poster(settings);
  poster.push("{}");
  ASSERT_TRUE(wait_until([&] { return poster.counters().lost == 1; }));
  EXPECT_EQ(poster.counters().posts, 0u);
}

TEST(HttpPoster, a_collector_that_hangs_slows_nothing_and_ends_in_time) {
  HttpCollector collector;
  collector.open();
  collector.hang(true);
  PostSettings settings = to(collector);
  settings.grouping = false;
  HttpPoster poster(settings, {.events = 10, .bytes = 1000});
  auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) poster.push("{}");
  poster.stop(50ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
  EXPECT_GE(poster.counters().lost, 980u);
}

TEST(HttpPoster, an_attempt_that_takes_too_long_is_repeated) {
  HttpCollector collector;
  collector.open();
  collector.hang(true);
  PostSettings settings = to(collector);
  settings.timeout = 20ms;
  settings.max_retransmissions = 0;
  HttpPoster poster(settings);
  poster.push("{}");
  ASSERT_TRUE(wait_until([&] { return poster.counters().lost == 1; }));
  collector.hang(false);
  poster.push("{}");
  EXPECT_TRUE(collector.wait_for(1));
}

TEST(HttpPoster, compressed_bodies_say_so_and_large_ones_are_lost) {
  HttpCollector collector;
  collector.open();
  PostSettings settings = to(collector);
  settings.compress = true;
  settings.grouping = false;
  HttpPoster poster(settings);
  std::string noise;
  for (uint32_t i = 0, x = 1; i < 20'000; ++i, x = x * 1664525 + 1013904223)
    noise += static_cast<char>('!' + (x >> 25) % 90);
  poster.push(noise);
  poster.push(std::string(20'000, 'a'));
  ASSERT_TRUE(collector.wait_for(1));
  EXPECT_EQ(poster.counters().lost, 1u);
  HttpCollector::Post post = collector.posts()[0];
  EXPECT_NE(post.head.find("Content-Encoding: gzip\r\n"), std::string::npos) << post.head;
  EXPECT_EQ(inflated(post.body), std::string(20'000, 'a'));
}

TEST(Gzip, ends_at_the_limit) {
  std::string text = "some text";
  auto all = handlers::gzip(text, 6, 1000);
  ASSERT_TRUE(all);
  EXPECT_EQ(inflated(*all), text);
  EXPECT_TRUE(handlers::gzip(text, 6, all->size()));
  EXPECT_FALSE(handlers::gzip(text, 6, all->size() - 1));
}

class SampleHandlerTest : public testing::Test {
 protected:
  void configure(const std::string& more) {
    bench_.bench.write_file(std::string(kFile), "general: {\n" + more + "\n}\n");
  }
  Json query(const std::string& request) { return *handler_->on_query(*parse_json(request)); }

  HttpCollector collector_;
  HandlerBench bench_;
  std::unique_ptr<EventHandler> handler_ = make_sample_handler();
};

TEST_F(SampleHandlerTest, sends_what_it_is_told_and_the_last_word_before_the_end) {
  collector_.open();
  configure("enabled = true\nevents = \"sessions, Handles\"\njson = \"indented\"\nbackend = \"" + collector_.url() +
            "\"");
  ASSERT_TRUE(handler_->start(bench_));
  EXPECT_EQ(handler_->mask(), 3u);
  handler_->on_event(sample_event(1));
  ASSERT_TRUE(collector_.wait_for(1));
  EXPECT_EQ(collector_.posts()[0].body, write_json(JsonArray{sample_event(1)}, JsonFormat::indented));
  handler_->on_event(sample_event(2));
  handler_->stop();
  ASSERT_EQ(collector_.posts().size(), 2u);
  handler_->on_event(sample_event(3));  // too late, and harmless
}

TEST_F(SampleHandlerTest, without_enabled_it_does_not_start_and_says_nothing) {
  configure("backend = \"http://localhost/\"");
  Result<> started = handler_->start(bench_);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().text, "");
}

TEST_F(SampleHandlerTest, a_missing_or_strange_backend_is_an_error) {
  config::Findings findings;
  configure("enabled = true");
  EXPECT_FALSE(handler_->check_config(bench_.configs_folder(), findings));
  configure("enabled = true\nbackend = \"ftp://x\"");
  EXPECT_FALSE(handler_->check_config(bench_.configs_folder(), findings));
  EXPECT_TRUE(findings.warnings.empty());
  configure("enabled = true\nbackend = \"http://x\"\nbackend_user = \"only\"\nunknown_key = 1");
  EXPECT_TRUE(handler_->check_config(bench_.configs_folder(), findings));
  EXPECT_EQ(findings.warnings.size(), 2u);
}

TEST_F(SampleHandlerTest, tweaks_change_it_while_it_runs) {
  collector_.open();
  configure("enabled = true\nbackend = \"http://127.0.0.1:9/none\"");
  ASSERT_TRUE(handler_->start(bench_));
  EXPECT_EQ(handler_->mask(), 0u);
  EXPECT_EQ(query(R"({"request":"tweak","backend":"ftp://x","events":"all"})"),
            (JsonObject{{"error_code", 413}, {"error", "Invalid HTTP URI 'ftp://x'"}}));
  EXPECT_EQ(handler_->mask(), 0u);
  EXPECT_EQ(query(R"({"request":"tweak","events":"all","grouping":false,"backend":")" + collector_.url() + "\"}"),
            (JsonObject{{"result", 200}}));
  EXPECT_EQ(handler_->mask(), kAllEvents);
  handler_->on_event(sample_event(1));
  ASSERT_TRUE(collector_.wait_for(1));
  EXPECT_EQ(collector_.posts()[0].body, write_json(sample_event(1), JsonFormat::compact));
}

}  // namespace
}  // namespace limen::sample_handler
