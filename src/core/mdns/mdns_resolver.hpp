// MdnsResolver: addresses of ".local" names, which browsers put into candidates instead of their own addresses
// (RFC 6762; draft-ietf-mmusic-mdns-ice-candidates). Needs no resolver of the system.
//
// Control thread. One background thread asks for all names that wait, as long as there are any; each name is asked
// for three times in two seconds. Bounded: so many names wait at a time.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/executor.hpp"
#include "base/net_address.hpp"

namespace limen::core {

class MdnsResolver {
 public:
  static constexpr size_t kMaxNames = 256;
  static constexpr Duration kPatience = std::chrono::seconds(2);

  struct Answer {
    std::optional<IpAddress> address;
    std::string reason;  // why there is none
  };
  using Done = std::move_only_function<void(Answer)>;

  MdnsResolver(Executor& control, BackgroundPool& background, bool ipv6);
  // Names that wait get no answer any more.
  ~MdnsResolver();
  MdnsResolver(const MdnsResolver&) = delete;
  MdnsResolver& operator=(const MdnsResolver&) = delete;

  // `done` is called on the control thread, never from inside.
  void resolve(std::string name, Done done);

 private:
  struct Work;
  std::shared_ptr<Work> work_;
  Executor& control_;
  BackgroundPool& background_;
};

}  // namespace limen::core
