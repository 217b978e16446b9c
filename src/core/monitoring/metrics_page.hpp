// MetricsPage: metrics of one moment, written as the Prometheus text format 0.0.4.
//
// One thread. A metric may be added from several places; its samples come out together, under one HELP and
// one TYPE. Names, types and units follow the Prometheus conventions: base units (seconds, bytes), counters
// end in _total. Labels hold texts from a short list (a plugin, a reason), never ids or addresses.
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/histogram.hpp"
#include "base/latency_histogram.hpp"

namespace limen::core {

class MetricsPage {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // `labels` may be empty. The same name has the same type and help everywhere.
  void counter(std::string_view name, std::string_view help, Labels labels, uint64_t value);
  void counter_seconds(std::string_view name, std::string_view help, Labels labels, Duration value);
  void gauge(std::string_view name, std::string_view help, Labels labels, double value);
  void histogram(std::string_view name, std::string_view help, Labels labels, const DurationHistogram& values);
  void histogram(std::string_view name, std::string_view help, Labels labels, const BatchHistogram& values);
  void histogram(std::string_view name, std::string_view help, Labels labels, const LatencyHistogram& values);

  std::string text() const;

 private:
  struct Family {
    std::string_view type;
    std::string help;
    std::string samples;
  };
  std::string& samples(std::string_view name, std::string_view type, std::string_view help);
  template <typename Bounds>
  void ranges(std::string_view name, std::string_view help, Labels labels, const Histogram<Bounds>& values,
              double unit);

  std::map<std::string, Family, std::less<>> families_;
};

// "SRTP authentication failed" -> "srtp_authentication_failed": a text as a label's value.
std::string metric_word(std::string_view text);

}  // namespace limen::core
