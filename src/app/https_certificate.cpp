#include "app/https_certificate.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "base/log.hpp"
#include "config/config_node.hpp"
#include "crypto/certificate.hpp"

namespace limen::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

bool wants_default(const std::string& folder, std::string_view package,
                   std::initializer_list<std::pair<std::string_view, std::string_view>> switches) {
  auto root = config::read_module(folder, package);
  if (!root || !*root) return false;  // a broken file is reported by the transport itself
  const config::Node* certificates = (*root)->find("certificates");
  if (certificates != nullptr && certificates->find("cert_pem") != nullptr) return false;
  for (auto [group_name, key] : switches) {
    const config::Node* group = (*root)->find(group_name);
    const config::Node* value = group == nullptr ? nullptr : group->find(key);
    if (value != nullptr && value->truthy()) return true;
  }
  return false;
}

std::vector<fs::path> candidate_folders(const std::string& configs_folder) {
  std::vector<fs::path> folders{fs::path(configs_folder) / "certs"};
  if (const char* state = std::getenv("XDG_STATE_HOME")) folders.push_back(fs::path(state) / "limen");
  else if (const char* home = std::getenv("HOME")) folders.push_back(fs::path(home) / ".local/state/limen");
  return folders;
}

bool still_good(const CertificateFiles& files) {
  std::error_code error;
  if (!fs::exists(files.certificate, error) || !fs::exists(files.key, error)) return false;
  auto loaded = crypto::Certificate::load(files.certificate, files.key);
  if (!loaded) {
    log::warning("", "{}; making a new certificate", loaded.error().text);
    return false;
  }
  return (*loaded)->not_after() > std::chrono::system_clock::now() + 24h;
}

}  // namespace

bool needs_https_certificate(const std::string& configs_folder) {
  return wants_default(configs_folder, "janus.transport.http", {{"general", "https"}, {"admin", "admin_https"}}) ||
         wants_default(configs_folder, "janus.transport.websockets", {{"general", "wss"}, {"admin", "admin_wss"}});
}

Result<CertificateFiles> ensure_https_certificate(const std::string& configs_folder,
                                                  const std::vector<std::string>& addresses) {
  std::string tried;
  for (const fs::path& folder : candidate_folders(configs_folder)) {
    CertificateFiles files{(folder / "limen.pem").string(), (folder / "limen.key").string()};
    if (still_good(files)) return files;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error || access(folder.c_str(), W_OK) != 0) {
      tried += (tried.empty() ? "" : ", ") + folder.string();
      continue;
    }
    crypto::CertificateRequest request;
    request.alternative_names = {"localhost"};
    char host[256] = {};
    if (gethostname(host, sizeof host - 1) == 0 && host[0] != '\0') request.alternative_names.emplace_back(host);
    request.alternative_names.emplace_back("127.0.0.1");
    request.alternative_names.emplace_back("::1");
    request.alternative_names.insert(request.alternative_names.end(), addresses.begin(), addresses.end());
    auto made = crypto::Certificate::generate(request);
    if (!made) return std::unexpected(made.error());
    if (Result<> written = (*made)->write(files.certificate, files.key); !written)
      return std::unexpected(written.error());
    log::info("", "Made a self-signed certificate for HTTPS: {}", files.certificate);
    return files;
  }
  return fail(
      "No folder for the HTTPS certificate can be written (tried {}); set cert_pem and cert_key in "
      "janus.transport.http.jcfg",
      tried);
}

}  // namespace limen::app
