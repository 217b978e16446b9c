// GatewayMonitoring: what the gateway says to those who watch it, see api/monitoring.hpp.
//
// Control thread; part of GatewayState.
#pragma once
#include "api/monitoring.hpp"

namespace limen::core {

struct GatewayState;

class GatewayMonitoring final : public Monitoring {
 public:
  explicit GatewayMonitoring(GatewayState& state) : state_(state) {}
  void collect_metrics(std::move_only_function<void(std::string)> done) override;
  Health health() const override;
  Health readiness() const override;
  bool has_admin_secret() const override;
  bool is_admin_secret(std::string_view text) const override;

 private:
  GatewayState& state_;
};

}  // namespace limen::core
