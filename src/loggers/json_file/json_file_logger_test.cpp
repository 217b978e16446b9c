#include "loggers/json_file/json_file_logger.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/trace_id.hpp"
#include "loggers/json_file/line_writer.hpp"

namespace limen {
namespace {

class JsonFileLogger : public testing::Test {
 protected:
  JsonFileLogger() {
    std::string pattern = (std::filesystem::temp_directory_path() / "limen-jsonlog-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~JsonFileLogger() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  void configure(const std::string& text) {
    std::ofstream(folder_ + "/janus.logger.jsonlog.jcfg", std::ios::trunc) << "general: {\n" << text << "\n}\n";
  }
  std::string file() const { return folder_ + "/lines.json"; }
  std::string written() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string folder_;
  std::unique_ptr<LogSink> logger_ = make_json_file_logger();
};

TEST_F(JsonFileLogger, appends_an_object_and_a_line_break_per_line) {
  std::ofstream(file()) << "before\n";
  configure("enabled = true\nfilename = \"" + file() + "\"");
  ASSERT_TRUE(logger_->start(folder_));
  logger_->on_line(WallTime{123}, "a \"quoted\" line");
  logger_->on_line(WallTime{124}, "\x1b[31mred\x1b[0m");
  logger_.reset();  // writes what is queued
  EXPECT_EQ(written(),
            "before\n{\"timestamp\":123,\"line\":\"a \\\"quoted\\\" line\"}\n"
            "{\"timestamp\":124,\"line\":\"\\u001b[31mred\\u001b[0m\"}\n");
}

TEST_F(JsonFileLogger, rotation_goes_on_in_a_new_file) {
  configure("enabled = true\nfilename = \"" + file() + "\"");
  ASSERT_TRUE(logger_->start(folder_));
  logger_->on_line(WallTime{1}, "before");
  std::filesystem::rename(file(), folder_ + "/old.json");
  logger_->on_rotate();
  logger_->on_line(WallTime{2}, "after");
  logger_.reset();
  std::ifstream old(folder_ + "/old.json");
  std::string both((std::istreambuf_iterator<char>(old)), {});
  both += written();
  EXPECT_EQ(both, "{\"timestamp\":1,\"line\":\"before\"}\n{\"timestamp\":2,\"line\":\"after\"}\n");
  EXPECT_TRUE(std::filesystem::exists(file()));
}

TEST_F(JsonFileLogger, a_line_of_a_trace_says_so) {
  configure("enabled = true\nfilename = \"" + file() + "\"");
  ASSERT_TRUE(logger_->start(folder_));
  {
    log::TraceScope scope(TraceId("4bf92f3577b34da6a3ce929d0e0e4736"));
    logger_->on_line(WallTime{1}, "x");
  }
  logger_.reset();
  EXPECT_EQ(written(), "{\"timestamp\":1,\"line\":\"x\",\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\"}\n");
}

TEST_F(JsonFileLogger, lines_of_many_threads_stay_whole) {
  configure("enabled = true\nfilename = \"" + file() + "\"");
  ASSERT_TRUE(logger_->start(folder_));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) logger_->on_line(WallTime{i}, "line");
    });
  }
  for (std::thread& thread : threads) thread.join();
  logger_.reset();
  std::ifstream in(file());
  int count = 0;
  for (std::string line; std::getline(in, line); ++count) EXPECT_TRUE(parse_json(line)) << line;
  EXPECT_EQ(count, 800);
}

TEST_F(JsonFileLogger, what_cannot_work_is_an_error_and_what_is_off_is_quiet) {
  config::Findings findings;
  configure("filename = \"x\"");
  EXPECT_EQ(logger_->start(folder_).error().text, "");
  configure("enabled = true");
  EXPECT_FALSE(logger_->check_config(folder_, findings));
  EXPECT_NE(logger_->start(folder_).error().text, "");
  configure("enabled = true\nfilename = \"" + folder_ + "/none/such\"");
  EXPECT_NE(logger_->start(folder_).error().text.find("none/such"), std::string::npos);
  logger_->on_line(WallTime{1}, "nobody listens");
}

TEST_F(JsonFileLogger, answers_queries) {
  auto answer = [&](const char* text) {
    return write_json(*logger_->on_query(*parse_json(text)), JsonFormat::compact);
  };
  EXPECT_EQ(answer(R"({"request":"info"})"), R"({"result":200})");
  EXPECT_EQ(answer(R"({"request":"x"})"), R"({"error_code":411,"error":"Unknown request 'x'"})");
  EXPECT_EQ(parse_json(answer(R"({})"))->at("error_code").get_int64(), 412);
  EXPECT_EQ(parse_json(answer(R"({"request":1})"))->at("error_code").get_int64(), 413);
}

TEST(LineWriter, a_disk_that_refuses_is_counted) {
  auto writer = json_file::LineWriter::open("/dev/full");
  if (!writer) GTEST_SKIP() << writer.error().text;
  (*writer)->push("x\n");
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while ((*writer)->dropped() == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ((*writer)->dropped(), 1u);
  EXPECT_FALSE((*writer)->push(std::string(json_file::LineWriter::kMostQueued + 1, 'x')));
  EXPECT_EQ((*writer)->dropped(), 2u);
}

}  // namespace
}  // namespace limen
