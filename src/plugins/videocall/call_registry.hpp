// CallRegistry: the attachments of VideoCall by number, and the names they took (case-sensitive, kept
// until the attachment ends). Control thread.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/strong_id.hpp"

namespace limen::videocall {

class CallHandle;
using CallerId = StrongId<struct CallerTag>;

class CallRegistry {
 public:
  CallerId add(CallHandle& handle) {
    CallerId id(++last_id_);
    handles_[id] = &handle;
    return id;
  }
  void remove(CallerId id, std::string_view name) {
    handles_.erase(id);
    if (auto found = names_.find(name); found != names_.end() && found->second == id) names_.erase(found);
  }
  // False: somebody has it.
  bool take_name(CallerId id, const std::string& name) { return names_.emplace(name, id).second; }

  CallHandle* find(CallerId id) const {
    auto found = handles_.find(id);
    return found == handles_.end() ? nullptr : found->second;
  }
  CallHandle* find(std::string_view name) const {
    auto found = names_.find(name);
    return found == names_.end() ? nullptr : find(found->second);
  }
  const std::map<std::string, CallerId, std::less<>>& names() const { return names_; }

 private:
  uint64_t last_id_ = 0;
  std::map<CallerId, CallHandle*> handles_;
  std::map<std::string, CallerId, std::less<>> names_;
};

}  // namespace limen::videocall
