#include "core/monitoring/metrics_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "base/assert.hpp"

namespace limen::core {
namespace {

void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (char c : text) {
    if (c == '\\') out += "\\\\";
    else if (c == '\n') out += "\\n";
    else if (c == '"' && quoted) out += "\\\"";
    else out += c;
  }
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return fmt::format("{}", value);
}

// `more` is a label that is written already, or empty.
void append_sample(std::string& out, std::string_view name, std::string_view suffix, MetricsPage::Labels labels,
                   std::string_view more, std::string_view value) {
  out += name;
  out += suffix;
  char separator = '{';
  for (const auto& [label, text] : labels) {
    out += std::exchange(separator, ',');
    out += label;
    out += "=\"";
    append_escaped(out, text, true);
    out += '"';
  }
  if (!more.empty()) {
    out += std::exchange(separator, ',');
    out += more;
  }
  if (separator == ',') out += '}';
  out += ' ';
  out += value;
  out += '\n';
}

}  // namespace

std::string& MetricsPage::samples(std::string_view name, std::string_view type, std::string_view help) {
  auto at = families_.find(name);
  if (at == families_.end()) at = families_.emplace(name, Family{type, std::string(help), {}}).first;
  LIMEN_ASSERT(at->second.type == type);
  return at->second.samples;
}

void MetricsPage::counter(std::string_view name, std::string_view help, Labels labels, uint64_t value) {
  append_sample(samples(name, "counter", help), name, "", labels, "", fmt::format("{}", value));
}

void MetricsPage::counter_seconds(std::string_view name, std::string_view help, Labels labels, Duration value) {
  append_sample(samples(name, "counter", help), name, "", labels, "", number(static_cast<double>(value.count()) / 1e9));
}

void MetricsPage::gauge(std::string_view name, std::string_view help, Labels labels, double value) {
  append_sample(samples(name, "gauge", help), name, "", labels, "", number(value));
}

void MetricsPage::histogram(std::string_view name, std::string_view help, Labels labels,
                            const DurationHistogram& values) {
  ranges<DurationBounds>(name, help, labels, values, 1e9);
}

void MetricsPage::histogram(std::string_view name, std::string_view help, Labels labels, const BatchHistogram& values) {
  ranges<BatchBounds>(name, help, labels, values, 1);
}

// From 64 µs to half a second in steps of 1.5 and 1.33, the edges of the histogram's own buckets.
void MetricsPage::histogram(std::string_view name, std::string_view help, Labels labels,
                            const LatencyHistogram& values) {
  std::string& out = samples(name, "histogram", help);
  auto bucket = [&](const std::string& bound, uint64_t count) {
    append_sample(out, name, "_bucket", labels, fmt::format("le=\"{}\"", bound), fmt::format("{}", count));
  };
  for (int64_t us = 64; us <= 524'288; us *= 2) {
    for (int64_t edge : {us, us * 3 / 2}) {
      bucket(number(static_cast<double>(edge) / 1e6), values.count_below(std::chrono::microseconds(edge)));
    }
  }
  bucket("+Inf", values.count());
  append_sample(out, name, "_sum", labels, "", number(static_cast<double>(values.sum().count()) / 1e9));
  append_sample(out, name, "_count", labels, "", fmt::format("{}", values.count()));
}

template <typename Bounds>
void MetricsPage::ranges(std::string_view name, std::string_view help, Labels labels, const Histogram<Bounds>& values,
                         double unit) {
  std::string& out = samples(name, "histogram", help);
  uint64_t count = 0;
  for (size_t i = 0; i < values.counts.size(); ++i) {
    count += values.counts[i];
    bool last = i == Bounds::kBounds.size();
    std::string bound = last ? "+Inf" : number(static_cast<double>(Bounds::kBounds[i]) / unit);
    append_sample(out, name, "_bucket", labels, fmt::format("le=\"{}\"", bound), fmt::format("{}", count));
  }
  append_sample(out, name, "_sum", labels, "", number(static_cast<double>(values.sum) / unit));
  append_sample(out, name, "_count", labels, "", fmt::format("{}", count));
}

std::string MetricsPage::text() const {
  std::string out;
  for (const auto& [name, family] : families_) {
    out += fmt::format("# HELP {} ", name);
    append_escaped(out, family.help, false);
    out += fmt::format("\n# TYPE {} {}\n", name, family.type);
    out += family.samples;
  }
  return out;
}

std::string metric_word(std::string_view text) {
  std::string word(text);
  std::ranges::transform(word, word.begin(), [](unsigned char c) {
    return std::isalnum(c) != 0 ? static_cast<char>(std::tolower(c)) : '_';
  });
  return word;
}

}  // namespace limen::core
