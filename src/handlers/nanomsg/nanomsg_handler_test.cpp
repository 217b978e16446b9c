#include "handlers/nanomsg/nanomsg_handler.hpp"

#include <gtest/gtest.h>
#include <nanomsg/nn.h>
#include <nanomsg/pubsub.h>

#include "tests/support/handler_bench.hpp"

namespace limen {
namespace {

constexpr std::string_view kFile = "janus.eventhandler.nanomsgevh.jcfg";

class Subscriber {
 public:
  explicit Subscriber(const std::string& address) : socket_(nn_socket(AF_SP, NN_SUB)) {
    nn_setsockopt(socket_, NN_SUB, NN_SUB_SUBSCRIBE, "", 0);
    EXPECT_GE(nn_bind(socket_, address.c_str()), 0);
  }
  ~Subscriber() { nn_close(socket_); }
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;
  bool receive() {
    char room[70'000];
    int size = nn_recv(socket_, room, sizeof room, NN_DONTWAIT);
    if (size >= 0) got = boost::json::parse(std::string_view(room, static_cast<size_t>(size)));
    return size >= 0;
  }
  Json got;

 private:
  int socket_;
};

TEST(NanomsgHandler, publishes_arrays_or_single_events) {
  test::HandlerBench bench;
  std::string address = "ipc://" + bench.bench.path("events.ipc");
  Subscriber subscriber(address);
  bench.bench.write_file(std::string(kFile),
                         fmt::format("general: {{ enabled = true; events = \"all\"; address = \"{}\" }}", address));
  auto handler = make_nanomsg_handler();
  ASSERT_TRUE(handler->start(bench));
  EXPECT_EQ(handler->mask(), kAllEvents);
  // A publisher drops what nobody has subscribed to yet: repeated until it is heard.
  ASSERT_TRUE(bench.bench.run_until([&] {
    handler->on_event(test::sample_event(1));
    return subscriber.receive();
  }));
  EXPECT_TRUE(subscriber.got.is_array());
  EXPECT_EQ(write_json(*handler->on_query(JsonObject{{"request", "tweak"}, {"grouping", false}, {"events", "core"}}),
                       JsonFormat::compact),
            R"({"result":200})");
  EXPECT_EQ(handler->mask(), 256u);
  ASSERT_TRUE(bench.bench.run_until([&] {
    handler->on_event(test::sample_event(2));
    return subscriber.receive() && subscriber.got.is_object();
  }));
  EXPECT_EQ(subscriber.got, test::sample_event(2));
}

TEST(NanomsgHandler, mistakes_in_the_file_are_named) {
  test::HandlerBench bench;
  bench.bench.write_file(std::string(kFile), "general: { enabled = true }");
  auto handler = make_nanomsg_handler();
  auto started = handler->start(bench);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().text.find("`address`"), std::string::npos);
  bench.bench.write_file(std::string(kFile), "general: { enabled = true; address = \"smoke://signals\" }");
  started = handler->start(bench);
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().text.find("smoke://signals"), std::string::npos);
}

}  // namespace
}  // namespace limen
