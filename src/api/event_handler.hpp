// EventHandler: receives what happened, for collectors outside (spec section 8).
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/json.hpp"
#include "api/module_figures.hpp"
#include "api/plugin.hpp"
#include "base/result.hpp"
#include "config/describe.hpp"

namespace limen {

enum class EventType : uint16_t {
  none = 0,
  session = 1,
  handle = 2,
  external = 4,
  jsep = 8,
  webrtc = 16,
  media = 32,
  plugin = 64,
  transport = 128,
  core = 256,
};
// "sessions,handles" / "all" / "none" -> bit mask (spec 8.1).
uint32_t event_mask_from_text(std::string_view list);
inline constexpr uint32_t kAllEvents = 511;

class EventHandlerContext {
 public:
  virtual ~EventHandlerContext() = default;
  virtual Executor& executor() = 0;
  virtual BackgroundPool& background() = 0;
  virtual void* io_context() = 0;
  virtual std::string configs_folder() const = 0;
};

class EventHandler {
 public:
  virtual ~EventHandler() = default;
  virtual const ModuleInfo& info() const = 0;
  // Reads this module's own file in `configs_folder` as start() will, changing nothing: unknown keys and
  // unusable values are added to `findings`; an error is what would keep the module from starting.
  virtual Result<> check_config(const std::string& /*configs_folder*/, config::Findings& /*findings*/) const {
    return {};
  }
  // An error: it is not there (the reason is logged); with an empty text: it is not enabled.
  virtual Result<> start(EventHandlerContext& context) = 0;
  virtual void stop() = 0;
  virtual uint32_t mask() const = 0;             // of EventType bits
  virtual void on_event(const Json& event) = 0;  // must not block
  virtual std::optional<Json> on_query(const Json& /*request*/) { return std::nullopt; }
  virtual ModuleFigures figures() const { return {}; }
};

}  // namespace limen
