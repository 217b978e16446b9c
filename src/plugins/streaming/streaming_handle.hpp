// StreamingHandle: the control half of one attachment: finds the verb of a request, answers it (contract, 3 and 4).
//
// Control thread; owned by the core.
#pragma once
#include "api/plugin.hpp"
#include "plugins/streaming/publication.hpp"
#include "plugins/streaming/viewer.hpp"

namespace limen::streaming {

class StreamingHandle final : public PluginHandle {
 public:
  StreamingHandle(Mountpoints& mountpoints, HandleContext& context)
      : mountpoints_(mountpoints),
        context_(context),
        viewer_(mountpoints, context),
        self_(std::make_shared<HandleContext*>(&context)) {}

  void on_message(Message message, Reply reply) override;
  NeededRights needed_rights(const JsonObject& body, bool with_description) const override;
  void on_media_up() override {
    if (publication_) publication_->came_up();
    else viewer_.came_up();
  }
  void on_hangup(std::string_view) override {
    if (publication_) publication_->hung_up();
    else viewer_.hung_up();
  }
  Json query() const override { return publication_ ? publication_->query() : viewer_.query(); }

 private:
  StreamResult<ViewerReply> publish(const Message& message);
  StreamResult<ViewerReply> run(const std::string& name, const Message& message);

  Mountpoints& mountpoints_;
  HandleContext& context_;
  Viewer viewer_;
  std::unique_ptr<Publication> publication_;  // instead of a viewer
  std::shared_ptr<HandleContext*> self_;      // for answers that come later
};

// The lower-case name of a request.
std::string lower_name(std::string_view name);

}  // namespace limen::streaming
