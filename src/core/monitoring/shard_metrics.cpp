// Metrics of the media shards (ShardReport). `loop` is the shard's index; traffic of peers is summed over all.
#include <fmt/format.h>

#include "core/monitoring/metrics_collector.hpp"
#include "rtc/ice/ice_agent.hpp"
#include "rtc/srtp/srtp_session.hpp"

namespace limen::core {
namespace {

constexpr std::string_view kDropsHelp = "Datagrams, packets and notes that were not used, by part and reason";
constexpr std::string_view kDrops = "limen_drops_total";

void add_peers(MetricsPage& page, const std::vector<ShardReport>& shards) {
  std::array<uint64_t, static_cast<size_t>(rtc::PeerPhase::count)> phases{};
  rtc::PeerTotals sum;
  for (const ShardReport& shard : shards) {
    for (size_t i = 0; i < phases.size(); ++i) phases[i] += shard.phases[i];
    sum.packets_in += shard.totals.packets_in;
    sum.bytes_in += shard.totals.bytes_in;
    sum.packets_out += shard.totals.packets_out;
    sum.bytes_out += shard.totals.bytes_out;
    sum.nacks_in += shard.totals.nacks_in;
    sum.nacks_out += shard.totals.nacks_out;
    sum.plis_in += shard.totals.plis_in;
    sum.plis_out += shard.totals.plis_out;
    sum.firs_in += shard.totals.firs_in;
    sum.retransmissions_in += shard.totals.retransmissions_in;
    sum.retransmissions_out += shard.totals.retransmissions_out;
    sum.connected += shard.totals.connected;
  }
  for (size_t i = 0; i < phases.size(); ++i) {
    page.gauge("limen_peers", "PeerConnections by how far they have got",
               {{"state", rtc::peer_phase_name(static_cast<rtc::PeerPhase>(i))}}, static_cast<double>(phases[i]));
  }
  page.counter("limen_peers_connected_total", "PeerConnections that came up", {}, sum.connected);
  constexpr std::string_view kIn = "in", kOut = "out";
  auto both = [&](std::string_view name, std::string_view help, uint64_t in, uint64_t out) {
    page.counter(name, help, {{"direction", kIn}}, in);
    page.counter(name, help, {{"direction", kOut}}, out);
  };
  both("limen_peer_packets_total", "Datagrams from peers (all kinds), and RTP and RTCP packets to them", sum.packets_in,
       sum.packets_out);
  both("limen_peer_bytes_total", "Their bytes", sum.bytes_in, sum.bytes_out);
  both("limen_nacked_packets_total", "Packets asked for again: by peers (in), of peers (out)", sum.nacks_in,
       sum.nacks_out);
  both("limen_retransmitted_packets_total", "Packets received again over RTX (in), sent again (out)",
       sum.retransmissions_in, sum.retransmissions_out);
  both("limen_keyframe_requests_total", "Keyframes asked for with PLI or FIR: by peers (in), of peers with PLI (out)",
       sum.plis_in + sum.firs_in, sum.plis_out);
  page.counter("limen_plis_received_total", "Picture Loss Indications of peers", {}, sum.plis_in);
  page.counter("limen_firs_received_total", "Full Intra Requests of peers", {}, sum.firs_in);
}

void add_peer_drops(MetricsPage& page, const std::vector<ShardReport>& shards) {
  auto drop = [&](std::string_view part, std::string_view reason, auto&& of) {
    uint64_t sum = 0;
    for (const ShardReport& shard : shards) sum += of(shard);
    page.counter(kDrops, kDropsHelp, {{"part", part}, {"reason", metric_word(reason)}}, sum);
  };
  for (size_t i = 0; i < static_cast<size_t>(rtc::Drop::count); ++i) {
    auto reason = static_cast<rtc::Drop>(i);
    drop("peer", rtc::drop_name(reason), [&](const ShardReport& shard) { return shard.totals.drops.of(reason); });
  }
  for (size_t i = 1; i < rtc::kSrtpStatusCount; ++i) {  // 0 is ok
    auto status = static_cast<rtc::SrtpStatus>(i);
    drop("srtp", rtc::srtp_status_name(status),
         [&](const ShardReport& shard) { return shard.totals.drops.of(status); });
  }
  for (size_t i = 0; i < static_cast<size_t>(rtc::IceDrop::count); ++i) {
    drop("ice", rtc::ice_drop_name(static_cast<rtc::IceDrop>(i)),
         [&](const ShardReport& shard) { return shard.totals.ice_drops[i]; });
  }
  for (size_t i = 0; i < static_cast<size_t>(rtc::SctpDrop::count); ++i) {
    drop("sctp", rtc::sctp_drop_name(static_cast<rtc::SctpDrop>(i)),
         [&](const ShardReport& shard) { return shard.totals.sctp_drops[i]; });
  }
  auto demux = [&](std::string_view reason, uint64_t DemuxCounters::* member) {
    drop("demux", reason, [&](const ShardReport& shard) { return shard.counters.demux.*member; });
  };
  demux("unknown stun", &DemuxCounters::unknown_stun);
  demux("unknown datagram", &DemuxCounters::unknown_datagram);
  demux("contested flow", &DemuxCounters::contested_flow);
  demux("evicted flow", &DemuxCounters::evicted_flow);
  drop("forward", "busy loop", [](const ShardReport& shard) { return shard.counters.dropped_forwarded; });
  drop("fanout", "slow shard", [](const ShardReport& shard) { return shard.fanout.dropped; });
}

void add_socket_drops(MetricsPage& page, const std::vector<ShardReport>& shards) {
  auto drop = [&](std::string_view part, std::string_view reason, auto&& of) {
    uint64_t sum = 0;
    for (const ShardReport& shard : shards) sum += of(shard.loop);
    page.counter(kDrops, kDropsHelp, {{"part", part}, {"reason", metric_word(reason)}}, sum);
  };
  using Stats = const runtime::ShardStats&;
  drop("udp_receive", "too large", [](Stats s) { return s.rx.dropped_large; });
  drop("udp_receive", "pool full", [](Stats s) { return s.rx.dropped_no_packet; });
  drop("udp_receive", "empty", [](Stats s) { return s.rx.dropped_empty; });
  drop("udp_receive", "error", [](Stats s) { return s.rx.errors; });
  drop("udp_send", "backlog full", [](Stats s) { return s.tx.dropped_full; });
  drop("udp_send", "error", [](Stats s) { return s.tx.dropped_error; });
  drop("udp_send", "no socket", [](Stats s) { return s.tx.dropped_socket; });
  drop("ice_tcp", "slow reader", [](Stats s) { return s.tcp.dropped_full; });
  drop("ice_tcp", "pool full", [](Stats s) { return s.tcp.dropped_no_packet; });
  drop("ice_tcp", "no connection", [](Stats s) { return s.tcp.dropped_unconnected; });
  drop("media_port", "too large", [](Stats s) { return s.ports.dropped_large; });
  drop("media_port", "pool full", [](Stats s) { return s.ports.dropped_no_packet; });
  drop("media_port", "socket full", [](Stats s) { return s.ports.dropped_full; });
  drop("media_port", "error", [](Stats s) { return s.ports.dropped_error; });
}

void add_ice_tcp(MetricsPage& page, const std::vector<ShardReport>& shards) {
  auto sum = [&](uint64_t runtime::TcpStats::* member) {
    uint64_t all = 0;
    for (const ShardReport& shard : shards) all += shard.loop.tcp.*member;
    return all;
  };
  auto happened = [&](std::string_view event, uint64_t runtime::TcpStats::* member) {
    page.counter("limen_ice_tcp_connections_total",
                 "ICE-TCP connections: accepted, opened by us, closed; handed over to the loop of their peer",
                 {{"event", event}}, sum(member));
  };
  happened("accepted", &runtime::TcpStats::accepted);
  happened("opened", &runtime::TcpStats::opened);
  happened("closed", &runtime::TcpStats::closed);
  happened("handed_over", &runtime::TcpStats::given_away);
  auto refused = [&](std::string_view reason, uint64_t runtime::TcpStats::* member) {
    page.counter("limen_ice_tcp_refused_total", "ICE-TCP connections that were not taken or not kept, by reason",
                 {{"reason", reason}}, sum(member));
  };
  refused("too_many", &runtime::TcpStats::refused_full);
  refused("too_many_of_address", &runtime::TcpStats::refused_address);
  refused("made_room", &runtime::TcpStats::evicted);
  refused("unproved", &runtime::TcpStats::timed_out);
  refused("bad_stream", &runtime::TcpStats::bad_stream);
  constexpr std::string_view kFrames = "limen_ice_tcp_frames_total", kHelp = "Datagrams of ICE-TCP connections";
  page.counter(kFrames, kHelp, {{"direction", "in"}}, sum(&runtime::TcpStats::frames_in));
  page.counter(kFrames, kHelp, {{"direction", "out"}}, sum(&runtime::TcpStats::frames_out));
}

void add_sockets(MetricsPage& page, const ShardReport& shard, std::string_view loop) {
  const runtime::RxStats& rx = shard.loop.rx;
  const runtime::TxStats& tx = shard.loop.tx;
  auto both = [&](std::string_view name, std::string_view help, uint64_t in, uint64_t out) {
    page.counter(name, help, {{"loop", loop}, {"direction", "in"}}, in);
    page.counter(name, help, {{"loop", loop}, {"direction", "out"}}, out);
  };
  both("limen_udp_datagrams_total", "Datagrams of the media sockets", rx.datagrams, tx.datagrams);
  both("limen_udp_bytes_total", "Their bytes, without UDP and IP headers", rx.bytes, tx.bytes);
  both("limen_udp_messages_total", "What the kernel handled as one: a GRO train or GSO run counts once", rx.messages,
       tx.messages);
  both("limen_udp_system_calls_total", "recvmmsg and sendmmsg calls", rx.system_calls, tx.system_calls);
  both("limen_media_port_datagrams_total", "Datagrams of the ports that plugins opened (RTP forwarders and the like)",
       shard.loop.ports.received, shard.loop.ports.sent);
  page.histogram("limen_udp_send_batch_datagrams", "Datagrams per message given to the kernel: 1 is sent without GSO",
                 {{"loop", loop}}, tx.batches);
  page.counter("limen_udp_gso_refused_total", "GSO runs that the kernel refused and that were sent one by one",
               {{"loop", loop}}, tx.gso_refused);
  page.counter("limen_udp_backlogged_total", "Datagrams that a full socket made wait", {{"loop", loop}}, tx.queued);
  page.gauge("limen_udp_backlog_datagrams", "Datagrams that wait for a full socket", {{"loop", loop}},
             static_cast<double>(tx.waiting));
  page.gauge("limen_media_ports", "UDP ports that plugins opened", {{"loop", loop}},
             static_cast<double>(shard.loop.open_ports));
}

void add_loop(MetricsPage& page, const ShardReport& shard, std::string_view loop) {
  page.gauge("limen_loop_handles", "Handles whose media the loop serves", {{"loop", loop}},
             static_cast<double>(shard.counters.handles));
  constexpr std::string_view kHanded = "limen_loop_forwarded_datagrams_total",
                             kHandedHelp =
                                 "Datagrams on a shared port that came to another loop than their peer's, and "
                                 "were handed to this one (in) or by this one (out)";
  page.counter(kHanded, kHandedHelp, {{"loop", loop}, {"direction", "in"}}, shard.counters.forwarded_in);
  page.counter(kHanded, kHandedHelp, {{"loop", loop}, {"direction", "out"}}, shard.counters.demux.other_shard);
  page.gauge("limen_loop_peers", "PeerConnections on the loop", {{"loop", loop}},
             static_cast<double>(shard.counters.peers));
  page.counter_seconds("limen_loop_cpu_seconds_total", "CPU time of the loop's thread", {{"loop", loop}},
                       shard.loop.cpu);
  page.histogram("limen_loop_busy_seconds",
                 "One turn of a media loop, one closure of the control loop: what comes in meanwhile waits so long",
                 {{"loop", loop}}, shard.loop.busy);
  page.histogram("limen_loop_delay_seconds", "How late timers ran", {{"loop", loop}}, shard.loop.late);
  page.counter("limen_loop_turns_total", "Turns of the loop", {{"loop", loop}}, shard.loop.turns);
  page.counter("limen_loop_sleeps_total", "Turns that waited for something to do", {{"loop", loop}}, shard.loop.sleeps);
  page.counter("limen_loop_posts_total", "Closures that other threads posted to the loop", {{"loop", loop}},
               shard.loop.tasks);
}

void add_memory(MetricsPage& page, const ShardReport& shard, std::string_view loop) {
  auto owner = [&](std::string_view name, size_t bytes) {
    page.gauge("limen_memory_bytes", "Memory by owner, as far as it is kept count of",
               {{"owner", name}, {"loop", loop}}, static_cast<double>(bytes));
  };
  owner("packet_pool", shard.loop.packets_allocated * sizeof(PacketStorage));
  owner("retransmission_ring", shard.recent_bytes);
  owner("send_histories", shard.history_bytes);
  owner("data_channels", shard.data_bytes);
  owner("udp_backlog", shard.loop.tx.waiting_bytes);
  page.gauge("limen_retransmission_ring_packets", "Packets of the pool kept for retransmission", {{"loop", loop}},
             static_cast<double>(shard.recent_packets));
  page.counter("limen_fanout_packets_total", "Packets passed on to a loop with subscribers", {{"loop", loop}},
               shard.fanout.relayed);
  page.gauge("limen_fanout_sources", "Streams that have subscribers or may have", {{"loop", loop}},
             static_cast<double>(shard.fanout.sources));
}

void add_relays(MetricsPage& page, const std::vector<ShardReport>& shards) {
  RelayCounters sum;
  for (const ShardReport& shard : shards) {
    sum.relays += shard.counters.relays.relays;
    sum.allocated += shard.counters.relays.allocated;
    sum.failed += shard.counters.relays.failed;
    sum.lost += shard.counters.relays.lost;
    sum.messages_in += shard.counters.relays.messages_in;
    sum.messages_out += shard.counters.relays.messages_out;
  }
  page.gauge("limen_relays", "TURN allocations that PeerConnections have", {}, static_cast<double>(sum.relays));
  constexpr std::string_view kName = "limen_relay_allocations_total", kHelp = "TURN allocations by what came of them";
  page.counter(kName, kHelp, {{"result", "allocated"}}, sum.allocated);
  page.counter(kName, kHelp, {{"result", "failed"}}, sum.failed);
  page.counter(kName, kHelp, {{"result", "lost"}}, sum.lost);
  constexpr std::string_view kMessages = "limen_relay_messages_total", kAbout = "Messages of TURN servers, and to them";
  page.counter(kMessages, kAbout, {{"direction", "in"}}, sum.messages_in);
  page.counter(kMessages, kAbout, {{"direction", "out"}}, sum.messages_out);
}

void add_inside(MetricsPage& page, const ShardReport& shard, std::string_view loop) {
  page.histogram("limen_media_inside_seconds", "Time from a media packet's coming in to its last copy's going out",
                 {{"loop", loop}}, shard.counters.inside);
}

}  // namespace

void add_shard_metrics(MetricsPage& page, const std::vector<ShardReport>& shards) {
  add_peers(page, shards);
  add_peer_drops(page, shards);
  add_socket_drops(page, shards);
  add_ice_tcp(page, shards);
  add_relays(page, shards);
  for (size_t i = 0; i < shards.size(); ++i) {
    std::string loop = fmt::format("media-{}", i);
    add_loop(page, shards[i], loop);
    add_sockets(page, shards[i], loop);
    add_memory(page, shards[i], loop);
    add_inside(page, shards[i], loop);
  }
}

}  // namespace limen::core
