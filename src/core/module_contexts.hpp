// What the core gives its modules at start: one SinkContext for transports and event handlers, one
// PluginPort per plugin. Control thread.
#pragma once
#include <string>
#include <string_view>

#include "api/event_handler.hpp"
#include "api/plugin.hpp"
#include "api/transport.hpp"

namespace limen::core {

struct GatewayState;

class SinkContext final : public TransportContext, public EventHandlerContext {
 public:
  explicit SinkContext(GatewayState& state) : state_(state) {}
  ApiSink& sink() override;
  Executor& executor() override;
  BackgroundPool& background() override;
  Random& random() override;
  AddressLimits* limits() override;
  void* io_context() override;
  std::string configs_folder() const override;
  std::string web_folder() const override;
  std::string default_certificate() const override;
  std::string default_certificate_key() const override;
  JsonObject page_facts() const override;
  Monitoring* monitoring() override;

 private:
  GatewayState& state_;
};

class PluginPort final : public PluginContext {
 public:
  PluginPort(GatewayState& state, std::string package) : state_(state), package_(std::move(package)) {}
  Executor& executor() override;
  BackgroundPool& background() override;
  Random& random() override;
  std::string configs_folder() const override;
  uint32_t shard_count() const override;
  void post_shard(uint32_t shard, std::move_only_function<void(MediaShard&)> task) override;
  bool events_enabled() const override;
  void notify_event(Json data) override;
  bool signed_tokens() const override;
  bool token_allows(std::string_view token, std::string_view descriptor) const override;
  bool path_allowed(const std::string& path) const override;
  std::string recordings_tmp_ext() const override;

 private:
  GatewayState& state_;
  std::string package_;
};

}  // namespace limen::core
