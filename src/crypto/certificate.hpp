// Certificate: an X.509 certificate with its private key, as DTLS and HTTPS present it.
//
// Immutable and shared; any thread. Made once at start (making or loading one may take milliseconds
// and read files). RFC 5280 for the contents, RFC 8122 for fingerprints.
#pragma once
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace limen::crypto {

enum class KeyType : uint8_t { ec_p256, rsa_2048 };

struct CertificateRequest {
  KeyType key = KeyType::ec_p256;
  std::string organization = "Limen";
  std::string common_name = "Limen";
  // Host names and IP addresses for subjectAltName; empty: no such extension (DTLS needs none).
  std::vector<std::string> alternative_names = {};
};

class Certificate {
 public:
  // Self-signed: X.509 v3, random serial, valid from one year ago to one year ahead, SHA-256.
  static Result<std::shared_ptr<const Certificate>> generate(const CertificateRequest& request = {});
  // The first certificate of `cert_file` (the others become its chain) and the key of `key_file`. Errors say which file
  // and what is wrong: missing, not PEM, wrong passphrase, key and certificate not belonging together.
  static Result<std::shared_ptr<const Certificate>> load(const std::string& cert_file, const std::string& key_file,
                                                         const std::string& passphrase = {});

  struct State;
  explicit Certificate(std::unique_ptr<State> state);
  ~Certificate();

  // "AB:CD:..." under "sha-1", "sha-224", "sha-256", "sha-384" or "sha-512" (any case); empty if the
  // hash is not known.
  std::string fingerprint(std::string_view hash = "sha-256") const;

  std::chrono::sys_seconds not_before() const;
  std::chrono::sys_seconds not_after() const;
  KeyType key_type() const;
  // Host names and addresses of subjectAltName: what browsers compare with the address of a page.
  std::vector<std::string> alternative_names() const;

  std::string certificate_pem() const;
  std::string key_pem() const;  // unencrypted
  // Writes both files; the key only readable by its owner (0600). Existing files are replaced whole.
  Result<> write(const std::string& cert_file, const std::string& key_file) const;

  // For the rest of crypto/.
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

}  // namespace limen::crypto
