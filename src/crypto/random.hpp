// SecureRandom: limen::Random from OpenSSL's generator. Any thread.
#pragma once
#include "base/random.hpp"

namespace limen::crypto {

class SecureRandom final : public Random {
 public:
  // Aborts the process if the generator has failed: nothing secret can be made without it.
  void fill(MutableBytes out) override;
};

}  // namespace limen::crypto
