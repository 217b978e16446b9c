// RtspSession: one connection to an RTSP server with its UDP ports: from connecting to the end of the media.
//
// Runs on the source's thread, blocking in run(). Media go to the sink as they come, what was read together at once.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plugins/streaming/ingest/reception.hpp"
#include "plugins/streaming/ingest/rtsp_client.hpp"
#include "plugins/streaming/ingest/rtsp_sockets.hpp"

struct pollfd;

namespace limen::streaming {

// What the control thread tells the thread of the source.
struct RtspSignal : StopSignal {
  std::atomic<uint32_t> keyframe_wanted{0};  // a bit per medium
};

class RtspSession final : RtspClient::Owner {
 public:
  struct Setup {
    RtspUrl url;
    const RtspSpec* spec = nullptr;
    std::vector<IpAddress> local;  // of the configured interface; empty: any
    bool tcp = false;
    uint64_t seed = 0;  // unpredictable
  };
  RtspSession(Setup setup, SourceSink& sink, RtspSignal& signal);
  ~RtspSession() override;

  // Returns when it is over; why.
  RtspEnd run();
  bool connected() const { return connected_; }  // formats were told
  uint64_t packets() const { return packets_; }  // of media

 private:
  struct Medium {
    explicit Medium(uint32_t clock_rate) : reception(clock_rate) {}
    UdpPair ports;
    SocketAddress server_rtp, server_rtcp;
    bool multicast = false;
    Reception reception;
  };

  static constexpr Duration kReportInterval = std::chrono::seconds(5);
  static constexpr Duration kFarewell = std::chrono::milliseconds(500);
  static constexpr size_t kMaxBatch = 256;

  Result<uint16_t> open_ports(size_t medium) override;
  Result<> on_setup(size_t medium, const RtspTransportAnswer& answer) override;
  void on_playing() override;
  void on_interleaved(size_t medium, bool rtcp, Bytes data) override;

  RtspEnd loop();
  void wait(Instant until);
  void read_connection(Instant now);
  void write_connection();
  void read_ports(size_t medium, Instant now);
  void take_media(size_t medium, bool rtcp, Bytes data, Instant now);
  void take_rtcp(size_t medium, Bytes data, Instant now);
  void send_rtcp(size_t medium, Bytes data);
  void send_reports(Instant now);
  void send_keyframe_requests();
  void open_nat(const Medium& medium);
  void say_goodbye();
  void hand_on();
  void close_connection(std::string why);
  Medium& medium_at(size_t index);

  Setup setup_;
  SourceSink& sink_;
  RtspSignal& signal_;
  TcpConnection connection_;
  std::unique_ptr<RtspClient> client_;
  std::vector<std::unique_ptr<Medium>> media_;
  std::vector<SourcePacket> batch_;
  std::string closed_;  // why there is no connection any more; "" there is
  bool connected_ = false;
  uint32_t own_ssrc_;
  uint64_t packets_ = 0;
  Instant last_media_{};
  Instant report_due_ = kNever;
};

}  // namespace limen::streaming
