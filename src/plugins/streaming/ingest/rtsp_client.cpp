#include "plugins/streaming/ingest/rtsp_client.hpp"

#include <algorithm>

#include "base/net_address.hpp"

namespace limen::streaming {

namespace {

// Without a timeout of the server's sessions end after a minute (RFC 2326 section 12.37).
constexpr uint32_t kDefaultTimeout = 60;
constexpr size_t kMaxSession = 256;

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 305 || status == 307 || status == 308;
}

// "5000-5001" or "5000"; the second is the next one if it is missing.
template <typename Number>
bool read_pair(std::string_view text, uint32_t max, Number& first, Number& second) {
  size_t dash = std::min(text.find('-'), text.size());
  auto a = rtsp_number(text.substr(0, dash), max);
  auto b = dash == text.size() ? a : rtsp_number(text.substr(dash + 1), max);
  if (!a || !b) return false;
  first = static_cast<Number>(*a);
  second = static_cast<Number>(dash == text.size() ? *a + 1 : *b);
  return true;
}

// A value that may go into one of our own headers.
bool harmless(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; });
}

std::string short_reason(const RtspMessage& answer) {
  std::string out = fmt::format("{}", answer.status);
  std::string_view reason = std::string_view(answer.reason).substr(0, 80);
  if (!reason.empty() && harmless(reason)) out += fmt::format(" {}", reason);
  return out;
}

}  // namespace

RtspClient::RtspClient(Setup setup, Owner& owner)
    : url_(std::move(setup.url)),
      spec_(*setup.spec),
      owner_(owner),
      auth_(spec_.user.empty() ? url_.user : spec_.user, spec_.user.empty() ? url_.password : spec_.password,
            std::move(setup.seed)),
      tcp_(setup.tcp) {
  reader_.on_message = [this](RtspMessage message) {
    if (!ended_) on_message(std::move(message), now_);
  };
  reader_.on_interleaved = [this](uint8_t channel, Bytes data) {
    if (ended_) return;
    for (size_t medium = 0; medium < channels_.size(); ++medium) {
      if (channel == channels_[medium].first) return owner_.on_interleaved(medium, false, data);
      if (channel == channels_[medium].second) return owner_.on_interleaved(medium, true, data);
    }
  };
}

void RtspClient::start(Instant now) {
  send_describe(now);
}

void RtspClient::on_bytes(Bytes bytes, Instant now) {
  if (ended_) return;
  now_ = now;
  if (auto fed = reader_.feed(bytes); !fed) end(RtspEnd::Kind::failed, fed.error().text);
}

Instant RtspClient::next_deadline() const {
  return ended_ ? kNever : std::min(answer_due_, keep_alive_due_);
}

void RtspClient::on_timer(Instant now) {
  if (ended_) return;
  if (now >= answer_due_) return end(RtspEnd::Kind::failed, fmt::format("the server did not answer {}", method_));
  if (now >= keep_alive_due_) send_keep_alive(now);
}

void RtspClient::end(RtspEnd::Kind kind, std::string text) {
  if (ended_) return;
  if (step_ == Step::teardown) torn_down_ = true;
  ended_ = RtspEnd{kind, std::move(text)};
}

void RtspClient::send(std::string_view method, const std::string& uri, std::string extra, Instant now) {
  if (method.data() != method_.data()) method_ = method;
  uri_ = uri;
  extra_ = std::move(extra);
  send_again(now);
}

void RtspClient::send_again(Instant now) {
  std::string text = fmt::format("{} {} RTSP/1.0\r\nCSeq: {}\r\nUser-Agent: Limen\r\n", method_, uri_, ++sequence_);
  if (std::string value = auth_.header(method_, uri_); !value.empty())
    text += fmt::format("Authorization: {}\r\n", value);
  if (!session_.empty()) text += fmt::format("Session: {}\r\n", session_);
  text += extra_;
  text += "\r\n";
  output_.insert(output_.end(), text.begin(), text.end());
  waiting_ = true;
  answer_due_ = now + spec_.request_timeout;
}

void RtspClient::send_describe(Instant now) {
  step_ = Step::describe;
  send("DESCRIBE", aggregate_uri(), "Accept: application/sdp\r\n", now);
}

void RtspClient::send_setup(Instant now) {
  step_ = Step::setup;
  size_t medium = order_[next_setup_];
  std::string transport;
  if (tcp_) {
    transport = fmt::format("RTP/AVP/TCP;unicast;interleaved={}-{}", medium * 2, medium * 2 + 1);
  } else {
    auto port = owner_.open_ports(medium);
    if (!port) return end(RtspEnd::Kind::failed, port.error().text);
    bool multicast = media_[medium].multicast;
    transport = fmt::format("RTP/AVP/UDP;{};{}={}-{}", multicast ? "multicast" : "unicast",
                            multicast ? "port" : "client_port", *port, *port + 1);
  }
  send("SETUP", control_url(url_, base_, media_[medium].control), fmt::format("Transport: {}\r\n", transport), now);
}

void RtspClient::send_play(Instant now) {
  step_ = Step::play;
  send("PLAY", aggregate_uri(), "Range: npt=0.000-\r\n", now);
}

void RtspClient::send_keep_alive(Instant now) {
  keep_alive_due_ = now + keep_alive_;
  if (!waiting_) send(has_get_parameter_ ? "GET_PARAMETER" : "OPTIONS", aggregate_uri(), "", now);
}

void RtspClient::tear_down(Instant now) {
  if (ended_ || session_.empty() || step_ == Step::teardown) {
    torn_down_ = true;
    return;
  }
  step_ = Step::teardown;
  keep_alive_due_ = kNever;
  send("TEARDOWN", aggregate_uri(), "", now);
}

void RtspClient::send_interleaved(size_t medium, bool rtcp, Bytes data) {
  if (medium >= channels_.size() || data.size() > UINT16_MAX || output_.size() + data.size() > kMaxOutput) return;
  const auto& [rtp_channel, rtcp_channel] = channels_[medium];
  auto size = static_cast<uint16_t>(data.size());
  uint8_t head[4] = {'$', rtcp ? rtcp_channel : rtp_channel, 0, 0};
  store_u16(&head[2], size);
  output_.insert(output_.end(), head, head + sizeof head);
  output_.insert(output_.end(), data.begin(), data.end());
}

void RtspClient::on_message(RtspMessage message, Instant now) {
  if (message.status == 0) return answer_request(message);
  auto number = rtsp_number(message.header("CSeq"), UINT32_MAX);
  // An answer to something else: late, or to nobody.
  if (!waiting_ || (number && *number != sequence_)) return;
  if (message.status < 200) return;
  waiting_ = false;
  answer_due_ = kNever;
  if (!handled_refusal(message, now)) on_answer(message, now);
}

void RtspClient::answer_request(const RtspMessage& request) {
  std::string_view number = request.header("CSeq");
  if (output_.size() > kMaxOutput || !rtsp_number(number, UINT32_MAX)) return;
  bool known = request.method == "OPTIONS" || request.method == "GET_PARAMETER" || request.method == "ANNOUNCE";
  std::string text = fmt::format("RTSP/1.0 {}\r\nCSeq: {}\r\n\r\n", known ? "200 OK" : "501 Not Implemented", number);
  output_.insert(output_.end(), text.begin(), text.end());
  if (request.method == "TEARDOWN") end(RtspEnd::Kind::failed, "the server ended the session");
}

// Everything that is not success, if something can be done about it.
bool RtspClient::handled_refusal(const RtspMessage& answer, Instant now) {
  if (answer.status == 200) return false;
  if (step_ == Step::teardown) {
    torn_down_ = true;
    return true;
  }
  if (answer.status == 401) {
    if (auth_.challenge(answer.all("WWW-Authenticate"))) send_again(now);
    else end(RtspEnd::Kind::failed, "the server wants another user or password");
    return true;
  }
  if (is_redirect(answer.status) && step_ != Step::playing) {
    auto url = parse_rtsp_url(trimmed(answer.header("Location")));
    if (!url) end(RtspEnd::Kind::failed, fmt::format("the server sends us elsewhere, but {}", url.error().text));
    else end(RtspEnd::Kind::moved, std::string(trimmed(answer.header("Location"))));
    return true;
  }
  if (step_ == Step::describe && answer.status == 404 && spec_.quirk && !path_only_) {
    path_only_ = true;
    send_describe(now);
    return true;
  }
  if (step_ == Step::setup && answer.status == 461 && !tcp_ && spec_.transport == RtspTransport::automatic) {
    end(RtspEnd::Kind::tcp_wanted, "the server has no UDP");
    return true;
  }
  // Some servers know no OPTIONS or GET_PARAMETER; a session that has gone is noticed.
  if (step_ == Step::playing && answer.status != 454) return false;
  end(RtspEnd::Kind::failed, fmt::format("the server answered {} to {}", short_reason(answer), method_));
  return true;
}

void RtspClient::on_answer(const RtspMessage& answer, Instant now) {
  switch (step_) {
    case Step::describe:
      return on_describe(answer, now);
    case Step::setup:
      return on_setup_answer(answer, now);
    case Step::play:
      if (auto session = take_session(answer); !session) return end(RtspEnd::Kind::failed, session.error().text);
      step_ = Step::playing;
      if (keep_alive_ > Duration::zero()) keep_alive_due_ = now + keep_alive_;
      return owner_.on_playing();
    case Step::playing:
      has_get_parameter_ =
          has_get_parameter_ || answer.header("Public").find("GET_PARAMETER") != std::string_view::npos;
      return;
    case Step::teardown:
      torn_down_ = true;
      return;
    case Step::idle:
      return;
  }
}

void RtspClient::on_describe(const RtspMessage& answer, Instant now) {
  auto media = parse_rtsp_description(answer.body, spec_.audio, spec_.video);
  if (!media) return end(RtspEnd::Kind::failed, media.error().text);
  media_ = std::move(*media);
  base_ = answer.header("Content-Base");
  if (!harmless(base_) || base_.size() > 2048) base_.clear();
  for (MediaKind first : {MediaKind::video, MediaKind::audio}) {
    for (size_t i = 0; i < media_.size(); ++i) {
      if (media_[i].kind == first) order_.push_back(i);
    }
  }
  channels_.resize(media_.size());
  send_setup(now);
}

void RtspClient::on_setup_answer(const RtspMessage& answer, Instant now) {
  if (auto session = take_session(answer); !session) return end(RtspEnd::Kind::failed, session.error().text);
  auto transport = read_transport(answer.header("Transport"));
  if (!transport) return end(RtspEnd::Kind::failed, transport.error().text);
  if (auto agreed = owner_.on_setup(order_[next_setup_], *transport); !agreed) {
    return end(RtspEnd::Kind::failed, agreed.error().text);
  }
  if (++next_setup_ < order_.size()) send_setup(now);
  else send_play(now);
}

Result<> RtspClient::take_session(const RtspMessage& answer) {
  std::string_view header = answer.header("Session");
  if (header.empty()) {
    if (session_.empty()) return fail("the server gave no session");
    return {};
  }
  size_t semicolon = std::min(header.find(';'), header.size());
  std::string_view id = trimmed(header.substr(0, semicolon));
  if (id.empty() || id.size() > kMaxSession || !harmless(id)) return fail("the server's session has no usable name");
  session_ = id;
  uint32_t timeout = kDefaultTimeout;
  if (size_t at = header.find("timeout=", semicolon); at != std::string_view::npos) {
    std::string_view value = header.substr(at + 8);
    timeout = rtsp_number(trimmed(value.substr(0, value.find(';'))), 86400).value_or(kDefaultTimeout);
  }
  keep_alive_ = std::max<Duration>(std::chrono::milliseconds(timeout) * 500, std::chrono::seconds(1));
  if (spec_.session_timeout > Duration::zero()) keep_alive_ = std::min(keep_alive_, spec_.session_timeout);
  return {};
}

Result<RtspTransportAnswer> RtspClient::read_transport(std::string_view header) {
  RtspTransportAnswer out;
  size_t medium = order_[next_setup_];
  channels_[medium] = {static_cast<uint8_t>(medium * 2), static_cast<uint8_t>(medium * 2 + 1)};
  out.tcp = header.find("RTP/AVP/TCP") != std::string_view::npos;
  if (out.tcp != tcp_) return fail("the server chose a transport that was not offered");
  header = header.substr(0, header.find(','));
  while (!header.empty()) {
    size_t end = std::min(header.find(';'), header.size());
    std::string_view part = trimmed(header.substr(0, end));
    header.remove_prefix(std::min(end + 1, header.size()));
    size_t equals = std::min(part.find('='), part.size());
    std::string_view name = part.substr(0, equals);
    std::string_view value = equals == part.size() ? std::string_view() : trimmed(part.substr(equals + 1));
    bool ok = true;
    if (same_word(name, "server_port")) ok = read_pair(value, 65535, out.server_rtp, out.server_rtcp);
    else if (same_word(name, "port")) ok = read_pair(value, 65535, out.group_rtp, out.group_rtcp);
    else if (same_word(name, "interleaved"))
      ok = read_pair(value, 255, channels_[medium].first, channels_[medium].second);
    else if (same_word(name, "multicast")) out.multicast = true;
    else if (same_word(name, "source")) out.source = value.substr(0, 255);
    else if (same_word(name, "destination")) out.destination = value.substr(0, 255);
    if (!ok) return fail("the server's transport makes no sense");
  }
  return out;
}

}  // namespace limen::streaming
