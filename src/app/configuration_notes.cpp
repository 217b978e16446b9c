#include "app/configuration_notes.hpp"

#include <filesystem>

#include "app/builtin_modules.hpp"
#include "base/url_text.hpp"
#include "core/jwt/jwt_verifier.hpp"

namespace limen::app {
namespace {

namespace fs = std::filesystem;

bool has_modules(const std::string& folder) {
  std::error_code error;
  if (folder.empty() || !fs::is_directory(folder, error)) return false;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".so") return true;
  }
  return false;
}

void note_foreign_modules(const core::GeneralSettings& general, std::vector<std::string>& notes) {
  std::string folders;
  for (const std::string& folder :
       {general.plugins_folder, general.transports_folder, general.events_folder, general.loggers_folder}) {
    if (has_modules(folder)) folders += (folders.empty() ? "" : ", ") + folder;
  }
  if (folders.empty()) return;
  notes.push_back(
      fmt::format("Modules in {} are not loaded: they belong to another server, Limen's own are built in", folders));
}

void note_missing_packages(const std::string& folder, std::vector<std::string>& notes) {
  std::string names;
  for (const std::string& package : packages_not_built_in()) {
    std::error_code error;
    if (fs::exists(folder + "/" + package + ".jcfg", error) || fs::exists(folder + "/" + package + ".cfg", error)) {
      names += (names.empty() ? "" : ", ") + package;
    }
  }
  if (!names.empty()) notes.push_back(fmt::format("Configured, but not in this version yet: {}", names));
}

// A request that nobody asks for would go unasked without anybody noticing.
void check_webhook(const core::WebhookSettings& webhook, std::vector<std::string>& errors) {
  if (!webhook.enabled()) return;
  if (!webhook.url.starts_with("http://") && !webhook.url.starts_with("https://")) {
    errors.push_back(
        fmt::format("webhook: url starts with http:// or https://, not '{}'", without_credentials(webhook.url)));
  }
  for (const std::string& request : webhook.requests) {
    if (request == "create" || request == "attach" || request == "message") continue;
    errors.push_back(fmt::format("webhook: requests are create, attach and message, not '{}'", request));
  }
}

}  // namespace

std::vector<std::string> configuration_notes(const LoadedSettings& loaded) {
  std::vector<std::string> notes;
  note_foreign_modules(loaded.settings.general, notes);
  note_missing_packages(loaded.configs_folder, notes);
  return notes;
}

std::vector<std::string> configuration_errors(const core::GatewaySettings& settings) {
  std::vector<std::string> errors;
  if (settings.certificates.cert_pem.empty() != settings.certificates.cert_key.empty()) {
    errors.push_back("certificates: cert_pem and cert_key belong together; one of them is missing");
  }
  const std::string& rest = settings.nat.turn_rest_api;
  if (!rest.empty() && !rest.starts_with("http://") && !rest.starts_with("https://")) {
    errors.push_back("nat: turn_rest_api must be an address that starts with http:// or https://");
  }
  if (settings.jwt.enabled()) {
    if (auto keys = core::JwtVerifier::open(settings.jwt); !keys) {
      errors.push_back(fmt::format("JSON Web Tokens: {}", keys.error().text));
    }
  }
  check_webhook(settings.webhook, errors);
  return errors;
}

}  // namespace limen::app
