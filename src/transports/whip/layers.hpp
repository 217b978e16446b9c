// Layers of the videos that one WHEP session gets, as its plugin tells of them and as the draft words them.
//
// Plain values, any thread.
#pragma once
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "api/json.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::whip {

// One video m-line with layers to choose from.
struct LayeredMline {
  size_t index = 0;
  std::string mid;
  bool svc = false;  // else simulcast
};

// What VideoRoom's `attached` says of its m-lines.
std::vector<LayeredMline> layered_of_room(const JsonObject& attached);
// What Streaming's `info` says of its media; the first video m-line of the offer shows the first video.
std::vector<LayeredMline> layered_of_mountpoint(const JsonObject& info, const sdp::SessionDescription& offer);

// Data of the event `layers`.
JsonObject layers_event(const std::vector<LayeredMline>& mlines);
// A request of the layer extension as the plugin's `configure`; the error is for people.
std::expected<JsonObject, std::string> layer_request(const JsonObject& body, const std::vector<LayeredMline>& mlines);

}  // namespace limen::whip
