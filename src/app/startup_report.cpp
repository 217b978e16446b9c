#include "app/startup_report.hpp"

#include <fmt/core.h>

#include <algorithm>

namespace limen::app {
namespace {

// Browsers give cameras to HTTPS pages and to localhost, so HTTPS is the better door.
const Listening* front_door(const std::vector<Listening>& listening) {
  const Listening* best = nullptr;
  for (const Listening& l : listening) {
    if (l.what != "Pages") continue;
    if (best == nullptr || (l.scheme == "https" && best->scheme != "https")) best = &l;
  }
  return best;
}

}  // namespace

std::vector<std::string> startup_lines(const StartupReport& report) {
  std::vector<std::string> lines;
  if (const Listening* door = front_door(report.listening)) {
    lines.push_back(fmt::format("Open {}", door->url));
    if (door->scheme == "https")
      lines.push_back("  (a browser that does not know the certificate asks once whether to go on)");
  }
  size_t width = 5;
  for (const Listening& l : report.listening) width = std::max(width, l.what.size());
  for (const Listening& l : report.listening) lines.push_back(fmt::format("  {:<{}}  {}", l.what, width, l.url));
  lines.push_back(fmt::format("  {:<{}}  {}", "Media", width, report.media));
  lines.push_back(fmt::format("Up in {} ms. Ctrl-C stops.", report.started_in_ms));
  return lines;
}

}  // namespace limen::app
