// AddressLimits: how much one address may have of this server: connections, requests a second (docs/authentication.md).
//
// Control thread. Transports that know addresses ask; "" is nobody's and unlimited.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace limen {

class AddressLimits {
 public:
  // Held as long as what was counted exists. Null: there is no room for it.
  using Seat = std::shared_ptr<const void>;

  virtual ~AddressLimits() = default;
  virtual Seat take_connection(std::string_view address) = 0;
  // Counts one request. A value: it is one too many, and the next may come in so many seconds.
  virtual std::optional<int> count_request(std::string_view address) = 0;
  // Whose request it is: the peer's, or, where the peer is a proxy of ours, the last address of X-Forwarded-For that
  // is none.
  virtual std::string client_address(std::string_view peer, std::string_view forwarded) const = 0;
};

}  // namespace limen
