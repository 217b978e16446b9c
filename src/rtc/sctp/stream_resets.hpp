// StreamResets: closing streams, ours and the peer's (RFC 6525, as RFC 8831 section 6.7 uses it).
//
// One request of ours at a time; the peer's wait until all data sent before them has come in, and are asked
// again meanwhile, by some with the same number and by others with the next. Contract as the
// association's, which owns it. A shard's thread only.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/time.hpp"
#include "wire/sctp/chunks.hpp"

namespace limen::rtc {

class StreamResets {
 public:
  // `outbound`: how many streams we have.
  StreamResets(uint32_t local_initial_tsn, uint32_t peer_initial_tsn, uint16_t outbound)
      : outbound_(outbound), next_request_(local_initial_tsn), expected_(peer_initial_tsn) {}

  // Ours -----------------------------------------------------------------------------------------
  void want(uint16_t stream) { wanted_.insert(stream); }
  bool busy(uint16_t stream) const;  // wanted or asked for
  // Turns wishes whose stream has nothing left to send (`idle`) into a request, if none is on its way.
  template <typename Idle>
  void begin(Idle idle, uint32_t last_tsn);
  bool request_due() const { return pending_ && due_; }
  sctp::ReconfigParameter request() const;
  void on_request_sent(Instant retry_at);
  Instant retry_at() const { return pending_ && !due_ ? retry_at_ : kNever; }
  void retry();

  struct Done {
    std::vector<uint16_t> streams;
    bool performed = false;  // false: refused; numbers go on
  };
  // An answer; nothing if it is none to the open request, or says to wait.
  std::optional<Done> handle_response(const sctp::ReconfigParameter& response, Instant retry_at);

  // The peer's -----------------------------------------------------------------------------------
  struct Answer {
    sctp::ReconfigParameter response;
    bool reset = false;  // do it now; no streams: all
    std::vector<uint16_t> streams;
  };
  Answer handle_request(const sctp::ReconfigParameter& request, uint64_t received);
  // A request that had to wait may be due now.
  std::optional<Answer> settle(uint64_t received);

 private:
  struct Pending {
    uint32_t sequence, last_tsn;
    std::vector<uint16_t> streams;
    std::vector<uint8_t> encoded;
    bool deferred = false;  // the peer has said to wait
  };
  struct Waiting {
    uint32_t sequence;
    uint64_t last_tsn;
    std::vector<uint16_t> streams;
  };
  Answer perform(Waiting request);
  void start_request(std::vector<uint16_t> streams, uint32_t last_tsn);
  static Answer answer(uint32_t sequence, sctp::ReconfigResult result);

  uint16_t outbound_;
  std::set<uint16_t> wanted_;
  std::optional<Pending> pending_;
  bool due_ = false;
  Instant retry_at_ = kNever;
  uint32_t next_request_;

  uint32_t expected_;
  std::optional<sctp::ReconfigResult> last_result_;
  std::optional<Waiting> waiting_;
  std::optional<Waiting> performed_;  // the last one that was
};

template <typename Idle>
void StreamResets::begin(Idle idle, uint32_t last_tsn) {
  if (pending_ || wanted_.empty()) return;
  std::vector<uint16_t> ready;
  for (uint16_t stream : wanted_) {
    if (idle(stream)) ready.push_back(stream);
  }
  if (!ready.empty()) start_request(std::move(ready), last_tsn);
}

}  // namespace limen::rtc
