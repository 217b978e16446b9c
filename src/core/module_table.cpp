#include "core/module_table.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace limen::core {

template <typename Module>
void Modules<Module>::add(std::vector<std::unique_ptr<Module>> modules, std::string_view disable) {
  std::vector<std::string> disabled = split_list(disable);
  for (std::unique_ptr<Module>& module : modules) {
    const ModuleInfo& info = module->info();
    if (std::find(disabled.begin(), disabled.end(), info.library) != disabled.end()) {
      log::warning("", "Module '{}' has been disabled, skipping", info.library);
      continue;
    }
    std::string package = info.package;
    modules_[std::move(package)] = std::move(module);
  }
}

template <typename Module>
void Modules<Module>::start(const std::function<Result<>(Module&)>& start) {
  std::erase_if(modules_, [&](const auto& entry) {
    Result<> started = start(*entry.second);
    if (!started && !started.error().text.empty())
      log::warning("", "{} was not started: {}", entry.first, started.error().text);
    return !started;
  });
}

template class Modules<Plugin>;
template class Modules<Transport>;
template class Modules<EventHandler>;

LogSink* ModuleTable::find_logger(std::string_view package) const {
  auto found =
      std::find_if(loggers.begin(), loggers.end(), [&](LogSink* sink) { return sink->info().package == package; });
  return found == loggers.end() ? nullptr : *found;
}

JsonObject describe_modules(const std::map<std::string, const ModuleInfo*>& modules) {
  JsonObject all;
  for (const auto& [package, info] : modules) {
    all[package] = JsonObject{{"name", info->name},
                              {"author", info->author},
                              {"description", info->description},
                              {"version_string", info->version_string},
                              {"version", info->version}};
  }
  return all;
}

}  // namespace limen::core
