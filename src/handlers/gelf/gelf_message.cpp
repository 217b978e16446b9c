#include "handlers/gelf/gelf_message.hpp"

#include "handlers/shared/event_names.hpp"

namespace limen::gelf_handler {
namespace {

constexpr char kMagic[] = {'\x1e', '\x0f'};
constexpr double kMicrosecondsPerSecond = 1e6;

}  // namespace

std::string gelf_message(const Json& event, JsonFormat format) {
  handlers::EventName name = handlers::name_of_event(event);
  const JsonObject* object = event.if_object();
  const Json* timestamp = object == nullptr ? nullptr : object->if_contains("timestamp");
  const Json* emitter = object == nullptr ? nullptr : object->if_contains("emitter");
  boost::json::error_code failure;
  double seconds = timestamp != nullptr && timestamp->is_number()
                       ? timestamp->to_number<double>(failure) / kMicrosecondsPerSecond
                       : 0.0;
  return write_json(JsonObject{{"timestamp", seconds},
                               {"host", emitter != nullptr ? *emitter : Json("")},
                               {"version", "1.1"},
                               {"level", name.type},
                               {"short_message", name.shown},
                               {"full_message", event}},
                    format);
}

std::optional<std::vector<std::string>> gelf_datagrams(std::string_view message, size_t longest, uint64_t id) {
  if (message.size() <= longest) return std::vector<std::string>{std::string(message)};
  size_t count = (message.size() + longest - 1) / longest;
  if (count > kMostChunks) return std::nullopt;
  std::vector<std::string> datagrams;
  datagrams.reserve(count);
  for (size_t n = 0; n < count; ++n) {
    std::string chunk(kMagic, sizeof kMagic);
    for (int shift = 56; shift >= 0; shift -= 8) chunk += static_cast<char>(id >> shift);
    chunk += static_cast<char>(n);
    chunk += static_cast<char>(count);
    chunk += message.substr(n * longest, longest);
    datagrams.push_back(std::move(chunk));
  }
  return datagrams;
}

}  // namespace limen::gelf_handler
