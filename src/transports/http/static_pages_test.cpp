#include "transports/http/static_pages.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/transport_bench.hpp"

namespace limen::http {
namespace {

class StaticPages : public testing::Test {
 protected:
  void SetUp() override {
    files_.write_file("web/index.html", "<h1>hello</h1>");
    files_.write_file("web/demos/index.html", "demos");
    files_.write_file("web/demos/a b.js", "1;");
    files_.write_file("web/.secret", "s");
    files_.write_file("secret.txt", "top secret");
    files_.write_file("website/other.html", "not ours");
  }
  PageAnswer get(const std::string& path, const std::string& etag = "", bool html = true) {
    return load_page(files_.path("web"), {path, etag, html});
  }
  test::TransportBench files_;
};

TEST_F(StaticPages, serves_files_with_type_and_tag) {
  PageAnswer page = get("/index.html");
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "<h1>hello</h1>");
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(get("/demos/a%20b.js").content_type, "text/javascript; charset=utf-8");
  EXPECT_EQ(content_type_of("x.svg"), "image/svg+xml");
  EXPECT_EQ(content_type_of("LICENSE"), "application/octet-stream");
}

TEST_F(StaticPages, unchanged_files_are_not_sent_again) {
  PageAnswer first = get("/index.html");
  PageAnswer again = get("/index.html", "W/\"other\", " + first.etag);
  EXPECT_EQ(again.status, 304);
  EXPECT_TRUE(again.body.empty());
  files_.write_file("web/index.html", "changed now");
  EXPECT_EQ(get("/index.html", first.etag).status, 200);
}

TEST_F(StaticPages, folders_answer_browsers_with_their_index) {
  EXPECT_EQ(get("/").body, "<h1>hello</h1>");
  EXPECT_EQ(get("/", "", false).status, 404);
  EXPECT_EQ(get("/demos/").body, "demos");
  PageAnswer moved = get("/demos");
  EXPECT_EQ(moved.status, 301);
  EXPECT_EQ(moved.location, "/demos/");
}

TEST_F(StaticPages, nothing_outside_the_folder_can_be_had) {
  std::filesystem::create_symlink(files_.path("secret.txt"), files_.path("web/link.txt"));
  std::filesystem::create_directory_symlink(files_.path("website"), files_.path("web/site"));
  for (const char* path :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/demos/../../secret.txt", "/..%2fsecret.txt", "/link.txt",
        "/site/other.html", "/.secret", "//etc/passwd", "/%2fetc/passwd", "/demos//index.html", "/..\\secret.txt",
        "/index.html%00.txt", "/%", "/%zz", "secret.txt", "", "/../website/other.html", "//demos"}) {
    PageAnswer page = get(path);
    EXPECT_EQ(page.status, 404) << path;
    EXPECT_TRUE(page.body.empty()) << path;
  }
}

}  // namespace
}  // namespace limen::http
