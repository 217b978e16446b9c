#include "tools/load/report.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace limen::load {

namespace json = boost::json;

namespace {

double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}
double ms(Duration d) {
  return seconds(d) * 1000;
}
double rounded(double value) {
  return static_cast<double>(static_cast<int64_t>(value * 1000 + (value < 0 ? -0.5 : 0.5))) / 1000;
}

json::object spread(const std::vector<Duration>& samples) {
  json::object out;
  out["count"] = samples.size();
  out["p50_ms"] = rounded(ms(percentile(samples, 0.5)));
  out["p95_ms"] = rounded(ms(percentile(samples, 0.95)));
  out["max_ms"] = rounded(ms(percentile(samples, 1)));
  return out;
}

json::object media_json(const Report& r) {
  const HostTotals& t = r.totals;
  json::object out;
  out["packets"] = t.streams.received;
  out["packets_per_second"] = rounded(r.forwarded_per_second());
  out["sent"] = t.sent;
  out["not_sent"] = t.not_sent;
  out["lost"] = t.streams.lost();
  out["duplicates"] = t.streams.duplicates;
  out["reordered"] = t.streams.reordered;
  out["checked"] = t.checked;
  out["corrupt"] = t.corrupt;
  out["keyframe_requests"] = t.keyframe_requests;
  json::object latency;
  latency["count"] = t.latency.count();
  latency["p50_ms"] = rounded(ms(t.latency.percentile(0.5)));
  latency["p95_ms"] = rounded(ms(t.latency.percentile(0.95)));
  latency["p99_ms"] = rounded(ms(t.latency.percentile(0.99)));
  latency["max_ms"] = rounded(ms(t.latency.highest()));
  out["latency"] = std::move(latency);
  if (r.inside_half && r.inside_99) {
    json::object inside;
    inside["p50_ms"] = rounded(ms(*r.inside_half));
    inside["p99_ms"] = rounded(ms(*r.inside_99));
    out["inside"] = std::move(inside);
  }
  return out;
}

template <typename Counts>
json::object counts_json(const Counts& counts) {
  json::object out;
  for (const auto& [name, count] : counts) out[name] = count;
  return out;
}

std::string spread_text(const char* name, const std::vector<Duration>& samples) {
  if (samples.empty()) return {};
  return fmt::format("  {:<22}{:>8.1f} ms median, {:.1f} p95, {:.1f} highest\n", name, ms(percentile(samples, 0.5)),
                     ms(percentile(samples, 0.95)), ms(percentile(samples, 1)));
}

std::string media_text(const Report& r) {
  const HostTotals& t = r.totals;
  if (t.streams.received == 0 && t.sent == 0) return {};
  std::string out = fmt::format("  {:<22}{:>8.0f} a second\n", "packets received", r.forwarded_per_second());
  uint64_t lost = t.streams.lost();
  double expected = static_cast<double>(std::max<uint64_t>(1, t.streams.expected));
  out += fmt::format("  {:<22}{:>8} lost ({:.4f} %), {} duplicates, {} reordered\n", "order", lost,
                     100.0 * static_cast<double>(lost) / expected, t.streams.duplicates, t.streams.reordered);
  out += fmt::format("  {:<22}{:>8} decrypted and compared, {} wrong\n", "contents", t.checked, t.corrupt);
  if (t.latency.count() > 0) {
    out += fmt::format("  {:<22}{:>8.2f} ms median, {:.2f} p95, {:.2f} p99, {:.2f} highest (tester included)\n",
                       "latency", ms(t.latency.percentile(0.5)), ms(t.latency.percentile(0.95)),
                       ms(t.latency.percentile(0.99)), ms(t.latency.highest()));
  }
  if (r.inside_half && r.inside_99) {
    out += fmt::format("  {:<22}{:>8.2f} ms median, {:.2f} p99\n", "inside the server", ms(*r.inside_half),
                       ms(*r.inside_99));
  }
  if (t.not_sent > 0) out += fmt::format("  {:<22}{:>8} packets could not be sent\n", "sources", t.not_sent);
  return out;
}

std::string server_text(const Report& r) {
  if (!r.server) return {};
  std::string out = fmt::format("  {:<22}{:>8.1f} % of a core", "server CPU", *r.server_core_share() * 100);
  if (auto us = r.server_us_per_packet()) out += fmt::format(", {:.2f} us per forwarded packet", *us);
  out += fmt::format("\n  {:<22}{:>8.1f} MB", "server memory", static_cast<double>(r.server->resident) / 1e6);
  if (auto kb = r.kilobytes_per_peer()) out += fmt::format(", {:.1f} kB more per peer", *kb);
  return out + "\n";
}

}  // namespace

double Report::forwarded_per_second() const {
  return measured.count() == 0 ? 0 : static_cast<double>(totals.streams.received) / seconds(measured);
}

std::optional<double> Report::server_us_per_packet() const {
  if (!server || !steady || totals.streams.received == 0) return std::nullopt;
  return seconds(server->cpu) * 1e6 / static_cast<double>(totals.streams.received);
}

std::optional<double> Report::server_core_share() const {
  if (!server || measured.count() == 0) return std::nullopt;
  return seconds(server->cpu) / seconds(measured);
}

std::optional<double> Report::kilobytes_per_peer() const {
  if (!server || totals.connected == 0) return std::nullopt;
  return (static_cast<double>(server->resident) - static_cast<double>(server->resident_before)) / 1000 /
         totals.connected;
}

Duration percentile(std::vector<Duration> samples, double share) {
  if (samples.empty()) return Duration{0};
  auto at = samples.begin() + static_cast<ptrdiff_t>(share * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), at, samples.end());
  return *at;
}

json::object to_json(const Options& options, const Report& r) {
  json::object out;
  out["scenario"] = options.meeting ? "meeting" : options.scenario;
  out["server"] = options.server;
  out["peers"] = options.peers;
  out["peers_wanted"] = r.wanted;
  out["peers_connected"] = r.totals.connected;
  out["receivers_wanted"] = r.receivers;
  out["receivers_with_media"] = r.totals.with_media;
  out["set_up_s"] = rounded(seconds(r.set_up));
  out["measured_s"] = rounded(seconds(r.measured));
  if (options.scenario == "signalling") {
    out["rounds"] = r.rounds;
    out["rounds_per_second"] = rounded(static_cast<double>(r.rounds) / std::max(1e-9, seconds(r.measured)));
    out["round"] = spread(r.round_times);
  } else {
    out["media"] = media_json(r);
    out["srtp_profiles"] = counts_json(r.totals.profiles);
    out["drops"] = counts_json(r.totals.drops);
    json::object join;
    join["answered"] = spread(r.answered);
    join["connected"] = spread(r.connected);
    join["first_media"] = spread(r.first_media);
    out["join"] = std::move(join);
  }
  out["tester_core_share"] = rounded(seconds(r.tester_cpu) / std::max(1e-9, seconds(r.measured)));
  if (r.server) {
    json::object server;
    server["core_share"] = rounded(*r.server_core_share());
    server["resident_before_kb"] = r.server->resident_before / 1000;
    server["resident_kb"] = r.server->resident / 1000;
    if (auto us = r.server_us_per_packet()) server["us_per_packet"] = rounded(*us);
    if (auto kb = r.kilobytes_per_peer()) server["kb_per_peer"] = rounded(*kb);
    if (r.rounds > 0) server["us_per_round"] = rounded(seconds(r.server->cpu) * 1e6 / static_cast<double>(r.rounds));
    out["server_process"] = std::move(server);
  }
  out["failures"] = counts_json(r.failures);
  return out;
}

std::string to_text(const Options& options, const Report& r) {
  std::string out = fmt::format("{} against {}, {:.1f} s measured\n", options.meeting ? "meeting" : options.scenario,
                                options.server, seconds(r.measured));
  if (options.scenario == "signalling") {
    out += fmt::format("  {:<22}{:>8.0f} rounds a second (create + attach + destroy)\n", "rate",
                       static_cast<double>(r.rounds) / std::max(1e-9, seconds(r.measured)));
    out += spread_text("one round", r.round_times);
  } else {
    out += fmt::format("  {:<22}{:>8} of {} connected in {:.2f} s; {} of {} receivers have media\n", "peers",
                       r.totals.connected, r.wanted, seconds(r.set_up), r.totals.with_media, r.receivers);
    for (const auto& [name, count] : r.totals.profiles) out += fmt::format("  {:<22}{:>8} {}\n", "cipher", count, name);
    out += spread_text("descriptions exchanged", r.answered) + spread_text("connected", r.connected) +
           spread_text("first media", r.first_media);
    out += media_text(r);
  }
  out += server_text(r);
  double own = seconds(r.tester_cpu) / std::max(1e-9, seconds(r.measured));
  out += fmt::format("  {:<22}{:>8.1f} % of a core{}\n", "tester CPU", own * 100,
                     own > 0.9 * options.shards ? "  <- the tester is the limit, not the server" : "");
  for (const auto& [text, count] : r.failures)
    out += fmt::format("  failed {} time{}: {}\n", count, count == 1 ? "" : "s", text);
  return out;
}

}  // namespace limen::load
