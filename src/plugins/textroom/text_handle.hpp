// TextHandle: the control half of one TextRoom attachment (spec plugin-textroom, sections 2 and 3).
#pragma once
#include <optional>
#include <string>

#include "api/plugin.hpp"
#include "plugins/textroom/member.hpp"
#include "plugins/textroom/text_media.hpp"
#include "plugins/textroom/text_service.hpp"

namespace limen::textroom {

class TextHandle final : public PluginHandle, private Member {
 public:
  // `service` outlives it.
  TextHandle(HandleContext& context, TextService& service);
  ~TextHandle() override;

  void on_message(Message message, Reply reply) override;
  NeededRights needed_rights(const JsonObject& body, bool with_description) const override;
  void on_data(DataMessage message) override;
  void on_hangup(std::string_view reason) override;
  Json query() const override { return JsonObject{{"destroyed", 0}}; }

 private:
  static JsonObject refused(const JsonObject& body, const NeededRights& needed);
  // PeerConnections; true if `name` is about one.
  bool run_setup(std::string_view name, const std::string& transaction, Reply& reply);
  std::optional<LocalJsep> offer(bool restart) const;

  void send(SharedText text) override;
  void notify(const JsonObject& event) override;

  HandleContext& context_;
  TextService& service_;
  bool set_up_ = false;  // for good: a new PeerConnection needs a new handle
};

}  // namespace limen::textroom
