// Certificates from and to PEM files.
#include <fcntl.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "crypto/certificate_state.hpp"

namespace limen::crypto {
namespace {

// Far beyond any real chain; keeps a wrong path such as /dev/zero from filling the memory.
constexpr size_t kMaxPemFile = 1 << 20;

Result<std::string> read_file(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return fail("Cannot read {}: {}", path, std::strerror(errno));
  if (!S_ISREG(info.st_mode)) return fail("Cannot read {}: not a regular file", path);
  if (static_cast<size_t>(info.st_size) > kMaxPemFile) return fail("Cannot read {}: too large for a PEM file", path);
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail("Cannot read {}: {}", path, std::strerror(errno));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

BioPtr memory_bio(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

struct Passphrase {
  const std::string& text;
  bool asked = false;
};

int give_passphrase(char* buffer, int size, int, void* user) {
  auto* passphrase = static_cast<Passphrase*>(user);
  passphrase->asked = true;
  if (passphrase->text.empty() || passphrase->text.size() > static_cast<size_t>(size)) return -1;
  return static_cast<int>(passphrase->text.copy(buffer, static_cast<size_t>(size)));
}

Result<> read_certificates(const std::string& path, Certificate::State& state) {
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  BioPtr bio = memory_bio(*text);
  ERR_clear_error();
  state.certificate.reset(PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr));
  if (!state.certificate) return fail("{} holds no certificate in PEM format: {}", path, take_openssl_error());
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) state.chain.emplace_back(next);
  bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!at_end) return fail("{} holds a broken certificate in its chain: {}", path, take_openssl_error());
  ERR_clear_error();
  return {};
}

Result<> read_key(const std::string& path, const std::string& passphrase_text, Certificate::State& state) {
  auto text = read_file(path);
  if (!text) return std::unexpected(text.error());
  BioPtr bio = memory_bio(*text);
  ERR_clear_error();
  Passphrase passphrase{passphrase_text};
  state.key.reset(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &passphrase));
  if (state.key) return {};
  std::string reason = take_openssl_error();
  if (!passphrase.asked) return fail("{} holds no private key in PEM format: {}", path, reason);
  if (passphrase_text.empty()) return fail("The private key in {} is encrypted and no passphrase is configured", path);
  return fail("Wrong passphrase for the private key in {}", path);
}

// Whole or not at all: readers never see half a file, and the key is never readable by others.
Result<> replace_file(const std::string& path, const std::string& text, mode_t mode) {
  std::string temporary = path + ".new";
  ::unlink(temporary.c_str());
  int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return fail("Cannot write {}: {}", temporary, std::strerror(errno));
  size_t done = 0;
  while (done < text.size()) {
    ssize_t count = ::write(fd, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  int error = errno;
  if (::close(fd) != 0 || done != text.size()) {
    ::unlink(temporary.c_str());
    return fail("Cannot write {}: {}", temporary, std::strerror(error));
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    error = errno;
    ::unlink(temporary.c_str());
    return fail("Cannot replace {}: {}", path, std::strerror(error));
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const Certificate>> Certificate::load(const std::string& cert_file, const std::string& key_file,
                                                             const std::string& passphrase) {
  auto state = std::make_unique<State>();
  if (auto read = read_certificates(cert_file, *state); !read) return std::unexpected(read.error());
  if (auto read = read_key(key_file, passphrase, *state); !read) return std::unexpected(read.error());
  if (X509_check_private_key(state->certificate.get(), state->key.get()) != 1) {
    ERR_clear_error();
    return fail("The private key in {} does not belong to the certificate in {}", key_file, cert_file);
  }
  return std::make_shared<const Certificate>(std::move(state));
}

Result<> Certificate::write(const std::string& cert_file, const std::string& key_file) const {
  std::string certificate = certificate_pem(), key = key_pem();
  if (certificate.empty() || key.empty()) return fail("Cannot encode the certificate: {}", take_openssl_error());
  if (auto written = replace_file(key_file, key, 0600); !written) return written;
  return replace_file(cert_file, certificate, 0644);
}

}  // namespace limen::crypto
