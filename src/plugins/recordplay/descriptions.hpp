// RecordPlay's answers to who records and offers to who watches (contract, section 5). Pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "plugins/recordplay/catalog.hpp"
#include "plugins/recordplay/requests.hpp"
#include "wire/mjr/mjr_header.hpp"
#include "wire/sdp/session_description.hpp"

namespace limen::recordplay {

// One file of a recording to be.
struct TrackPlan {
  std::optional<uint8_t> mline;  // nothing: the m-line is refused, the file stays empty
  mjr::Header header;
};

struct RecordAnswer {
  sdp::SessionDescription description;
  std::vector<TrackPlan> tracks;  // at most one of a kind
};

// `origin`: its address is filled in.
RecordAnswer make_record_answer(const sdp::SessionDescription& offer, const RecordRequest& request, uint64_t id,
                                const sdp::Origin& origin);

// What a file becomes in an offer.
struct PlayTrack {
  mjr::Header header;
  uint8_t mline = 0;
  uint8_t payload_type = 0;
  std::optional<uint8_t> red;  // payload type of RED, as recorded and offered
};

struct PlayOffer {
  sdp::SessionDescription description;
  std::vector<PlayTrack> tracks;
};

// `headers`: of the files that can be played: audio, video, data.
PlayOffer make_play_offer(const std::vector<mjr::Header>& headers, uint64_t id, const sdp::Origin& origin);

}  // namespace limen::recordplay
