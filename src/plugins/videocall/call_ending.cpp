// CallHandle: the end of a call (spec plugin-videocall, sections 3.6 and 4).
//
// A link is dropped only when the own PeerConnection goes. So an explicit hangup reaches the other side
// twice: as such, and once more as the loss of the PeerConnection that it causes, on both sides. Clients
// expect that.
#include "plugins/videocall/call_handle.hpp"

namespace limen::videocall {

CallHandle::Result CallHandle::hangup(const Message& message) {
  const Json* given = message.body.if_contains("reason");
  std::string reason = given != nullptr && given->is_string() ? std::string(given->get_string()) : "We did the hangup";
  if (CallHandle* other = peer(); other != nullptr && other->peer_ == id_) {
    other->push(JsonObject{{"event", "hangup"}, {"username", name_}, {"reason", reason}});
    other->notify(JsonObject{{"event", "hangup"}, {"reason", "Remote hangup"}});
    other->end_call();
  }
  end_call();
  notify(JsonObject{{"event", "hangup"}, {"reason", "Explicit hangup"}});
  JsonObject result{{"event", "hangup"}};
  if (!name_.empty()) result["username"] = name_;
  result["reason"] = "Explicit hangup";
  return result;
}

void CallHandle::end_call() {
  tell_media(&CallMedia::stop);
  if (context_.has_peer_connection()) {
    if (!std::exchange(closing_, true)) context_.close_peer_connection();
    return;
  }
  peer_.reset();
  forget_call();
}

void CallHandle::on_hangup(std::string_view) {
  lose_peer();
  forget_call();
}

void CallHandle::lose_peer() {
  CallHandle* other = peer();
  peer_.reset();
  in_call_ = false;
  // Who talks to somebody else by now need not hear of it.
  if (other == nullptr || (other->peer_ && other->peer_ != id_)) return;
  other->push(JsonObject{{"event", "hangup"}, {"username", name_}, {"reason", "Remote WebRTC hangup"}});
  other->notify(JsonObject{{"event", "hangup"}, {"reason", "Remote WebRTC hangup"}});
  if (other->in_call_) other->end_call();
}

void CallHandle::forget_call() {
  closing_ = false;
  in_call_ = false;
  settings_ = {};
  current_ = {};
  peer_bitrate_ = 0;
  tell_media(&CallMedia::reset);
}

}  // namespace limen::videocall
