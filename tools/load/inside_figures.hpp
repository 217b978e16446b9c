// InsideFigures: how long media packets were inside Limen during the measurement, by its metrics page
// (limen_media_inside_seconds, docs/operations.md), read before and after. Control thread.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "tools/load/janus_link.hpp"

namespace limen::load {

// Packets of all media threads that were inside for at most so many seconds; the last bound is infinite.
using InsideCounts = std::map<double, double>;

// Empty if the page has no such metric.
InsideCounts read_inside(std::string_view page);

// The time that `share` (0..1) of the packets between two looks stayed below, linear between two bounds. Nothing if
// there were none; an infinite one is told as the last bound before it.
std::optional<Duration> inside_percentile(const InsideCounts& before, const InsideCounts& after, double share);

// GET of the metrics page; `token` may be empty.
Async<std::string> fetch_page(boost::asio::io_context& io, const ServerAddress& server, const std::string& token);

}  // namespace limen::load
