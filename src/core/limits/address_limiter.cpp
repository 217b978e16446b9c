#include "core/limits/address_limiter.hpp"

#include <algorithm>
#include <cmath>

#include "base/log.hpp"
#include "base/net_address.hpp"
#include "core/settings.hpp"

namespace limen::core {
namespace {

constexpr std::string_view kMapped = "::ffff:";
constexpr std::string_view kEverybodyElse = "*";

std::string_view unmapped(std::string_view address) {
  bool mapped = address.starts_with(kMapped) && address.find('.') != std::string_view::npos;
  return mapped ? address.substr(kMapped.size()) : address;
}

// Under which name an address counts.
std::string name_of(std::string_view address) {
  auto parsed = IpAddress::parse(unmapped(address));
  if (!parsed || parsed->is_v4()) return std::string(unmapped(address));
  return "6" + std::string(reinterpret_cast<const char*>(parsed->bytes().data()), 8);
}

bool begins(const std::vector<std::string>& prefixes, std::string_view address) {
  return std::ranges::any_of(prefixes,
                             [&](const std::string& prefix) { return unmapped(address).starts_with(prefix); });
}

std::string_view trimmed(std::string_view text) {
  size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

AddressLimits::Seat SeatCounter::take(const std::string& name, uint32_t most) {
  uint32_t& count = (*counts_)[name];
  if (most != 0 && count >= most) return nullptr;
  ++count;
  return {counts_.get(), [counts = counts_, name](const void*) {
            auto found = counts->find(name);
            if (found != counts->end() && --found->second == 0) counts->erase(found);
          }};
}

uint32_t SeatCounter::taken(const std::string& name) const {
  auto found = counts_->find(name);
  return found == counts_->end() ? 0 : found->second;
}

AddressLimiter::AddressLimiter(LimitSettings settings, Executor& executor)
    : settings_(std::move(settings)),
      exempt_(split_list(settings_.exempt)),
      proxies_(split_list(settings_.proxies)),
      executor_(executor) {}

bool AddressLimiter::exempt(std::string_view address) const {
  return address.empty() || begins(exempt_, address);
}

AddressLimits::Seat AddressLimiter::take_connection(std::string_view address) {
  // A proxy brings the connections of many; theirs are counted by their requests.
  uint32_t most = exempt(address) || begins(proxies_, address) ? 0 : settings_.connections_per_address;
  Seat seat = connections_.take(name_of(address), most);
  if (!seat) {
    ++refusals_.connections;
    log::verbose("", "{} has {} connections: no further one", address, most);
  }
  return seat;
}

AddressLimits::Seat AddressLimiter::take_session(std::string_view address, const std::string& holder) {
  Seat by_address = sessions_.take(name_of(address), exempt(address) ? 0 : settings_.sessions_per_address);
  refusals_.sessions_of_address += by_address ? 0 : 1;
  if (!by_address) return nullptr;
  if (holder.empty()) return by_address;
  Seat by_holder = holders_.take(holder, settings_.sessions_per_token);
  refusals_.sessions_of_token += by_holder ? 0 : 1;
  if (!by_holder) return nullptr;
  return std::make_shared<std::pair<Seat, Seat>>(std::move(by_address), std::move(by_holder));
}

std::optional<int> AddressLimiter::count_request(std::string_view address) {
  if (settings_.requests_per_second == 0 || exempt(address)) return std::nullopt;
  Bucket& bucket = bucket_of(name_of(address));
  Instant now = executor_.now();
  double seconds = std::chrono::duration<double>(now - bucket.filled_at).count();
  bucket.tokens = std::min<double>(settings_.request_burst, bucket.tokens + seconds * settings_.requests_per_second);
  bucket.filled_at = now;
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return std::nullopt;
  }
  ++refusals_.requests;
  return std::max(1, static_cast<int>(std::ceil((1 - bucket.tokens) / settings_.requests_per_second)));
}

AddressLimiter::Bucket& AddressLimiter::bucket_of(const std::string& name) {
  auto found = buckets_.find(name);
  if (found != buckets_.end()) return found->second;
  if (buckets_.size() >= kMostAddresses) forget_full_buckets();
  const std::string key = buckets_.size() >= kMostAddresses ? std::string(kEverybodyElse) : name;
  auto [made, fresh] = buckets_.try_emplace(key);
  if (fresh) made->second = {static_cast<double>(settings_.request_burst), executor_.now()};
  return made->second;
}

// An address whose bucket is full again is as good as one that was never seen.
void AddressLimiter::forget_full_buckets() {
  Instant now = executor_.now();
  std::erase_if(buckets_, [&](const auto& one) {
    double seconds = std::chrono::duration<double>(now - one.second.filled_at).count();
    return one.second.tokens + seconds * settings_.requests_per_second >= settings_.request_burst;
  });
}

std::string AddressLimiter::client_address(std::string_view peer, std::string_view forwarded) const {
  std::string_view address = peer;
  // From the nearest proxy backwards; what an unknown host claims counts for nothing.
  while (!proxies_.empty() && begins(proxies_, address) && !forwarded.empty()) {
    size_t comma = forwarded.rfind(',');
    std::string_view last = trimmed(comma == std::string_view::npos ? forwarded : forwarded.substr(comma + 1));
    forwarded = comma == std::string_view::npos ? std::string_view() : forwarded.substr(0, comma);
    if (!IpAddress::parse(unmapped(last))) break;
    address = last;
  }
  return std::string(address);
}

}  // namespace limen::core
