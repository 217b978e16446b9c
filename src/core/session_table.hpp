// SessionTable: all sessions; their beginnings, claims, time-outs and ends (spec sections 3.3 and 3.7).
//
// Control thread; part of GatewayState.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/api_error.hpp"
#include "api/transport.hpp"
#include "base/strong_id.hpp"
#include "base/time.hpp"
#include "core/session.hpp"

namespace limen::core {

struct GatewayState;

enum class SessionEnd : uint8_t {
  requested,  // destroy: the client knows
  admin,      // destroy_session
  timed_out,
  unreachable,  // its connection went and nobody claimed it in time
  shutdown,
};

struct AttachRequest {
  std::string plugin;
  std::string opaque_id;
  std::string token;
  std::optional<uint32_t> loop;
};

class SessionTable {
 public:
  explicit SessionTable(GatewayState& state) : state_(state) {}
  ~SessionTable();

  // `wanted` 0: a random id. 468 if it is in use.
  ApiResult<Session*> create(SessionId wanted, const std::shared_ptr<Client>& client);
  Session* find(SessionId id) const;
  Handle* find(SessionId session, HandleId handle) const;
  const std::unordered_map<SessionId, std::unique_ptr<Session>>& all() const { return sessions_; }

  void claim(Session& session, const std::shared_ptr<Client>& client);
  void end(SessionId id, SessionEnd how);
  void end_all(SessionEnd how);

  // The handle's plugin object is made here; 460, 461.
  ApiResult<Handle*> attach(Session& session, AttachRequest request);
  void detach(SessionId session, HandleId handle);

  // A connection closed.
  void client_gone(const std::shared_ptr<Client>& client);
  // Ends what has expired; called by the gateway's watchdog.
  void check(Instant now);

  size_t handle_count() const;
  size_t peer_connection_count() const;

 private:
  void close_handle(Session& session, HandleId handle, bool tell_client);

  GatewayState& state_;
  // Where the session's events go; null: nowhere.
  void set_client(Session& session, const std::shared_ptr<Client>& client);
  void forget_client(const Session& session);

  std::unordered_map<SessionId, std::unique_ptr<Session>> sessions_;
  std::unordered_multimap<const Client*, SessionId> by_client_;
};

}  // namespace limen::core
