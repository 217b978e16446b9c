#include "plugins/nosip/nosip_plugin.hpp"

#include <charconv>
#include <utility>

#include "base/log.hpp"
#include "config/config_node.hpp"
#include "config/describe.hpp"
#include "plugins/nosip/local_address.hpp"
#include "plugins/nosip/nosip_handle.hpp"

namespace limen {
namespace nosip {

struct NoSipSettings {
  std::string local_ip, sdp_ip;
  std::string rtp_port_range = "10000-60000";
  bool events = true;
  int dscp_audio_rtp = 0, dscp_video_rtp = 0;
};
template <typename V>
void describe(V& v, NoSipSettings& s) {
  v.field("local_ip", s.local_ip, "Address or interface of the RTP ports");
  v.field("sdp_ip", s.sdp_ip, "Address that descriptions announce");
  v.field("rtp_port_range", s.rtp_port_range, "UDP ports for RTP and RTCP, min-max");
  v.field("events", s.events, "Tell event handlers of descriptions");
  v.field("dscp_audio_rtp", s.dscp_audio_rtp, "Not in effect: DSCP of audio");
  v.field("dscp_video_rtp", s.dscp_video_rtp, "Not in effect: DSCP of video");
}

}  // namespace nosip

namespace {

using namespace nosip;

constexpr std::string_view kPackage = "janus.plugin.nosip";
constexpr uint16_t kFirstPort = 10000, kLastPort = 60000;

std::optional<uint16_t> port_from(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  uint16_t port = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(port) : std::nullopt;
}

// Inverted ones are turned; a max of 0 is the last port there is.
std::pair<uint16_t, uint16_t> ports_from(const std::string& text, config::Findings& findings) {
  size_t dash = text.find('-');
  std::string_view view = text;
  auto min = dash == std::string::npos ? std::nullopt : port_from(view.substr(0, dash));
  auto max = dash == std::string::npos ? std::nullopt : port_from(view.substr(dash + 1));
  if (max == uint16_t{0}) max = 65535;
  if (min && max && *min > *max) std::swap(min, max);
  if (min && max && *max > *min + 1 && *min > 0) return {*min, *max};
  findings.warnings.push_back(
      fmt::format("{}: rtp_port_range '{}' is no range of ports; using {}-{}", kPackage, text, kFirstPort, kLastPort));
  return {kFirstPort, kLastPort};
}

class NoSipPlugin final : public Plugin {
 public:
  NoSipPlugin() {
    info_.package = kPackage;
    info_.library = "libjanus_nosip.so";
    info_.name = "Limen NoSIP plugin";
    info_.author = "The Limen authors";
    info_.description = "Bridges WebRTC and plain RTP; signalling is the application's business.";
    info_.version = 2;
    info_.version_string = "0.0.2";
  }

  const ModuleInfo& info() const override { return info_; }

  Result<> check_config(const std::string& folder, config::Findings& findings) const override {
    NoSipService service;
    return read(folder, service, findings);
  }

  Result<> start(PluginContext& context) override {
    config::Findings findings;
    if (Result<> done = read(context.configs_folder(), service_, findings); !done) return done;
    findings.log("");
    service_.context = &context;
    Executor& executor = context.executor();
    service_.network.wall = WallTime{executor.wall_time().us - to_us(executor.now())};
    return {};
  }

  Result<std::unique_ptr<PluginHandle>> attach(HandleContext& handle) override {
    return std::make_unique<NoSipHandle>(service_, handle);
  }

 private:
  static Result<> read(const std::string& folder, NoSipService& service, config::Findings& findings) {
    NoSipSettings settings;
    if (auto done = config::read_general(folder, kPackage, settings, findings); !done) return done;
    if (settings.dscp_audio_rtp > 0 || settings.dscp_video_rtp > 0) {
      findings.warnings.push_back(fmt::format("{}: dscp_audio_rtp and dscp_video_rtp have no effect", kPackage));
    }
    service.events = settings.events;
    IpAddress own = default_local_address();
    if (!settings.local_ip.empty()) {
      auto local = local_address_of(settings.local_ip);
      if (local) service.network.bind = *local;
      else
        findings.warnings.push_back(fmt::format("{}: local_ip '{}' is no address of this machine; using {}", kPackage,
                                                settings.local_ip, own.to_string()));
      if (local && !local->is_unspecified()) own = *local;
    }
    service.advertised = settings.sdp_ip.empty() ? own.to_string() : settings.sdp_ip;
    auto [min, max] = ports_from(settings.rtp_port_range, findings);
    service.network.ports = std::make_shared<media::PortPairs>(min, max);
    return {};
  }

  ModuleInfo info_;
  NoSipService service_;
};

}  // namespace

std::unique_ptr<Plugin> make_nosip_plugin() {
  return std::make_unique<NoSipPlugin>();
}

}  // namespace limen
