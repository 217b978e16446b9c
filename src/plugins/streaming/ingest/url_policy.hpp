// Which addresses a URL source may open, and what the media library may do for each. Values.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "plugins/streaming/ingest/source.hpp"

namespace limen::streaming {

struct UrlPolicy {
  std::string url;                                           // as the library gets it
  std::string shown;                                         // for logs and reasons: without secrets (user, query)
  std::string protocols;                                     // the library's whitelist: also for what a playlist names
  bool file = false;                                         // on this machine
  bool paced = false;                                        // comes as fast as it can be read: files, HTTP
  std::vector<std::pair<std::string, std::string>> options;  // of the library
};

// Fails for other schemes, for files that are not there, and where nobody can be waited for.
Result<UrlPolicy> url_policy(const UrlSpec& spec);

// Containers that are opened.
inline constexpr const char* kContainers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,flv,live_flv,hls,applehttp,ogg,mp3,aac,wav,flac,ivf,h264,hevc,obu";

}  // namespace limen::streaming
