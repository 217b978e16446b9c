// Publication: one attachment that publishes into a mountpoint of type `whip` (request `publish`, an extension of the
// contract), and PublicationMedia, its half on the handle's shard, which hands packets to the mountpoint's feed.
//
// Publication: control thread, owned by its handle; its mountpoint tells it when it goes.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "api/plugin.hpp"
#include "plugins/streaming/feed/feed_plan.hpp"
#include "plugins/streaming/ingest/source.hpp"
#include "plugins/streaming/streaming_errors.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::streaming {

class Mountpoint;
class Mountpoints;
struct MountpointSettings;

// What an offer's m-lines become.
struct PublicationAnswer {
  sdp::SessionDescription description;
  std::vector<SourceFormat> formats;  // of the m-lines that are taken, in order
  std::vector<int> format_of_mline;   // index into formats, or -1
};
// `fixed`: codecs by m-line that were agreed before (empty: none). What the mountpoint shows already stays what it is.
PublicationAnswer answer_publication(const MountpointSettings& settings, const sdp::SessionDescription& offer,
                                     const RemoteJsep& jsep, const std::vector<Codec>& fixed);

class PublicationMedia final : public MediaHandler {
 public:
  // Where the packets of each m-line go.
  struct Route {
    uint32_t shard = 0;
    FeedNumber feed = 0;
    std::vector<int> media;  // by m-line: medium of the feed, or -1
  };

  explicit PublicationMedia(MediaContext& context) : context_(context) {}
  void on_rtp(const RtpPacket& packet) override;
  void on_connected() override;
  // Posted by the control half.
  void set_route(Route route) { route_ = std::move(route); }
  void ask_keyframe(size_t medium);

 private:
  MediaContext& context_;
  Route route_;
};

class Publication {
 public:
  Publication(Mountpoints& mountpoints, HandleContext& context);
  ~Publication();
  Publication(const Publication&) = delete;
  Publication& operator=(const Publication&) = delete;

  // The request, first and again (with another offer). Gives the answer.
  StreamResult<LocalJsep> publish(const Message& message);
  void came_up();
  void hung_up();
  Json query() const;

  // For its mountpoint.
  void ask_keyframe(size_t medium);
  void mountpoint_destroyed();

 private:
  StreamResult<> join(Mountpoint& mountpoint, const PublicationAnswer& answer);

  Mountpoints& mountpoints_;
  HandleContext& context_;
  Mountpoint* mountpoint_ = nullptr;
  std::vector<Codec> codecs_;  // by m-line
  bool up_ = false;
};

}  // namespace limen::streaming
