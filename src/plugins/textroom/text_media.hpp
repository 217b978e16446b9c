// TextMedia: the half of a TextRoom handle that touches data channels.
//
// Lives on the handle's shard. Rooms are the control thread's: texts are passed on to it, so many bytes
// at a time; who talks faster than they are read loses texts.
#pragma once
#include <functional>

#include "api/media.hpp"
#include "plugins/textroom/member.hpp"

namespace limen::textroom {

class TextMedia final : public MediaHandler {
 public:
  static constexpr size_t kMaxOnTheWay = 1024 * 1024;  // bytes not yet read by the control thread

  // Called on the shard.
  using Pass = std::function<void(DataMessage)>;
  TextMedia(MediaContext& context, Pass pass) : context_(context), pass_(std::move(pass)) {}

  void on_data(const DataMessage& message) override;

  // Posted by the control half.
  void taken(size_t bytes) { on_the_way_ -= std::min(bytes, on_the_way_); }
  void send(const SharedText& text);

 private:
  MediaContext& context_;
  Pass pass_;
  size_t on_the_way_ = 0;
  uint64_t dropped_ = 0;  // received and not passed on
  uint64_t unsent_ = 0;
};

}  // namespace limen::textroom
