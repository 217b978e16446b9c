#include "core/session_table.hpp"

#include <algorithm>
#include <vector>

#include "base/log.hpp"
#include "core/gateway_state.hpp"

namespace limen::core {
namespace {

constexpr uint64_t kIdLimit = uint64_t{1} << 53;  // JavaScript's exact integers end here

bool passed(Instant since, int64_t seconds, Instant now) {
  return seconds > 0 && now - since >= std::chrono::seconds(seconds);
}

}  // namespace

SessionTable::~SessionTable() = default;

ApiResult<Session*> SessionTable::create(SessionId wanted, const std::shared_ptr<Client>& client) {
  if (wanted && sessions_.contains(wanted)) return std::unexpected(ApiError(ApiErrorCode::session_conflict));
  while (!wanted || sessions_.contains(wanted)) wanted = SessionId(state_.random.below(kIdLimit));
  auto session = std::make_unique<Session>(wanted, client, state_.executor.now());
  Session* made = session.get();
  made->trace = log::current_trace;
  sessions_[wanted] = std::move(session);
  if (client) by_client_.emplace(client.get(), wanted);
  ++state_.figures->sessions_created;
  log::info("", "Creating new session: {}", wanted.value());
  if (client) {
    client->session_created(wanted);
    state_.events.notify(
        EventType::session, {.session = wanted},
        JsonObject{{"name", "created"},
                   {"transport", JsonObject{{"transport", client->transport()}, {"id", client->id()}}}});
  }
  return made;
}

Session* SessionTable::find(SessionId id) const {
  auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second.get();
}

Handle* SessionTable::find(SessionId session, HandleId handle) const {
  Session* owner = find(session);
  return owner == nullptr ? nullptr : owner->find(handle);
}

void SessionTable::claim(Session& session, const std::shared_ptr<Client>& client) {
  session.gone_since.reset();
  std::shared_ptr<Client> old = session.client();
  if (old == client) return;
  set_client(session, client);
  if (old) old->session_over(session.id(), false, true);
  if (client) client->session_created(session.id());
}

void SessionTable::forget_client(const Session& session) {
  auto [first, last] = by_client_.equal_range(session.client().get());
  for (auto at = first; at != last; ++at) {
    if (at->second != session.id()) continue;
    by_client_.erase(at);
    return;
  }
}

void SessionTable::set_client(Session& session, const std::shared_ptr<Client>& client) {
  forget_client(session);
  session.set_client(client);
  if (client) by_client_.emplace(client.get(), session.id());
}

void SessionTable::end(SessionId id, SessionEnd how) {
  auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  // Out of the table first: whatever a plugin does now cannot find it, nor end it twice.
  std::unique_ptr<Session> session = std::move(found->second);
  sessions_.erase(found);
  forget_client(*session);
  bool timed_out = how == SessionEnd::timed_out;
  log::info("", "{} session {}", timed_out ? "Timeout expired for" : "Destroying", id.value());

  // The last event of long polls; on connections those of the handles follow.
  if (timed_out) session->push(JsonObject{{"janus", "timeout"}, {"session_id", id.value()}});
  else session->silence();
  if (session->client()) session->client()->session_over(id, timed_out, false);
  state_.events.notify(EventType::session, {.session = id, .trace = session->trace},
                       JsonObject{{"name", timed_out ? "timeout" : "destroyed"}});
  while (!session->handles.empty()) close_handle(*session, session->handles.begin()->first, timed_out);
}

void SessionTable::end_all(SessionEnd how) {
  while (!sessions_.empty()) end(sessions_.begin()->first, how);
}

ApiResult<Handle*> SessionTable::attach(Session& session, AttachRequest request) {
  Plugin* plugin = state_.modules.plugins.find(request.plugin);
  if (plugin == nullptr) {
    return std::unexpected(
        ApiError(ApiErrorCode::plugin_not_found, fmt::format("No such plugin '{}'", request.plugin)));
  }
  HandleId id;
  while (!id || session.handles.contains(id)) id = HandleId(state_.random.below(kIdLimit));
  auto handle = std::make_unique<Handle>(state_, session, id, *plugin, std::move(request));
  handle->trace = log::current_trace ? log::current_trace : session.trace;
  Result<> attached = handle->attach();
  if (!attached) {
    return std::unexpected(ApiError(ApiErrorCode::plugin_attach,
                                    fmt::format("Couldn't attach to plugin: error '{}'", attached.error().text)));
  }
  Handle* made = handle.get();
  session.handles[id] = std::move(handle);
  log::info("", "Creating new handle in session {}: {}; {}", session.id().value(), id.value(), plugin->info().package);
  made->announce_attached();
  return made;
}

void SessionTable::detach(SessionId session_id, HandleId handle) {
  Session* session = find(session_id);
  if (session != nullptr) close_handle(*session, handle, true);
}

void SessionTable::close_handle(Session& session, HandleId id, bool tell_client) {
  auto found = session.handles.find(id);
  if (found == session.handles.end()) return;
  std::unique_ptr<Handle> handle = std::move(found->second);
  session.handles.erase(found);
  log::info("", "Detaching handle {} from session {}", id.value(), session.id().value());
  handle->close(tell_client);
}

void SessionTable::client_gone(const std::shared_ptr<Client>& client) {
  std::vector<SessionId> affected;
  auto [first, last] = by_client_.equal_range(client.get());
  for (auto at = first; at != last; ++at) affected.push_back(at->second);
  for (SessionId id : affected) {
    if (state_.settings.general.reclaim_session_timeout == 0) {
      end(id, SessionEnd::unreachable);
      continue;
    }
    Session* session = find(id);
    if (session == nullptr) continue;
    set_client(*session, nullptr);
    session->gone_since = state_.executor.now();
  }
}

void SessionTable::check(Instant now) {
  WallTime wall = state_.executor.wall_time();
  std::vector<std::pair<SessionId, SessionEnd>> over;
  for (const auto& [id, session] : sessions_) {
    // A request over another connection counts as a sign of life in the reclaim window too.
    if (session->gone_since && passed(std::max(*session->gone_since, session->last_activity()),
                                      state_.settings.general.reclaim_session_timeout, now)) {
      over.emplace_back(id, SessionEnd::unreachable);
    } else if (session->claims() && state_.auth.session_over(session->claims()->expires, wall)) {
      log::info("", "The token of session {} has expired", id.value());
      over.emplace_back(id, SessionEnd::timed_out);
    } else if (passed(session->last_activity(), session->timeout(state_.settings.general.session_timeout), now)) {
      over.emplace_back(id, SessionEnd::timed_out);
    }
  }
  for (auto [id, how] : over) end(id, how);
}

size_t SessionTable::handle_count() const {
  size_t count = 0;
  for (const auto& [id, session] : sessions_) count += session->handles.size();
  return count;
}

size_t SessionTable::peer_connection_count() const {
  size_t count = 0;
  for (const auto& [id, session] : sessions_) {
    for (const auto& [handle_id, handle] : session->handles) count += handle->has_peer_connection() ? 1 : 0;
  }
  return count;
}

}  // namespace limen::core
