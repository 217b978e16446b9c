#include "transports/whip/whip_endpoints.hpp"

#include "base/log.hpp"
#include "transports/http/api_target.hpp"
#include "transports/whip/whip_service.hpp"
#include "transports/whip/whip_target.hpp"

namespace limen {
namespace whip {
namespace {

class WhipEndpoints final : public http::Endpoints {
 public:
  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    auto config = read_whip_config(folder, findings);
    return config ? Result<>() : std::unexpected(config.error());
  }
  Result<> start(TransportContext& context) override {
    config::Findings findings;
    auto config = read_whip_config(context.configs_folder(), findings);
    findings.log("[whip]");
    if (!config) return std::unexpected(config.error());
    if (!config->general.enabled) return fail("");
    service_ = std::make_shared<WhipService>(context, std::move(*config));
    return {};
  }
  void stop() override {
    if (service_) service_->stop();
    service_.reset();
  }
  bool owns(std::string_view path) const override {
    if (!service_) return false;
    const GeneralConfig& general = service_->config().general;
    return is_under(path, general.whip_path) || is_under(path, general.whep_path);
  }
  void handle(const std::shared_ptr<http::HttpExchange>& exchange, net::HttpRequest request) override {
    service_->handle(exchange, std::move(request));
  }
  JsonObject page_facts() const override {
    if (!service_) return {};
    const GeneralConfig& general = service_->config().general;
    return {{"whip", general.whip_path}, {"whep", general.whep_path}};
  }

 private:
  std::shared_ptr<WhipService> service_;
};

}  // namespace
}  // namespace whip

std::unique_ptr<http::Endpoints> make_whip_endpoints() {
  return std::make_unique<whip::WhipEndpoints>();
}

}  // namespace limen
