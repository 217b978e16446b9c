#include "plugins/textroom/text_media.hpp"

namespace limen::textroom {

void TextMedia::on_data(const DataMessage& message) {
  if (message.binary || message.bytes.empty() || on_the_way_ + message.bytes.size() > kMaxOnTheWay) {
    ++dropped_;
    return;
  }
  on_the_way_ += message.bytes.size();
  pass_(message);
}

void TextMedia::send(const SharedText& text) {
  if (!context_.send_data(*text)) ++unsent_;
}

}  // namespace limen::textroom
