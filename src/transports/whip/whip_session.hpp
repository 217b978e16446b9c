// WhipSession: what one POST made: a handle of a plugin behind a URL, its ICE session (ETag), its timeouts and, for
// players, its events and layers (RFC 9725; draft-ietf-wish-whep).
//
// Control thread. Shared with requests that wait for it.
#pragma once
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "api/transport.hpp"
#include "transports/whip/event_streams.hpp"
#include "transports/whip/layers.hpp"
#include "transports/whip/plugin_link.hpp"
#include "transports/whip/plugin_requests.hpp"
#include "transports/whip/problem.hpp"
#include "transports/whip/whip_config.hpp"
#include "wire/sdp/ice_fragment.hpp"

namespace limen::whip {

struct SessionSpec {
  std::string name;  // in its URL; cannot be guessed
  EndpointTarget target;
  Access access;
  PluginLink::Credentials credentials;
  std::string bearer;   // what later requests must carry, too; "" none
  std::string address;  // of the client, for quotas
};

class WhipSession : public std::enable_shared_from_this<WhipSession> {
 public:
  template <typename T>
  using Outcome = std::expected<T, Problem>;
  using Text = std::move_only_function<void(Outcome<std::string>)>;

  // `over` is called once, when it ends by itself.
  WhipSession(TransportContext& context, const GeneralConfig& config, SessionSpec spec,
              std::function<void(const std::string& name)> over);
  ~WhipSession();

  const SessionSpec& spec() const { return spec_; }
  const std::string& etag() const { return etag_; }
  bool established() const { return established_; }
  bool plays() const { return spec_.target.role == Role::play; }

  // `offer`: checked already. Gives the answer.
  void open(sdp::SessionDescription offer, Text done);
  void trickle(const sdp::IceFragment& fragment, Text done);  // gives ""
  bool is_restart(const sdp::IceFragment& fragment) const;
  // Gives the fragment for the client; from then on there is another ETag.
  void restart(const sdp::IceFragment& fragment, Text done);
  bool restarting() const { return restarting_; }
  void choose_layer(const JsonObject& body, Text done);  // gives ""
  EventStreams& events() { return events_; }
  bool layered() const { return !layered_.empty(); }
  // By the client or the server's stop.
  void close();

 private:
  void start(Text done);
  void opened(LinkResult<PluginAnswer> answer, Text done);
  void on_plugin(const JsonObject& data);
  void on_core(std::string_view what);
  void learn_layers(const JsonObject& data);
  void set_layers(std::vector<LayeredMline> layered);
  void set_limit(uint32_t seconds);
  void end();
  void new_etag();
  Problem problem(const LinkError& error) const;

  TransportContext& context_;
  const GeneralConfig& config_;
  SessionSpec spec_;
  std::function<void(const std::string&)> over_;
  std::shared_ptr<PluginLink> link_;
  sdp::SessionDescription offer_;
  sdp::IceFragment remote_;  // the client's current ICE session
  std::string etag_;
  std::vector<LayeredMline> layered_;
  EventStreams events_;
  TimerId limit_;
  Text opening_;  // answered with an error if it ends before
  bool texts_tried_ = false, established_ = false, restarting_ = false, up_ = false, closed_ = false;
};

}  // namespace limen::whip
