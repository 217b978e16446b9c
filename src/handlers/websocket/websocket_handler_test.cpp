#include "handlers/websocket/websocket_handler.hpp"

#include <gtest/gtest.h>

#include "handlers/websocket/event_sender.hpp"
#include "tests/support/handler_bench.hpp"
#include "tests/support/websocket_collector.hpp"

namespace limen::websocket_handler {
namespace {

using test::HandlerBench;
using test::sample_event;
using test::WebSocketCollector;
using namespace std::chrono_literals;

TEST(Backend, addresses_are_taken_apart) {
  auto plain = parse_backend("ws://collector.example:8080/a/b?c=d#e");
  ASSERT_TRUE(plain);
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->host, "collector.example");
  EXPECT_EQ(plain->port, 8080);
  EXPECT_EQ(plain->target, "/a/b?c=d");
  EXPECT_EQ(plain->host_header(), "collector.example:8080");
  auto secure = parse_backend("wss://[::1]");
  ASSERT_TRUE(secure);
  EXPECT_TRUE(secure->tls);
  EXPECT_EQ(secure->host, "::1");
  EXPECT_EQ(secure->port, 443);
  EXPECT_EQ(secure->target, "/");
  EXPECT_EQ(secure->host_header(), "[::1]");
  EXPECT_EQ(parse_backend("ws://host?q")->target, "/?q");
  for (const char* wrong : {"", "http://x", "ws://", "ws://:80/", "ws://h:0/", "ws://h:70000", "ws://h:8x", "ws://[::1",
                            "ws://[::1]80", "ws://h/a b", "ws://u:p@h/", "ws://h/\r\nX: y"}) {
    EXPECT_FALSE(parse_backend(wrong)) << wrong;
  }
}

// A socket that the test answers for.
struct FakeSocket final : CollectorSocket {
  void connect(Done done, Done ended) override {
    connected = std::move(done);
    gone = std::move(ended);
  }
  void write(std::string text, Done done) override {
    texts.push_back(std::move(text));
    written = std::move(done);
  }
  void close() override { closed = true; }
  void abort() override { aborted = true; }

  Done connected, gone, written;
  std::vector<std::string> texts;
  bool closed = false, aborted = false;
};

class EventSenderTest : public testing::Test {
 protected:
  std::shared_ptr<EventSender> make(SenderSettings settings = {.grouping = false}) {
    auto sender = std::make_shared<EventSender>(
        bench_.clock,
        [this] {
          sockets_.push_back(std::make_shared<FakeSocket>());
          return sockets_.back();
        },
        settings, handlers::EventQueue::Limits{.events = 5, .bytes = 1000});
    sender->start();
    return sender;
  }
  FakeSocket& socket() { return *sockets_.back(); }

  test::TransportBench bench_;
  std::vector<std::shared_ptr<FakeSocket>> sockets_;
};

TEST_F(EventSenderTest, tries_again_after_one_two_four_and_then_eight_seconds) {
  auto sender = make();
  size_t attempts = 1;
  for (auto pause : {1s, 2s, 4s, 8s, 8s, 8s}) {
    socket().connected("refused");
    bench_.clock.advance(pause - 1ms);
    EXPECT_EQ(sockets_.size(), attempts);
    bench_.clock.advance(1ms);
    EXPECT_EQ(sockets_.size(), ++attempts);
  }
  socket().connected("");
  EXPECT_TRUE(sender->connected());
  socket().gone("it went");
  bench_.clock.advance(1s);  // a success starts the pauses over
  EXPECT_EQ(sockets_.size(), attempts + 1);
}

TEST_F(EventSenderTest, what_was_cut_off_is_sent_again_and_the_order_stays) {
  auto sender = make();
  socket().connected("");
  for (const char* text : {"1", "2", "3"}) sender->push(text);
  EXPECT_EQ(socket().texts, std::vector<std::string>{"1"});
  socket().written("");
  EXPECT_EQ(socket().texts.back(), "2");
  socket().written("broken pipe");
  bench_.clock.advance(1s);
  socket().connected("");
  EXPECT_EQ(socket().texts, std::vector<std::string>{"2"});
  socket().written("");
  EXPECT_EQ(socket().texts.back(), "3");
  socket().written("");
  EXPECT_EQ(sender->queued(), 0u);
}

TEST_F(EventSenderTest, a_dead_collector_costs_a_bounded_queue_and_counted_drops) {
  auto sender = make();
  for (int i = 0; i < 12; ++i) sender->push(std::to_string(i));
  EXPECT_EQ(sender->queued(), 5u);
  EXPECT_EQ(sender->lost(), 7u);
  socket().connected("");
  EXPECT_EQ(socket().texts, std::vector<std::string>{"7"});
}

TEST_F(EventSenderTest, a_cap_keeps_the_newest_of_a_reconnect_but_not_of_the_first_connect) {
  auto sender = make({.grouping = true, .cap_on_reconnect = 2});
  for (const char* text : {"1", "2", "3"}) sender->push(text);
  socket().connected("");
  EXPECT_EQ(socket().texts, std::vector<std::string>{"[1,2,3]"});
  socket().written("");
  socket().gone("it went");
  for (const char* text : {"4", "5", "6"}) sender->push(text);
  bench_.clock.advance(1s);
  socket().connected("");
  EXPECT_EQ(socket().texts, std::vector<std::string>{"[5,6]"});
}

TEST_F(EventSenderTest, a_collector_that_does_not_answer_is_left) {
  auto sender = make();
  std::shared_ptr<FakeSocket> silent = sockets_.back();
  bench_.clock.advance(EventSender::kPatience);
  EXPECT_TRUE(silent->aborted);
  bench_.clock.advance(1s);
  ASSERT_EQ(sockets_.size(), 2u);
  silent->connected("");  // of a socket that is not used any more
  EXPECT_FALSE(sender->connected());
  socket().connected("");
  sender->push("1");
  bench_.clock.advance(EventSender::kPatience);  // the write does not end
  EXPECT_TRUE(socket().aborted);
  EXPECT_FALSE(sender->connected());
}

TEST_F(EventSenderTest, stopped_it_says_good_bye_and_tries_no_more) {
  auto sender = make();
  socket().connected("");
  sender->stop();
  EXPECT_TRUE(socket().closed);
  sender->push("1");
  bench_.clock.advance(100s);
  EXPECT_EQ(sockets_.size(), 1u);
  EXPECT_EQ(bench_.clock.timers(), 0u);
}

class WebSocketHandlerTest : public testing::Test {
 protected:
  ~WebSocketHandlerTest() override {
    handler_->stop();
    run_until([&] { return !collector_.connected(); });
  }
  void start(const std::string& more) {
    collector_.open();
    configure("enabled = true\nevents = \"all\"\nbackend = \"" + collector_.url() + "\"\n" + more);
    ASSERT_TRUE(handler_->start(bench_));
  }
  void configure(const std::string& text) {
    bench_.bench.write_file("janus.eventhandler.wsevh.jcfg", "general: {\n" + text + "\n}\n");
  }
  template <typename Condition>
  bool run_until(Condition condition) {
    return bench_.bench.run_until([&] {
      collector_.pump();
      return condition();
    });
  }

  WebSocketCollector collector_;
  HandlerBench bench_;
  std::unique_ptr<EventHandler> handler_ = make_websocket_handler();
};

TEST_F(WebSocketHandlerTest, sends_events_as_text_and_ignores_what_comes_back) {
  start("subprotocol = \"my-events\"\ngrouping = false\njson = \"plain\"");
  ASSERT_TRUE(run_until([&] { return collector_.handshakes == 1; }));
  EXPECT_TRUE(collector_.request.starts_with("GET /events?x=1 HTTP/1.1\r\n")) << collector_.request;
  EXPECT_NE(collector_.request.find("Sec-WebSocket-Protocol: my-events\r\n"), std::string::npos) << collector_.request;
  for (int i = 0; i < 3; ++i) {
    handler_->on_event(sample_event(i));
    collector_.send_text("thanks");
  }
  ASSERT_TRUE(run_until([&] { return collector_.messages.size() == 3; }));
  EXPECT_EQ(collector_.opcode, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(collector_.messages[static_cast<size_t>(i)], write_json(sample_event(i), JsonFormat::plain));
  }
  handler_->stop();
  EXPECT_TRUE(run_until([&] { return collector_.closed_well; }));
}

TEST_F(WebSocketHandlerTest, a_collector_killed_and_restarted_gets_the_rest) {
  start("");
  ASSERT_TRUE(run_until([&] { return collector_.handshakes == 1; }));
  ASSERT_TRUE(run_until([&] { return bench_.bench.clock.timers() == 0; }));  // it knows, and waits for nothing
  collector_.shut();
  // Seen by the read that always waits; only then there is a timer for the next attempt.
  ASSERT_TRUE(run_until([&] { return bench_.bench.clock.timers() == 1; }));
  handler_->on_event(sample_event(1));
  handler_->on_event(sample_event(2));
  collector_.open();
  bench_.bench.clock.advance(8s);
  ASSERT_TRUE(run_until([&] { return collector_.messages.size() == 1; }));
  EXPECT_EQ(*parse_json(collector_.messages[0]), (JsonArray{sample_event(1), sample_event(2)}));
}

TEST_F(WebSocketHandlerTest, large_groups_arrive_whole) {
  start("");
  std::string large(200'000, 'x');
  handler_->on_event(JsonObject{{"type", 1}, {"large", large}});
  ASSERT_TRUE(run_until([&] { return collector_.messages.size() == 1; }));
  EXPECT_EQ(parse_json(collector_.messages[0])->at(0).at("large").get_string(), large);
}

TEST_F(WebSocketHandlerTest, tweaks_and_configuration_are_checked) {
  config::Findings findings;
  configure("enabled = true");
  EXPECT_FALSE(handler_->check_config(bench_.configs_folder(), findings));
  configure("enabled = true\nbackend = \"http://x\"");
  EXPECT_FALSE(handler_->check_config(bench_.configs_folder(), findings));
  configure("backend = \"http://x\"");
  EXPECT_TRUE(handler_->check_config(bench_.configs_folder(), findings));
  EXPECT_EQ(handler_->start(bench_).error().text, "");
  EXPECT_FALSE(handler_->on_query(JsonObject{}));

  start("grouping = true");
  EXPECT_EQ(*handler_->on_query(*parse_json(R"({"request":"tweak","events":"jsep","grouping":false})")),
            (JsonObject{{"result", 200}}));
  EXPECT_EQ(handler_->mask(), 8u);
  handler_->on_event(sample_event(1));
  ASSERT_TRUE(run_until([&] { return collector_.messages.size() == 1; }));
  EXPECT_TRUE(parse_json(collector_.messages[0])->is_object());
}

}  // namespace
}  // namespace limen::websocket_handler
