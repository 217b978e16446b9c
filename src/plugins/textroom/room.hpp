// Room: who is in it, what was said lately, who may join (spec plugin-textroom, section 4).
//
// Control thread; owned by the RoomTable.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "plugins/textroom/member.hpp"
#include "plugins/textroom/room_id.hpp"

namespace limen::textroom {

struct RoomSettings {
  std::string description;
  bool is_private = false;
  std::optional<std::string> secret, pin;
  std::string post;  // empty: none
  uint16_t history = 0;
};

struct Participant {
  std::string username;
  std::optional<std::string> display;
  Member* member = nullptr;
};

class Room {
 public:
  // History is bounded in bytes too: 65535 messages of 64 KB would be too much for one room.
  static constexpr size_t kMaxHistoryBytes = 8 * 1024 * 1024;

  Room(RoomId id, RoomSettings initial) : settings(std::move(initial)), id_(std::move(id)) {}
  ~Room();
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  const RoomId& id() const { return id_; }
  RoomSettings settings;

  // Participants, by name.
  const std::map<std::string, Participant, std::less<>>& participants() const { return participants_; }
  const Participant* find(std::string_view username) const;
  const Participant* find(const Member* member) const;
  void add(Participant participant);
  void remove(const std::string& username);
  void tell(const SharedText& text) const;

  // Who may join: with `checking`, only who has one of the tokens.
  bool checking_tokens = false;
  std::set<std::string, std::less<>> tokens;

  void remember(SharedText text);
  const std::deque<SharedText>& history() const { return history_; }

 private:
  RoomId id_;
  std::map<std::string, Participant, std::less<>> participants_;
  std::map<const Member*, std::string> names_;
  std::deque<SharedText> history_;
  size_t history_bytes_ = 0;
};

}  // namespace limen::textroom
