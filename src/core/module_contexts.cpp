#include "core/module_contexts.hpp"

#include "core/gateway_state.hpp"
#include "core/media/media_plane.hpp"

namespace limen::core {

ApiSink& SinkContext::sink() {
  return state_.sink;
}
Executor& SinkContext::executor() {
  return state_.executor;
}
BackgroundPool& SinkContext::background() {
  return state_.background;
}
Random& SinkContext::random() {
  return state_.random;
}
AddressLimits* SinkContext::limits() {
  return &state_.limits;
}
void* SinkContext::io_context() {
  return state_.io_context;
}
std::string SinkContext::configs_folder() const {
  return state_.facts.configs_folder;
}
std::string SinkContext::web_folder() const {
  return state_.facts.web_folder;
}
Monitoring* SinkContext::monitoring() {
  return &state_.monitoring;
}
// The pages learn where the WebSockets are, and show what listens; admin addresses are not for everybody.
JsonObject SinkContext::page_facts() const {
  JsonArray listening;
  JsonObject websocket;
  for (const auto& [package, transport] : state_.modules.transports.all()) {
    for (const Listening& door : transport->listening()) {
      if (door.admin) continue;
      listening.push_back(JsonObject{
          {"what", door.what}, {"url", door.url}, {"scheme", door.scheme}, {"port", door.port}, {"path", door.path}});
      if (door.scheme == "ws" || door.scheme == "wss") websocket[door.scheme] = door.port;
    }
  }
  return {{"listening", std::move(listening)}, {"websocket", std::move(websocket)}};
}
std::string SinkContext::default_certificate() const {
  return state_.facts.https_certificate;
}
std::string SinkContext::default_certificate_key() const {
  return state_.facts.https_certificate_key;
}

Executor& PluginPort::executor() {
  return state_.executor;
}
BackgroundPool& PluginPort::background() {
  return state_.background;
}
Random& PluginPort::random() {
  return state_.random;
}
std::string PluginPort::configs_folder() const {
  return state_.facts.configs_folder;
}
uint32_t PluginPort::shard_count() const {
  return state_.media.shard_count();
}
void PluginPort::post_shard(uint32_t shard, std::move_only_function<void(MediaShard&)> task) {
  state_.media.post_shard(shard, std::move(task));
}
bool PluginPort::events_enabled() const {
  return state_.events.enabled();
}
void PluginPort::notify_event(Json data) {
  state_.events.notify(EventType::plugin, {}, JsonObject{{"plugin", package_}, {"data", std::move(data)}});
}
bool PluginPort::signed_tokens() const {
  return state_.auth.signed_tokens();
}
bool PluginPort::token_allows(std::string_view token, std::string_view descriptor) const {
  return state_.auth.signature_names(token, package_, descriptor, state_.executor.wall_time());
}
bool PluginPort::path_allowed(const std::string& path) const {
  return state_.path_allowed(path);
}
std::string PluginPort::recordings_tmp_ext() const {
  return state_.settings.general.recordings_tmp_ext;
}

}  // namespace limen::core
