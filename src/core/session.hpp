// Session: what a client created over one connection; owner of its handles (spec section 3.1).
//
// Control thread; owned by SessionTable.
#pragma once
#include <list>
#include <map>
#include <memory>
#include <optional>

#include "api/address_limits.hpp"
#include "api/transport.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"
#include "base/trace_id.hpp"
#include "core/handle.hpp"
#include "core/jwt/jwt_verifier.hpp"

namespace limen::core {

class Session {
 public:
  Session(SessionId id, std::shared_ptr<Client> client, Instant now)
      : id_(id), client_(std::move(client)), last_activity_(now) {}
  ~Session() {
    for (ApiCall& call : held_calls) call.fail(ApiErrorCode::session_not_found);
  }

  SessionId id() const { return id_; }
  // Where events go; null in the reclaim window.
  const std::shared_ptr<Client>& client() const { return client_; }
  void set_client(std::shared_ptr<Client> client) { client_ = std::move(client); }
  void push(const Json& event) {
    if (client_ && !silent_) client_->send_event(id_, event);
  }
  // No events any more: the client ended the session itself.
  void silence() { silent_ = true; }

  Instant last_activity() const { return last_activity_; }
  void active(Instant now) { last_activity_ = now; }
  // Of the newest request's token, if it was a JWT: what the session may do between requests, and until when.
  const std::shared_ptr<const JwtClaims>& claims() const { return claims_; }
  void set_claims(std::shared_ptr<const JwtClaims> claims) { claims_ = std::move(claims); }
  // Its own timeout in seconds, or the given global one.
  int64_t timeout(int64_t global) const { return timeout_.value_or(global); }
  void set_timeout(std::optional<int64_t> seconds) { timeout_ = seconds; }

  // Set while its connection has gone and may be replaced by a claim.
  std::optional<Instant> gone_since;

  TraceId trace;  // of the last request that named one
  // The authorisation service is asked about a call; those that came after it wait (core/session_entrance.hpp).
  bool asking = false;
  std::list<ApiCall> held_calls;
  // What this session counts as, of its address and token.
  AddressLimits::Seat seat;

  std::map<HandleId, std::unique_ptr<Handle>> handles;
  Handle* find(HandleId id) const {
    auto found = handles.find(id);
    return found == handles.end() ? nullptr : found->second.get();
  }

 private:
  SessionId id_;
  std::shared_ptr<Client> client_;
  Instant last_activity_;
  std::optional<int64_t> timeout_;
  std::shared_ptr<const JwtClaims> claims_;
  bool silent_ = false;
};

}  // namespace limen::core
