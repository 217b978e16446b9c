#include "plugins/textroom/room.hpp"

namespace limen::textroom {

SharedText make_text(const Json& message, JsonFormat format) {
  std::string text = write_json(message, format);
  auto out = std::make_shared<DataMessage>();
  out->label = "JanusDataChannel";
  out->bytes.assign(text.begin(), text.end());
  return out;
}

Room::~Room() {
  for (auto& [name, participant] : participants_) participant.member->rooms_.erase(id_);
}

const Participant* Room::find(std::string_view username) const {
  auto found = participants_.find(username);
  return found == participants_.end() ? nullptr : &found->second;
}

const Participant* Room::find(const Member* member) const {
  auto name = names_.find(member);
  return name == names_.end() ? nullptr : find(name->second);
}

void Room::add(Participant participant) {
  participant.member->rooms_.insert(id_);
  names_[participant.member] = participant.username;
  std::string username = participant.username;
  participants_.insert_or_assign(std::move(username), std::move(participant));
}

void Room::remove(const std::string& username) {
  auto found = participants_.find(username);
  if (found == participants_.end()) return;
  found->second.member->rooms_.erase(id_);
  names_.erase(found->second.member);
  participants_.erase(found);
}

void Room::tell(const SharedText& text) const {
  for (const auto& [name, participant] : participants_) participant.member->send(text);
}

void Room::remember(SharedText text) {
  if (settings.history == 0) return;
  history_bytes_ += text->bytes.size();
  history_.push_back(std::move(text));
  while (!history_.empty() && (history_.size() > settings.history || history_bytes_ > kMaxHistoryBytes)) {
    history_bytes_ -= history_.front()->bytes.size();
    history_.pop_front();
  }
}

}  // namespace limen::textroom
