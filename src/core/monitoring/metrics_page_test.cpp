#include "core/monitoring/metrics_page.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace limen::core {
namespace {

TEST(MetricsPage, samples_of_a_metric_stand_together_under_one_help_and_type) {
  MetricsPage page;
  page.counter("limen_b_total", "Second", {{"kind", "x"}}, 1);
  page.gauge("limen_a_bytes", "First", {}, 2.5);
  page.counter("limen_b_total", "Second", {{"kind", "y"}}, 18446744073709551615u);
  EXPECT_EQ(page.text(),
            "# HELP limen_a_bytes First\n"
            "# TYPE limen_a_bytes gauge\n"
            "limen_a_bytes 2.5\n"
            "# HELP limen_b_total Second\n"
            "# TYPE limen_b_total counter\n"
            "limen_b_total{kind=\"x\"} 1\n"
            "limen_b_total{kind=\"y\"} 18446744073709551615\n");
}

TEST(MetricsPage, escapes_labels_and_help) {
  MetricsPage page;
  page.gauge("limen_x", "a \"quote\", a \\ and\na line", {{"name", "q\"b\\s\nn"}}, 1);
  EXPECT_EQ(page.text(),
            "# HELP limen_x a \"quote\", a \\\\ and\\na line\n"
            "# TYPE limen_x gauge\n"
            "limen_x{name=\"q\\\"b\\\\s\\nn\"} 1\n");
}

TEST(MetricsPage, writes_numbers_as_prometheus_reads_them) {
  MetricsPage page;
  page.gauge("limen_x", "X", {{"v", "inf"}}, std::numeric_limits<double>::infinity());
  page.gauge("limen_x", "X", {{"v", "nan"}}, std::numeric_limits<double>::quiet_NaN());
  page.gauge("limen_x", "X", {{"v", "small"}}, 1e-9);
  page.counter_seconds("limen_y_seconds_total", "Y", {}, std::chrono::milliseconds(1500));
  std::string text = page.text();
  EXPECT_NE(text.find("limen_x{v=\"inf\"} +Inf\n"), std::string::npos) << text;
  EXPECT_NE(text.find("limen_x{v=\"nan\"} NaN\n"), std::string::npos) << text;
  EXPECT_NE(text.find("limen_x{v=\"small\"} 1e-09\n"), std::string::npos) << text;
  EXPECT_NE(text.find("limen_y_seconds_total 1.5\n"), std::string::npos) << text;
}

TEST(MetricsPage, ranges_of_histograms_are_cumulative) {
  BatchHistogram batches;
  for (uint64_t size : {1, 1, 2, 3, 64, 65}) batches.add(size);
  MetricsPage page;
  page.histogram("limen_batch", "Batches", {{"loop", "0"}}, batches);
  EXPECT_EQ(page.text(),
            "# HELP limen_batch Batches\n"
            "# TYPE limen_batch histogram\n"
            "limen_batch_bucket{loop=\"0\",le=\"1\"} 2\n"
            "limen_batch_bucket{loop=\"0\",le=\"2\"} 3\n"
            "limen_batch_bucket{loop=\"0\",le=\"4\"} 4\n"
            "limen_batch_bucket{loop=\"0\",le=\"8\"} 4\n"
            "limen_batch_bucket{loop=\"0\",le=\"16\"} 4\n"
            "limen_batch_bucket{loop=\"0\",le=\"32\"} 4\n"
            "limen_batch_bucket{loop=\"0\",le=\"64\"} 5\n"
            "limen_batch_bucket{loop=\"0\",le=\"+Inf\"} 6\n"
            "limen_batch_sum{loop=\"0\"} 136\n"
            "limen_batch_count{loop=\"0\"} 6\n");
}

TEST(MetricsPage, durations_are_in_seconds_and_a_bound_belongs_to_its_range) {
  DurationHistogram durations;
  durations.add(std::chrono::microseconds(50));
  durations.add(std::chrono::seconds(2));
  durations.add(Duration(-5));  // a clock that was read twice
  MetricsPage page;
  page.histogram("limen_wait_seconds", "Waits", {}, durations);
  std::string text = page.text();
  EXPECT_NE(text.find("limen_wait_seconds_bucket{le=\"5e-05\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("limen_wait_seconds_bucket{le=\"1\"} 2\n"), std::string::npos) << text;
  EXPECT_NE(text.find("limen_wait_seconds_bucket{le=\"+Inf\"} 3\n"), std::string::npos) << text;
  EXPECT_NE(text.find("limen_wait_seconds_sum 2.00005\n"), std::string::npos) << text;
}

TEST(MetricsPage, latencies_have_two_bounds_for_each_power_of_two) {
  LatencyHistogram latencies;
  latencies.add(std::chrono::microseconds(64), 3);
  latencies.add(std::chrono::microseconds(1535));
  latencies.add(std::chrono::seconds(2));
  MetricsPage page;
  page.histogram("limen_inside_seconds", "Inside", {{"loop", "media-0"}}, latencies);
  std::string text = page.text();
  for (const char* line :
       {"_bucket{loop=\"media-0\",le=\"6.4e-05\"} 0\n", "_bucket{loop=\"media-0\",le=\"9.6e-05\"} 3\n",
        "_bucket{loop=\"media-0\",le=\"0.001024\"} 3\n", "_bucket{loop=\"media-0\",le=\"0.001536\"} 4\n",
        "_bucket{loop=\"media-0\",le=\"0.786432\"} 4\n", "_bucket{loop=\"media-0\",le=\"+Inf\"} 5\n",
        "_sum{loop=\"media-0\"} 2.001727\n", "_count{loop=\"media-0\"} 5\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << text;
  }
}

TEST(MetricsPage, words_for_labels) {
  EXPECT_EQ(metric_word("SRTP authentication failed"), "srtp_authentication_failed");
  EXPECT_EQ(metric_word("stun-bad-integrity"), "stun_bad_integrity");
}

}  // namespace
}  // namespace limen::core
