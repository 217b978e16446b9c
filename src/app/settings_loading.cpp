#include "app/settings_loading.hpp"

#include <filesystem>

namespace limen::app {
namespace {

namespace fs = std::filesystem;

// The source tree that the running program was built in ("<tree>/build/<preset>/limen"), or "".
fs::path source_tree() {
  std::error_code error;
  fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (error) return {};
  fs::path tree = program.parent_path().parent_path().parent_path();
  return fs::exists(tree / "conf" / "janus.jcfg", error) ? tree : fs::path();
}

bool readable(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

Result<std::string> main_file(const CommandLine& options, const std::string& folder) {
  if (options.config_file) {
    if (readable(*options.config_file)) return *options.config_file;
    std::string fallback = folder + "/janus.cfg";
    if (readable(fallback)) return fallback;
    return fail("The configuration file {} cannot be read (option -C), nor can {}", *options.config_file, fallback);
  }
  for (const char* name : {"/janus.jcfg", "/janus.cfg"}) {
    if (readable(folder + name)) return folder + name;
  }
  if (options.configs_folder && !fs::is_directory(folder)) {
    return fail("The configuration folder {} does not exist (option -F)", folder);
  }
  return std::string();
}

}  // namespace

std::string default_configs_folder() {
  if (fs::path tree = source_tree(); !tree.empty()) return (tree / "conf").string();
  return fs::exists("/etc/limen") ? "/etc/limen" : "/etc/janus";
}

std::string default_web_folder() {
  if (fs::path tree = source_tree(); !tree.empty()) return (tree / "web").string();
  return "/usr/share/limen/web";
}

Result<LoadedSettings> load_settings(const CommandLine& options) {
  LoadedSettings loaded;
  loaded.configs_folder =
      fs::absolute(options.configs_folder.value_or(default_configs_folder())).lexically_normal().string();
  Result<std::string> file = main_file(options, loaded.configs_folder);
  if (!file) return std::unexpected(file.error());
  loaded.main_file = *file;
  if (!loaded.main_file.empty()) {
    Result<config::Node> root = config::read_file(loaded.main_file);
    if (!root) return std::unexpected(root.error());
    loaded.settings = core::read_settings(*root, loaded.findings);
  }
  apply(options, loaded.settings);
  return loaded;
}

}  // namespace limen::app
