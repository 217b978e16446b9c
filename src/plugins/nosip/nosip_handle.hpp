// NoSipHandle: the control half of one NoSIP attachment.
#pragma once
#include <optional>
#include <string>

#include "api/plugin.hpp"
#include "plugins/nosip/errors.hpp"

namespace limen::nosip {

class NoSipHandle final : public PluginHandle {
 public:
  explicit NoSipHandle(HandleContext& context) : context_(context) {}

  void on_message(Message message, Reply reply) override;
  Json query() const override;

 private:
  NoSipResult<JsonObject> run(const Message& message);

  HandleContext& context_;
};

}  // namespace limen::nosip
