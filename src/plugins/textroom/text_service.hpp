// TextService: TextRoom itself: the rooms and what may be asked of them, whether over a data channel, the
// Janus API or the admin API (spec plugin-textroom, section 4).
//
// Control thread. A verb is one function, found in a table.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/plugin.hpp"
#include "plugins/textroom/http_posts.hpp"
#include "plugins/textroom/room_table.hpp"
#include "plugins/textroom/text_errors.hpp"

namespace limen::textroom {

struct TextSettings {
  std::string admin_key;
  std::string json = "compact";
  bool events = true;
  bool string_ids = false;
};

enum class Door : uint8_t { data_channel, janus_api };  // the admin API is the latter

class TextService {
 public:
  TextService(PluginContext& context, TextSettings settings, RoomTable rooms, std::shared_ptr<HttpPosts> posts);

  // The requests that the Janus and admin APIs let in.
  static bool is_api_request(std::string_view name);
  // `body` has `textroom` and `transaction`. `member` is whoever asks; nullptr: the administrator.
  // Nothing: there is no answer (a message that asks for none).
  std::optional<JsonObject> run(const JsonObject& body, Member* member, Door door);
  // The PeerConnection or the attachment has gone.
  void leave_all(Member& member);

  // For verbs.
  PluginContext& context() { return context_; }
  const TextSettings& settings() const { return settings_; }
  RoomTable& rooms() { return rooms_; }
  SharedText text(const Json& message) const { return make_text(message, format_); }
  std::string date() const;  // now, as clients get it
  void notify(Member* member, const JsonObject& event);
  // Public messages and announcements: everybody, history, HTTP.
  void publish(Room& room, const JsonObject& event, const std::optional<std::string>& display);
  void leave(Room& room, const std::string& username);

 private:
  PluginContext& context_;
  TextSettings settings_;
  JsonFormat format_;
  RoomTable rooms_;
  std::shared_ptr<HttpPosts> posts_;
};

}  // namespace limen::textroom
