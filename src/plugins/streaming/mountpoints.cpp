#include "plugins/streaming/mountpoints.hpp"

#include <algorithm>
#include <charconv>

#include "base/log.hpp"
#include "config/category_edit.hpp"
#include "plugins/streaming/mountpoint_keys.hpp"
#include "plugins/streaming/publication.hpp"
#include "plugins/streaming/viewer.hpp"

namespace limen::streaming {
namespace {

constexpr std::string_view kPackage = "janus.plugin.streaming";
constexpr size_t kMostReserved = 1024;

struct Configured {
  MountpointId id;  // empty: any
  MountpointSettings settings;
};

// The id of a category; nothing if it is none.
std::optional<MountpointId> id_of(const config::Node& group, bool strings) {
  std::string text = group.text("id").value_or("");
  if (strings) return MountpointId(text);
  if (text.empty()) return MountpointId();
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return MountpointId(number);
}

Result<> read_file(const std::string& folder, GeneralSettings& general, std::vector<Configured>& mountpoints,
                   config::Findings& findings) {
  auto file = config::read_module(folder, kPackage);
  if (!file) return std::unexpected(file.error());
  if (!*file) return {};
  config::read_group(**file, "general", general, findings);
  const config::Node* head = (*file)->find("general");
  if (!PortRange::parse(general.rtp_port_range)) {
    findings.warnings.push_back(fmt::format("{}:{}: rtp_port_range should be like 10000-60000", (*file)->place.file,
                                            head == nullptr ? 0 : head->place.line));
    general.rtp_port_range = GeneralSettings().rtp_port_range;
  }
  for (const config::Node& group : (*file)->children) {
    if (group.kind != config::Node::Kind::group || config::same_text(group.name, "general")) continue;
    auto warn = [&](std::string_view text) {
      findings.warnings.push_back(
          fmt::format("{}:{}: mountpoint '{}' left out: {}", group.place.file, group.place.line, group.name, text));
    };
    auto id = id_of(group, general.string_ids);
    if (!id) {
      warn("its id must be a number");
      continue;
    }
    auto same = [&id](const Configured& other) { return !id->empty() && other.id == *id; };
    if (std::ranges::any_of(mountpoints, same)) {
      warn("there is one with this id already");
      continue;
    }
    auto settings = settings_from_config(group, findings);
    if (!settings) warn(settings.error().text);
    else mountpoints.push_back({std::move(*id), std::move(*settings)});
  }
  return {};
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

Mountpoints::~Mountpoints() {
  for (auto& [id, mountpoint] : mountpoints_) {
    for (Viewer* viewer : std::vector(mountpoint->viewers())) viewer->forget_mountpoint();
  }
}

Result<> Mountpoints::check(const std::string& folder, config::Findings& findings) {
  GeneralSettings general;
  std::vector<Configured> mountpoints;
  return read_file(folder, general, mountpoints, findings);
}

Result<> Mountpoints::start(PluginContext& context) {
  context_ = &context;
  feeds_ = std::make_unique<Feeds>(context);
  config::Findings findings;
  std::vector<Configured> configured;
  Result<> done = read_file(context.configs_folder(), general_, configured, findings);
  findings.log("");
  if (!done) return done;
  can_save_ = config::module_file(context.configs_folder(), kPackage).has_value();
  auto [low, high] = *PortRange::parse(general_.rtp_port_range);
  feeds_->set_ports(low, high);
  feeds_->set_notifies(general_.events);
  for (Configured& one : configured) {
    MountpointId id = one.id.empty() ? free_id() : one.id;
    // A camera that is off now may be there later.
    one.settings.rtsp.retry_first = true;
    create(id, std::move(one.settings), [id](StreamResult<Mountpoint*> made) {
      if (!made) log::error("", "Streaming: mountpoint {} left out: {}", id.text(), made.error().text);
    });
  }
  return {};
}

Mountpoint* Mountpoints::find(const MountpointId& id) const {
  auto found = mountpoints_.find(id);
  return found == mountpoints_.end() ? nullptr : found->second.get();
}

MountpointId Mountpoints::free_id() {
  while (true) {
    MountpointId id = MountpointId::random(context_->random(), strings());
    if (!is_taken(id)) return id;
  }
}

void Mountpoints::reserve(const MountpointId& id) {
  if (reserved_.size() < kMostReserved) reserved_.insert(id);
}

void Mountpoints::create(const MountpointId& id, MountpointSettings settings, Created done) {
  bool named = !settings.name.empty();
  if (!named) settings.name = (settings.type == MountpointType::rtsp ? "" : "mp-") + id.text();
  if (settings.description.empty()) settings.description = settings.name;
  reserved_.insert(id);
  auto made = std::make_unique<Mountpoint>(*feeds_, id, std::move(settings));
  Mountpoint& mountpoint = *made;
  coming_[id] = std::move(made);
  mountpoint.start([this, id, done = std::move(done)](StreamResult<> result) mutable {
    // Not from inside: the mountpoint may end by what comes now.
    context_->executor().post([this, id, result = std::move(result), done = std::move(done)]() mutable {
      finish(id, std::move(result), std::move(done));
    });
  });
}

void Mountpoints::finish(const MountpointId& id, StreamResult<> result, Created done) {
  auto made = coming_.extract(id);
  reserved_.erase(id);
  if (made.empty()) return done(refuse(ErrorCode::unknown, "The mountpoint has gone"));
  if (!result) {
    made = {};
    return done(std::unexpected(std::move(result.error())));
  }
  Mountpoint* mountpoint = made.mapped().get();
  mountpoints_.insert(std::move(made));
  done(mountpoint);
}

void Mountpoints::destroy(Mountpoint& mountpoint) {
  auto taken = mountpoints_.extract(mountpoint.id());
  for (Viewer* viewer : std::vector(mountpoint.viewers())) viewer->mountpoint_destroyed();
  if (mountpoint.publisher() != nullptr) mountpoint.publisher()->mountpoint_destroyed();
}

// A name that the file's syntax can express, and that no other mountpoint has.
std::string Mountpoints::category(const Mountpoint& mountpoint) const {
  auto plain = [](const Mountpoint& one) {
    const std::string& name = one.settings().name;
    return !name.empty() && is_letter(name.front()) ? name : "mp-" + name;
  };
  std::string name = plain(mountpoint);
  for (const auto& [id, other] : mountpoints_) {
    if (other.get() != &mountpoint && config::same_text(plain(*other), name))
      return name + "-" + mountpoint.id().text();
  }
  return name;
}

bool Mountpoints::save(const Mountpoint& mountpoint) {
  Result<> done = config::save_category(context_->configs_folder(), kPackage, category(mountpoint),
                                        settings_entries(mountpoint.configured(), mountpoint.id().json()));
  if (!done) log::error("", "Streaming: mountpoint {} is not saved: {}", mountpoint.id().text(), done.error().text);
  return done.has_value();
}

bool Mountpoints::forget_saved(const Mountpoint& mountpoint) {
  Result<> done = config::remove_category(context_->configs_folder(), kPackage, category(mountpoint));
  if (!done) {
    log::error("", "Streaming: mountpoint {} stays in the configuration: {}", mountpoint.id().text(),
               done.error().text);
  }
  return done.has_value();
}

std::unexpected<StreamError> no_such_mountpoint(const MountpointId& id) {
  return refuse(ErrorCode::no_such_mountpoint, "No such mountpoint/stream {}", id.text());
}

StreamResult<Mountpoint*> Mountpoints::access(const JsonObject& body) const {
  auto id = require_id(body, strings());
  if (!id) return passed_on(id);
  Mountpoint* mountpoint = find(*id);
  if (mountpoint == nullptr) return no_such_mountpoint(*id);
  if (auto allowed = check_secret<ErrorCode>(body, "secret", mountpoint->settings().secret); !allowed)
    return passed_on(allowed);
  return mountpoint;
}

void Mountpoints::notify(HandleContext* handle, JsonObject data) {
  if (!general_.events || !context_->events_enabled()) return;
  if (handle != nullptr) handle->notify_event(std::move(data));
  else context_->notify_event(std::move(data));
}

}  // namespace limen::streaming
