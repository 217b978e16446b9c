// AddressLimiter: counts what each address has, by the settings of group `limits`.
//
// Control thread. IPv6 addresses count by their /64, which is what one host may have. Memory is bounded: past
// kMostAddresses, all further ones share what one may have.
#pragma once
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/address_limits.hpp"
#include "base/executor.hpp"
#include "core/limits/limit_settings.hpp"

namespace limen::core {

// So many of something under each name; seats give back by themselves, also after this has gone.
class SeatCounter {
 public:
  AddressLimits::Seat take(const std::string& name, uint32_t most);  // most 0: any number
  uint32_t taken(const std::string& name) const;
  size_t names() const { return counts_->size(); }

 private:
  using Counts = std::unordered_map<std::string, uint32_t>;
  std::shared_ptr<Counts> counts_ = std::make_shared<Counts>();
};

class AddressLimiter final : public AddressLimits {
 public:
  static constexpr size_t kMostAddresses = 100'000;

  // What each limit has refused.
  struct Refusals {
    uint64_t connections = 0, requests = 0, sessions_of_address = 0, sessions_of_token = 0;
  };

  AddressLimiter(LimitSettings settings, Executor& executor);

  Seat take_connection(std::string_view address) override;
  std::optional<int> count_request(std::string_view address) override;
  std::string client_address(std::string_view peer, std::string_view forwarded) const override;
  // A session: of the address, and of who holds the token ("": without). Two seats in one.
  Seat take_session(std::string_view address, const std::string& holder);
  const Refusals& refusals() const { return refusals_; }

 private:
  struct Bucket {
    double tokens = 0;
    Instant filled_at;
  };

  bool exempt(std::string_view address) const;
  Bucket& bucket_of(const std::string& name);
  void forget_full_buckets();

  LimitSettings settings_;
  std::vector<std::string> exempt_, proxies_;
  Executor& executor_;
  SeatCounter connections_, sessions_, holders_;
  Refusals refusals_;
  std::unordered_map<std::string, Bucket> buckets_;
};

}  // namespace limen::core
