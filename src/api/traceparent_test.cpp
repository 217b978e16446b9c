#include "api/traceparent.hpp"

#include <gtest/gtest.h>

#include <string>

namespace limen {
namespace {

TEST(Traceparent, names_a_trace) {
  EXPECT_EQ(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").text(),
            "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-the-future-brings"));
}

TEST(Traceparent, what_is_malformed_is_ignored) {
  for (std::string_view text : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                "00-4bf92f3577b34da6a3ce929d0e0e473\n-00f067aa0ba902b7-01",
                                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"}) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(TraceScope, ends_with_its_block_and_none_changes_nothing) {
  TraceId one("4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_FALSE(log::current_trace);
  {
    log::TraceScope outer(one);
    log::TraceScope inner{TraceId()};
    EXPECT_EQ(log::current_trace, one);
  }
  EXPECT_FALSE(log::current_trace);
}

}  // namespace
}  // namespace limen
