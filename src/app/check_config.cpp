#include "app/check_config.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>

#include "app/builtin_modules.hpp"
#include "app/configuration_notes.hpp"
#include "crypto/certificate.hpp"

namespace limen::app {
namespace {

namespace fs = std::filesystem;

std::string package_of(const std::string& file) {
  return fs::path(file).stem().string();
}

// Everything else is off as long as no file that can be read turns it on.
bool on_without_file(const std::string& package) {
  if (package == "janus.transport.http" || package == "janus.transport.websockets") return true;
  std::vector<std::string> absent = packages_not_built_in();
  return package.starts_with("janus.plugin.") && std::find(absent.begin(), absent.end(), package) == absent.end();
}

// Every file of the folder should be readable; that of a module which is not there, or stays off, keeps nobody from
// starting. Returns the packages whose file is not.
std::set<std::string> check_syntax(const std::string& folder, const std::string& main_file, ConfigReport& report) {
  std::error_code error;
  std::vector<std::string> files;
  std::set<std::string> unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    std::string name = entry.path().filename().string();
    bool ours = name.starts_with("janus.") && (name.ends_with(".jcfg") || name.ends_with(".cfg"));
    if (ours && entry.path() != main_file) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    auto parsed = config::read_file(file);
    if (parsed) continue;
    unreadable.insert(package_of(file));
    if (on_without_file(package_of(file))) report.errors.push_back(parsed.error().text);
    else report.warnings.push_back(fmt::format("{} ({} stays off)", parsed.error().text, package_of(file)));
  }
  return unreadable;
}

template <typename Modules>
void check_modules(const Modules& modules, const std::string& folder, const std::set<std::string>& unreadable,
                   config::Findings& findings, ConfigReport& report) {
  for (const auto& module : modules) {
    if (unreadable.contains(module->info().package)) continue;
    Result<> checked = module->check_config(folder, findings);
    if (!checked) report.errors.push_back(fmt::format("{}: {}", module->info().package, checked.error().text));
  }
}

}  // namespace

ConfigReport examine_config(const LoadedSettings& loaded) {
  ConfigReport report;
  std::set<std::string> unreadable = check_syntax(loaded.configs_folder, loaded.main_file, report);
  config::Findings findings = loaded.findings;
  check_modules(builtin_plugins(), loaded.configs_folder, unreadable, findings, report);
  check_modules(builtin_transports(), loaded.configs_folder, unreadable, findings, report);
  check_modules(builtin_event_handlers(), loaded.configs_folder, unreadable, findings, report);
  check_modules(builtin_loggers(), loaded.configs_folder, unreadable, findings, report);
  for (const std::string& text : configuration_errors(loaded.settings)) report.errors.push_back(text);
  const core::CertificateSettings& dtls = loaded.settings.certificates;
  if (!dtls.cert_pem.empty() && !dtls.cert_key.empty()) {
    auto certificate = crypto::Certificate::load(dtls.cert_pem, dtls.cert_key, dtls.cert_pwd);
    if (!certificate) report.errors.push_back(certificate.error().text);
  }
  for (const std::string& text : findings.warnings) report.warnings.push_back(text);
  for (const std::string& text : configuration_notes(loaded)) report.warnings.push_back(text);
  return report;
}

int check_config(const Result<LoadedSettings>& loaded, const CommandLine&) {
  if (!loaded) {
    fmt::print("error:   {}\n", loaded.error().text);
    return 1;
  }
  fmt::print("Folder {}\nMain file {}\n", loaded->configs_folder,
             loaded->main_file.empty() ? "none: defaults" : loaded->main_file);
  ConfigReport report = examine_config(*loaded);
  for (const std::string& text : report.errors) fmt::print("error:   {}\n", text);
  for (const std::string& text : report.warnings) fmt::print("warning: {}\n", text);
  if (report.errors.empty())
    fmt::print("The configuration can be used{}.\n",
               report.warnings.empty() ? "" : fmt::format(", with {} warnings", report.warnings.size()));
  else
    fmt::print("{} errors, {} warnings: Limen would not start like this.\n", report.errors.size(),
               report.warnings.size());
  return report.errors.empty() ? 0 : 1;
}

}  // namespace limen::app
