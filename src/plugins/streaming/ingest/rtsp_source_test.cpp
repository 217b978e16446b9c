// The RTSP source with its thread and sockets, against a scripted server on the loopback interface.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "plugins/streaming/ingest/rtsp_sockets.hpp"
#include "tests/support/ingest_rig.hpp"

namespace limen::streaming {
namespace {

using namespace std::chrono_literals;
using test::NotingSink;
using test::SimPluginContext;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kSdp[] =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 packetization-mode=1\r\na=control:v\r\n";

// Serves one session after the other on its own thread; while playing it sends a packet every few milliseconds.
class ScriptedServer {
 public:
  ScriptedServer() {
    listener_ = Descriptor(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(listener_.fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener_.fd(), 4), 0);
    getsockname(listener_.fd(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }
  std::string url() const { return fmt::format("rtsp://127.0.0.1:{}/live", port_); }
  std::atomic<bool> udp_allowed{true};
  std::atomic<bool> silent{false};
  std::atomic<bool> hang_up{false};
  std::atomic<int> sessions{0}, teardowns{0}, reports{0}, keyframe_requests{0};

 private:
  void serve(std::stop_token stop) {
    while (!stop.stop_requested()) {
      pollfd entry{listener_.fd(), POLLIN, 0};
      if (poll(&entry, 1, 20) <= 0) continue;
      Descriptor client(accept4(listener_.fd(), nullptr, nullptr, SOCK_CLOEXEC));
      ++sessions;
      session(client, stop);
      hang_up = false;
    }
  }
  void session(const Descriptor& client, std::stop_token stop) {
    std::string input;
    bool playing = false, tcp = false;
    auto pair = open_udp_pair(IpAddress::v4(0x7f000001), 30000, 40000, port_);
    SocketAddress to{IpAddress::v4(0x7f000001), 0};
    uint16_t sequence = 0;
    while (!stop.stop_requested() && !hang_up) {
      pollfd entry{client.fd(), POLLIN, 0};
      poll(&entry, 1, 5);
      if (entry.revents != 0) {
        char buffer[4096];
        ssize_t got = recv(client.fd(), buffer, sizeof buffer, MSG_DONTWAIT);
        if (got <= 0) return;
        input.append(buffer, static_cast<size_t>(got));
      }
      for (size_t end; !input.starts_with('$') && (end = input.find("\r\n\r\n")) != std::string::npos;) {
        std::string request = input.substr(0, end);
        input.erase(0, end + 4);
        std::string extra, body, status = "200 OK";
        if (request.starts_with("DESCRIBE")) body = kSdp;
        if (request.starts_with("SETUP")) {
          tcp = request.find("/TCP") != std::string::npos;
          if (!tcp && !udp_allowed) status = "461 Unsupported Transport";
          if (size_t at = request.find("client_port="); at != std::string::npos) {
            to.port = static_cast<uint16_t>(std::stoi(request.substr(at + 12)));
          }
          extra = "Session: abc;timeout=2\r\n";
          extra += tcp ? "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n"
                       : fmt::format("Transport: RTP/AVP;unicast;server_port={}-{}\r\n", pair->port, pair->port + 1);
        }
        playing = playing || request.starts_with("PLAY");
        teardowns += request.starts_with("TEARDOWN");
        std::string number = request.substr(request.find("CSeq: ") + 6);
        number = number.substr(0, number.find('\r'));
        std::string answer = fmt::format("RTSP/1.0 {}\r\nCSeq: {}\r\n{}Content-Length: {}\r\n\r\n{}", status, number,
                                         extra, body.size(), body);
        send(client.fd(), answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      while (input.starts_with('$') && input.size() >= 4) {
        size_t size = load_u16(as_bytes(input).data() + 2);
        if (input.size() < 4 + size) break;
        take_rtcp(as_bytes(std::string_view(input).substr(4, size)));
        input.erase(0, 4 + size);
      }
      uint8_t buffer[1500];
      size_t size = 0;
      IpAddress from;
      while (receive_udp(pair->rtcp, buffer, size, from)) take_rtcp(Bytes(buffer).first(size));
      if (!playing || silent) continue;
      uint8_t packet[4 + 14] = {'$', 0, 0, 14, 0x80, 96};
      store_u16(packet + 6, ++sequence);
      store_u32(packet + 12, 4242);
      if (tcp) send(client.fd(), packet, sizeof packet, MSG_NOSIGNAL);
      else send_udp(pair->rtp, to, Bytes(packet).subspan(4));
    }
  }
  void take_rtcp(Bytes data) {
    if (data.size() < 8 || data[1] != 201) return;  // begins with a receiver report
    ++reports;
    size_t first = 4 * (load_u16(&data[2]) + size_t{1});
    if (data.size() > first + 1 && data[first + 1] == 206) ++keyframe_requests;
  }

  Descriptor listener_;
  uint16_t port_ = 0;
  std::jthread thread_;
};

class RtspSource : public testing::Test {
 protected:
  ~RtspSource() override {
    source_.reset();
    context_.world.run_for(1s);  // its thread is waited for
  }
  void start(const std::string& url) {
    spec_.url = url;
    spec_.video = true;
    spec_.reconnect_delay = 300ms;
    auto source = make_rtsp_source(context_, spec_);
    ASSERT_TRUE(source) << source.error().text;
    source_ = std::move(*source);
    source_->start(sink_);
  }
  static bool within(Duration bound, const std::function<bool()>& done) {
    auto end = std::chrono::steady_clock::now() + bound;
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  }
  SimPluginContext context_;
  RtspSpec spec_;
  std::shared_ptr<NotingSink> sink_ = std::make_shared<NotingSink>();
  std::unique_ptr<Source> source_;
};

TEST_F(RtspSource, media_come_by_udp_and_the_session_is_torn_down) {
  ScriptedServer server;
  start(server.url());
  ASSERT_TRUE(within(10s, [&] { return sink_->count() > 5; }));
  EXPECT_EQ(sink_->formats().at(0).codec, Codec::h264);
  EXPECT_EQ(sink_->formats().at(0).payload_type, 96);
  EXPECT_TRUE(sink_->packets().at(0).has_rtp_header);
  source_->ask_keyframe(0);
  EXPECT_TRUE(within(5s, [&] { return server.keyframe_requests > 0; }));
  source_->stop();
  EXPECT_TRUE(within(5s, [&] { return server.teardowns == 1; }));
}

TEST_F(RtspSource, a_server_without_udp_is_used_by_tcp) {
  ScriptedServer server;
  server.udp_allowed = false;
  start(server.url());
  ASSERT_TRUE(within(10s, [&] { return sink_->count() > 5; }));
  source_->ask_keyframe(0);
  EXPECT_TRUE(within(5s, [&] { return server.keyframe_requests > 0; }));
}

TEST_F(RtspSource, a_server_that_goes_and_comes_is_found_again) {
  ScriptedServer server;
  spec_.transport = RtspTransport::tcp;
  start(server.url());
  ASSERT_TRUE(within(10s, [&] { return sink_->count() > 5; }));
  server.hang_up = true;
  ASSERT_TRUE(within(10s, [&] { return server.sessions == 2; }));
  size_t before = sink_->count();
  ASSERT_TRUE(within(10s, [&] { return sink_->count() > before + 5; }));
  EXPECT_THAT(sink_->states(), ElementsAre(SourceState::connected, SourceState::lost, SourceState::connected));
}

TEST_F(RtspSource, silence_is_a_loss_and_the_other_transport_is_tried) {
  ScriptedServer server;
  server.silent = true;
  start(server.url());
  ASSERT_TRUE(within(10s, [&] { return server.sessions >= 3; }));
  EXPECT_THAT(sink_->states(), Contains(SourceState::lost));
  EXPECT_THAT(sink_->reason(), testing::AnyOf(HasSubstr("no media"), ""));
  server.silent = false;
  EXPECT_TRUE(within(10s, [&] { return sink_->count() > 5; }));
}

TEST_F(RtspSource, an_absent_server_fails_once_or_is_waited_for) {
  std::string url;
  {
    url = ScriptedServer().url();
  }
  start(url);
  ASSERT_TRUE(within(10s, [&] { return !sink_->states().empty(); }));
  EXPECT_THAT(sink_->states(), ElementsAre(SourceState::failed));
  EXPECT_THAT(sink_->reason(), HasSubstr("no connection"));
}

TEST_F(RtspSource, what_is_wrong_is_said_at_once) {
  auto makes = [this](const std::string& url, bool video, const std::string& interface = "") {
    RtspSpec spec;
    spec.url = url;
    spec.video = video;
    spec.interface = interface;
    return make_rtsp_source(context_, spec).has_value();
  };
  EXPECT_FALSE(makes("http://x/", true));
  EXPECT_FALSE(makes("rtsp://x/", false));
  EXPECT_FALSE(makes("rtsp://x/", true, "nope0"));
  EXPECT_TRUE(makes("rtsp://x/", true, "127.0.0.1"));
}

}  // namespace
}  // namespace limen::streaming
