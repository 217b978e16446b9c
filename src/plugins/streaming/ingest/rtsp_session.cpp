#include "plugins/streaming/ingest/rtsp_session.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "wire/rtcp/rtcp_parser.hpp"
#include "wire/rtcp/rtcp_writer.hpp"
#include "wire/rtp/rtp_parser.hpp"

namespace limen::streaming {

RtspSession::RtspSession(Setup setup, SourceSink& sink, RtspSignal& signal)
    : setup_(std::move(setup)), sink_(sink), signal_(signal), own_ssrc_(static_cast<uint32_t>(setup_.seed) | 1U) {}

RtspSession::~RtspSession() = default;

RtspEnd RtspSession::run() {
  auto connection = connect_tcp(setup_.url.host, setup_.url.port, setup_.local, setup_.spec->connect_timeout, signal_);
  if (!connection) return {RtspEnd::Kind::failed, connection.error().text};
  connection_ = std::move(*connection);
  RtspClient::Owner& owner = *this;
  client_ = std::make_unique<RtspClient>(
      RtspClient::Setup{
          .url = setup_.url, .spec = setup_.spec, .tcp = setup_.tcp, .seed = fmt::format("{:016x}", setup_.seed)},
      owner);
  RtspEnd why = loop();
  hand_on();
  say_goodbye();
  return why;
}

RtspEnd RtspSession::loop() {
  client_->start(SourceThread::now());
  while (!signal_.stopped()) {
    Instant now = SourceThread::now();
    client_->on_timer(now);
    if (client_->ended()) return *client_->ended();
    // With UDP media may go on without the connection; how long they do is seen below.
    if (!closed_.empty() && (!client_->playing() || setup_.tcp)) return {RtspEnd::Kind::failed, closed_};
    Instant silent_at = client_->playing() ? last_media_ + setup_.spec->reconnect_delay : kNever;
    if (now >= silent_at) return {RtspEnd::Kind::failed, "no media come from the server"};
    if (now >= report_due_) send_reports(now);
    if (client_->playing()) send_keyframe_requests();
    write_connection();
    wait(std::min({client_->next_deadline(), silent_at, report_due_}));
    hand_on();
  }
  return {RtspEnd::Kind::failed, "stopped"};
}

void RtspSession::wait(Instant until) {
  std::vector<pollfd> entries = {{signal_.wake.fd(), POLLIN, 0}};
  entries.push_back({closed_.empty() ? connection_.socket.fd() : -1, POLLIN, 0});
  if (!client_->output().empty()) entries.back().events |= POLLOUT;
  for (const auto& medium : media_) {
    entries.push_back({medium ? medium->ports.rtp.fd() : -1, POLLIN, 0});
    entries.push_back({medium ? medium->ports.rtcp.fd() : -1, POLLIN, 0});
  }
  int64_t left = until == kNever ? 60'000 : to_ms(until - SourceThread::now()) + 1;
  if (poll(entries.data(), entries.size(), static_cast<int>(std::clamp<int64_t>(left, 0, 60'000))) <= 0) return;
  Instant now = SourceThread::now();
  if (entries[0].revents != 0 && !signal_.stopped()) signal_.wake.clear();
  for (size_t i = 0; 2 + i * 2 < entries.size(); ++i) {
    if ((entries[2 + i * 2].revents | entries[3 + i * 2].revents) != 0) read_ports(i, now);
  }
  if ((entries[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) read_connection(now);
}

void RtspSession::close_connection(std::string why) {
  closed_ = std::move(why);
  connection_.socket = {};
}

void RtspSession::read_connection(Instant now) {
  std::array<uint8_t, 65536> buffer;
  for (int i = 0; i < 4 && closed_.empty() && !client_->ended(); ++i) {
    ssize_t got = recv(connection_.socket.fd(), buffer.data(), buffer.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got < 0) return close_connection(fmt::format("the connection broke: {}", std::strerror(errno)));
    if (got == 0) return close_connection("the server closed the connection");
    client_->on_bytes(Bytes(buffer).first(static_cast<size_t>(got)), now);
  }
}

void RtspSession::write_connection() {
  std::vector<uint8_t>& output = client_->output();
  if (!closed_.empty()) return output.clear();
  while (!output.empty()) {
    ssize_t sent = ::send(connection_.socket.fd(), output.data(), output.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (sent < 0) return close_connection(fmt::format("the connection broke: {}", std::strerror(errno)));
    output.erase(output.begin(), output.begin() + sent);
  }
}

RtspSession::Medium& RtspSession::medium_at(size_t index) {
  if (media_.size() <= index) media_.resize(index + 1);
  if (!media_[index]) {
    media_[index] = std::make_unique<Medium>(std::max(codec_clock_rate(client_->media()[index].codec), 1U));
  }
  return *media_[index];
}

Result<uint16_t> RtspSession::open_ports(size_t medium) {
  auto seed = static_cast<uint32_t>(setup_.seed >> 32) + static_cast<uint32_t>(medium);
  // The address that the server is reached from: media to others are none of ours.
  auto pair = open_udp_pair(connection_.local.ip, setup_.spec->port_min, setup_.spec->port_max, seed);
  if (!pair) return std::unexpected(pair.error());
  uint16_t port = pair->port;
  medium_at(medium).ports = std::move(*pair);
  return port;
}

Result<> RtspSession::on_setup(size_t index, const RtspTransportAnswer& answer) {
  Medium& medium = medium_at(index);
  if (answer.tcp) return {};
  const RtspMedium& described = client_->media()[index];
  IpAddress source = connection_.remote.ip;
  for (const std::string& candidate : {answer.source, described.multicast ? std::string() : described.address}) {
    auto ip = IpAddress::parse(candidate);
    if (!ip || ip->is_unspecified()) continue;
    source = *ip;
    break;
  }
  medium.server_rtp = {source, answer.server_rtp};
  medium.server_rtcp = {source, answer.server_rtcp};
  if (answer.multicast) {
    auto group = IpAddress::parse(answer.destination.empty() ? described.address : answer.destination);
    if (!group || answer.group_rtp == 0) return fail("the server's multicast group makes no sense");
    medium.ports = {};
    auto joined = join_group(*group, connection_.local.ip, answer.group_rtp, answer.group_rtcp);
    if (!joined) return std::unexpected(joined.error());
    medium.ports = std::move(*joined);
    medium.multicast = true;
    return {};
  }
  open_nat(medium);
  return {};
}

// Empty RTP packets, so that routers on the way let the server's through (contract, section 8).
void RtspSession::open_nat(const Medium& medium) {
  std::array<uint8_t, 12> empty{0x80};
  store_u32(&empty[8], own_ssrc_);
  for (int i = 0; i < 2; ++i) {
    send_udp(medium.ports.rtp, medium.server_rtp, empty);
    send_udp(medium.ports.rtcp, medium.server_rtcp, empty);
  }
}

void RtspSession::on_playing() {
  last_media_ = SourceThread::now();
  report_due_ = last_media_ + kReportInterval;
  const RtspSpec& spec = *setup_.spec;
  std::vector<SourceFormat> formats;
  for (const RtspMedium& medium : client_->media()) {
    bool audio = medium.kind == MediaKind::audio;
    const std::string& fmtp = audio ? spec.audio_fmtp : spec.video_fmtp;
    const auto& payload_type = audio ? spec.audio_payload_type : spec.video_payload_type;
    formats.push_back({.kind = medium.kind,
                       .codec = medium.codec,
                       .payload_type = payload_type.value_or(medium.payload_type),
                       .fmtp = fmtp.empty() ? medium.fmtp : fmtp});
  }
  connected_ = true;
  sink_.on_formats(std::move(formats));
  sink_.on_state(SourceState::connected, "");
}

void RtspSession::on_interleaved(size_t medium, bool rtcp, Bytes data) {
  take_media(medium, rtcp, data, SourceThread::now());
}

void RtspSession::read_ports(size_t index, Instant now) {
  Medium* medium = media_[index].get();
  if (medium == nullptr) return;
  std::array<uint8_t, SourcePacket::kMaxPacket + 1> buffer;
  for (bool rtcp : {false, true}) {
    const Descriptor& socket = rtcp ? medium->ports.rtcp : medium->ports.rtp;
    if (!socket) continue;
    size_t size = 0;
    IpAddress from;
    for (size_t i = 0; i < kMaxBatch && receive_udp(socket, buffer, size, from); ++i) {
      bool ours = medium->multicast || from == medium->server_rtp.ip;
      if (ours && size < buffer.size()) take_media(index, rtcp, Bytes(buffer).first(size), now);
    }
  }
}

void RtspSession::take_media(size_t index, bool rtcp, Bytes data, Instant now) {
  if (!client_->playing() || index >= media_.size() || !media_[index]) return;
  if (rtcp || looks_like_rtcp(data)) return take_rtcp(index, data, now);
  auto header = parse_rtp_header(data);
  if (!header || data.size() > SourcePacket::kMaxPacket) return;
  media_[index]->reception.on_rtp(header->ssrc, header->sequence, header->timestamp, now);
  last_media_ = now;
  ++packets_;
  batch_.push_back({.medium = index, .has_rtp_header = true, .bytes = {data.begin(), data.end()}});
  if (batch_.size() >= kMaxBatch) hand_on();
}

void RtspSession::take_rtcp(size_t index, Bytes data, Instant now) {
  last_media_ = now;
  for (const rtcp::Message& message : rtcp::parse_rtcp(data).messages) {
    if (const auto* report = std::get_if<rtcp::SenderReport>(&message)) {
      media_[index]->reception.on_sender_report(*report, now);
    }
  }
}

void RtspSession::send_rtcp(size_t index, Bytes data) {
  const Medium& medium = *media_[index];
  if (setup_.tcp) client_->send_interleaved(index, true, data);
  else if (!medium.multicast) send_udp(medium.ports.rtcp, medium.server_rtcp, data);
}

void RtspSession::send_reports(Instant now) {
  report_due_ = now + kReportInterval;
  for (size_t i = 0; i < media_.size(); ++i) {
    if (!media_[i]) continue;
    std::array<uint8_t, 256> buffer;
    rtcp::CompoundWriter writer(buffer);
    rtcp::ReceiverReport report{.ssrc = own_ssrc_, .blocks = {}};
    if (auto block = media_[i]->reception.report(now)) report.blocks.push_back(*block);
    writer.add(report);
    writer.add(rtcp::SourceDescription{{{own_ssrc_, "limen"}}});
    send_rtcp(i, writer.written());
  }
}

void RtspSession::send_keyframe_requests() {
  uint32_t wanted = signal_.keyframe_wanted.exchange(0);
  for (size_t i = 0; i < media_.size() && wanted != 0; ++i) {
    if ((wanted >> i & 1) == 0 || !media_[i] || media_[i]->reception.ssrc() == 0) continue;
    std::array<uint8_t, 64> buffer;
    rtcp::CompoundWriter writer(buffer);
    writer.add(rtcp::ReceiverReport{.ssrc = own_ssrc_, .blocks = {}});
    writer.add(rtcp::PictureLoss{.sender_ssrc = own_ssrc_, .media_ssrc = media_[i]->reception.ssrc()});
    send_rtcp(i, writer.written());
  }
}

void RtspSession::hand_on() {
  if (batch_.empty()) return;
  std::vector<SourcePacket> packets = std::exchange(batch_, {});
  if (!signal_.stopped()) sink_.on_packets(std::move(packets));
}

// TEARDOWN, and a moment for the server to hear it.
void RtspSession::say_goodbye() {
  Instant end = SourceThread::now() + kFarewell;
  client_->tear_down(SourceThread::now());
  while (closed_.empty() && !client_->torn_down() && !client_->ended()) {
    write_connection();
    int64_t left = to_ms(end - SourceThread::now());
    if (left <= 0 || !closed_.empty()) return;
    pollfd entry{connection_.socket.fd(), POLLIN, 0};
    if (poll(&entry, 1, static_cast<int>(left)) > 0) read_connection(SourceThread::now());
  }
  write_connection();
}

}  // namespace limen::streaming
