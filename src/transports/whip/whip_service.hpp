// WhipService: what a request under the WHIP and WHEP paths means, and what is answered. Owns the sessions.
//
// Control thread. Shared: requests that wait may outlive the stop.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "transports/http/http_exchange.hpp"
#include "transports/whip/whip_session.hpp"

namespace limen::whip {

class WhipService : public std::enable_shared_from_this<WhipService> {
 public:
  static constexpr size_t kLargestOffer = 64 * 1024;
  static constexpr size_t kLargestFragment = 32 * 1024;
  static constexpr size_t kLargestJson = 4 * 1024;

  WhipService(TransportContext& context, WhipConfig config) : context_(context), config_(std::move(config)) {}

  void handle(const std::shared_ptr<http::HttpExchange>& exchange, net::HttpRequest request);
  void stop();
  const WhipConfig& config() const { return config_; }
  size_t sessions() const { return sessions_.size() + opening_.size(); }

 private:
  struct Call;
  using Sessions = std::map<std::string, std::shared_ptr<WhipSession>>;

  void endpoint(Call& call, const EndpointTarget& target);
  void post_offer(Call& call, const EndpointTarget& target);
  void created(const Call& call, const std::shared_ptr<WhipSession>& session, std::string answer);
  void session(Call& call, const SessionTarget& target);
  void patch(Call& call, const std::shared_ptr<WhipSession>& session);
  void restart(Call& call, const std::shared_ptr<WhipSession>& session, const sdp::IceFragment& fragment);
  void remove(const Call& call, const std::string& name);
  void layer(Call& call, const std::shared_ptr<WhipSession>& session);
  void make_stream(Call& call, const std::shared_ptr<WhipSession>& session);
  void read_stream(Call& call, const std::shared_ptr<WhipSession>& session, const std::string& stream);
  void options(const Call& call, const WhipTarget& target);

  SessionSpec spec_of(const Call& call, const EndpointTarget& target);
  std::string client_of(const Call& call) const;
  bool quota_reached(const std::string& address) const;
  std::string url_of(const WhipSession& session) const;
  void refuse(const Call& call, Problem problem);
  void respond(const Call& call, net::HttpResponse response);
  void answer_text(const Call& call, WhipSession::Outcome<std::string> outcome, int status);

  TransportContext& context_;
  WhipConfig config_;
  Sessions sessions_;
  Sessions opening_;
  bool stopped_ = false;
};

}  // namespace limen::whip
