// Viewer: one attachment to the plugin: what it watches and how (contract, sections 4 to 6).
//
// Control thread; owned by its handle; registered with its mountpoint, which tells it when it goes.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "media/layer_selector.hpp"
#include "plugins/streaming/feed.hpp"
#include "plugins/streaming/mountpoint_id.hpp"
#include "plugins/streaming/streaming_errors.hpp"
#include "plugins/streaming/viewer_offer.hpp"
#include "plugins/streaming/viewer_requests.hpp"

namespace limen::streaming {

class Mountpoint;
class Mountpoints;
struct ViewPlan;

struct ViewerStream {
  ViewedMedium viewed;
  MediaKind kind = MediaKind::audio;
  uint8_t mline = 0;
  bool simulcast = false, svc = false;  // of the mountpoint watched first
  bool send = true;
  int spatial = 2, temporal = 2;
  uint32_t fallback_us = 250000;
  int16_t min_delay = -1, max_delay = -1;
  media::Layers current;
};

// What a request is answered with.
struct ViewerReply {
  JsonObject result;  // under "result"
  std::optional<LocalJsep> jsep;
  bool silent = false;  // no event at all
  bool close = false;   // the peer connection is closed after it
};

class Viewer {
 public:
  Viewer(Mountpoints& mountpoints, HandleContext& context);
  ~Viewer();
  Viewer(const Viewer&) = delete;
  Viewer& operator=(const Viewer&) = delete;

  // Requests.
  StreamResult<ViewerReply> watch(const Message& message);
  StreamResult<ViewerReply> start(const Message& message);
  StreamResult<ViewerReply> pause();
  StreamResult<ViewerReply> stop();
  StreamResult<ViewerReply> configure(const JsonObject& body);
  StreamResult<ViewerReply> switch_to(const JsonObject& body);

  void came_up();
  void hung_up();
  Json query() const;
  // Has this attachment watched something? Then it cannot publish.
  bool has_watched() const { return installed_; }

  // For its mountpoint.
  void push(const JsonObject& news);
  void mountpoint_destroyed();
  void mountpoint_enabled(bool enabled);
  void forget_mountpoint();
  void kicked();

 private:
  StreamResult<ViewerReply> watch_again(Mountpoint& wanted, bool restart);
  StreamResult<ViewerReply> watch_new(Mountpoint& wanted, const WatchRequest& request, const Message& message);
  StreamResult<ViewerReply> answer_again(Mountpoint& wanted, const RemoteJsep& jsep);
  StreamResult<ViewerReply> watch_by_answer(Mountpoint& wanted, const RemoteJsep& jsep);
  void install();
  void bind(Mountpoint& mountpoint);
  void unbind();
  void open_own_feed();
  ViewerStream& add_stream(const ViewedMedium& viewed, uint8_t mline, const LayerWish& layers);
  LocalJsep offer(bool restart) const;
  void configure_one(ViewerStream& stream, const ConfigureEntry& entry);
  void choose_layers(ViewerStream& stream, const LayerWish& wish);
  void confirm(std::string_view what, int layer);
  void on_layers(uint8_t mline, media::StreamId source, media::Layers current);
  const Feed* feed() const;
  ViewPlan plan_of(const ViewerStream& stream) const;
  void sync_media();
  void tell(std::string_view status);
  JsonObject query_stream(const ViewerStream& stream) const;

  Mountpoints& mountpoints_;
  HandleContext& context_;
  Mountpoint* mountpoint_ = nullptr;
  std::vector<ViewerStream> streams_;
  std::unique_ptr<Feed> own_feed_;  // of an `ondemand` mountpoint
  bool installed_ = false;          // the media half is there
  bool up_ = false;                 // the peer connection is
  bool paused_ = false;
  bool stopping_ = false;
  bool offered_ = false;  // and not answered yet
  bool answers_ = false;  // the viewer offers
};

}  // namespace limen::streaming
