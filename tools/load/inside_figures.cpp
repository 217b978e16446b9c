#include "tools/load/inside_figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace limen::load {

InsideCounts read_inside(std::string_view page) {
  constexpr std::string_view kSample = "limen_media_inside_seconds_bucket{", kBound = "le=\"";
  InsideCounts counts;
  while (!page.empty()) {
    std::string line(page.substr(0, page.find('\n')));
    page.remove_prefix(std::min(page.size(), line.size() + 1));
    size_t bound = line.find(kBound), space = line.rfind(' ');
    if (!line.starts_with(kSample) || bound == std::string::npos || space < bound) continue;
    // strtod reads "+Inf" as well.
    counts[std::strtod(line.c_str() + bound + kBound.size(), nullptr)] += std::strtod(line.c_str() + space, nullptr);
  }
  return counts;
}

std::optional<Duration> inside_percentile(const InsideCounts& before, const InsideCounts& after, double share) {
  auto between = [&before](double bound, double count) {
    auto at = before.find(bound);
    return at == before.end() ? count : count - at->second;
  };
  if (after.empty()) return std::nullopt;
  double all = between(after.rbegin()->first, after.rbegin()->second);
  if (all <= 0) return std::nullopt;
  double lower_bound = 0, lower_count = 0;
  for (const auto& [bound, total] : after) {
    double count = between(bound, total);
    if (count >= share * all) {
      double part = count > lower_count ? (share * all - lower_count) / (count - lower_count) : 1;
      double seconds = std::isinf(bound) ? lower_bound : lower_bound + part * (bound - lower_bound);
      return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    }
    lower_bound = bound;
    lower_count = count;
  }
  return std::nullopt;
}

}  // namespace limen::load
