#include "plugins/textroom/room_table.hpp"

#include "config/category_edit.hpp"

namespace limen::textroom {
namespace {

struct RoomConfig {
  std::string description;
  bool is_private = false;
  std::optional<std::string> secret, pin;
  std::string post;
  int64_t history = 0;
};
template <typename V>
void describe(V& v, RoomConfig& c) {
  v.field("description", c.description, "What people read in lists");
  v.field("is_private", c.is_private, "Leave it out of lists");
  v.field("secret", c.secret, "Needed to manage the room");
  v.field("pin", c.pin, "Needed to join");
  v.field("history", c.history, "Public messages kept for who joins later").range(0, 65535);
  v.field("post", c.post, "HTTP address that public messages are posted to");
}

void warn(config::Findings& findings, const config::Node& node, std::string_view text) {
  findings.warnings.push_back(fmt::format("{}:{}: {}: {}", node.place.file, node.place.line, node.name, text));
}

}  // namespace

void RoomTable::read(const config::Node& file, bool strings, config::Findings& findings) {
  for (const config::Node& category : file.children) {
    if (config::same_text(category.name, "general")) continue;
    if (category.kind != config::Node::Kind::group) {
      warn(findings, category, "not a room");
      continue;
    }
    auto id = RoomId::from_category(category.name, strings);
    if (!id) {
      warn(findings, category, "the name of a room should be room-<number>");
      continue;
    }
    if (find(*id) != nullptr) {
      warn(findings, category, "this room is there twice; the second one is left out");
      continue;
    }
    RoomConfig config;
    config.description = category.name;
    config::GroupReader reader(&category, findings);
    describe(reader, config);
    reader.finish();
    RoomSettings settings{.description = std::move(config.description),
                          .is_private = config.is_private,
                          .secret = std::move(config.secret),
                          .pin = std::move(config.pin),
                          .post = std::move(config.post),
                          .history = static_cast<uint16_t>(config.history)};
    add(std::move(*id), std::move(settings));
  }
}

Room* RoomTable::find(const RoomId& id) const {
  auto found = rooms_.find(id);
  return found == rooms_.end() ? nullptr : found->second.get();
}

Room& RoomTable::add(RoomId id, RoomSettings settings) {
  auto room = std::make_unique<Room>(id, std::move(settings));
  return *rooms_.insert_or_assign(std::move(id), std::move(room)).first->second;
}

RoomId RoomTable::unused_id(Random& random, bool strings) const {
  RoomId id = RoomId::random(random, strings);
  while (find(id) != nullptr) id = RoomId::random(random, strings);
  return id;
}

Result<> save_room(const std::string& folder, std::string_view package, const Room& room) {
  const RoomSettings& settings = room.settings;
  config::Entries entries{{"description", settings.description}};
  if (settings.is_private) entries.emplace_back("is_private", true);
  if (settings.secret) entries.emplace_back("secret", *settings.secret);
  if (settings.pin) entries.emplace_back("pin", *settings.pin);
  if (settings.history != 0) entries.emplace_back("history", int64_t{settings.history});
  if (!settings.post.empty()) entries.emplace_back("post", settings.post);
  return config::save_room(folder, package, room.id().text(), entries);
}

Result<> unsave_room(const std::string& folder, std::string_view package, const RoomId& id) {
  return config::remove_room(folder, package, id.text());
}

}  // namespace limen::textroom
