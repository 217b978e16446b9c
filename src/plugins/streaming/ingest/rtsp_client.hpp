// RtspClient: one RTSP session with a server, from DESCRIBE to TEARDOWN (RFC 2326; contract, section 8).
//
// Sans-IO and of one thread: bytes of the connection come in, bytes for it are collected in output(). The owner has the
// sockets. When ended() says something the session is over and the object of no further use.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "plugins/streaming/ingest/rtsp_auth.hpp"
#include "plugins/streaming/ingest/rtsp_description.hpp"
#include "plugins/streaming/ingest/rtsp_message.hpp"
#include "plugins/streaming/ingest/rtsp_url.hpp"
#include "plugins/streaming/ingest/source.hpp"

namespace limen::streaming {

// What SETUP agreed on.
struct RtspTransportAnswer {
  bool tcp = false;
  bool multicast = false;
  uint16_t server_rtp = 0, server_rtcp = 0;  // UDP; 0: not said
  std::string source;                        // where media come from; "" as the server's host
  std::string destination;                   // multicast group; "" as described
  uint16_t group_rtp = 0, group_rtcp = 0;    // multicast: ports to listen on
};

struct RtspEnd {
  enum class Kind : uint8_t {
    failed,      // try again later
    moved,       // `text` is the new URL
    tcp_wanted,  // the server refuses UDP
  };
  Kind kind = Kind::failed;
  std::string text;
};

class RtspClient {
 public:
  // Called from inside the members of RtspClient.
  struct Owner {
    virtual ~Owner() = default;
    // Ports for a medium by UDP: the even one of a pair.
    virtual Result<uint16_t> open_ports(size_t medium) = 0;
    // The server has agreed (UDP: packets to open NATs should go out now).
    virtual Result<> on_setup(size_t medium, const RtspTransportAnswer& answer) = 0;
    virtual void on_playing() = 0;
    virtual void on_interleaved(size_t medium, bool rtcp, Bytes data) = 0;
  };

  struct Setup {
    RtspUrl url;
    const RtspSpec* spec = nullptr;  // outlives the client
    bool tcp = false;                // interleaved from the start
    std::string seed;                // unpredictable
  };
  RtspClient(Setup setup, Owner& owner);

  // The connection is up.
  void start(Instant now);
  void on_bytes(Bytes bytes, Instant now);
  void on_timer(Instant now);
  Instant next_deadline() const;
  // Queues TEARDOWN if there is a session; torn_down() when the server has answered, or there is nothing to wait for.
  void tear_down(Instant now);
  bool torn_down() const { return torn_down_; }
  // Media or RTCP to the server, on the connection; dropped while too much is waiting.
  void send_interleaved(size_t medium, bool rtcp, Bytes data);

  std::vector<uint8_t>& output() { return output_; }
  const std::optional<RtspEnd>& ended() const { return ended_; }
  bool playing() const { return step_ == Step::playing; }
  // In the order of mediums' indexes; known from on_setup() on.
  const std::vector<RtspMedium>& media() const { return media_; }

 private:
  static constexpr size_t kMaxOutput = 256 * 1024;
  enum class Step : uint8_t { idle, describe, setup, play, playing, teardown };

  void send(std::string_view method, const std::string& uri, std::string extra, Instant now);
  void send_again(Instant now);
  void send_describe(Instant now);
  void send_setup(Instant now);
  void send_play(Instant now);
  void send_keep_alive(Instant now);
  void on_message(RtspMessage message, Instant now);
  void on_answer(const RtspMessage& answer, Instant now);
  bool handled_refusal(const RtspMessage& answer, Instant now);
  void on_describe(const RtspMessage& answer, Instant now);
  void on_setup_answer(const RtspMessage& answer, Instant now);
  Result<> take_session(const RtspMessage& answer);
  Result<RtspTransportAnswer> read_transport(std::string_view header);
  void answer_request(const RtspMessage& request);
  void end(RtspEnd::Kind kind, std::string text);
  std::string aggregate_uri() const { return path_only_ ? url_.path : url_.text; }

  RtspUrl url_;
  const RtspSpec& spec_;
  Owner& owner_;
  RtspAuth auth_;
  RtspReader reader_;
  bool tcp_;
  bool path_only_ = false;  // the quirk was needed

  Step step_ = Step::idle;
  std::string base_;
  std::vector<RtspMedium> media_;
  std::vector<size_t> order_;  // of SETUP: video first
  size_t next_setup_ = 0;
  std::vector<std::pair<uint8_t, uint8_t>> channels_;  // by medium
  std::string session_;
  Duration keep_alive_{};
  bool has_get_parameter_ = false;

  // The request that waits for its answer.
  bool waiting_ = false;
  uint32_t sequence_ = 0;
  std::string method_, uri_, extra_;
  Instant answer_due_ = kNever;
  Instant keep_alive_due_ = kNever;

  Instant now_{};
  std::vector<uint8_t> output_;
  std::optional<RtspEnd> ended_;
  bool torn_down_ = false;
};

}  // namespace limen::streaming
