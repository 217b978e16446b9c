// TurnPeers: whom a TURN allocation may talk to: permissions by address, channels by address and port, and the
// few datagrams that wait for a permission (RFC 8656 sections 9 and 12). Bounded; a value of TurnClient.
#pragma once
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/net_address.hpp"
#include "base/time.hpp"

namespace limen::rtc {

enum class TurnGrant : uint8_t { asked, granted, refused };

struct TurnPermission {
  struct Waiting {
    SocketAddress peer;
    std::vector<uint8_t> payload;
  };
  IpAddress ip;
  TurnGrant grant = TurnGrant::asked;
  Instant renew_at{};  // granted: ask again; refused: may be asked again
  Instant last_used{};
  std::vector<Waiting> waiting;
};

struct TurnChannel {
  SocketAddress peer;
  uint16_t number = 0;
  TurnGrant grant = TurnGrant::asked;
  Instant renew_at{};
};

class TurnPeers {
 public:
  static constexpr size_t kMaxPermissions = 128;
  static constexpr size_t kMaxChannels = 64;
  static constexpr size_t kMaxWaiting = 4;  // datagrams, per permission
  static constexpr size_t kMaxPayload = 1600;
  // A permission lives 300 s at the server, a channel 600 s; both are renewed in good time, as a channel's
  // renewal renews its permission.
  static constexpr Duration kRenewal = std::chrono::seconds(240);
  // What was not used for so long is not renewed.
  static constexpr Duration kIdle = std::chrono::seconds(290);
  static constexpr Duration kRefusalLasts = std::chrono::seconds(10);

  TurnPermission* permission(const IpAddress& ip);
  // Room is made by what was not used for longest; never null.
  TurnPermission& add_permission(const IpAddress& ip, Instant now);
  void forget(const IpAddress& ip);
  // False: too large or too many wait already.
  bool hold(TurnPermission& permission, const SocketAddress& peer, Bytes payload);

  TurnChannel* channel(const SocketAddress& peer);
  TurnChannel* channel(uint16_t number);
  // Null if there are as many as may be, or the numbers are used up.
  TurnChannel* add_channel(const SocketAddress& peer);

  Instant next_renewal() const;
  // What is to be asked again now; marked as taken care of until `answer_by`.
  struct Due {
    std::vector<IpAddress> permissions;
    std::vector<SocketAddress> channels;
  };
  Due take_due(Instant now, Instant answer_by);

 private:
  std::list<TurnPermission> permissions_;
  std::list<TurnChannel> channels_;
  uint16_t next_number_ = 0x4000;
};

}  // namespace limen::rtc
