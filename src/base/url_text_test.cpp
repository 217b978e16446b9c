#include "base/url_text.hpp"

#include <gtest/gtest.h>

namespace limen {
namespace {

TEST(UrlText, shows_no_credentials) {
  EXPECT_EQ(without_credentials("https://host:8443/path"), "https://host:8443/path");
  EXPECT_EQ(without_credentials("https://user:secret@host/path?key=secret&a=b"), "https://host/path?...");
  EXPECT_EQ(without_credentials("rtsp://user:se@cr/et@host/live"), "rtsp://host/live");
  EXPECT_EQ(without_credentials("user:secret@host"), "host");
  EXPECT_EQ(without_credentials("/no/url?x"), "/no/url?...");
  EXPECT_EQ(without_credentials(""), "");
}

}  // namespace
}  // namespace limen
